use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use buttress_core::clock::{Timer, TokioTimer};
use pin_project_lite::pin_project;

/// Tokio's timer, or none: a timeout that was not asked for takes no place among the timers of the runtime.
#[derive(Clone, Copy, Debug)]
#[expect(unnameable_types, reason = "it is seen in the type of a future alone")]
pub enum WallTimer {
    /// Tokio's.
    Tokio,
    /// None.
    Never,
}

impl Timer for WallTimer {
    type Sleep = WallSleep;

    fn sleep(&self, duration: Duration) -> WallSleep {
        let sleep = match self {
            Self::Tokio => Some(TokioTimer.sleep(duration)),
            Self::Never => None,
        };
        WallSleep { sleep }
    }
}

pin_project! {
    /// A sleep that may never end.
    pub struct WallSleep {
        #[pin]
        sleep: Option<<TokioTimer as Timer>::Sleep>,
    }
}

impl Future for WallSleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match self.project().sleep.as_pin_mut() {
            Some(sleep) => sleep.poll(cx),
            None => Poll::Pending,
        }
    }
}

impl fmt::Debug for WallSleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WallSleep").finish_non_exhaustive()
    }
}
