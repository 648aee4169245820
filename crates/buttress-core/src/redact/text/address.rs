//! Credentials in links, and e-mail addresses.

use super::scan::{Run, Scan, Step};
use crate::redact::mask;

/// The user and the password of a link: `postgres://app:hunter2@db`.
pub(super) fn user_info(scan: &mut Scan<'_>, at: usize) -> Option<Step> {
    if !scan.starts_with(at, "://") || !scan.before(at).is_ascii_alphanumeric() {
        return None;
    }
    let from = at + 3;
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
