//! What an audit tells, and what it does not.

mod cost;
mod records;
mod sinks;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use buttress_core::audit::{Action, Audit, AuditBuilder, Receiver, channel};
use buttress_core::clock::ManualClock;
use buttress_core::key::{KeySeed, Keyer};
use buttress_core::metrics::{
    Counter, CounterSink, Description, Gauge, Histogram, Metrics, Recorder,
};
use buttress_core::stage::Stage;
use buttress_core::sync::Lock;
use buttress_core::{ClientAddress, Context};
use http::Request;

const LOGGED_IN: Action = Action::new("shop.logged_in");
const REFUSED: Action = Action::new("shop.refused").sampled();

/// With a channel, and a clock that stands.
fn audit(change: impl FnOnce(AuditBuilder) -> AuditBuilder) -> (Audit, Receiver) {
    let (sink, records) = channel(100);
    let builder = Audit::builder().sink(sink).clock(ManualClock::new());
    (change(builder).build().unwrap(), records)
}

fn keyer() -> Keyer {
    Keyer::from("000102030405060708090a0b0c0d0e0f".parse::<KeySeed>().unwrap())
}

fn client(address: &str) -> ClientAddress {
    ClientAddress::from(address.parse::<SocketAddr>().unwrap())
}

fn request(peer: &str) -> Request<()> {
    let mut request = Request::new(());
    request.extensions_mut().insert(peer.parse::<SocketAddr>().unwrap());
    let _memo = Context::default().enter(&mut request);
    request
}

/// Counts by name and label values.
#[derive(Clone, Default)]
struct Ledger(Arc<Lock<HashMap<String, u64>>>);

impl Ledger {
    fn metrics(&self) -> Metrics {
        Metrics::new(self.clone())
    }

    fn count(&self, series: &str) -> u64 {
        self.0.lock().get(series).copied().unwrap_or_default()
    }
}

impl Recorder for Ledger {
    fn counter(&self, metric: &Description, values: &[&str]) -> Counter {
        let series = [&[metric.name()], values].concat().join(" ");
        Counter::new(Arc::new(Series(self.clone(), series)))
    }

    fn gauge(&self, _: &Description, _: &[&str]) -> Gauge {
        Gauge::none()
    }

    fn histogram(&self, _: &Description, _: &[&str]) -> Histogram {
        Histogram::none()
    }
}

struct Series(Ledger, String);

impl CounterSink for Series {
    fn increment(&self, by: u64) {
        let Self(ledger, series) = self;
        *ledger.0.lock().entry(series.clone()).or_default() += by;
    }
}
