//! The members of a `tracestate` while it is checked and changed.

/// Most members that a list may have.
const MAX_MEMBERS: usize = 32;

/// Longest list that is sent on, and the longest that the specification asks anyone to carry.
pub(super) const MAX_BYTES: usize = 512;

/// A member longer than this is the first to go when the list is too long.
const LONG_MEMBER: usize = 128;

/// Longest key, and longest value.
const MAX_TEXT: usize = 256;

/// Well-formed members, written `key=value`, in the order in which they came, each key once.
pub(super) struct List<'a> {
    members: [&'a [u8]; MAX_MEMBERS],
    len: usize,
    verbatim: bool,
}

impl<'a> List<'a> {
    pub(super) fn new() -> Self {
        Self { members: [&[]; MAX_MEMBERS], len: 0, verbatim: true }
    }

    pub(super) fn as_slice(&self) -> &[&'a [u8]] {
        &self.members[..self.len]
    }

    /// Whether the one header that was read says just what the list says, and may be sent in its place.
    pub(super) fn is_verbatim(&self) -> bool {
        self.verbatim
    }

    /// Reads one header after those before it; `None` voids them all.
    pub(super) fn read(&mut self, header: &'a [u8]) -> Option<()> {
        let mut places = 0;
        for member in header.split(|&byte| byte == b',') {
            places += 1;
            // A header has no other white space than the two kinds allowed here.
            match member.trim_ascii() {
                [] => {}
                member => self.push(member)?,
            }
        }
        // Empty members count here: whoever comes next may be stricter than we are.
        self.verbatim &= places <= MAX_MEMBERS
            && header.len() <= MAX_BYTES
            && header.len() == header.trim_ascii().len();
        Some(())
    }

    /// Puts `member` first, in place of one with the same key, and drops what has no room behind it.
    pub(super) fn put_first(&mut self, member: &'a [u8]) {
        let key = key_of(member);
        let old = self.as_slice().iter().position(|known| known.starts_with(key));
        if let Some(at) = old.or_else(|| self.is_full().then_some(MAX_MEMBERS - 1)) {
            self.remove(at);
        }
        self.shorten(MAX_BYTES.saturating_sub(member.len()));
        self.len += 1;
        self.members[..self.len].rotate_right(1);
        self.members[0] = member;
    }

    /// Drops members until those left, with a comma for each, take at most `bytes`. As the specification
    /// asks, long ones go first, and among equals the rightmost, which is the oldest.
    pub(super) fn shorten(&mut self, bytes: usize) {
        while self.as_slice().iter().map(|member| member.len() + 1).sum::<usize>() > bytes {
            let long = self.as_slice().iter().rposition(|member| member.len() > LONG_MEMBER);
            self.remove(long.unwrap_or(self.len - 1));
        }
    }

    fn push(&mut self, member: &'a [u8]) -> Option<()> {
        if !is_member(member) {
            return None;
        }
        let key = key_of(member);
        // Members are put in front, so the leftmost of a key is the youngest.
        if self.as_slice().iter().any(|known| known.starts_with(key)) {
            self.verbatim = false;
            return Some(());
        }
        *self.members.get_mut(self.len)? = member;
        self.len += 1;
        Some(())
    }

    fn remove(&mut self, at: usize) {
        self.members[at..self.len].rotate_left(1);
        self.len -= 1;
    }

    fn is_full(&self) -> bool {
        self.len == MAX_MEMBERS
    }
}

/// Whether `member` is a key, `=` and a value, and nothing else.
pub(super) fn is_member(member: &[u8]) -> bool {
    let (key, value) = member.split_at(key_of(member).len());
    key.strip_suffix(b"=").is_some_and(is_key) && is_value(value)
}

/// The key and its `=`: what no two members may start with.
fn key_of(member: &[u8]) -> &[u8] {
    member.split_inclusive(|&byte| byte == b'=').next().unwrap_or(member)
}

/// The grammar of level 2; the keys of level 1, `tenant@system`, are among these.
fn is_key(key: &[u8]) -> bool {
    let first = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let other = |byte: u8| first(byte) || matches!(byte, b'_' | b'-' | b'*' | b'/' | b'@');
    key.len() <= MAX_TEXT && key.first().is_some_and(|&byte| first(byte)) && all(key, other)
}

/// Spaces may stand anywhere but at the end.
fn is_value(value: &[u8]) -> bool {
    let any = |byte: u8| matches!(byte, b' '..=b'~') && byte != b',' && byte != b'=';
    value.len() <= MAX_TEXT && value.last().is_some_and(|&byte| byte != b' ') && all(value, any)
}

/// Looks at every byte, also after a wrong one, so that it can look at sixteen at a time.
fn all(bytes: &[u8], is_right: impl Fn(u8) -> bool) -> bool {
    bytes.iter().fold(true, |right, &byte| right & is_right(byte))
}
