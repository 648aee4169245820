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

/// How long the server still listens once it closes: to who has just come, since what it asks for may be on its way to
/// us; to a handshake that goes on; and then for its first request. Who stops in the middle does not hold up the end.
const LISTENS: Duration = Duration::from_secs(1);

/// What happens before the protocol is known: for so long after it was `opened`, and little beyond the end of the lead
/// time if the peer has not asked for anything.
pub(super) async fn opening<T>(
    link: &Link,
    clock: TokioClock,
    opened: Moment,
    limit: Duration,
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
        let (mut end, mut ended) = (opened + limit, Some(Cause::HeaderTimeout));
        if link.phase() >= Phase::Closing && !link.has_spoken() {
            let closing = *closing.get_or_insert(now);
            let began = if link.is_shaking() { closing } else { opened };
            let last = closing.max(began + LISTENS);
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
