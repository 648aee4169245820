use std::io::Write;

use http::HeaderValue;

/// A number as a header, with one allocation.
pub(crate) fn header(number: u64) -> HeaderValue {
    let mut digits = [0; 20];
    let mut rest = &mut digits[..];
    // The largest number has twenty digits.
    let _ = write!(rest, "{number}");
    let used = 20 - rest.len();
    HeaderValue::from_bytes(&digits[..used]).unwrap_or_else(|_| HeaderValue::from_static("0"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_number_is_a_header() {
        for number in [0, 7, 1_234, u64::MAX] {
            assert_eq!(super::header(number), *number.to_string());
        }
    }
}
