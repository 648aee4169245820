//! What the facade has no option for is made of single layers: the guide shows these.

use std::convert::Infallible;
use std::error::Error;

use buttress::Deadline;
use buttress::circuit_breaker::{Over, Rule};
use buttress::clock::{Clock, Timer, TokioClock, TokioTimer};
use buttress::key::endpoint;
use buttress::overload::bulkhead::Bulkhead;
use buttress::overload::deadline::DeadlineLayer;
use buttress::prelude::*;
use buttress::retry::ReplayBody;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tower::{ServiceBuilder, ServiceExt, service_fn};

use super::rig::{Asked, answer, in_time};

fn code<B>(response: &Response<B>) -> Option<Code> {
    response.extensions().get::<Problem>().map(Problem::code)
}

#[tokio::test(start_paused = true)]
async fn a_breaker_for_each_endpoint_counts_what_hangs() -> Result<(), Box<dyn Error>> {
    let (clock, asked) = (TokioClock::new(), Asked::default());
    let noted = asked.clone();
    let shards = service_fn(move |request: Request<ReplayBody<Full<Bytes>>>| {
        noted.once_more();
        async move {
            if request.uri().host() == Some("one") {
                std::future::pending::<()>().await;
            }
            Ok::<_, Infallible>(answer(200))
        }
    });

    // ANCHOR: layers
    let breakers = CircuitBreaker::when(Rule::slow_rate(50, Over::Calls(1), 1))
        .slow(secs(1))
        .count_hanging(TokioTimer) // as soon as it is slow, and not first when it ends
        .named("shards")
        .clock(clock)
        .build_table(endpoint(), 1_024)?;
    let client = ServiceBuilder::new()
        .layer(DeadlineLayer::after(secs(30), TokioTimer).clock(clock))
        .layer(Retry::up_to(3).timer(TokioTimer).clock(clock).build()?)
        .layer(Bulkhead::of(64).queue(16, ms(200), TokioTimer).clock(clock).build()?.layer())
        .layer(&breakers)
        .service(shards);
    // ANCHOR_END: layers

    let call = |uri: &str| client.clone().oneshot(Request::get(uri).body(Full::default()).unwrap());
    let hangs = tokio::spawn(call("http://one/lamps"));
    TokioTimer.sleep(ms(1_100)).await;
    assert_eq!((breakers.table().usage().open(), hangs.is_finished()), (1, false));

    let mut refused = Request::get("http://one/chairs").body(Full::default())?;
    refused.extensions_mut().insert(Deadline::after(clock.now(), ms(10)));
    assert_eq!(code(&client.clone().oneshot(refused).await?), Some(Code::CIRCUIT_OPEN));
    assert_eq!(call("http://two/lamps").await?.status(), 200);
    assert_eq!(asked.times(), 2, "nobody asks what hangs");
    assert_eq!(code(&in_time(hangs).await??), Some(Code::TIMED_OUT));
    Ok(())
}
