//! What the other side says of coming back is read as it should be, or is not there.

use std::time::Duration;

use buttress_core::clock::Timestamp;
use buttress_core::outcome::{Advice, BodyKind, ClassifyEnd, HttpClassify};
use buttress_testkit::body::Frames;
use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;

use super::{judgement, response};

fn after(seconds: u64) -> Advice {
    Advice::After(Duration::from_secs(seconds))
}

fn said(pairs: &[(&str, &str)]) -> Advice {
    judgement(&HttpClassify::new(), &response(503, pairs)).advice()
}

fn retry_after(value: &str) -> Advice {
    said(&[("retry-after", value)])
}

#[test]
fn seconds_are_digits_and_nothing_else() {
    for (value, advice) in [
        ("0", after(0)),
        ("120", after(120)),
        ("0000000007", after(7)),
        ("000000000000000000000000007", after(7)),
        ("9999999999", after(9_999_999_999)),
        ("99999999999", after(9_999_999_999)),
        ("99999999999999999999999", after(9_999_999_999)),
        ("-1", Advice::None),
        ("+1", Advice::None),
        ("1.5", Advice::None),
        ("1e3", Advice::None),
        ("1s", Advice::None),
        ("one", Advice::None),
        ("", Advice::None),
        ("2026-11-29T21:00:00Z", Advice::None),
    ] {
        assert_eq!(retry_after(value), advice, "{value}");
    }
}

#[test]
fn a_date_is_a_time_of_day_and_no_year() {
    let date = retry_after("Sun, 06 Nov 1994 08:49:37 GMT");
    assert_eq!(date, Advice::At(Timestamp::from_millis(784_111_777_000)));
    assert_eq!(retry_after("Sunday, 06-Nov-94 08:49:37 GMT"), date);
    assert_eq!(retry_after("Sun Nov  6 08:49:37 1994"), date);
    // In the past: as if nothing had been said. In the future: what is left.
    let said = judgement(
        &HttpClassify::new(),
        &response(503, &[("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT")]),
    );
    let at = |seconds: u64| said.wait_advised(Timestamp::from_millis(seconds * 1_000));
    assert_eq!(at(784_111_778), None);
    assert_eq!(at(784_111_777), None);
    assert_eq!(at(784_111_770), Some(Duration::from_secs(7)));
}

#[test]
fn of_two_that_differ_neither_is_trusted() {
    assert_eq!(said(&[("retry-after", "7"), ("retry-after", "7")]), after(7));
    assert_eq!(said(&[("retry-after", "7"), ("retry-after", "70")]), Advice::None);
}

#[test]
fn an_inner_hop_may_forbid_it() {
    assert_eq!(said(&[("x-no-retry", "1"), ("retry-after", "7")]), Advice::Never);
    assert_eq!(said(&[("x-no-retry", "0"), ("retry-after", "7")]), after(7));
    assert_eq!(said(&[]), Advice::None);
}

fn pushback(value: &[u8], in_trailers: bool) -> Advice {
    let mut metadata = HeaderMap::new();
    metadata.insert("grpc-status", HeaderValue::from_static("14"));
    metadata.insert("grpc-retry-pushback-ms", HeaderValue::from_bytes(value).unwrap());
    if in_trailers {
        return HttpClassify::new().end(BodyKind::Grpc, Some(&metadata)).advice();
    }
    let mut answer = response(200, &[]).map(|_| Frames::new());
    metadata.insert("content-type", HeaderValue::from_static("application/grpc"));
    *answer.headers_mut() = metadata;
    judgement(&HttpClassify::new(), &answer).advice()
}

