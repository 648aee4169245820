//! Secrets that tell by their shape what they are.

use super::scan::{Run, Scan, Step, Window, word_byte};
use crate::redact::mask;

/// Prefixes that issuers gave their keys so that scanners find them, and how much must follow: enough that
/// the prefix alone, as in a sentence about it, is not taken for a key.
const PREFIXES: &[(&str, usize)] = &[
    ("A3T", 17),
    ("ABIA", 16),
    ("AGE-SECRET-KEY-1", 20),
    ("AIza", 30),
    ("AKIA", 16),
    ("ASIA", 16),
    ("ATATT3", 20),
    ("EAAC", 40),
    ("GOCSPX-", 20),
    ("NRAK-", 20),
    ("PMAK-", 20),
    ("SG.", 20),
    ("api.telegram.org/bot", 20),
    ("dapi", 32),
    ("dckr_pat_", 16),
    ("discord.com/api/webhooks/", 20),
    ("dop_v1_", 20),
    ("figd_", 20),
    ("ghp_", 10),
    ("gho_", 10),
    ("ghr_", 10),
    ("ghs_", 10),
    ("ghu_", 10),
    ("github_pat_", 10),
    ("glpat-", 10),
    ("glsa_", 20),
    ("hf_", 30),
    ("hooks.slack.com/services/", 10),
    ("hvs.", 20),
    ("lin_api_", 20),
    ("npm_", 30),
    ("pypi-", 40),
    ("rk_live_", 8),
    ("rk_test_", 8),
    ("rubygems_", 30),
    ("shpat_", 20),
    ("shpss_", 20),
    ("sk-ant-", 16),
    ("sk-proj-", 16),
    ("sk-", 32),
    ("sk_live_", 8),
    ("sk_test_", 8),
    ("sq0atp-", 16),
    ("sq0csp-", 16),
    ("whsec_", 8),
    ("xapp-", 10),
    ("xoxa-", 10),
    ("xoxb-", 10),
    ("xoxe-", 10),
    ("xoxp-", 10),
    ("xoxr-", 10),
    ("xoxs-", 10),
    ("ya29.", 20),
];

/// The schemes after which credentials stand.
const SCHEMES: &[&str] = &["Bearer ", "Basic ", "Negotiate ", "DPoP ", "Token "];

/// A private key in PEM, to its end mark or, if that was cut off, to the end of the text.
pub(super) fn private_key(scan: &Scan<'_>, at: usize) -> Option<Step> {
    if !scan.starts_with(at, "-----BEGIN ") {
        return None;
    }
    let label_at = at + "-----BEGIN ".len();
    let label_end = scan.span_up_to(64, label_at, |b| b.is_ascii_alphanumeric() || b == b' ');
    if !scan.text[label_at..label_end].contains("PRIVATE KEY") {
        return None;
    }
    let rest = &scan.text[label_end..];
    let end = rest.find("-----END ").and_then(|mark| {
        let label = mark + "-----END ".len();
        Some(label + rest[label..].find("-----")? + "-----".len())
    });
    Some(Step::hide(at, end.map_or(scan.text.len(), |end| label_end + end)))
}

/// A key with the prefix of its issuer, which stays.
pub(super) fn issued_key(scan: &Scan<'_>, at: usize) -> Option<Step> {
    if !scan.byte(at).is_ascii_alphabetic() || !scan.starts_word(at) {
        return None;
    }
    let prefix = prefix_at(scan, at)?;
    let from = at + prefix.len();
    Some(Step::hide(from, without_dots(scan, from, scan.span(from, key_byte(prefix)))))
}

/// The prefix of a well-known issuer that `token` begins with.
pub(in crate::redact) fn key_prefix(token: &str) -> &'static str {
    prefix_at(&Scan::new(token), 0).unwrap_or("")
}

fn prefix_at(text: &Window<'_>, at: usize) -> Option<&'static str> {
    PREFIXES.iter().find_map(|&(prefix, least)| {
        if !text.starts_with(at, prefix) {
            return None;
        }
        let from = at + prefix.len();
        let end = text.span_up_to(least, from, key_byte(prefix));
        (end == from + least && word_byte(text.byte(from))).then_some(prefix)
    })
}

/// What the key is made of; in the path of a webhook it has several parts.
fn key_byte(prefix: &str) -> impl Fn(u8) -> bool {
    let path = prefix.contains('/');
    move |b| word_byte(b) || b == b'.' || path && matches!(b, b'/' | b':' | b'%')
}

/// A JSON Web Token, also without its signature.
pub(super) fn web_token(scan: &mut Scan<'_>, at: usize) -> Option<Step> {
    if !scan.starts_with(at, "eyJ") || !scan.starts_word(at) {
        return None;
    }
    let header = scan.end(Run::Word, at);
    if header - at < 10 || scan.byte(header) != b'.' || !word_byte(scan.byte(header + 1)) {
        return None;
    }
    let end = scan.span(header, |b| word_byte(b) || matches!(b, b'.' | b'=' | b'+' | b'/'));
    Some(Step::hide(at, without_dots(scan, at, end)))
}

/// What follows `Bearer` or `Basic`, if it is no word of a sentence.
pub(super) fn credentials(scan: &Scan<'_>, at: usize) -> Option<Step> {
    if !scan.byte(at).is_ascii_alphabetic() || !scan.starts_word(at) {
        return None;
    }
    let scheme = SCHEMES.iter().find(|scheme| scan.starts_with_any_case(at, scheme))?;
    let from = scan.span_up_to(8, at + scheme.len(), |b| b == b' ');
    let end =
        scan.span(from, |b| word_byte(b) || matches!(b, b'.' | b'~' | b'+' | b'/' | b'=' | b'*'));
    let end = without_dots(scan, from, end);
    let token = &scan.text[from..end];
    // `Basic authentication` and `bearer token` are prose, `Token` is so more often than not.
    let words = token.bytes().skip(1).all(|b| b.is_ascii_lowercase() || !b.is_ascii_alphanumeric());
    let least = if *scheme == "Token " { 16 } else { 4 };
    let prose = token.len() < least || words && token.len() < 24 && !token.ends_with('=');
    let parameter = matches!(scan.byte(end), b'"') && token.ends_with('=');
    (!prose && !parameter && !mask::hides(token)).then_some(Step::hide(from, end))
}

/// Where the credentials begin behind a scheme that stands at `at`; at `at` itself if none does.
pub(super) fn behind_scheme(text: &Window<'_>, at: usize) -> usize {
    let scheme = SCHEMES.iter().find(|scheme| text.starts_with_any_case(at, scheme));
    scheme.map_or(at, |scheme| text.span_up_to(8, at + scheme.len(), |b| b == b' '))
}

/// A sentence ends in a dot, a token does not.
fn without_dots(scan: &Scan<'_>, from: usize, end: usize) -> usize {
    (from..end).rev().find(|&at| scan.byte(at) != b'.').map_or(from, |last| last + 1)
}
