use std::task::{Context, Poll};
use std::{fmt, io};

use super::phase::Ask;

/// What the system says when it wants an end. Of two at once, the first in the list is heard first.
pub(super) struct Signals(Vec<Signal>);

impl Signals {
    #[cfg(unix)]
    pub(super) fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        Ok(Self(vec![
            // An orchestrator.
            Signal::new(Ask::Orderly, move |cx| terminate.poll_recv(cx)),
            // Somebody at a keyboard.
            Signal::new(Ask::Prompt, move |cx| interrupt.poll_recv(cx)),
        ]))
    }

    #[cfg(windows)]
    pub(super) fn listen() -> io::Result<Self> {
        use tokio::signal::windows;
        let mut shutdown = windows::ctrl_shutdown()?;
        let mut close = windows::ctrl_close()?;
        let mut interrupt = windows::ctrl_c()?;
        let mut breaking = windows::ctrl_break()?;
        Ok(Self(vec![
            // The machine or the container goes down: an orchestrator.
            Signal::new(Ask::Orderly, move |cx| shutdown.poll_recv(cx)),
            // The window of the console is closed. Some five seconds later Windows ends the process.
            Signal::new(Ask::Prompt, move |cx| close.poll_recv(cx)),
            // Somebody at a keyboard.
            Signal::new(Ask::Prompt, move |cx| interrupt.poll_recv(cx)),
            // The same; or who has started us in a process group of our own, which no Ctrl-C reaches.
            Signal::new(Ask::Prompt, move |cx| breaking.poll_recv(cx)),
        ]))
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Ask> {
        let heard =
            self.0.iter_mut().find_map(|signal| (signal.poll)(cx).is_ready().then_some(signal.ask));
        heard.map_or(Poll::Pending, Poll::Ready)
    }
}

impl fmt::Debug for Signals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signals").finish_non_exhaustive()
    }
}

/// One of them, and how much time it leaves.
struct Signal {
    ask: Ask,
    /// Boxed, as each kind is of another type; a server has a handful.
    poll: Box<PollSignal>,
}

type PollSignal = dyn FnMut(&mut Context<'_>) -> Poll<Option<()>> + Send + Sync;

impl Signal {
    fn new(
        ask: Ask,
        poll: impl FnMut(&mut Context<'_>) -> Poll<Option<()>> + Send + Sync + 'static,
    ) -> Self {
        Self { ask, poll: Box::new(poll) }
    }
}
