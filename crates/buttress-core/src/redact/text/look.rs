//! Runs of letters that only chance puts together.

use super::scan::{Run, Scan, Step, Window};

const LEAST: usize = 32;

/// A long run of base64 that looks random: whole, or one segment of a path.
pub(super) fn random(scan: &mut Scan<'_>, at: usize) -> Option<Step> {
    for run in [Run::Base64, Run::Segment] {
        let Some(end) = scan.fresh(run, at) else { continue };
        if looks_random(&scan.text[at..end]) && !is_digest(scan, at) {
            return Some(Step::hide(at, scan.span_up_to(2, end, |b| b == b'=')));
        }
    }
    None
}

/// Capitals, small letters and digits, all three, and no kind stays for long: of 32 random letters about
/// 20 differ in kind from the one before, in `ConcurrentHashMapFactoryBean2` there are 10.
fn looks_random(run: &str) -> bool {
    if run.len() < LEAST {
        return false;
    }
    let kinds = || run.bytes().filter_map(kind);
    let count = |wanted: Kind| kinds().filter(|&kind| kind == wanted).count();
    let changes = kinds().zip(kinds().skip(1)).filter(|(one, next)| one != next).count();
    count(Kind::Capital) * 8 >= run.len()
        && count(Kind::Small) * 8 >= run.len()
        && count(Kind::Digit) >= 2
        && changes * 5 >= run.len() * 2
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Kind {
    Capital,
    Small,
    Digit,
}

const fn kind(byte: u8) -> Option<Kind> {
    match byte {
        b'A'..=b'Z' => Some(Kind::Capital),
        b'a'..=b'z' => Some(Kind::Small),
        b'0'..=b'9' => Some(Kind::Digit),
        _ => None,
    }
}

/// `sha256-…` and `SHA256:…` are public.
fn is_digest(text: &Window<'_>, at: usize) -> bool {
    let named = |at: usize| text.starts_with_any_case(at, "sha");
    named(at) || text.before(at) == b':' && at.checked_sub(7).is_some_and(named)
}
