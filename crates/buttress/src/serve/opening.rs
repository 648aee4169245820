use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use buttress_core::clock::{Clock, Moment, TokioClock};
use tokio::io::AsyncRead;

use super::ahead::Ahead;
use super::alarm::Alarm;
use super::cause::Cause;
use super::connection::Ended;
use super::link::Link;
use super::phase::Phase;
use super::proxy;

/// How long a handshake may still go on once the server closes, and then the wait for its first request. Who stood in
/// the queue needs that long to say what it wants; who stops in the middle does not hold up the end.
const SHAKING: Duration = Duration::from_secs(1);

/// What happens before the protocol is known: until a deadline, and not beyond the end of the lead time if
/// the peer has not asked for anything.
pub(super) async fn opening<T>(
    link: &Link,
    clock: TokioClock,
    until: Moment,
    step: impl Future<Output = T>,
) -> Result<T, Ended> {
    let (mut step, mut alarm) = (pin!(step), pin!(Alarm::new(clock)));
    let mut closing = None;
    poll_fn(|cx| {
        link.watched_by(cx.waker());
        if let Poll::Ready(done) = step.as_mut().poll(cx) {
            return Poll::Ready(Ok(done));
        }
        let now = clock.now();
        let (mut end, mut ended) = (until, Some(Cause::HeaderTimeout));
        if link.phase() >= Phase::Closing && !link.has_spoken() {
            let more = if link.is_shaking() { SHAKING } else { Duration::ZERO };
            let last = *closing.get_or_insert(now) + more;
            if last < end {
                (end, ended) = (last, None);
            }
        }
        alarm.as_mut().poll_until(end, now, cx).map(|()| Err(ended))
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
