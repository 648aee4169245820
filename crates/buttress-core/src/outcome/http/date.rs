//! A date as HTTP writes it, or once wrote it.

use crate::clock::Timestamp;
use crate::number::digits;

/// Reads a date in the form that servers write today, or in one of the two that are obsolete: whoever receives dates
/// must read those, too, says RFC 9110.
pub(super) fn parse(text: &[u8]) -> Option<Timestamp> {
    if is_like(text, b"???, ?? ??? ???? ??:??:?? GMT") && begins_with_day(text) {
        return at(number(&text[12..16])?, &text[8..11], &text[5..7], &text[17..25]);
    }
    if is_like(text, b"??? ??? ?? ??:??:?? ????") && begins_with_day(text) {
        let day = text[8..10].trim_ascii_start();
        return at(number(&text[20..24])?, &text[4..7], day, &text[11..19]);
    }
    let day = DAYS.into_iter().find(|day| text.starts_with(day))?;
    let text = &text[day.len()..];
    if is_like(text, b", ??-???-?? ??:??:?? GMT") {
        return at(with_century(number(&text[9..11])?), &text[5..8], &text[2..4], &text[12..20]);
    }
    None
}

/// As text, with a question mark for what may be anything.
fn is_like(text: &[u8], shape: &[u8]) -> bool {
    text.len() == shape.len()
        && text.iter().zip(shape).all(|(byte, like)| *like == b'?' || byte == like)
}

fn begins_with_day(text: &[u8]) -> bool {
    DAYS.iter().any(|day| text.starts_with(&day[..3]))
}

fn number(text: &[u8]) -> Option<u64> {
    digits(text, 4)
}

/// Of a year with two digits. That it is within fifty years, as it should be, can be said until 2050.
fn with_century(year: u64) -> u64 {
    if year < 70 { 2_000 + year } else { 1_900 + year }
}

fn at(year: u64, month: &[u8], day: &[u8], time: &[u8]) -> Option<Timestamp> {
    let month = (1..).zip(MONTHS).find_map(|(number, name)| (name == month).then_some(number))?;
    let days = Timestamp::days(year, month, number(day)?)?;
    let (hour, minute, second) = (number(&time[..2])?, number(&time[3..5])?, number(&time[6..])?);
    // A second may be the sixtieth, where one was inserted.
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second;
    Some(Timestamp::from_millis(seconds * 1_000))
}

const DAYS: [&[u8]; 7] =
    [b"Monday", b"Tuesday", b"Wednesday", b"Thursday", b"Friday", b"Saturday", b"Sunday"];

const MONTHS: [&[u8]; 12] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_to_the_second() {
        for (text, seconds) in [
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
            ("Sunday, 06-Nov-94 08:49:37 GMT", 784_111_777),
            ("Sun Nov  6 08:49:37 1994", 784_111_777),
            ("Sun Nov 06 08:49:37 1994", 784_111_777),
            ("Tue, 29 Feb 2000 00:00:00 GMT", 951_782_400),
            ("Tuesday, 29-Feb-00 00:00:00 GMT", 951_782_400),
            ("Sat, 31 Dec 2016 23:59:60 GMT", 1_483_228_800),
            ("Sat Dec 31 23:59:60 2016", 1_483_228_800),
            ("Tuesday, 31-Dec-69 23:59:59 GMT", 3_155_759_999),
            ("Thursday, 01-Jan-70 00:00:00 GMT", 0),
            ("Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799_u64),
        ] {
            assert_eq!(
                parse(text.as_bytes()),
                Some(Timestamp::from_millis(seconds * 1_000)),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "Sun, 06 Nov 1994 08:49:37 UTC",
            "sun, 06 Nov 1994 08:49:37 GMT",
            "Sun, 6 Nov 1994 08:49:37 GMT",
            "Sun, 31 Apr 1994 08:49:37 GMT",
            "Wed, 29 Feb 2100 00:00:00 GMT",
            "Sun, 00 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1969 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:00:00 GMT",
            "Sun, 06 Nov 1994 08:60:00 GMT",
            "Sun, 06-Nov-94 08:49:37 GMT",
            "Sunday, 06-Nov-1994 08:49:37 GMT",
            "Sunday, 06 Nov 94 08:49:37 GMT",
            "Someday, 06-Nov-94 08:49:37 GMT",
            "Sunday, 31-Apr-94 08:49:37 GMT",
            "Sun Nov 6 08:49:37 1994",
            "Sun Nov    08:49:37 1994",
            "Sun Nov  6 08:49:37 1994 GMT",
            "Sun Nov  6 25:49:37 1994",
            "Sun, 06 Nov +994 08:49:37 GMT",
        ] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }
}
