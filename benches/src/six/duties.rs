//! The work itself, as plain types.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::time::Instant;

use bytes::{BufMut, Bytes, BytesMut};
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};

type HashBuilder = BuildHasherDefault<Fold>;

/// The header that carries the id.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Everything the duties need.
#[derive(Debug, Default)]
pub struct Duties {
    pub(super) gauges: Arc<Gauges>,
    pub(super) ids: Ids,
    pub(super) headers: SecurityHeaders,
    pub(super) limiter: Limiter,
    pub(super) tokens: Tokens,
    pub(super) errors: ErrorShape,
}

/// Why a request is turned away.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Refusal {
    /// Too many from this address; free again after so many seconds.
    Limited(u64),
    /// No token, or an unknown one.
    Unauthenticated,
}

impl Refusal {
    /// The status that says so.
    #[must_use]
    pub fn status(self) -> StatusCode {
        match self {
            Self::Limited(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
        }
    }

    /// The whole answer.
    #[cold]
    #[must_use]
    pub fn response<B: From<Bytes>>(self) -> Response<B> {
        let mut response = Response::new(B::from(Bytes::new()));
        *response.status_mut() = self.status();
        let (name, value) = match self {
            Self::Limited(after) => (header::RETRY_AFTER, HeaderValue::from(after)),
            Self::Unauthenticated => (header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")),
        };
        response.headers_mut().insert(name, value);
        let code = match self {
            Self::Limited(_) => "RATE_LIMITED",
            Self::Unauthenticated => "UNAUTHENTICATED",
        };
        *response.body_mut() = json(code, self.status(), response.headers_mut()).into();
        response
    }
}

/// The one shape of errors, and the headers that belong to it.
fn json(code: &str, status: StatusCode, headers: &mut HeaderMap) -> Bytes {
    let status = status.as_u16();
    let body = Bytes::from(format!(r#"{{"error":{{"code":"{code}","status":{status}}}}}"#));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    body
}

/// Duty one: an id, the client's or a new one.
#[derive(Debug, Default)]
pub struct Ids(AtomicU64);

/// What duty one leaves in the extensions of the request.
#[derive(Clone, Debug)]
pub struct Id(pub(super) HeaderValue);

impl Ids {
    /// The id of the request with these headers.
    #[inline]
    pub fn of(&self, headers: &HeaderMap) -> Id {
        match headers.get(&X_REQUEST_ID) {
            Some(sent) if sent.len() <= 64 => Id(sent.clone()),
            _ => Id(self.next()),
        }
    }

    #[inline]
    fn next(&self) -> HeaderValue {
        let n = self.0.fetch_add(1, Relaxed);
        let n = u128::from(n.wrapping_mul(0x9E37_79B9_7F4A_7C15)) << 64 | u128::from(n);
        let mut hex = BytesMut::with_capacity(32);
        for shift in (0..32).rev() {
            hex.put_u8(b"0123456789abcdef"[(n >> (shift * 4)) as usize & 15]);
        }
        HeaderValue::from_maybe_shared(hex.freeze())
            .unwrap_or_else(|_| HeaderValue::from_static("hexadecimal digits are always legal"))
    }
}

impl Id {
    /// Sends the id back.
    #[inline]
    pub fn echo(self, headers: &mut HeaderMap) {
        headers.insert(X_REQUEST_ID, self.0);
    }
}

/// Duty two: nine headers that make browsers careful.
#[derive(Debug)]
pub struct SecurityHeaders(HeaderMap);

impl Default for SecurityHeaders {
    fn default() -> Self {
        let mut template = HeaderMap::with_capacity(14);
        for (name, value) in [
            ("strict-transport-security", "max-age=63072000; includeSubDomains"),
            ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("permissions-policy", "geolocation=(), camera=()"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-embedder-policy", "require-corp"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            template.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        Self(template)
    }
}

impl SecurityHeaders {
    /// Adds them; what the handler set itself wins. To copy a filled map is cheaper than to fill one.
    #[inline]
    pub fn add(&self, headers: &mut HeaderMap) {
        let own = std::mem::replace(headers, self.0.clone());
        headers.extend(own);
    }
}

/// Duty three: no address asks too often (GCRA, in a table of atomics).
#[derive(Debug)]
pub struct Limiter {
    epoch: Instant,
    slots: Box<[AtomicU64]>,
    hash: HashBuilder,
    step: u64,
    burst: u64,
}

impl Default for Limiter {
    /// Such a high limit that no benchmark reaches it.
    fn default() -> Self {
        let slots = (0..1024).map(|_| AtomicU64::new(0)).collect();
        Self { epoch: now(), slots, hash: HashBuilder::default(), step: 1, burst: 1_000_000_000 }
    }
}

impl Limiter {
    /// Takes one of the requests that this address has left.
    ///
    /// # Errors
    ///
    /// Refuses when none is left.
    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "nanoseconds last 584 years; a hash is cut"
    )]
    pub fn check(&self, extensions: &Extensions) -> Result<(), Refusal> {
        let Some(address) = extensions.get::<SocketAddr>() else { return Ok(()) };
        let now = now().duration_since(self.epoch).as_nanos() as u64;
        let slot = &self.slots[self.hash.hash_one(address.ip()) as usize % self.slots.len()];
        let take = |due: u64| Some(due.max(now) + self.step).filter(|due| *due <= now + self.burst);
        match slot.fetch_update(Relaxed, Relaxed, take) {
            Ok(_) => Ok(()),
            Err(due) => Err(Refusal::Limited((due - now).div_ceil(1_000_000_000))),
        }
    }
}

/// Duty four: who sends this token?
#[derive(Debug)]
pub struct Tokens(HashMap<Box<str>, Principal, HashBuilder>);

/// What duty four leaves in the extensions of the request.
#[derive(Clone, Debug)]
pub struct Principal(#[expect(dead_code, reason = "handlers would read it")] Arc<str>);

impl Default for Tokens {
    fn default() -> Self {
        let token = |i| (format!("token-{i:020}").into(), Principal(format!("user-{i}").into()));
        Self((0..64).map(token).collect())
    }
}

impl Tokens {
    /// Finds the principal.
    ///
    /// # Errors
    ///
    /// Refuses a request without a token that is known.
    #[inline]
    pub fn find(&self, headers: &HeaderMap) -> Result<Principal, Refusal> {
        let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = token.and_then(|value| value.strip_prefix("Bearer "));
        token.and_then(|token| self.0.get(token).cloned()).ok_or(Refusal::Unauthenticated)
    }
}

/// Duty five: how many requests are in flight, and how long they took.
#[derive(Debug, Default)]
pub struct Gauges {
    in_flight: AtomicI64,
    abandoned: AtomicU64,
    /// By class of status, then by powers of two of microseconds.
    latency: [[AtomicU64; 16]; 6],
}

/// One request in flight; dropping it unfinished counts it as abandoned.
#[derive(Debug)]
pub struct Flight {
    gauges: Arc<Gauges>,
    started: Instant,
    finished: bool,
}

impl Flight {
    /// A request comes in.
    #[inline]
    pub fn start(gauges: &Arc<Gauges>) -> Self {
        gauges.in_flight.fetch_add(1, Relaxed);
        Self { gauges: Arc::clone(gauges), started: now(), finished: false }
    }

    /// Its response goes out.
    #[inline]
    pub fn finish(mut self, status: StatusCode) {
        self.finished = true;
        let micros = now().duration_since(self.started).as_micros();
        let bucket = (u128::BITS - micros.leading_zeros()).min(15);
        let class = status.as_u16() / 100;
        self.gauges.latency[usize::from(class) % 6][bucket as usize].fetch_add(1, Relaxed);
    }
}

impl Drop for Flight {
    #[inline]
    fn drop(&mut self) {
        self.gauges.in_flight.fetch_sub(1, Relaxed);
        if !self.finished {
            self.gauges.abandoned.fetch_add(1, Relaxed);
        }
    }
}

/// Duty six: an unknown path or method is answered in the same shape as every other error.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct ErrorShape;

/// What duty six must know of the request.
#[derive(Debug)]
pub struct Wrap {
    method: Method,
}

impl ErrorShape {
    /// Remembers the method: `HEAD` is answered without a body.
    #[inline]
    #[must_use]
    pub fn wrap_for(&self, method: &Method) -> Wrap {
        Wrap { method: method.clone() }
    }
}

impl Wrap {
    /// The body that replaces a foreign one, for which it also mends the headers.
    #[inline]
    #[must_use]
    pub fn around(self, status: StatusCode, headers: &mut HeaderMap) -> Option<Bytes> {
        let is_foreign = matches!(status, StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED);
        is_foreign.then(|| self.replace(status, headers))
    }

    #[cold]
    fn replace(self, status: StatusCode, headers: &mut HeaderMap) -> Bytes {
        let body = json("NOT_FOUND", status, headers);
        if self.method == Method::HEAD { Bytes::new() } else { body }
    }
}

/// As fast as the hashes that are chosen for speed, and without their seed: each run shall execute
/// the same instructions.
#[derive(Default)]
struct Fold(u64);

impl Hasher for Fold {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    #[inline]
    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(23) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 32
    }
}

#[inline]
#[expect(clippy::disallowed_methods, reason = "all ways read the same clock, the real one")]
fn now() -> Instant {
    Instant::now()
}
