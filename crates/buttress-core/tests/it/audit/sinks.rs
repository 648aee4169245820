//! Where records go, and what becomes of those that cannot.

use std::io::{self, Write};
use std::pin::pin;
use std::task::Poll;

use buttress_core::audit::{Actor, Audit, Event, JsonLines, Outcome, channel};
use buttress_testkit::{log::Log, poll::Wakes};
use serde_json::Value;

use super::{LOGGED_IN, Ledger, audit, keyer};

#[test]
fn what_has_no_room_is_counted_and_waits_for_nobody() {
    let ledger = Ledger::default();
    let (sink, mut records) = channel(2);
    let metrics = ledger.metrics();
    let audit = Audit::builder().sink(sink.clone()).metrics(&metrics).build().unwrap();
    let tell = || audit.record(&Event::new(LOGGED_IN, Outcome::Succeeded));
    (0..5).for_each(|_| tell());
    assert_eq!((records.len(), records.lost(), sink.lost()), (2, 3, 3));
    assert_eq!(ledger.count("buttress_audit_lost_total"), 3);
    assert!(records.try_recv().is_some());
    (0..2).for_each(|_| tell());
    assert_eq!((records.len(), records.lost()), (2, 4), "what was read makes room");
    drop(records);
    tell();
    assert_eq!(sink.lost(), 7, "two were not read");
}

#[test]
fn the_end_comes_after_the_last_record_and_wakes_who_waits() {
    let (sink, mut records) = channel(0);
    let other = sink.clone();
    let audit = Audit::builder().sink(sink).build().unwrap();
    let wakes = Wakes::new();
    assert!(wakes.poll(&mut pin!(records.recv())).is_pending());
    audit.record(&Event::new(LOGGED_IN, Outcome::Succeeded));
    assert_eq!(wakes.count(), 1);
    assert!(matches!(wakes.poll(&mut pin!(records.recv())), Poll::Ready(Some(_))));

    assert!(wakes.poll(&mut pin!(records.recv())).is_pending());
    drop(audit);
    assert_eq!(wakes.count(), 1, "there is another one");
    drop(other);
    assert_eq!(wakes.count(), 2);
    assert!(matches!(wakes.poll(&mut pin!(records.recv())), Poll::Ready(None)));
}

#[test]
fn a_thread_may_wait_for_records() {
    let (audit, mut records) = audit(|audit| audit);
    let reading = std::thread::spawn(move || {
        std::iter::from_fn(|| records.recv_blocking())
            .map(|record| record.outcome())
            .collect::<Vec<_>>()
    });
    for outcome in [Outcome::Succeeded, Outcome::Refused, Outcome::Failed] {
        audit.record(&Event::new(LOGGED_IN, outcome));
    }
    drop(audit);
    assert_eq!(reading.join().unwrap(), [Outcome::Succeeded, Outcome::Refused, Outcome::Failed]);
}

#[test]
fn nothing_from_outside_breaks_a_line() {
    let (audit, mut records) = audit(|audit| audit);
    let hostile = "a\n{\"action\":\"forged\"}\r\u{2028}\0\"";
    let event = Event::new(LOGGED_IN, Outcome::Refused).actor(Actor::System(hostile));
    audit.record(&event.target(hostile).reason(hostile));
    audit.record(&event);
    drop(audit);
    let mut file = Vec::new();
    records.write_json_lines(&mut file).unwrap();
    let lines: Vec<Value> = str::from_utf8(&file)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["target"], hostile);
    assert!(file.ends_with(b"\n"));
}

/// A disk that is full: the record is kept for the next writer.
#[test]
fn a_record_that_could_not_be_written_is_written_later() {
    struct Full(usize);

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let (audit, mut records) = audit(|audit| audit);
    for target in ["first", "second", "third"] {
        audit.record(&Event::new(LOGGED_IN, Outcome::Succeeded).target(target));
    }
    drop(audit);
    let error = records.write_json_lines(Full(200)).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    assert_eq!(records.len(), 2);
    let mut file = Vec::new();
    records.write_json_lines(&mut file).unwrap();
    let targets: Vec<_> = str::from_utf8(&file)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["target"].clone())
        .collect();
    assert_eq!(targets, ["second", "third"]);
    assert_eq!(records.lost(), 0);

    let ledger = Ledger::default();
    let metrics = ledger.metrics();
    let audit = Audit::builder().sink(JsonLines::new(Full(0))).metrics(&metrics).build().unwrap();
    audit.record(&Event::new(LOGGED_IN, Outcome::Succeeded));
    assert_eq!(ledger.count("buttress_audit_lost_total"), 1, "there is nobody to write it later");
}

#[test]
fn tracing_is_told_all_of_it() {
    let log = Log::of("buttress::audit");
    let listening = log.listen();
    let audit = Audit::builder().keyer(keyer()).build().unwrap();
    audit.record(&Event::new(LOGGED_IN, Outcome::Refused).target("back office").reason("closed"));
    assert_eq!(
        log.take(),
        [
            r#"INFO message=audit action="shop.logged_in" outcome="refused" actor=unknown object="back office" reason="closed""#
        ]
    );
    drop(listening);
}
