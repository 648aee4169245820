use proptest::prelude::*;
use redis::cmd;

use super::joint::TOGETHER;
use super::*;
use crate::wire::Decoder;

/// One of two scripts, with as many keys, about one of two places.
fn call(script: u8, keys: &[&str], arguments: &[&str]) -> Cmd {
    let mut command = cmd("EVALSHA");
    command.arg([b'a' + script; 40].as_slice()).arg(keys.len()).arg(keys).arg(arguments);
    command
}

fn join(batch: &mut Batch, command: &Cmd, tag: &'static str) {
    let (caller, _) = oneshot::channel();
    batch.join(command, tag.into(), caller);
}

/// What would leave, in words, and for how many each of it is.
fn sent(batch: &mut Batch) -> Vec<(String, usize)> {
    batch.close();
    let (mut decoder, mut bytes) = (Decoder::default(), &*batch.bytes);
    let mut commands = Vec::new();
    while let Some(Value::Array(words)) = decoder.next(&mut bytes).unwrap() {
        let words = words.into_iter().map(|word| match word {
            Value::BulkString(word) => String::from_utf8(word).unwrap(),
            other => panic!("{other:?}"),
        });
        commands.push(words.collect::<Vec<_>>().join(" "));
    }
    assert!(bytes.is_empty() && batch.shares.len() == commands.len());
    commands.into_iter().zip(batch.shares.clone()).collect()
}

#[test]
fn calls_of_one_script_are_one() {
    let (mut batch, digest) = (Batch::default(), "a".repeat(40));
    join(&mut batch, &call(0, &["k1"], &["x"]), "t");
    assert!(!batch.is_empty());
    join(&mut batch, &call(0, &["k2", "k3"], &[""]), "t");
    join(&mut batch, &call(0, &[], &["z"]), "t");
    assert_eq!(sent(&mut batch), [(format!("EVALSHA {digest} 3 k1 k2 k3 x  z"), 3)]);
    assert_eq!(batch.callers.len(), 3);
}

#[test]
fn alone_it_is_what_it_was() {
    let (mut batch, command) = (Batch::default(), call(0, &["k"], &["x"]));
    join(&mut batch, &command, "t");
    batch.close();
    assert_eq!(batch.bytes, command.get_packed_command());
    batch.close();
    assert_eq!(batch.shares, [1], "closed once");
}

#[test]
fn nobody_joins_others_or_another_place_or_too_many() {
    let mut batch = Batch::default();
    join(&mut batch, &call(0, &["k"], &["x"]), "t");
    join(&mut batch, &call(1, &["k"], &["x"]), "t");
    join(&mut batch, &call(1, &["k"], &["x"]), "u");
    batch.ask(&cmd("PING"), oneshot::channel().0);
    for _ in 0..=TOGETHER {
        join(&mut batch, &call(1, &["k"], &["x"]), "u");
    }
    let shares: Vec<_> = sent(&mut batch).into_iter().map(|(_, share)| share).collect();
    assert_eq!(shares, [1, 1, 1, 1, TOGETHER, 1]);
}

/// Nobody could tell whose they are.
#[test]
fn what_has_not_one_argument_goes_alone() {
    let (mut batch, one) = (Batch::default(), call(0, &["k"], &["x"]));
    join(&mut batch, &one, "t");
    for arguments in [&[][..], &["x", "y"]] {
        join(&mut batch, &call(0, &["k"], arguments), "t");
    }
    join(&mut batch, &cmd("PING"), "t");
    join(&mut batch, &one, "t");
    join(&mut batch, &one, "t");
    let digest = "a".repeat(40);
    let expected = ["k x", "k", "k x y"].map(|rest| (format!("EVALSHA {digest} 1 {rest}"), 1));
    let mut all = expected.to_vec();
    all.push(("PING".into(), 1));
    all.push((format!("EVALSHA {digest} 2 k k x x"), 2));
    assert_eq!(sent(&mut batch), all);
}

proptest! {
    /// Whatever is asked in whatever way: all of it leaves, once, and in order.
    #[test]
    fn all_of_it_leaves_in_order(asked in prop::collection::vec((0_u8..3, 0_u8..2, 0_usize..4), 0..80)) {
        let (mut batch, mut expected) = (Batch::default(), Vec::new());
        for (number, (way, script, keys)) in asked.into_iter().enumerate() {
            let names: Vec<_> = (0..keys).map(|key| format!("{number}.{key}")).collect();
            let names: Vec<_> = names.iter().map(String::as_str).collect();
            let command = call(script, &names, &[&number.to_string()]);
            match way {
                0 => batch.ask(&command, oneshot::channel().0),
                _ => join(&mut batch, &command, ["t", "u"][usize::from(way) - 1]),
            }
            expected.push(number.to_string());
        }
        let mut heard = Vec::new();
        for (command, share) in sent(&mut batch) {
            let words: Vec<_> = command.split(' ').collect();
            let keys: usize = words[2].parse().unwrap();
            let (keys, arguments) = words[3..].split_at(keys);
            prop_assert!(arguments.len() == share && share <= TOGETHER);
            let mine = |argument: &&str| keys.iter().filter(|key| key.split('.').next() == Some(argument)).count();
            prop_assert_eq!(arguments.iter().map(mine).sum::<usize>(), keys.len(), "whose keys they are");
            prop_assert!(keys.is_sorted_by_key(|key| key.split('.').next().unwrap().parse::<usize>().unwrap()));
            heard.extend(arguments.iter().map(ToString::to_string));
        }
        prop_assert_eq!(heard, expected);
        prop_assert_eq!(batch.callers.len(), batch.shares.iter().sum::<usize>());
    }
}
