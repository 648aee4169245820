//! What a client accepts (RFC 9110, section 12.5.1), read as far as it matters and never further.

use http::header::ACCEPT;
use http::{HeaderMap, HeaderValue};

/// How many bytes of the headers are read. A browser's wish has some hundred.
const MOST_BYTES: usize = 2_048;

/// How many elements are heeded.
const MOST_ELEMENTS: usize = 32;

/// The offer that the client likes best, as an index into `offers`; nothing if it wants none of them.
///
/// `offers` are media types in small letters, in the order in which you like them. The highest quality wins;
/// then what the client names more exactly; then what it names first; then what you like better. What is
/// malformed counts as not there, and of all `Accept` headers the first 32 elements within 2 KiB count.
///
/// `application/vnd.api+json` with parameters other than `ext` and `profile` counts as not there either: JSON:API 1.1
/// has servers ignore it. Parameters of other media types are not looked at.
///
/// ```
/// use buttress_error_envelope::preferred;
/// use http::{HeaderMap, HeaderValue, header::ACCEPT};
///
/// let mut headers = HeaderMap::new();
/// let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
/// headers.insert(ACCEPT, HeaderValue::from_static(browser));
///
/// assert_eq!(preferred(&headers, &["application/json", "text/html"]), Some(1));
/// assert_eq!(preferred(&headers, &["application/json"]), Some(0));
/// ```
#[must_use]
pub fn preferred(headers: &HeaderMap, offers: &[&str]) -> Option<usize> {
    let favourite = offers.first()?;
    let values = headers.get_all(ACCEPT);
    let mut all = values.iter().map(HeaderValue::as_bytes);
    match (all.next(), all.next()) {
        // What most programs send.
        (None | Some(b"*/*"), None) => return Some(0),
        (Some(one), None) if one == favourite.as_bytes() => return Some(0),
        _ => {}
    }
    let wishes = Wishes::read(values.iter().map(HeaderValue::as_bytes));
    let liked = offers.iter().enumerate().filter_map(|(at, offer)| Some((wishes.rank(offer)?, at)));
    // The first of those that are liked equally well.
    liked.reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, at)| at)
}

/// The elements that could be read.
struct Wishes<'h> {
    ranges: [Range<'h>; MOST_ELEMENTS],
    count: usize,
}

/// One element: `text/*;q=0.5`.
#[derive(Clone, Copy, Default)]
struct Range<'h> {
    kind: &'h [u8],
    subtype: &'h [u8],
    /// In thousandths.
    quality: u16,
}

/// How much a client likes something: quality, exactness, and how early it was named.
type Rank = (u16, u8, usize);

impl<'h> Wishes<'h> {
    fn read(values: impl Iterator<Item = &'h [u8]>) -> Self {
        let mut wishes = Self { ranges: [Range::default(); MOST_ELEMENTS], count: 0 };
        let mut room = MOST_BYTES;
        for value in values {
            let mut rest = &value[..value.len().min(room)];
            let is_cut = rest.len() < value.len();
            room -= rest.len();
            while !rest.is_empty() {
                let (element, behind) = split(rest, b',');
                // An element that was cut may have said something else.
                let is_whole = !(is_cut && behind.is_none());
                if let Some(range) = Range::read(element).filter(|_| is_whole) {
                    wishes.ranges[wishes.count] = range;
                    wishes.count += 1;
                    if wishes.count == MOST_ELEMENTS {
                        return wishes;
                    }
                }
                rest = behind.unwrap_or_default();
            }
        }
        wishes
    }

    /// How much `offer` is liked: as the most exact range that it falls under says.
    fn rank(&self, offer: &str) -> Option<Rank> {
        let (kind, subtype) = offer.split_once('/')?;
        let ranges = self.ranges[..self.count].iter().enumerate();
        let fitting = ranges.filter_map(|(at, range)| {
            let exactness = range.exactness(kind.as_bytes(), subtype.as_bytes())?;
            Some((exactness, MOST_ELEMENTS - at, range.quality))
        });
        let (exactness, early, quality) = fitting.max()?;
        (quality > 0).then_some((quality, exactness, early))
    }
}

impl<'h> Range<'h> {
    fn read(element: &'h [u8]) -> Option<Self> {
        let (range, parameters) = split(element, b';');
        let range = range.trim_ascii();
        let slash = range.iter().position(|byte| *byte == b'/')?;
        let (kind, subtype) = (&range[..slash], &range[slash + 1..]);
        let fits = is_token(kind) && is_token(subtype) && (kind != b"*" || subtype == b"*");
        let parameters = parameters.unwrap_or_default();
        let quality = quality(parameters)?;
        if subtype.eq_ignore_ascii_case(b"vnd.api+json") && !is_json_api(kind, parameters) {
            return None;
        }
        fits.then_some(Self { kind, subtype, quality })
    }

    fn exactness(&self, kind: &[u8], subtype: &[u8]) -> Option<u8> {
        match (self.kind, self.subtype) {
            (b"*", _) => Some(0),
            (own, b"*") if own.eq_ignore_ascii_case(kind) => Some(1),
            (own, sub) if own.eq_ignore_ascii_case(kind) && sub.eq_ignore_ascii_case(subtype) => {
                Some(2)
            }
            _ => None,
        }
    }
}

/// Whether these parameters leave it the media type of JSON:API (its version 1.1, "Server Responsibilities").
///
/// Extensions count, whichever they are: the application may know them, and an answer of errors needs none.
fn is_json_api(kind: &[u8], mut parameters: &[u8]) -> bool {
    while kind.eq_ignore_ascii_case(b"application") && !parameters.is_empty() {
        let (parameter, behind) = split(parameters, b';');
        let (name, _) = split(parameter, b'=');
        let known = ["ext", "profile", "q"].map(str::as_bytes);
        let known = known.iter().any(|known| name.trim_ascii().eq_ignore_ascii_case(known));
        if !known && !parameter.trim_ascii().is_empty() {
            return false;
        }
        parameters = behind.unwrap_or_default();
    }
    true
}

/// The quality among the parameters, in thousandths; 1000 without one. One that is malformed makes the whole
/// element so.
fn quality(mut parameters: &[u8]) -> Option<u16> {
    while !parameters.is_empty() {
        let (parameter, behind) = split(parameters, b';');
        if let [b'q' | b'Q', b'=', number @ ..] = parameter.trim_ascii() {
            return thousandths(number);
        }
        parameters = behind.unwrap_or_default();
    }
    Some(1_000)
}

/// `0`, `1`, and up to three digits behind a point.
fn thousandths(number: &[u8]) -> Option<u16> {
    let (whole, digits) = match number {
        [whole] | [whole, b'.'] => (whole, &[][..]),
        [whole, b'.', digits @ ..] => (whole, digits),
        _ => return None,
    };
    if digits.len() > 3 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let fraction = (0..3)
        .fold(0, |sum, at| sum * 10 + digits.get(at).map_or(0, |digit| u16::from(digit - b'0')));
    match whole {
        b'0' => Some(fraction),
        b'1' if fraction == 0 => Some(1_000),
        _ => None,
    }
}

/// Up to the sign, and behind it; a sign within quotes parts nothing.
fn split(text: &[u8], sign: u8) -> (&[u8], Option<&[u8]>) {
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in text.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            byte if *byte == sign && !quoted => return (&text[..at], Some(&text[at + 1..])),
            _ => {}
        }
    }
    (text, None)
}

fn is_token(text: &[u8]) -> bool {
    let sign = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    !text.is_empty() && text.iter().all(sign)
}
