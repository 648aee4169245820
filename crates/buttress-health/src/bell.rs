use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::parts::Lock;
use crate::parts::atomic::{AtomicU64, Ordering};

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

    pub(crate) fn is_at(&self, bell: &Arc<Bell>) -> bool {
        Arc::ptr_eq(&self.bell, bell)
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

#[cfg(test)]
#[cfg(buttress_loom)]
mod models {
    use std::future::poll_fn;

    use buttress_testkit::models::atomic::AtomicUsize;
    use buttress_testkit::models::{block_on, explore, join, thread};

    use super::*;

    /// Whoever listens hears of the last change, however many were one, and sees what changed.
    #[test]
    fn no_ring_is_lost() {
        explore(|| {
            let (bell, changes) = (Arc::new(Bell::default()), Arc::new(AtomicUsize::new(0)));
            let mut ear = bell.listen();
            let ringing = [(); 2].map(|()| {
                let (bell, changes) = (bell.clone(), changes.clone());
                thread::spawn(move || {
                    changes.fetch_add(1, Ordering::Relaxed);
                    bell.ring();
                })
            });
            while changes.load(Ordering::Relaxed) < 2 {
                block_on(poll_fn(|cx| ear.poll_rung(cx)));
            }
            drop(ear);
            join(ringing);
        });
    }

    /// Who begins to listen sees what was rung for before, and hears what is rung for after.
    #[test]
    fn who_listens_misses_nothing() {
        explore(|| {
            let (bell, changes) = (Arc::new(Bell::default()), Arc::new(AtomicUsize::new(0)));
            let ringing = {
                let (bell, changes) = (bell.clone(), changes.clone());
                thread::spawn(move || {
                    changes.fetch_add(1, Ordering::Relaxed);
                    bell.ring();
                })
            };
            let mut ear = bell.listen();
            while changes.load(Ordering::Relaxed) < 1 {
                block_on(poll_fn(|cx| ear.poll_rung(cx)));
            }
            ringing.join().unwrap();
        });
    }
}
