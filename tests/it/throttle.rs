//! Limits on the way out: a throttle around a real client holds back what the other side has no room for.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use buttress::clock::{Clock, SystemClock};
use buttress::key::endpoint;
use buttress::prelude::*;
use buttress::ratelimit::throttle::ThrottleBuilder;
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client as HyperClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tower::{Layer, ServiceExt};

use crate::support::{Protocol, Server, serve_axum, soon};

/// Four at once, of which one may go each quarter of a second, and nobody waits for longer than half a second: three
/// come through, each at its turn, and the fourth never gets there.
#[tokio::test]
async fn what_there_is_no_room_for_waits_here_or_is_refused_here() {
    for protocol in Protocol::BOTH {
        let (partner, asked) = partner().await;
        let quota = Quota::per_second(4).burst(1).queue(ms(500));
        let throttle = ThrottleBuilder::http(quota, endpoint()).timer(TokioTimer).build().unwrap();
        let client: HyperClient<HttpConnector, Empty<Bytes>> =
            HyperClient::builder(TokioExecutor::new())
                .http2_only(protocol == Protocol::Http2)
                .build_http();
        let client = throttle.layer(client);
        let ask = || {
            let request = Request::get(format!("http://{}/", partner.address()));
            client.clone().oneshot(request.body(Empty::new()).unwrap())
        };

        let began = SystemClock.now();
        let all = async { tokio::join!(ask(), ask(), ask(), ask()) };
        let (first, second, third, fourth) = soon("all of them", all).await;
        let took = SystemClock.now() - began;
        assert!(took >= ms(500), "the third waits for its turn: {took:?} over {protocol:?}");
        for answer in [first, second, third] {
            let answer = answer.unwrap();
            assert_eq!(answer.status(), StatusCode::OK, "over {protocol:?}");
            let body = soon("its end", answer.into_body().collect()).await.unwrap();
            assert_eq!(body.to_bytes(), "an answer");
        }
        let fourth = fourth.unwrap();
        assert_eq!(fourth.status(), Code::THROTTLED_LOCALLY.status());
        assert_eq!(fourth.headers()["retry-after"], "1");
        let problem = fourth.extensions().get::<Problem>().unwrap();
        assert_eq!(problem.code(), Code::THROTTLED_LOCALLY);
        assert_eq!(asked.load(Ordering::SeqCst), 3, "the fourth never got there");
        drop(client);
        partner.stop().await;
    }
}

/// It counts what it is asked.
async fn partner() -> (Server, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let app = Router::new().fallback(async move || {
        count.fetch_add(1, Ordering::SeqCst);
        "an answer"
    });
    (serve_axum(app).await, asked)
}
