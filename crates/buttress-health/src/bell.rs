use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

use buttress_core::sync::Lock;

/// Tells those who listen that something has changed; how often does not matter to them.
#[derive(Debug, Default)]
pub(crate) struct Bell {
    rung: AtomicU64,
    listening: Lock<Listening>,
}

#[derive(Debug, Default)]
struct Listening {
    named: u64,
    wakers: HashMap<u64, Waker>,
}

impl Bell {
    pub(crate) fn ring(&self) {
        self.rung.fetch_add(1, Ordering::AcqRel);
        let wakers = std::mem::take(&mut self.listening.lock().wakers);
        // Outside of the lock: a waker may poll at once, and so come back here.
        wakers.into_values().for_each(Waker::wake);
    }

    /// Hears what is rung from now on.
    pub(crate) fn listen(self: &Arc<Self>) -> Ear {
        let mut listening = self.listening.lock();
        listening.named += 1;
        let name = listening.named;
        drop(listening);
        Ear { heard: self.rung.load(Ordering::Acquire), name, bell: self.clone() }
    }
}

/// One who listens to a [`Bell`].
pub(crate) struct Ear {
    bell: Arc<Bell>,
    name: u64,
    heard: u64,
}

impl Ear {
    /// Is ready once the bell was rung since the last time it was.
    pub(crate) fn poll_rung(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.catch_up() {
            return Poll::Ready(());
        }
        let old = self.bell.listening.lock().wakers.insert(self.name, cx.waker().clone());
        drop(old);
        // It may have been rung before the waker was there.
        if self.catch_up() { Poll::Ready(()) } else { Poll::Pending }
    }

    fn catch_up(&mut self) -> bool {
        let rung = self.bell.rung.load(Ordering::Acquire);
        let news = rung != self.heard;
        self.heard = rung;
        news
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        // A waker may own a task, and that another ear: so it is dropped after the lock.
        let waker = self.bell.listening.lock().wakers.remove(&self.name);
        drop(waker);
    }
}

impl fmt::Debug for Ear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ear").field("heard", &self.heard).finish_non_exhaustive()
    }
}
