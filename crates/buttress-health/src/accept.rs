use http::header::ACCEPT;
use http::{HeaderMap, HeaderValue};

/// The shape of an answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Shape {
    /// The family's own.
    Plain,
    /// `application/health+json`, as an Internet draft has it.
    HealthJson,
}

/// Of one line. What is further right is not read.
const MOST_BYTES: usize = 1_024;

impl Shape {
    /// What the client prefers. Only who names the other shape, and likes the usual one no better, gets it; what is
    /// malformed counts as absent.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        // Most probes accept anything, and say so in three characters.
        let may_name_it =
            |value: &HeaderValue| value.len() >= Self::HealthJson.content_type().len();
        if !headers.get_all(ACCEPT).iter().any(may_name_it) {
            return Self::Plain;
        }
        let mut health = 0;
        // For the usual one by its name, by its family, and as anything: the nearest counts.
        let mut plain = [None; 3];
        for value in headers.get_all(ACCEPT) {
            let ranges = up_to_limit(value.as_bytes()).split(|byte| *byte == b',');
            for (name, quality) in ranges.filter_map(read) {
                let is = |kind: &str| name.eq_ignore_ascii_case(kind.as_bytes());
                if is(Self::HealthJson.content_type()) {
                    health = health.max(quality);
                } else if let Some(at) =
                    [Self::Plain.content_type(), "application/*", "*/*"].into_iter().position(is)
                {
                    plain[at] = plain[at].max(Some(quality));
                }
            }
        }
        let plain = plain.into_iter().flatten().next().unwrap_or(0);
        if health > 0 && health >= plain { Self::HealthJson } else { Self::Plain }
    }

    pub(crate) const fn content_type(self) -> &'static str {
        match self {
            Self::Plain => "application/json",
            Self::HealthJson => "application/health+json",
        }
    }
}

/// The ranges of a line that end before the limit.
fn up_to_limit(line: &[u8]) -> &[u8] {
    let Some(read) = line.get(..=MOST_BYTES) else { return line };
    let end = read.iter().rposition(|byte| *byte == b',').unwrap_or(0);
    &read[..end]
}

/// A media range and its quality in thousandths.
fn read(range: &[u8]) -> Option<(&[u8], u16)> {
    let mut parts = range.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
    let name = parts.next()?;
    let mut quality = 1_000;
    for part in parts {
        if let Some(text) = part.strip_prefix(b"q=").or_else(|| part.strip_prefix(b"Q=")) {
            quality = thousandths(text)?;
        }
    }
    Some((name, quality))
}

/// `0`, `1`, or up to three digits after the point.
fn thousandths(text: &[u8]) -> Option<u16> {
    let (whole, rest) = text.split_first()?;
    let digits = match rest {
        [] => &[][..],
        [b'.', digits @ ..] if digits.len() <= 3 => digits,
        _ => return None,
    };
    let whole = match whole {
        b'0' => 0,
        b'1' => 1_000,
        _ => return None,
    };
    let mut fraction = 0;
    for at in 0..3 {
        let digit = digits.get(at).copied().unwrap_or(b'0');
        fraction = fraction * 10 + u16::from(digit.is_ascii_digit().then(|| digit - b'0')?);
    }
    (whole + fraction <= 1_000).then_some(whole + fraction)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(accept: &[u8]) -> Shape {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_bytes(accept).unwrap());
        Shape::of(&headers)
    }

    #[test]
    fn only_who_names_it_gets_it() {
        for health in [
            "application/health+json",
            "text/html, APPLICATION/Health+JSON;q=0.3",
            "application/json;q=0.5, application/health+json",
            "application/health+json ; charset=utf-8 ; q=1.000",
            "application/health+json, */*",
            "*/*;q=0.1, application/health+json;q=0.2",
            "application/json;q=0.2, */*, application/health+json;q=0.5",
            "*/*, application/*;q=0.2, application/health+json;q=0.5",
        ] {
            assert_eq!(of(health.as_bytes()), Shape::HealthJson, "{health}");
        }
        for plain in [
            "*/*",
            "application/*",
            "application/json, application/health+json;q=0.9",
            "application/health+json;q=0",
            "application/health+json;q=2",
            "application/health+json;q=0.0001",
            "application/health+json;q=",
            "application/health+jsonx",
            "application/health+json;q=0.1, */*",
            "application/health+json;q=0.1, application/*;q=0.2, */*;q=0.05",
            "application/health+json;q=0.1, application/json;q=0.2, */*;q=0.05",
            ";;;,,,;q=1,application/health",
            "",
        ] {
            assert_eq!(of(plain.as_bytes()), Shape::Plain, "{plain}");
        }
    }

    #[test]
    fn a_long_line_counts_as_far_as_it_is_read() {
        let long = |first: &str, last: &str| format!("{first}, {}{last}", "text/x, ".repeat(200));
        let (health, rest) = ("application/health+json", "application/json");
        assert_eq!(of(long(health, rest).as_bytes()), Shape::HealthJson);
        assert_eq!(of(long(rest, health).as_bytes()), Shape::Plain);
        // A range that is cut is not read, nor is one that takes all.
        let cut = format!("{};q=0.1", "x".repeat(MOST_BYTES - 2 - health.len()) + ", " + health);
        assert_eq!(of(cut.as_bytes()), Shape::Plain);
        assert_eq!(
            of((health.to_owned() + ";x=" + &"y".repeat(MOST_BYTES)).as_bytes()),
            Shape::Plain
        );
    }

    #[test]
    fn every_line_counts() {
        let mut headers = HeaderMap::new();
        headers.append(ACCEPT, HeaderValue::from_static("application/health+json;q=0.1"));
        assert_eq!(Shape::of(&headers), Shape::HealthJson);
        headers.append(ACCEPT, HeaderValue::from_static("*/*"));
        assert_eq!(Shape::of(&headers), Shape::Plain);
    }

    proptest! {
        #[test]
        fn whatever_comes_is_answered(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut headers = HeaderMap::new();
            if let Ok(value) = HeaderValue::from_bytes(&bytes) {
                headers.append(ACCEPT, value);
            }
            let _ = Shape::of(&headers);
        }
    }
}
