use http::HeaderValue;

/// A number as a header: without an allocation up to 999, as times to wait hardly ever are longer, else with one.
pub(crate) fn header(number: u64) -> HeaderValue {
    small(number).map_or_else(|| written(number, ""), HeaderValue::from_static)
}

/// A number and its unit, of four letters at most, as a header: with one allocation.
pub(crate) fn header_in(number: u64, unit: &'static str) -> HeaderValue {
    written(number, unit)
}

/// From the end, digit by digit: formatting takes three times as long, and a refusal may have two such numbers.
fn written(number: u64, unit: &str) -> HeaderValue {
    // The largest number has twenty digits.
    let mut text = [b'0'; 24];
    let mut at = 24 - unit.len();
    text[at..].copy_from_slice(unit.as_bytes());
    let mut rest = number;
    loop {
        at -= 1;
        text[at] += u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    HeaderValue::from_bytes(&text[at..]).unwrap_or_else(|_| HeaderValue::from_static("0"))
}

/// Reads a number of at most so many digits, without a sign or anything else around it.
pub(crate) fn digits(text: &[u8], most: usize) -> Option<u64> {
    if text.is_empty() || text.len() > most {
        return None;
    }
    text.iter().try_fold(0_u64, |number, digit| match digit {
        b'0'..=b'9' => number.checked_mul(10)?.checked_add(u64::from(digit - b'0')),
        _ => None,
    })
}

/// All numbers up to 999, with three digits each.
static SMALL: [u8; 3_000] = {
    let mut all = [b'0'; 3_000];
    let mut number = 0;
    while number < 1_000 {
        let digits = [number / 100, number / 10 % 10, number % 10];
        let mut at = 0;
        while at < 3 {
            #[expect(clippy::cast_possible_truncation, reason = "it is a digit")]
            let digit = digits[at] as u8;
            all[number * 3 + at] += digit;
            at += 1;
        }
        number += 1;
    }
    all
};

fn small(number: u64) -> Option<&'static str> {
    let number = usize::try_from(number).ok()?;
    let digits = SMALL.get(number.checked_mul(3)?..)?.first_chunk::<3>()?;
    let zeros = if number < 10 { 2 } else { usize::from(number < 100) };
    str::from_utf8(&digits[zeros..]).ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_number_is_a_header() {
        for number in (0..1_100).chain([1_234, u64::MAX / 3, u64::MAX / 3 + 1, u64::MAX]) {
            assert_eq!(super::header(number), *number.to_string());
            assert_eq!(super::header_in(number, "m"), *format!("{number}m"));
        }
    }
}
