//! Telephone numbers and numbers of payment cards.

use std::ops::Range;

use super::scan::{Scan, Step, Window};
use crate::redact::mask;

/// A number of a card: right in issuer, length, grouping and check digit. The groups of a UUID, 8-4-4-4-12,
/// are never those of a card.
pub(super) fn card(scan: &Scan<'_>, at: usize) -> Option<Step> {
    let first = scan.byte(at);
    if !matches!(first, b'2'..=b'6') || !starts_number(scan, at) {
        return None;
    }
    let groups = Groups::read(scan, at, |b| matches!(b, b' ' | b'-'));
    let lengths = &groups.lengths()[..groups.count];
    let count = match lengths {
        [13..=19, ..] => 1,
        [4, 4, 4, 4, 3, ..] if is_card(&scan.text[at..groups.end(5)]) => 5,
        [4, 4, 4, 4, ..] => 4,
        [4, 6, 4 | 5, ..] => 3,
        _ => return None,
    };
    let end = groups.end(count);
    let fraction = scan.byte(end) == b'.' && scan.byte(end + 1).is_ascii_digit();
    let number = &scan.text[at..end];
    (!scan.byte(end).is_ascii_alphabetic() && !fraction && is_card(number)).then(|| Step::Mask {
        start: at,
        end,
        with: mask::card(number).into(),
    })
}

/// A telephone number, written with `+`, or as `555-867-5309` and `(555) 867-5309`.
pub(super) fn phone(scan: &Scan<'_>, at: usize) -> Option<Step> {
    if !starts_number(scan, at) {
        return None;
    }
    let end = match scan.byte(at) {
        b'+' => international(scan, at)?,
        b'(' => in_brackets(scan, at)?,
        b'1'..=b'9' => dashed(scan, at)?,
        _ => return None,
    };
    (!scan.byte(end).is_ascii_alphanumeric()).then(|| Step::Mask {
        start: at,
        end,
        with: mask::phone(&scan.text[at..end]).into(),
    })
}

/// Not within a word, nor behind the point of a fraction.
fn starts_number(text: &Window<'_>, at: usize) -> bool {
    let fraction = text.before(at) == b'.' && at > 1 && text.before(at - 1).is_ascii_digit();
    text.starts_word(at) && !fraction
}

/// No country code begins with 0 or is longer than 3: `+0200 2026` is a time zone and a year.
fn international(scan: &Scan<'_>, at: usize) -> Option<usize> {
    if !matches!(scan.byte(at + 1), b'1'..=b'9') {
        return None;
    }
    let country = scan.span_up_to(16, at + 1, |b| b.is_ascii_digit());
    let (mut digits, mut end) = (country - at - 1, country);
    if (4..8).contains(&digits) {
        return None;
    }
    loop {
        // At most two, as in `) `.
        let next =
            scan.span_up_to(2, end, |b| matches!(b, b' ' | b'-' | b'.' | b'(' | b')' | b'/'));
        let group = scan.span_up_to(16, next, |b| b.is_ascii_digit());
        if next == end || group == next || digits + (group - next) > 15 {
            return (8..=15).contains(&digits).then_some(end);
        }
        (digits, end) = (digits + (group - next), group);
    }
}

fn in_brackets(scan: &Scan<'_>, at: usize) -> Option<usize> {
    let area = matches!(scan.byte(at + 1), b'2'..=b'9')
        && scan.span_up_to(4, at + 1, |b| b.is_ascii_digit()) == at + 4
        && scan.byte(at + 4) == b')';
    let from = scan.span_up_to(1, at + 5, |b| matches!(b, b' ' | b'-'));
    let groups = Groups::read(scan, from, |b| matches!(b, b'-' | b'.' | b' '));
    let fits = area && groups.count >= 2 && groups.lengths()[..2] == [3, 4];
    fits.then(|| groups.end(2))
}

/// As written in North America; area and exchange begin with 2 to 9.
fn dashed(scan: &Scan<'_>, at: usize) -> Option<usize> {
    let groups = Groups::read(scan, at, |b| matches!(b, b'-' | b'.'));
    let area = match groups.lengths()[..groups.count] {
        [3, 3, 4] => 0,
        [1, 3, 3, 4] if scan.byte(at) == b'1' => 1,
        _ => return None,
    };
    let fits = |group: usize| matches!(scan.byte(groups.spans[group].start), b'2'..=b'9');
    (fits(area) && fits(area + 1)).then(|| groups.end(groups.count))
}

const MOST: usize = 6;

/// The first groups of digits of a number, all parted by the same sign.
struct Groups {
    spans: [Range<usize>; MOST],
    count: usize,
}

impl Groups {
    fn read(text: &Window<'_>, from: usize, parts: impl Fn(u8) -> bool) -> Self {
        let mut groups = Self { spans: Default::default(), count: 0 };
        let (mut at, mut sign) = (from, None);
        while groups.count < MOST {
            // No group that counts is longer than 19.
            let end = text.span_up_to(20, at, |b| b.is_ascii_digit());
            if end == at {
                break;
            }
            groups.spans[groups.count] = at..end;
            groups.count += 1;
            let next = text.byte(end);
            if !parts(next) || sign.is_some_and(|sign| sign != next) {
                break;
            }
            (sign, at) = (Some(next), end + 1);
        }
        groups
    }

    fn lengths(&self) -> [usize; MOST] {
        self.spans.each_ref().map(ExactSizeIterator::len)
    }

    fn end(&self, count: usize) -> usize {
        self.spans[count - 1].end
    }
}

/// The ranges of issuers with the lengths they use, and the check digit of Luhn.
fn is_card(number: &str) -> bool {
    let digits: Vec<u32> = number.chars().filter_map(|c| c.to_digit(10)).collect();
    let issuer = digits.iter().take(4).fold(0, |issuer, digit| issuer * 10 + digit);
    let known = match issuer {
        4000..=4999 => matches!(digits.len(), 13 | 16 | 19),
        5100..=5599 | 2221..=2720 => digits.len() == 16,
        3400..=3499 | 3700..=3799 => digits.len() == 15,
        3000..=3099 | 3600..=3699 | 3800..=3999 => matches!(digits.len(), 14 | 16),
        3500..=3599 | 6000..=6999 | 5000..=5099 | 5600..=5899 => (16..=19).contains(&digits.len()),
        _ => false,
    };
    known && luhn(&digits)
}

fn luhn(digits: &[u32]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, &digit)| match (at % 2, digit) {
            (0, digit) => digit,
            (_, 5..) => digit * 2 - 9,
            _ => digit * 2,
        })
        .sum();
    sum.is_multiple_of(10)
}
