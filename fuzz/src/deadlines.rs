//! `grpc-timeout`, or milliseconds in a header: one for each line, after a line that says how much is left.

use std::time::Duration;

use buttress_core::Deadline;
use buttress_core::clock::Moment;
use buttress_core::deadline::Wire;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Request};

const NOW: Moment = Moment::from_nanos(7);

/// Of what can be read the shortest counts; what is written can be read, stands alone, and is never longer than
/// what was there or what is left.
pub fn run(data: &[u8]) {
    let mut lines = data.split(|byte| *byte == b'\n');
    let left = lines
        .next()
        .unwrap_or_default()
        .iter()
        .fold(0_u64, |left, byte| left.wrapping_mul(256).wrapping_add(u64::from(*byte)));
    let values: Vec<_> =
        lines.filter_map(|line| HeaderValue::from_bytes(line).ok()).take(8).collect();
    check(&values, Duration::from_nanos(left), "grpc-timeout", in_units);
    check(&values, Duration::from_nanos(left), "x-request-timeout-ms", in_millis);
}

fn check(
    values: &[HeaderValue],
    left: Duration,
    name: &'static str,
    read: fn(&str) -> Option<Duration>,
) {
    let mut request = Request::new(());
    let headers = request.headers_mut();
    if name.starts_with("grpc") {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    }
    for value in values {
        headers.append(HeaderName::from_static(name), value.clone());
    }
    let wire = Wire::default();
    let shortest = values.iter().filter_map(|value| read(value.to_str().ok()?)).min();
    let said = wire.read(&request, NOW).map(|deadline| deadline.remaining(NOW));
    // Beyond what a moment can be, it is the end of time.
    let end = Moment::LAST - NOW;
    assert_eq!(said, shortest.map(|shortest| shortest.min(end)));

    wire.write(Deadline::after(NOW, left), &mut request, NOW);
    assert_eq!(request.headers().get_all(name).iter().count(), 1);
    let written = wire.read(&request, NOW).expect("what is written can be read").remaining(NOW);
    assert!(written <= left.min(shortest.unwrap_or(left)), "{written:?} {left:?} {shortest:?}");
}

fn in_millis(text: &str) -> Option<Duration> {
    let is_number =
        (1..=12).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok().map(Duration::from_millis)).flatten()
}

fn in_units(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let nanos: u128 = match unit {
        "H" => 3_600_000_000_000,
        "M" => 60_000_000_000,
        "S" => 1_000_000_000,
        "m" => 1_000_000,
        "u" => 1_000,
        "n" => 1,
        _ => return None,
    };
    let is_number =
        (1..=8).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    let nanos = is_number.then(|| digits.parse::<u128>().ok()).flatten()? * nanos;
    Some(Duration::new(
        u64::try_from(nanos / 1_000_000_000).ok()?,
        (nanos % 1_000_000_000).try_into().ok()?,
    ))
}
