use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use buttress_core::clock::{Clock, TokioClock};
use hyper::server::conn::{http1, http2};
use pin_project_lite::pin_project;

use super::alarm::Alarm;
use super::app::App;
use super::cause::Cause;
use super::connection::Ended;
use super::door::Door;
use super::link::Link;
use super::outcome;
use super::phase::Phase;
use super::stream::Streams;
use super::vigil::{Verdict, Vigil};

pin_project! {
    /// Polls the library, and holds the connection to its deadlines and to the server's phase.
    pub(super) struct Drive<C> {
        #[pin]
        connection: C,
        #[pin]
        alarm: Alarm,
        vigil: Vigil,
        link: Arc<Link>,
        clock: TokioClock,
        // It was told to end, and why.
        finishing: Option<Ended>,
    }
}

impl<C: Speaks> Drive<C> {
    pub(super) fn new(connection: C, vigil: Vigil, link: Arc<Link>, clock: TokioClock) -> Self {
        Self { connection, alarm: Alarm::new(clock), vigil, link, clock, finishing: None }
    }

    fn finish(self: Pin<&mut Self>, cause: Ended) {
        let this = self.project();
        this.connection.finish();
        this.vigil.closing(this.clock.now());
        *this.finishing = Some(cause);
    }

    fn verdict(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Verdict> {
        let this = self.project();
        let now = this.clock.now();
        this.vigil.look(now, this.link.seen());
        let Some((at, verdict)) = this.vigil.due() else { return Poll::Pending };
        this.alarm.poll_until(at, now, cx).map(|()| verdict)
    }
}

impl<C: Speaks> Future for Drive<C> {
    type Output = Ended;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Ended> {
        // First, so that no news is missed that comes while the rest runs.
        self.link.watched_by(cx.waker());
        loop {
            let this = self.as_mut().project();
            if C::MANY {
                this.link.has_turn(this.clock.now());
            }
            if let Poll::Ready(ended) = this.connection.poll(cx) {
                let heard = ended.err().and_then(|error| outcome::heard(this.link, &error));
                return Poll::Ready(this.finishing.take().flatten().or(heard));
            }
            if this.link.phase() >= Phase::Closing
                && this.vigil.parts(this.clock.now())
                && this.finishing.is_none()
            {
                self.as_mut().finish(None);
                continue;
            }
            match ready!(self.as_mut().verdict(cx)) {
                Verdict::Kill(cause) => return Poll::Ready(Some(cause)),
                Verdict::Last if !C::MANY => {
                    let this = self.as_mut().project();
                    // It need not be told more: its next answer will say so, or it idles.
                    this.vigil.aged();
                    this.link.make_last();
                    this.link.limited(Cause::Age);
                }
                Verdict::Last => self.as_mut().finish(Some(Cause::Age)),
                Verdict::Close(cause) => self.as_mut().finish(Some(cause)),
            }
        }
    }
}

/// A connection of the library, of either protocol.
pub(super) trait Speaks: Future<Output = hyper::Result<()>> {
    /// Whether one connection has many requests at once, and a word for "no more of them".
    const MANY: bool;

    /// Ends once nothing is under way.
    fn finish(self: Pin<&mut Self>);
}

impl<I, S: App> Speaks for http1::UpgradeableConnection<I, Door<S>>
where
    I: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
{
    const MANY: bool = false;

    fn finish(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

impl<I, S: App> Speaks for http2::Connection<I, Door<S>, Streams>
where
    I: hyper::rt::Read + hyper::rt::Write + Unpin,
{
    const MANY: bool = true;

    fn finish(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}
