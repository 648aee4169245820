//! Retries do not multiply over hops.

use std::convert::Infallible;
use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use buttress_core::clock::{ManualClock, ms};
use buttress_core::stage::Stage;
use buttress_core::{Context, RequestContext};
use buttress_retry::{Backoff, Budget, Repeatable, Retry};
use buttress_testkit::poll;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tower::util::BoxCloneSyncService;
use tower::{Layer, ServiceExt, service_fn};

type Hop = BoxCloneSyncService<Request<Full<Bytes>>, Response<Full<Bytes>>, Infallible>;

/// How often it was called.
type Count = Arc<AtomicU64>;

/// A service of the middle: a context on the way in, a call of the next hop with retries on the way out.
fn hop(next: Hop, clock: &ManualClock, calls: Count, hears: bool, answers_afresh: bool) -> Hop {
    let next = next.map_request(|request: Request<_>| {
        request.map(|body: buttress_retry::ReplayBody<Full<Bytes>>| {
            poll::assert_ready(Box::pin(http_body_util::BodyExt::collect(body)))
                .unwrap()
                .to_bytes()
                .into()
        })
    });
    let client = Retry::up_to(3)
        .backoff(Backoff::none())
        .budget(Budget::percent(10).floor(0))
        .clock(clock.clone())
        .timer(clock.clone())
        .build()
        .unwrap()
        .layer(next);
    let handler = service_fn(move |request: Request<Full<Bytes>>| {
        calls.fetch_add(1, Ordering::Relaxed);
        let context: RequestContext = request.extensions().get().cloned().unwrap();
        let mut onward = Request::post("/").extension(Repeatable).body(Full::default()).unwrap();
        context.propagate(&mut onward);
        let answer = client.clone().oneshot(onward);
        context.scope(async move {
            let mut answer: Response<Full<Bytes>> = answer.await?;
            // Most handlers do not pass on what they got, but say with an answer of their own that they failed.
            if answers_afresh {
                answer.headers_mut().clear();
            }
            Ok(answer)
        })
    });
    let inbound = Context::default().layer().keep_body().layer(handler);
    let inbound = inbound.map_response(move |mut response: Response<Full<Bytes>>| {
        if !hears {
            response.headers_mut().remove("x-no-retry");
        }
        response
    });
    BoxCloneSyncService::new(inbound)
}

/// The calls of each of five hops, and of what they depend on, if all of it fails.
fn traffic(hears: bool, answers_afresh: bool) -> Vec<f64> {
    const CALLS: u32 = 2_000;
    let (clock, counts) = (ManualClock::new(), [(); 6].map(|()| Count::default()));
    let innermost = counts[5].clone();
    let dependency = service_fn(move |_: Request<Full<Bytes>>| {
        innermost.fetch_add(1, Ordering::Relaxed);
        ready(Ok::<_, Infallible>(Response::builder().status(503).body(Full::default()).unwrap()))
    });
    let mut outermost: Hop = BoxCloneSyncService::new(dependency);
    for count in counts[..5].iter().rev() {
        outermost = hop(outermost, &clock, count.clone(), hears, answers_afresh);
    }
    for _ in 0..CALLS {
        clock.advance(ms(1));
        let request = Request::get("/").body(Full::default()).unwrap();
        let answer = poll::assert_ready(Box::pin(outermost.clone().oneshot(request))).unwrap();
        assert_eq!(answer.status(), 503);
    }
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    counts.iter().map(|count| count.load(Ordering::Relaxed) as f64 / f64::from(CALLS)).collect()
}

#[track_caller]
fn assert_below_1_15(traffic: &[f64]) {
    assert!(traffic[..5].iter().all(|calls| (calls - 1.0).abs() < 1e-9), "{traffic:?}");
    assert!((traffic[5] - 1.1).abs() < 0.005, "{traffic:?}");
    let all: f64 = traffic[1..].iter().sum();
    assert!(all / 5.0 <= 1.15 && traffic.iter().all(|calls| *calls <= 1.15), "{traffic:?}");
}

#[test]
fn five_hops_stay_below_1_15() {
    assert_below_1_15(&traffic(true, false));
}

/// A hop that was asked not to repeat asks that of the one before it, whatever its handler makes of the answer.
#[test]
fn so_do_five_hops_that_answer_afresh() {
    assert_below_1_15(&traffic(true, true));
}

/// What the answer's mark spares: without it each hop adds its own tenth.
#[test]
fn without_the_mark_of_answers_there_is_more() {
    let traffic = traffic(false, false);
    assert!(traffic[5] > 1.4, "{traffic:?}");
}
