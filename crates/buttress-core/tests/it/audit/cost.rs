//! What an audit costs where nobody listens, or everybody shouts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use buttress_core::Principal;
use buttress_core::audit::{Action, Audit, Event, Outcome, Record, Sink};
use buttress_core::clock::ManualClock;
use buttress_core::stage::RequestHead;
use buttress_testkit::allocations;

use super::{LOGGED_IN, Ledger, REFUSED, audit, request};

#[test]
fn a_flood_is_a_few_records_and_a_number() {
    let (clock, ledger) = (ManualClock::new(), Ledger::default());
    let (audit, mut records) = audit(|audit| {
        let metrics = ledger.metrics();
        audit.sampled_per_second(3).clock(clock.clone()).metrics(&metrics)
    });
    let flood = |action| (0..50).for_each(|_| audit.record(&Event::new(action, Outcome::Refused)));
    let mut told =
        || std::iter::from_fn(|| records.try_recv()).map(|r| r.left_out()).collect::<Vec<_>>();

    flood(REFUSED);
    assert_eq!(told(), [0, 0, 0]);
    clock.advance(Duration::from_secs(2));
    flood(REFUSED);
    assert_eq!(told(), [47, 0, 0]);
    flood(LOGGED_IN);
    assert_eq!(told(), [0; 50], "nobody can cause this at will");

    assert_eq!(ledger.count("buttress_audit_events_total shop.refused refused"), 100);
    assert_eq!(ledger.count("buttress_audit_left_out_total shop.refused"), 94);
    assert_eq!(ledger.count("buttress_audit_lost_total"), 0);
}

/// Sinks that do not want to hear.
struct Deaf;

impl Sink for Deaf {
    fn wants(&self, _: Action) -> bool {
        false
    }

    fn record(&self, _: &Record<'_>) -> bool {
        panic!("it does not want to")
    }
}

#[test]
fn nobody_who_listens_costs_nothing() {
    let request = request("203.0.113.7:4711");
    let context = request.context().unwrap();
    let deaf = Audit::builder().sink(Deaf).sink(Arc::new(Deaf)).build().unwrap();
    for audit in [Audit::none(), deaf] {
        assert!(!audit.hears(LOGGED_IN));
        let ((), counted) = allocations::of(|| {
            let event = Event::new(REFUSED, Outcome::Refused).request(context);
            audit.record(&event.target("logins").reason("token=s3cr3t"));
        });
        assert_eq!(counted.allocations(), 0);
    }
}

/// A sink that borrows gets all of it without a copy.
#[test]
fn what_borrows_is_not_copied() {
    struct Sum(AtomicU64);

    impl Sink for Sum {
        fn record(&self, record: &Record<'_>) -> bool {
            let bytes = record.target().map_or(0, str::len) + record.reason().map_or(0, str::len);
            self.0.fetch_add(bytes as u64, Ordering::Relaxed);
            true
        }
    }

    let sum = Arc::new(Sum(AtomicU64::new(0)));
    let audit = Audit::builder().sink(sum.clone()).build().unwrap();
    let request = request("203.0.113.7:4711");
    let context = request.context().unwrap();
    assert!(context.set_principal(Principal::new("ada")));
    let ((), counted) = allocations::of(|| {
        let event = Event::new(LOGGED_IN, Outcome::Refused).request(context);
        audit.record(&event.target("back office").reason("closed"));
    });
    assert_eq!((counted.allocations(), sum.0.load(Ordering::Relaxed)), (0, 17));
}
