//! As many keys as anybody can think of: labels of metrics, and clients that are refused.

use std::convert::Infallible;
use std::fmt::Write;
use std::future::ready;
use std::net::{Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use buttress::metrics::{Counter, Description, Gauge, Histogram, Metric, Metrics, Recorder};
use buttress::prelude::*;
use buttress::render::AnswersBuilder;
use buttress::stage::gate_fn;
use buttress::{Context, PeerAddress};
use buttress_testkit::allocations;
use buttress_testkit::poll::assert_ready;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tower::{Layer, ServiceExt, service_fn};

const CALLS: Metric<Counter, 1> = Metric::counter("calls_total", "Calls").labels(&["path"]);
/// More than the tables have, which are there from the start, and the request that is under way.
const ROOM: u64 = 128 << 10;

/// Fails if what counts them grows with them.
pub(crate) fn storm(keys: u32) {
    let (series, first) = allocations::of(|| labels(keys));
    assert_eq!(series, 128 + 1, "the bound, and one for the rest");
    let (brief, second) = allocations::of(|| clients(keys));
    let most = first.peak_bytes().max(second.peak_bytes());
    assert!(most < ROOM, "{most} bytes for {keys} keys");
    println!(
        "{keys} labels in {series} series, {keys} clients, {brief} answered briefly, {most} bytes"
    );
}

/// Counts once under each of so many labels; gives the number of series.
fn labels(keys: u32) -> usize {
    let opened = Arc::new(AtomicUsize::new(0));
    let calls = Metrics::new(Opened(opened.clone())).family(&CALLS);
    let mut label = String::new();
    for key in 0..keys {
        label.clear();
        write!(label, "/orders/{key}").unwrap();
        calls.with([&label]).increment(1);
    }
    opened.load(Relaxed)
}

/// Counts the series that were opened.
struct Opened(Arc<AtomicUsize>);

impl Recorder for Opened {
    fn counter(&self, _: &Description, _: &[&str]) -> Counter {
        self.0.fetch_add(1, Relaxed);
        Counter::none()
    }

    fn gauge(&self, _: &Description, _: &[&str]) -> Gauge {
        Gauge::none()
    }

    fn histogram(&self, _: &Description, _: &[&str]) -> Histogram {
        Histogram::none()
    }
}

/// Refuses each of so many networks once, and one of them again and again, whose answers become brief. Says how
/// many of the answers were.
fn clients(keys: u32) -> u64 {
    let answers = |answers: AnswersBuilder| answers.brief_after(1_000, Duration::from_secs(86_400));
    let context = Context::builder().answers(answers).build().unwrap();
    let refuse = gate_fn(|_: &mut dyn RequestHead| {
        Err::<(), _>(Problem::validation([Detail::query(
            "page",
            "too_small",
            "must be at least 1",
        )]))
    });
    let inner = |_| ready(Ok::<_, Infallible>(Response::new(Full::<Bytes>::default())));
    let service = context.then(refuse).layer().layer(service_fn(inner));
    let ask = |network: u32| {
        let address = Ipv6Addr::from((0x2001 << 112) | (u128::from(network) << 64));
        let mut request = Request::new(());
        request.extensions_mut().insert(PeerAddress::new(SocketAddr::new(address.into(), 1)));
        let response = assert_ready(Box::pin(service.clone().oneshot(request))).unwrap();
        // The details are what is left out.
        let length = http_body::Body::size_hint(response.body()).exact().unwrap();
        u64::from(length < 250)
    };
    let brief = (0..keys).map(ask).sum();
    let flood: u64 = (0..2_000).map(|_| ask(0)).sum();
    assert!(flood >= 1_000 - 1, "a flood is found among them: {flood}");
    brief
}
