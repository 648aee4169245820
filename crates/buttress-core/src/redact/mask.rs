//! What is left of a value when it is shown: each function allocates its answer.

use super::text::key_prefix;

/// What stands in place of a secret.
pub const MASK: &str = "***";

/// Hides a token, and keeps the prefix that says which kind it is, if it has a well-known one.
///
/// ```
/// use buttress_core::redact::mask;
///
/// assert_eq!(mask::token("sk_live_4eC39HqLyjWDarjtT1zdp7dc"), "sk_live_***");
/// assert_eq!(mask::token("correct horse battery staple"), "***");
/// ```
#[must_use]
pub fn token(token: &str) -> String {
    format!("{}{MASK}", key_prefix(token))
}

/// Hides an e-mail address up to its first letter and its domain; what is no address is hidden whole.
///
/// ```
/// use buttress_core::redact::mask;
///
/// assert_eq!(mask::email("ada.lovelace@example.org"), "a***@example.org");
/// assert_eq!(mask::email("a@example.org"), "***@example.org");
/// assert_eq!(mask::email("ada"), "***");
/// ```
#[must_use]
pub fn email(address: &str) -> String {
    let Some((local, domain)) = address.rsplit_once('@') else { return MASK.to_owned() };
    format!("{}{MASK}@{domain}", initial(local))
}

/// Hides a telephone number up to its last four digits; what has fewer than seven is hidden whole.
///
/// ```
/// use buttress_core::redact::mask;
///
/// assert_eq!(mask::phone("+1 (555) 867-5309"), "***-5309");
/// assert_eq!(mask::phone("112"), "***");
/// ```
#[must_use]
pub fn phone(number: &str) -> String {
    last_four(number)
}

/// Hides the number of a payment card up to its last four digits.
///
/// ```
/// assert_eq!(buttress_core::redact::mask::card("4111 1111 1111 1111"), "***-1111");
/// ```
#[must_use]
pub fn card(number: &str) -> String {
    last_four(number)
}

/// The first letter of a local part, if it has a second to hide.
pub(super) fn initial(local: &str) -> &str {
    let mut chars = local.chars();
    match (chars.next(), chars.next()) {
        (Some(first), Some(_)) if first != '*' => &local[..first.len_utf8()],
        _ => "",
    }
}

/// Whether nothing but masks, or the mark of a cut, is left to see.
pub(super) fn hides(value: &str) -> bool {
    value.chars().all(|c| matches!(c, '*' | '…'))
}

/// Whether `number` has the digits of a telephone number, so that four of them may stay.
pub(super) fn long_enough(number: &str) -> bool {
    number.bytes().filter(u8::is_ascii_digit).count() >= 7
}

fn last_four(number: &str) -> String {
    let masked = number.strip_prefix("***-");
    if masked.is_some_and(|four| four.len() == 4 && four.bytes().all(|b| b.is_ascii_digit())) {
        return number.to_owned();
    }
    if !long_enough(number) {
        return MASK.to_owned();
    }
    let digits: Vec<char> = number.chars().filter(char::is_ascii_digit).collect();
    format!("{MASK}-{}", digits.iter().rev().take(4).rev().collect::<String>())
}
