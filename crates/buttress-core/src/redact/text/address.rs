//! Credentials in links, and e-mail addresses.

use super::scan::{Run, Scan, Step};
use crate::redact::mask;

/// The user and the password of a link: `postgres://app:hunter2@db`.
pub(super) fn user_info(scan: &mut Scan<'_>, at: usize) -> Option<Step> {
    // With slashes that are escaped, as some write JSON.
    let colon = ["://", r":\/\/"].into_iter().find(|colon| scan.starts_with(at, colon))?;
    if !scan.before(at).is_ascii_alphanumeric() {
        return None;
    }
    let from = at + colon.len();
    let (link_end, last_sign) = scan.link(from);
    let last_sign = last_sign?;
    let authority_end = scan.span(from, |b| !matches!(b, b'/' | b'?' | b'#')).min(link_end);
    let authority = &scan.text[from..authority_end];
    let sign = match authority.rfind('@') {
        Some(sign) => from + sign,
        // A password with a `/` that nobody escaped: what follows the `:` is no port.
        None if !ends_in_port(authority) => last_sign,
        None => return None,
    };
    Some(scan.hidden(from..sign))
}

/// The same of a link that is escaped, as within a query: `postgres%3A%2F%2Fapp%3Ahunter2%40db`.
pub(super) fn escaped_user_info(scan: &Scan<'_>, at: usize) -> Option<Step> {
    const COLON: &str = "%3A%2F%2F";
    if !scan.starts_with_any_case(at, COLON) || !scan.before(at).is_ascii_alphanumeric() {
        return None;
    }
    let from = at + COLON.len();
    let (mut end, mut sign) = (from, None);
    while end - from < LONGEST {
        match scan.escaped_delimiter(end) {
            Some(b'/' | b'?' | b'#') => break,
            Some(delimiter) => {
                sign = if delimiter == b'@' { Some(end) } else { sign };
                end += 3;
            }
            None if unescaped(scan.byte(end)) => end += 1,
            None => break,
        }
    }
    sign.map(|sign| scan.hidden(from..sign))
}

/// No user with a password is longer.
const LONGEST: usize = 256;

/// What need not be escaped.
const fn unescaped(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'*' | b'!' | b'%' | b'+')
}

fn ends_in_port(authority: &str) -> bool {
    match authority.rsplit_once(':') {
        None => true,
        Some((_, port)) => port.ends_with(']') || port.bytes().all(|b| b.is_ascii_digit()),
    }
}

/// An e-mail address, whose first letter and domain stay; or the end of `user:password@tcp(host)`.
pub(super) fn email(scan: &mut Scan<'_>, at: usize) -> Option<Step> {
    let sign = scan.fresh(Run::Local, at)?;
    if scan.byte(sign) != b'@' {
        return None;
    }
    let local = &scan.text[at..sign];
    if scan.before(at) == b':'
        && (scan.starts_with(sign, "@tcp(") || scan.starts_with(sign, "@unix("))
    {
        return (!mask::hides(local)).then_some(Step::hide(at, sign));
    }
    let end =
        scan.span(sign + 1, |b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | 0x80..));
    // The user of every repository on a forge is no person.
    if local == "git" || !is_domain(&scan.text[sign + 1..end]) {
        return None;
    }
    Some(scan.hidden(at + mask::initial(local).len()..sign))
}

/// Whether it has a dot, and behind the last one letters: `1.2.3` is a version.
fn is_domain(domain: &str) -> bool {
    domain.trim_end_matches(['.', '-', '…']).rsplit_once('.').is_some_and(|(_, top)| {
        top.chars().count() >= 2 && top.chars().all(|c| c.is_alphabetic() || c == '-' || c == '…')
    })
}
