use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::pin;
use std::task::Poll;

use buttress_core::clock::{Clock, Moment, TokioClock};
use tokio::io::AsyncRead;

use super::ahead::Ahead;
use super::alarm::Alarm;
use super::cause::Cause;
use super::connection::Ended;
use super::link::Link;
use super::phase::Phase;
use super::proxy;

/// What happens before the protocol is known: until a deadline, and not beyond the end of the lead time if
/// the peer has not said a word.
pub(super) async fn opening<T>(
    link: &Link,
    clock: TokioClock,
    until: Moment,
    step: impl Future<Output = T>,
) -> Result<T, Ended> {
    let (mut step, mut alarm) = (pin!(step), pin!(Alarm::new(clock)));
    poll_fn(|cx| {
        link.watched_by(cx.waker());
        if let Poll::Ready(done) = step.as_mut().poll(cx) {
            return Poll::Ready(Ok(done));
        }
        if link.phase() >= Phase::Closing && !link.has_spoken() {
            return Poll::Ready(Err(None));
        }
        alarm.as_mut().poll_until(until, clock.now(), cx).map(|()| Err(Some(Cause::HeaderTimeout)))
    })
    .await
}

/// What a trusted proxy says of its client; nobody if it speaks for itself.
pub(super) async fn proxied<I: AsyncRead + Unpin>(
    io: &mut Ahead<I>,
) -> Result<Option<SocketAddr>, ()> {
    loop {
        if let Some(header) = proxy::parse(io.seen()).map_err(drop)? {
            io.skip(header.length());
            return Ok(header.source());
        }
        io.look().await.map_err(drop)?;
    }
}
