//! What a node says about the slots of its cluster.

use buttress_redis::parsing::slots;

/// The first line is what a server said with `MOVED`, the rest the answer to `CLUSTER SLOTS`: each slot has an owner
/// that is there, or none; every owner can be connected to; one that moved has moved alone.
pub fn run(data: &[u8]) {
    let (words, answer) = match data.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&data[..end], &data[end + 1..]),
        None => (data, &[][..]),
    };
    let Ok(words) = str::from_utf8(words) else { return };
    let Some((primaries, owners, is_whole)) = slots(answer, "") else { return };
    assert!((1..=1_000).contains(&primaries.len()));
    assert!(primaries.iter().all(|(host, port)| !host.is_empty() && *port > 0));
    assert_eq!(owners.len(), 16_384);
    assert_eq!(is_whole, owners.iter().all(Option::is_some));
    assert!(owners.iter().flatten().all(|owner| *owner < primaries.len()));

    let (more, after, _) = slots(answer, words).expect("it is the same answer");
    assert_eq!(more[..primaries.len()], primaries);
    assert!(more.len() <= primaries.len() + 1);
    let changed = owners.iter().zip(&after).filter(|(before, after)| before != after);
    assert!(changed.count() <= 1);
    assert!(after.iter().flatten().all(|owner| *owner < more.len()));
}
