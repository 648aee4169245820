use std::io;
use std::task::{Context, Poll};

use super::phase::Ask;

/// The signals that ask for an end.
#[cfg(unix)]
#[derive(Debug)]
pub(super) struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    pub(super) fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// `SIGTERM` is an orchestrator's, `SIGINT` somebody's at a keyboard.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Ask> {
        if self.terminate.poll_recv(cx).is_ready() {
            return Poll::Ready(Ask::Orderly);
        }
        self.interrupt.poll_recv(cx).map(|_| Ask::Prompt)
    }
}

/// The events of the console that ask for an end.
#[cfg(windows)]
#[derive(Debug)]
pub(super) struct Signals {
    interrupt: tokio::signal::windows::CtrlC,
    shutdown: tokio::signal::windows::CtrlShutdown,
}

#[cfg(windows)]
impl Signals {
    pub(super) fn listen() -> io::Result<Self> {
        use tokio::signal::windows::{ctrl_c, ctrl_shutdown};
        Ok(Self { interrupt: ctrl_c()?, shutdown: ctrl_shutdown()? })
    }

    /// Ctrl-C is somebody's at a keyboard; the machine that goes down is an orchestrator.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Ask> {
        if self.shutdown.poll_recv(cx).is_ready() {
            return Poll::Ready(Ask::Orderly);
        }
        self.interrupt.poll_recv(cx).map(|_| Ask::Prompt)
    }
}