#[test]
fn a_pushback_is_heeded_in_the_head_and_in_trailers() {
    for in_trailers in [false, true] {
        for (value, advice) in [
            ("0", Advice::After(Duration::ZERO)),
            ("1500", Advice::After(Duration::from_millis(1_500))),
            ("2147483647", Advice::After(Duration::from_millis(2_147_483_647))),
            ("2147483648", Advice::Never),
            ("-1", Advice::Never),
            ("soon", Advice::Never),
            ("", Advice::Never),
        ] {
            assert_eq!(pushback(value.as_bytes(), in_trailers), advice, "{value}");
        }
    }
    let plain =
        HttpClassify::new().end(BodyKind::Grpc, Some(&super::headers(&[("grpc-status", "14")])));
    assert_eq!(plain.advice(), Advice::None);
    let twice =
        [("grpc-status", "14"), ("grpc-retry-pushback-ms", "1"), ("grpc-retry-pushback-ms", "2")];
    let twice = HttpClassify::new().end(BodyKind::Grpc, Some(&super::headers(&twice)));
    assert_eq!(twice.advice(), Advice::Never);
}

proptest! {
    /// A model in words: digits alone, and more than three hundred years are that many; else a date, or nothing.
    #[test]
    fn any_retry_after_is_read_as_it_should(value in "[0-9]{1,24}|[-+]?[0-9]{1,3}[.,]?[0-9]{0,2}|[ -~]{0,40}") {
        let value = value.trim();
        let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
        match retry_after(value) {
            Advice::After(wait) => {
                prop_assert!(is_number);
                let seconds: u64 = value.parse().unwrap_or(u64::MAX);
                prop_assert_eq!(wait, Duration::from_secs(seconds.min(9_999_999_999)));
            }
            Advice::At(_) => prop_assert!(value.ends_with(" GMT")),
            advice => prop_assert!(advice == Advice::None && !is_number),
        }
    }

    /// Dates are written by another calendar than the one that reads them.
    #[test]
    fn every_second_of_ten_centuries_is_read(seconds in 0_u64..32_000_000_000) {
        let time = Timestamp::from_millis(seconds * 1_000);
        // What is beyond all that a time can say in nanoseconds is the last.
        prop_assert_eq!(retry_after(&imf(seconds)), Advice::At(time));
    }

    /// One character that is wrong, and it is no date; but another digit or day may make it another.
    #[test]
    fn a_date_with_a_mistake_is_none_or_another(seconds in 0_u64..4_000_000_000, at in 0_usize..29, wrong in "[ -~]") {
        let mut text = imf(seconds);
        text.replace_range(at..=at, &wrong);
        // A second may be the sixtieth, and a time has an end.
        let is_odd = text.contains(":60 ") || &text[12..16] > "2553";
        if let Advice::At(time) = retry_after(text.trim()) && !is_odd {
            prop_assert_eq!(&text[4..], &imf(time.as_secs())[4..]);
        }
    }

    #[test]
    fn any_pushback_is_a_wait_or_never(value in "-?[0-9]{0,12}|[!-~]{0,12}", in_trailers: bool) {
        let expected = value.parse::<i32>().ok().filter(|millis| *millis >= 0 && !value.starts_with(['+', '-']));
        let expected = expected.filter(|_| value.len() <= 10);
        prop_assert_eq!(pushback(value.as_bytes(), in_trailers), match expected {
            Some(millis) => Advice::After(Duration::from_millis(u64::try_from(millis).unwrap())),
            None => Advice::Never,
        });
    }
}

/// The time in the form that HTTP writes, day by day.
fn imf(seconds: u64) -> String {
    let mut days = seconds / 86_400;
    let weekday =
        ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][usize::try_from(days % 7).unwrap()];
    let is_leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    let mut year = 1970;
    while days >= 365 + u64::from(is_leap(year)) {
        days -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let february = 28 + u64::from(is_leap(year));
    let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    while days >= lengths[month] {
        days -= lengths[month];
        month += 1;
    }
    let name =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][month];
    let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{weekday}, {:02} {name} {year:04} {hour:02}:{minute:02}:{second:02} GMT", days + 1)
}
