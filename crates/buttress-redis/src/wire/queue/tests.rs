use redis::cmd;
use tokio::sync::oneshot::error::TryRecvError;

use super::*;

fn taken(queue: &Queue, owed: usize) -> Option<Batch> {
    let mut batch = Batch::default();
    queue.take(&mut batch, owed, &Context::from_waker(Waker::noop())).then_some(batch)
}

#[test]
fn what_is_asked_together_leaves_together_and_in_order() {
    let queue = Queue::new(8);
    assert!(taken(&queue, 0).is_none());
    let (mut first, mut second) = (0, 0);
    let [_, mut told] = queue.push([&cmd("A"), &cmd("B")], &mut first).unwrap();
    let _other = queue.push([&cmd("C")], &mut second).unwrap();
    let batch = taken(&queue, 0).unwrap();
    assert_eq!(batch.bytes, b"*1\r\n$1\r\nA\r\n*1\r\n$1\r\nB\r\n*1\r\n$1\r\nC\r\n");
    assert_eq!((first, second, batch.callers.len()), (0, 22, 3));
    let caller = batch.callers.into_iter().nth(1).unwrap();
    caller.send(Value::Int(2)).unwrap();
    assert_eq!(told.try_recv(), Ok(Value::Int(2)));
    assert!(taken(&queue, 0).is_none());
}

#[test]
fn what_is_owed_counts_however_far_it_has_come() {
    let (queue, ping, mut from) = (Queue::new(3), cmd("PING"), 0);
    queue.push([&ping, &ping], &mut from).unwrap();
    assert!(queue.push([&ping, &ping], &mut from).is_err(), "two wait here");
    assert!(taken(&queue, 0).is_some());
    assert!(queue.push([&ping, &ping], &mut from).is_err(), "two have left");
    assert!(taken(&queue, 1).is_none());
    assert!(queue.push([&ping, &ping], &mut from).is_ok(), "one was answered");
    assert!(queue.push([&ping], &mut from).is_err());
}

#[test]
fn each_caller_hears_how_it_ended_for_him() {
    let (queue, ping) = (Queue::new(8), cmd("PING"));
    let (mut left, mut partly, mut waits, mut late) = (0, 0, 0, 0);
    queue.push([&ping], &mut left).unwrap();
    queue.push([&ping], &mut partly).unwrap();
    assert!(taken(&queue, 0).is_some());
    let [mut told] = queue.push([&ping], &mut waits).unwrap();
    assert_eq!(told.try_recv(), Err(TryRecvError::Empty));
    queue.close(partly + 1, false);
    assert_eq!(told.try_recv(), Err(TryRecvError::Closed));
    let [mut told] = queue.push([&ping], &mut late).unwrap();
    assert_eq!(told.try_recv(), Err(TryRecvError::Closed));
    let ends = [left, partly, waits, late].map(|from| queue.end(from));
    assert_eq!(ends, [End::Sent, End::Sent, End::Unsent, End::Unsent]);
    queue.close(partly, true);
    assert_eq!((queue.end(left), queue.end(partly)), (End::Garbled, End::Unsent));
}

/// Whoever has joined begins where the others do: it is the same command that leaves.
#[test]
fn whoever_joins_others_leaves_with_them() {
    let (queue, ping) = (Queue::new(20), cmd("PING"));
    let mut call = cmd("EVALSHA");
    call.arg("d").arg(1).arg("k").arg("x");
    let starts = |asked: &[bool]| -> Vec<u64> {
        let from = |joins: &bool| {
            let mut from = 0;
            match joins {
                true => drop(queue.join(&call, "t".into(), &mut from).unwrap()),
                false => drop(queue.push([&ping], &mut from).unwrap()),
            }
            from
        };
        asked.iter().map(from).collect()
    };
    let before = starts(&[false, true, true, false, true]);
    let batch = taken(&queue, 0).unwrap();
    assert_eq!(batch.shares, [1, 2, 1, 1]);
    let one = call.get_packed_command().len() as u64;
    let two = one + 14;
    assert_eq!(before, [0, 14, 14, 14 + two, 28 + two]);
    let all = batch.bytes.len() as u64;
    assert_eq!(all, 28 + two + one);
    assert_eq!(starts(&[true, true, false]), [all, all, all + two]);
    assert!(taken(&queue, 5).is_some());
    queue.close(all + 1, false);
    let ends = [all - 1, all, all + two].map(|from| queue.end(from));
    assert_eq!(ends, [End::Sent, End::Sent, End::Unsent]);
    let late = starts(&[true, false]);
    assert!(late.iter().all(|from| queue.end(*from) == End::Unsent), "{late:?}");
}

#[test]
fn whoever_joins_others_counts_as_owed() {
    let queue = Queue::new(2);
    let mut call = cmd("EVALSHA");
    call.arg("d").arg(0).arg("x");
    for expected in [true, true, false] {
        assert_eq!(queue.join(&call, "t".into(), &mut 0).is_ok(), expected);
    }
    assert!(taken(&queue, 0).is_some());
    assert!(queue.join(&call, "t".into(), &mut 0).is_err(), "two have left");
}
