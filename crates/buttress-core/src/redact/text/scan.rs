use std::borrow::Cow;
use std::ops::{Deref, Range};

use crate::redact::mask::{self, MASK};
use crate::redact::percent;

/// What a detector says of the text that begins at a position.
pub(super) enum Step {
    /// Nothing to hide before this position.
    Keep(usize),
    /// Something to hide, and what to show instead.
    Mask { start: usize, end: usize, with: Cow<'static, str> },
}

impl Step {
    pub(super) const fn hide(start: usize, end: usize) -> Self {
        Self::Mask { start, end, with: Cow::Borrowed(MASK) }
    }
}

/// The kinds of runs whose end is remembered.
#[derive(Clone, Copy)]
pub(super) enum Run {
    /// A word of letters, digits, `_` and `-`.
    Word,
    /// A name before `=`; escapes of `&`, `=` and their like end it.
    Name,
    /// What stands before the `@` of an address.
    Local,
    /// The base64 alphabets.
    Base64,
    /// The same without `/`.
    Segment,
}

/// The text, looked at byte by byte; what is sliced is sliced at ASCII, so never within a character.
///
/// A run is measured once, from its first byte, and its end is remembered for the bytes within: detectors
/// that start anew at each word of `a-a-a-a-…` would otherwise take quadratic time.
pub(super) struct Scan<'t> {
    pub(super) window: Window<'t>,
    ends: [usize; 5],
}

impl<'t> Scan<'t> {
    pub(super) const fn new(text: &'t str) -> Self {
        Self { window: Window { text, links: 0, at_sign: None }, ends: [0; 5] }
    }

    /// The end of the run that begins at `at`; none if none does, or if `at` lies within one.
    pub(super) fn fresh(&mut self, run: Run, at: usize) -> Option<usize> {
        if at < self.ends[run as usize] {
            return None;
        }
        let end = self.end(run, at);
        (end > at).then_some(end)
    }

    /// The end of the run that `at` lies within.
    pub(super) fn end(&mut self, run: Run, at: usize) -> usize {
        if at >= self.ends[run as usize] {
            self.ends[run as usize] = match run {
                Run::Word => self.window.span(at, word_byte),
                Run::Name => self.window.name(at),
                Run::Local => self.window.span(at, local_byte),
                Run::Base64 => self.window.span(at, |b| word_byte(b) || matches!(b, b'+' | b'/')),
                Run::Segment => self.window.span(at, |b| word_byte(b) || b == b'+'),
            };
        }
        self.ends[run as usize]
    }

    /// The end of the link that `at` lies within, and the last `@` of it.
    pub(super) fn link(&mut self, at: usize) -> (usize, Option<usize>) {
        if at >= self.window.links {
            let end = self.window.span(at, link_byte);
            let sign = self.window.text.as_bytes()[at..end].iter().rposition(|&b| b == b'@');
            (self.window.links, self.window.at_sign) = (end, sign.map(|sign| at + sign));
        }
        (self.window.links, self.window.at_sign.filter(|&sign| sign >= at))
    }
}

impl<'t> Deref for Scan<'t> {
    type Target = Window<'t>;

    fn deref(&self) -> &Self::Target {
        &self.window
    }
}

pub(super) struct Window<'t> {
    pub(super) text: &'t str,
    links: usize,
    at_sign: Option<usize>,
}

impl Window<'_> {
    /// The byte at `at`; zero behind the end.
    pub(super) fn byte(&self, at: usize) -> u8 {
        self.text.as_bytes().get(at).copied().unwrap_or(0)
    }

    pub(super) fn before(&self, at: usize) -> u8 {
        at.checked_sub(1).map_or(0, |before| self.byte(before))
    }

    pub(super) fn starts_word(&self, at: usize) -> bool {
        !self.before(at).is_ascii_alphanumeric()
    }

    pub(super) fn starts_with(&self, at: usize, prefix: &str) -> bool {
        self.text.as_bytes()[at..].starts_with(prefix.as_bytes())
    }

    pub(super) fn starts_with_any_case(&self, at: usize, prefix: &str) -> bool {
        let bytes = self.text.as_bytes().get(at..at + prefix.len());
        bytes.is_some_and(|bytes| bytes.eq_ignore_ascii_case(prefix.as_bytes()))
    }

    /// The end of the bytes from `at` on that are `such`.
    pub(super) fn span(&self, at: usize, such: impl Fn(u8) -> bool) -> usize {
        let bytes = self.text.as_bytes().get(at..).unwrap_or_default();
        at + bytes.iter().position(|&byte| !such(byte)).unwrap_or(bytes.len())
    }

    /// As [`span`](Self::span), but at most `most` bytes.
    pub(super) fn span_up_to(&self, most: usize, at: usize, such: impl Fn(u8) -> bool) -> usize {
        (at..at + most).find(|&at| !such(self.byte(at))).unwrap_or(at + most)
    }

    /// The delimiter that the escape at `at` stands for: `%26` is an `&`.
    pub(super) fn escaped_delimiter(&self, at: usize) -> Option<u8> {
        let byte = percent::escaped(self.text.as_bytes(), at)?;
        (!names_byte(byte)).then_some(byte)
    }

    /// Hides what stands there, unless it is a mask already.
    pub(super) fn hidden(&self, span: Range<usize>) -> Step {
        if mask::hides(&self.text[span.clone()]) {
            return Step::Keep(span.end);
        }
        Step::hide(span.start, span.end)
    }

    fn name(&self, from: usize) -> usize {
        let mut at = from;
        loop {
            match self.byte(at) {
                b'%' if percent::escaped(self.text.as_bytes(), at).is_some_and(names_byte) => {
                    at += 3;
                }
                byte if names_byte(byte) => at += 1,
                _ => return at,
            }
        }
    }
}

/// What a name of a field may be made of.
pub(in crate::redact) const fn names_byte(byte: u8) -> bool {
    word_byte(byte) || byte == b'.'
}

pub(super) const fn word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

const fn local_byte(byte: u8) -> bool {
    names_byte(byte) || matches!(byte, b'+' | b'%' | b'*' | 0x80..)
}

const fn link_byte(byte: u8) -> bool {
    !byte.is_ascii_whitespace()
        && !matches!(byte, b'"' | b'\'' | b'<' | b'>' | b'`' | b'\\' | 0..=0x1f)
}
