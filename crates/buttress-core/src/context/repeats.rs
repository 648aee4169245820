use http::{HeaderMap, HeaderName};

use crate::number;
use crate::render::Format;
use crate::stage::RequestHead;

/// How a request says that it is a repeat: how often it was sent before, in `grpc-previous-rpc-attempts` or in a header
/// of one's own, `x-request-attempt` by default.
///
/// A client that sends a request again says so, and hops behind heed it: none of them repeats a repeat once more. A
/// [`Context`](crate::Context) [reads](crate::RequestContext::is_repeat) it, and hands it on.
///
/// ```
/// use buttress_core::Repeats;
/// use http::Request;
///
/// let repeats = Repeats::default();
/// let mut request = Request::get("/").body(()).unwrap();
/// assert_eq!(repeats.read(&request), 0);
///
/// repeats.write(1, &mut request);
/// assert_eq!(request.headers()["x-request-attempt"], "1");
/// assert_eq!(repeats.read(&request), 1);
/// repeats.write(0, &mut request);
/// assert!(request.headers().is_empty(), "a first attempt says nothing");
/// ```
#[derive(Clone, Debug)]
pub struct Repeats {
    plain: Option<HeaderName>,
}

impl Repeats {
    /// In this header, where it is not gRPC.
    #[must_use]
    pub const fn new(plain: HeaderName) -> Self {
        Self { plain: Some(plain) }
    }

    /// For gRPC alone: other requests say nothing.
    #[must_use]
    pub const fn grpc_alone() -> Self {
        Self { plain: None }
    }

    /// How often `request` was sent before, as it says. What cannot be read is not there.
    #[must_use]
    pub fn read(&self, request: &dyn RequestHead) -> u32 {
        let is_either = |name| Some(name) == self.plain.as_ref() || *name == GRPC_ATTEMPTS;
        // Hardly any request has one, and to see that costs less than to look for one.
        if !request.headers().keys().any(is_either) {
            return 0;
        }
        read(request.headers(), Format::of(request).is_grpc(), self.plain.as_ref())
    }

    /// Writes on `request` how often it was sent before; nothing for the first time.
    pub fn write(&self, repeats: u32, request: &mut dyn RequestHead) {
        write(repeats, request, self.plain.as_ref());
    }
}

impl Default for Repeats {
    /// In `x-request-attempt`, where it is not gRPC.
    fn default() -> Self {
        Self::new(ATTEMPT_HEADER)
    }
}

pub(super) const ATTEMPT_HEADER: HeaderName = HeaderName::from_static("x-request-attempt");
static GRPC_ATTEMPTS: HeaderName = HeaderName::from_static("grpc-previous-rpc-attempts");

/// More than anybody tries, and short to write.
const MOST_DIGITS: usize = 3;
const MOST: u32 = 999;

pub(super) fn read(headers: &HeaderMap, is_grpc: bool, plain: Option<&HeaderName>) -> u32 {
    let Some(name) = name(is_grpc, plain) else { return 0 };
    let said = headers.get_all(name).iter();
    let numbers = said.filter_map(|value| number::digits(value.as_bytes(), MOST_DIGITS));
    numbers.max().and_then(|number| u32::try_from(number).ok()).unwrap_or_default()
}

pub(super) fn write(repeats: u32, request: &mut dyn RequestHead, plain: Option<&HeaderName>) {
    let Some(name) = name(Format::of(request).is_grpc(), plain) else { return };
    if repeats == 0 {
        request.headers_mut().remove(name);
        return;
    }
    // A map that is full says nothing: better than a panic.
    let _ = request.headers_mut().try_insert(name, number::header(repeats.min(MOST).into()));
}

fn name(is_grpc: bool, plain: Option<&HeaderName>) -> Option<&HeaderName> {
    if is_grpc { Some(&GRPC_ATTEMPTS) } else { plain }
}
