use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use tokio::sync::oneshot;

/// Questions that block a thread, and may do so for ever: one at a time, each on a thread of its own.
///
/// Not on one of tokio's: a runtime waits at its end for all of these, and their number is bounded for the whole
/// program.
#[derive(Clone, Debug, Default)]
pub(super) struct Asking(Arc<AtomicBool>);

impl Asking {
    /// What `question` gives. Dropped before that, it leaves the thread behind, and the next question is not put before
    /// that has come back.
    ///
    /// # Errors
    ///
    /// Fails if an earlier question has not come back, if there is no thread to be had, and if the question panics.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce() -> T + Send + 'static,
    ) -> io::Result<T> {
        if self.0.swap(true, Ordering::AcqRel) {
            return Err(io::Error::other("it has not answered the last time yet"));
        }
        let (turn, (tell, answer)) = (Turn(self.0.clone()), oneshot::channel());
        thread::Builder::new().name("health".to_owned()).spawn(move || {
            let found = question();
            drop(turn);
            // Perhaps nobody waits for it any more.
            let _ = tell.send(found);
        })?;
        answer.await.map_err(|_| io::Error::other("it panicked"))
    }
}

/// Given back when the thread is done, not when nobody waits for it any more.
struct Turn(Arc<AtomicBool>);

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

#[cfg(test)]
#[cfg(not(buttress_loom))]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use tokio::runtime::Builder;
    use tokio::time::timeout;

    use super::*;

    /// Asks what does not come back before the sender is dropped, for as long as a check would.
    async fn hang(asking: &Asking) -> mpsc::Sender<()> {
        let (release, hanging) = mpsc::channel::<()>();
        let asked = asking.ask(move || hanging.recv().is_ok());
        assert!(timeout(Duration::from_millis(1), asked).await.is_err());
        release
    }

    #[tokio::test]
    async fn what_hangs_is_not_asked_again_before_it_came_back() {
        let asking = Asking::default();
        let release = hang(&asking).await;
        let refused = asking.ask(|| panic!("asked twice")).await;
        assert_eq!(refused.unwrap_err().to_string(), "it has not answered the last time yet");

        drop(release);
        let again = async {
            while asking.ask(|| ()).await.is_err() {
                tokio::task::yield_now().await;
            }
        };
        timeout(Duration::from_secs(20), again).await.expect("20 s");
    }

    #[test]
    fn a_runtime_with_a_question_that_hangs_can_be_dropped() {
        let runtime = Builder::new_current_thread().enable_time().build().unwrap();
        let release = runtime.block_on(hang(&Asking::default()));
        let (gone, is_gone) = mpsc::channel();
        let dropping = thread::spawn(move || {
            drop(runtime);
            gone.send(()).unwrap();
        });
        is_gone.recv_timeout(Duration::from_secs(20)).expect("20 s");
        drop(release);
        dropping.join().unwrap();
    }

    #[tokio::test]
    async fn a_question_that_panics_is_told_and_may_be_asked_again() {
        let asking = Asking::default();
        let found = asking.ask(|| panic!("while it is asked")).await;
        assert_eq!(found.map(|()| 1).unwrap_err().to_string(), "it panicked");
        assert_eq!(asking.ask(|| 7).await.unwrap(), 7);
    }
}
