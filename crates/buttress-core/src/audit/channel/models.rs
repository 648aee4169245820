use std::borrow::Cow;

use buttress_testkit::models::{block_on, explore, thread};

use super::*;
use crate::Redact;
use crate::audit::party::Shown;
use crate::audit::{Action, Actor, Outcome};
use crate::clock::Timestamp;
use crate::key::Keyer;

fn record() -> Record<'static> {
    let shown = Shown { keyer: Keyer::random(), redact: Redact::default(), people: false };
    Record {
        time: Timestamp::EPOCH,
        action: Action::new("model"),
        outcome: Outcome::Succeeded,
        actor: shown.actor(Actor::System("a thread")),
        client: None,
        target: Some(Cow::Borrowed("a reader")),
        reason: None,
        request_id: None,
        trace_id: None,
        left_out: 0,
    }
}

fn telling(sink: &ChannelSink) -> thread::JoinHandle<bool> {
    let sink = sink.clone();
    thread::spawn(move || sink.record(&record()))
}

/// Who waits hears of each record, and then of the end.
#[test]
fn no_record_lies_there_unheard() {
    explore(|| {
        let (sink, mut records) = channel(2);
        let tellers = [(); 2].map(|()| telling(&sink));
        drop(sink);
        let mut all = 0;
        while block_on(records.recv()).is_some() {
            all += 1;
        }
        assert_eq!(all, 2);
        assert!(tellers.map(|teller| teller.join().unwrap()).iter().all(|kept| *kept));
    });
}

/// Each record is read, or counted as lost; no more than have room are kept.
#[test]
fn each_record_is_kept_or_counted() {
    explore(|| {
        let (sink, mut records) = channel(1);
        let teller = telling(&sink);
        let mine = sink.record(&record());
        let read = usize::from(records.try_recv().is_some());
        let theirs = teller.join().unwrap();
        let left = records.len();
        assert!(left <= 1);
        assert_eq!(read + left, usize::from(mine) + usize::from(theirs));
        assert_eq!(records.lost(), 2 - (read + left) as u64);
    });
}

/// However a reader leaves, whoever tells is not made to wait, and knows.
#[test]
fn a_reader_that_leaves_loses_all() {
    explore(|| {
        let (sink, records) = channel(2);
        let teller = telling(&sink);
        drop(records);
        teller.join().unwrap();
        assert_eq!(sink.lost(), 1);
        assert!(!sink.record(&record()));
    });
}
