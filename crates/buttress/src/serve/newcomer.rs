use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::link::Link;
use super::newcomers::Newcomers;

pin_project! {
    /// A connection, which has its turns among the newcomers until a first answer has ended: from when it is known
    /// whose it is, so that a crowd behind a proxy stands in front of nobody else there.
    pub(super) struct Newcomer<F> {
        #[pin]
        connection: F,
        link: Arc<Link>,
        newcomers: Newcomers,
        // It asked, and was not invited yet.
        waits: bool,
    }
}

impl<F> Newcomer<F> {
    pub(super) fn new(connection: F, link: Arc<Link>, newcomers: Newcomers) -> Self {
        Self { connection, link, newcomers, waits: false }
    }
}

impl<F: Future> Future for Newcomer<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        if !this.link.is_answered()
            && let Some(client) = this.link.client()
        {
            // First, so that no invitation is missed.
            this.link.watched_by(cx.waker());
            let turn = if *this.waits {
                this.link.is_invited()
            } else {
                this.newcomers.ask(client, this.link)
            };
            *this.waits = !turn;
            if !turn {
                return Poll::Pending;
            }
        }
        this.connection.poll(cx)
    }
}
