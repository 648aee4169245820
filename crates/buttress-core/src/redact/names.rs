//! The names whose values are hidden: the one place where they are written down.

use std::borrow::Cow;

use super::percent;

/// Headers that carry a credential, or a proof made with one.
pub(super) const HEADERS: &[&str] = &[
    "authentication",
    "authorization",
    "cf-access-client-secret",
    "cookie",
    "cookie2",
    "dpop",
    "proxy-authorization",
    "set-cookie",
    "set-cookie2",
    "stripe-signature",
    "x-amz-signature",
    "x-api-key",
    "x-auth-key",
    "x-auth-token",
    "x-csrf-token",
    "x-goog-api-key",
    "x-hub-signature",
    "x-hub-signature-256",
    "x-signature",
    "x-slack-signature",
    "x-twilio-signature",
    "x-xsrf-token",
];

/// Names that betray a secret wherever they stand: in JSON, in a form, in a sentence.
pub(super) const FIELDS: &[&str] = &[
    "account_key",
    "auth_code",
    "bearer",
    "card",
    "card_code",
    "card_number",
    "card_verification_value",
    "client_assertion",
    "code_verifier",
    "connect.sid",
    "credential",
    "credit_card",
    "cvc",
    "cvc2",
    "cvv",
    "cvv2",
    "device_code",
    "iban",
    "jwt",
    "mfa_code",
    "one_time_code",
    "otp",
    "pass",
    "passwords",
    "phpsessid",
    "pin",
    "pwd",
    "recovery_code",
    "saml_assertion",
    "saml_response",
    "secrets",
    "sid",
    "social_security_number",
    "ssn",
    "totp",
    "verification_code",
];

/// Ends of names: `db_password`, `STRIPE_SECRET_KEY` and `refreshToken` need no entry of their own.
pub(super) const ENDINGS: &[&str] = &[
    "access_key",
    "api_key",
    "auth_key",
    "client_key",
    "credentials",
    "encryption_key",
    "master_key",
    "passcode",
    "passphrase",
    "passwd",
    "password",
    "private_key",
    "pwd",
    "secret",
    "secret_key",
    "session_id",
    "shared_key",
    "signing_key",
    "token",
];

/// Names that mean a secret only in a query: in prose, `code` and `key` and `state` are ordinary words.
pub(super) const QUERY_KEYS: &[&str] = &[
    "assertion",
    "auth",
    "code",
    "hmac",
    "key",
    "nonce",
    "sig",
    "signature",
    "state",
    "ticket",
    "x-amz-credential",
    "x-amz-signature",
    "x-goog-credential",
    "x-goog-signature",
];

/// Names whose value is a telephone number however it is written; its last four digits stay.
pub(super) const PHONES: &[&str] =
    &["fax", "mobile", "mobile_number", "msisdn", "phone", "phone_number", "tel", "telephone"];

/// So many bytes of a name are compared.
const LONGEST: usize = 256;

/// The names above, and those that the application added.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub(super) headers: Vec<String>,
    pub(super) query_keys: Vec<String>,
    pub(super) fields: Vec<String>,
}

impl Names {
    pub(super) fn and(&self, other: &Self) -> Self {
        let both = |ours: &[String], theirs: &[String]| [ours, theirs].concat();
        Self {
            headers: both(&self.headers, &other.headers),
            query_keys: both(&self.query_keys, &other.query_keys),
            fields: both(&self.fields, &other.fields),
        }
    }

    pub(super) fn header(&self, name: &str) -> bool {
        any(HEADERS, name) || any(&self.headers, name)
    }

    /// Also asked with the headers of a dump, and with the last part of a dotted name.
    pub(super) fn field(&self, name: &str) -> bool {
        let name = &*decoded(name);
        let name = element(name);
        let last = name.rsplit('.').next().unwrap_or(name);
        let hit = |name| any(FIELDS, name) || any(&self.fields, name) || self.header(name);
        hit(name) || hit(last) || ENDINGS.iter().any(|ending| ends(name, ending))
    }

    pub(super) fn query_key(&self, name: &str) -> bool {
        let name = &*decoded(name);
        let name = element(name);
        any(QUERY_KEYS, name) || any(&self.query_keys, name) || self.field(name)
    }

    pub(super) fn phone(name: &str) -> bool {
        let name = &*decoded(name);
        let name = element(name);
        any(PHONES, name.rsplit('.').next().unwrap_or(name))
    }
}

/// The name decoded, and only the end of one that is longer than any name is.
fn decoded(name: &str) -> Cow<'_, str> {
    let end = name.len().saturating_sub(LONGEST)..;
    percent::decoded(name.get(end).unwrap_or(name))
}

/// What a form calls it: `token` of `token[]`, `token[0]` and `user[token]`.
fn element(mut name: &str) -> &str {
    while let Some((whole, part)) = name.strip_suffix(']').and_then(|rest| rest.rsplit_once('[')) {
        if !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return part;
        }
        name = whole;
    }
    name
}

fn any(names: &[impl AsRef<str>], name: &str) -> bool {
    names.iter().any(|known| letters(known.as_ref()).eq(letters(name)))
}

fn ends(name: &str, ending: &str) -> bool {
    let mut name = letters(name).rev();
    letters(ending).rev().all(|letter| name.next() == Some(letter))
}

/// What is compared: no case, no `-`, no `_`, no blank.
fn letters(name: &str) -> impl DoubleEndedIterator<Item = u8> {
    name.bytes().filter(|byte| !matches!(byte, b'-' | b'_' | b' ')).map(|b| b.to_ascii_lowercase())
}
