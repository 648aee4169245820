use std::io::Write;

use redis::{Arg, Cmd};

use crate::Tag;

/// Calls of one script that become one: `EVALSHA digest n`, the keys of all, and the argument of each.
#[derive(Debug, Default)]
pub(super) struct Joint {
    calls: usize,
    tag: Option<Tag>,
    digest: Vec<u8>,
    count: usize,
    /// As they are sent.
    keys: Vec<u8>,
    arguments: Vec<u8>,
}

/// How many calls become one at most: all others wait for as long as that takes the server.
pub(super) const TOGETHER: usize = 16;

impl Joint {
    pub(super) const fn is_empty(&self) -> bool {
        self.calls == 0
    }

    /// Whether a call can be one with those that are here: of the same script, and in the same place of a cluster.
    pub(super) fn admits(&self, command: &Cmd, tag: Tag) -> bool {
        let is_same = || simple(command, 1).is_some_and(|digest| digest == self.digest);
        self.calls < TOGETHER && self.tag == Some(tag) && is_same()
    }

    /// Adds a call, which is the first one or was admitted. Says no if it has not exactly one argument: then nobody
    /// could tell which are whose.
    pub(super) fn add(&mut self, command: &Cmd, tag: Tag) -> bool {
        let Some(keys) = keys(command) else { return false };
        let mut words = command.args_iter().filter_map(word).skip(1);
        let Some(digest) = words.next() else { return false };
        if self.calls == 0 {
            self.digest.clear();
            self.digest.extend_from_slice(digest);
            self.tag = Some(tag);
        }
        self.calls += 1;
        self.count += keys;
        let mut words = words.skip(1);
        words.by_ref().take(keys).for_each(|key| put(&mut self.keys, key));
        words.for_each(|argument| put(&mut self.arguments, argument));
        true
    }

    /// Writes it as one command, and is empty then. Says of how many calls it was.
    pub(super) fn write_to(&mut self, bytes: &mut Vec<u8>) -> usize {
        let Self { calls, digest, count, keys, arguments, .. } = self;
        put_size(bytes, b'*', 3 + *count + *calls);
        put(bytes, b"EVALSHA");
        put(bytes, digest);
        let mut digits = [0; DIGITS];
        put(bytes, decimal(*count, &mut digits));
        bytes.append(keys);
        bytes.append(arguments);
        self.count = 0;
        std::mem::take(&mut self.calls)
    }

    pub(super) fn shrink_to(&mut self, bytes: usize) {
        self.keys.shrink_to(bytes);
        self.arguments.shrink_to(bytes);
    }
}

/// How many keys a call has, if everything else of it is one argument.
fn keys(command: &Cmd) -> Option<usize> {
    let keys = str::from_utf8(simple(command, 2)?).ok()?.parse().ok()?;
    (command.args_iter().len().checked_sub(keys)? == 4).then_some(keys)
}

fn simple(command: &Cmd, at: usize) -> Option<&[u8]> {
    command.args_iter().nth(at).and_then(word)
}

#[expect(clippy::needless_pass_by_value, reason = "it is what an iterator gives, and a slice")]
fn word(argument: Arg<&[u8]>) -> Option<&[u8]> {
    match argument {
        Arg::Simple(word) => Some(word),
        _ => None,
    }
}

fn put(out: &mut Vec<u8>, word: &[u8]) {
    put_size(out, b'$', word.len());
    out.extend_from_slice(word);
    out.extend_from_slice(b"\r\n");
}

fn put_size(out: &mut Vec<u8>, kind: u8, size: usize) {
    out.push(kind);
    out.extend_from_slice(decimal(size, &mut [0; DIGITS]));
    out.extend_from_slice(b"\r\n");
}

/// Of the largest number.
const DIGITS: usize = 20;

fn decimal(number: usize, digits: &mut [u8; DIGITS]) -> &[u8] {
    let mut room = &mut digits[..];
    // There is room for any number.
    let _ = write!(room, "{number}");
    let left = room.len();
    digits.get(..DIGITS - left).unwrap_or_default()
}
