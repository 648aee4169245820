use std::io;
use std::task::{Context, Poll};

use super::phase::Ask;
use super::signals::Signals;
use super::token::Shutdown;

/// What comes from outside, and asks for an end.
#[derive(Debug)]
pub(super) struct News {
    signals: Option<Signals>,
    shutdown: Shutdown,
    /// How often a handle was heard.
    heard: usize,
}

impl News {
    pub(super) fn new(shutdown: Shutdown, signals: bool) -> Self {
        let signals = signals.then(Signals::listen).and_then(|listening| {
            let failed = |error: &io::Error| {
                tracing::error!(target: "buttress", %error, "signals cannot be listened to");
            };
            listening.inspect_err(failed).ok()
        });
        Self { signals, shutdown, heard: 0 }
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Ask> {
        if let Some(signals) = &mut self.signals
            && let Poll::Ready(ask) = signals.poll(cx)
        {
            return Poll::Ready(ask);
        }
        if self.shutdown.asked(cx) > self.heard {
            self.heard += 1;
            return Poll::Ready(Ask::Orderly);
        }
        Poll::Pending
    }
}
