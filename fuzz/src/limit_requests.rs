//! Hostile requests at a limit: what conditions make of them, whom they are charged to, and what responses say of it.

use std::net::SocketAddr;

use buttress_core::Audit;
use buttress_core::stage::{Decision, Stage};
use buttress_ratelimit::store::Memory;
use buttress_ratelimit::when::{GET, POST, header, host, method, path, path_prefix};
use buttress_ratelimit::{LimitMemo, LimitStage, Quota, RateLimit, address, api_key, route};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Response, Uri};

/// The first line of the input is a method and a target, the others are headers.
///
/// No request is meant by a condition and by its contrary; what is beyond doubt below a path leads there however it is
/// decoded. A limit of one lets one of two equal requests pass at most, and what responses say of it is a list of
/// structured fields.
///
/// # Panics
///
/// If that does not hold.
pub fn run(data: &[u8]) {
    let Some(request) = request(data) else { return };
    conditions(&request);

    let stage = stage();
    let passes = [(); 2].map(|()| {
        let mut request = request.clone();
        let mut response = Response::new(Bytes::new());
        let (passes, memo) = match stage.enter(&mut request) {
            Decision::Pass(memo) => (true, Some(memo)),
            Decision::Refuse(_, memo) => (false, memo),
            Decision::Answer(..) => panic!("a limit answers nobody"),
            Decision::Wait(never) => match never {},
        };
        leave(&stage, memo, &mut response);
        passes
    });
    let is_exempt = path_prefix("/open").holds(&request);
    assert!(is_exempt || passes != [true, true], "{request:?}");
    assert!(!is_exempt || passes == [true, true], "{request:?}");
}

/// A method and a target in the first line, headers in the others.
pub(crate) fn request(data: &[u8]) -> Option<Request<()>> {
    let mut lines = data.split(|byte| *byte == b'\n');
    let first = lines.next()?;
    let at = first.iter().position(|byte| *byte == b' ')?;
    let mut request = Request::new(());
    *request.method_mut() = Method::from_bytes(&first[..at]).ok()?;
    *request.uri_mut() = Uri::try_from(&first[at + 1..]).ok()?;
    request.extensions_mut().insert(SocketAddr::from(([203, 0, 113, 7], 4711)));
    for line in lines.take(32) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let name = HeaderName::from_bytes(&line[..colon]);
        let value = HeaderValue::from_bytes(&line[colon + 1..]);
        if let (Ok(name), Ok(value)) = (name, value) {
            request.headers_mut().append(name, value);
        }
    }
    Some(request)
}

fn conditions(request: &Request<()>) {
    let conditions = || {
        [
            path("/open"),
            path_prefix("/open"),
            path_prefix("/"),
            host("example.org"),
            header("x-plan", "free"),
            method(GET).and(path_prefix("/open/door")),
            method(POST).or(path("/open")).not(),
        ]
    };
    for (condition, contrary) in conditions().into_iter().zip(conditions()) {
        let contrary = contrary.not();
        assert!(!(condition.holds(request) && contrary.holds(request)), "{condition:?}");
    }
    let below = |path: &[u8]| path == b"/open" || path.starts_with(b"/open/");
    let asked = request.uri().path().as_bytes();
    if path_prefix("/open").holds(request) {
        assert!(below(asked) && below(&walked(&decoded(asked))), "{request:?}");
    }
    if path_prefix("/open").not().holds(request) {
        assert!(!below(asked) && !below(&walked(&decoded(asked))), "{request:?}");
    }
}

/// Where a path leads, told by another way than the crate's.
fn walked(path: &[u8]) -> Vec<u8> {
    let mut steps = Vec::new();
    for step in path.split(|byte| b"/\\".contains(byte)) {
        match step {
            b"" | b"." => {}
            b".." => drop(steps.pop()),
            step => steps.push(step),
        }
    }
    steps.iter().fold(Vec::new(), |path, step| [&path, &b"/"[..], step].concat())
}

fn decoded(path: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(path).into_owned();
    let mut pieces = text.split('%');
    let mut whole = pieces.next().unwrap_or_default().as_bytes().to_vec();
    for piece in pieces {
        let byte = piece.get(..2).filter(|digits| digits.bytes().all(|d| d.is_ascii_hexdigit()));
        if let Some(byte) = byte.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            whole.push(byte);
            whole.extend_from_slice(&piece.as_bytes()[2..]);
        } else {
            whole.push(b'%');
            whole.extend_from_slice(piece.as_bytes());
        }
    }
    whole
}

fn stage() -> LimitStage {
    RateLimit::builder()
        .engine(Memory::with_capacity(8))
        .policy("per-address", Quota::per_hour(1).by(address()))
        .policy("per-key", Quota::per_hour(2).by(api_key()))
        .policy("per-route", Quota::per_second(3).by((route(), address())).when(method(GET)))
        .exempt(path_prefix("/open"))
        .headers_on_success()
        .partition_keys()
        .audit(Audit::none())
        .build()
        .expect("these are limits")
        .stage()
}

fn leave(stage: &LimitStage, memo: Option<LimitMemo<Memory>>, response: &mut Response<Bytes>) {
    let Some(memo) = memo else { return };
    stage.leave(memo, response);
    for name in ["ratelimit", "ratelimit-policy"] {
        for value in response.headers().get_all(name) {
            list(value.to_str().expect("it is ASCII"));
        }
    }
}

/// A list of strings with parameters that are numbers or bytes, as RFC 9651 writes it.
fn list(text: &str) {
    for item in text.split(", ") {
        let mut parts = item.split(';');
        let name = parts.next().expect("there is one");
        assert!(name.len() > 2 && name.starts_with('"') && name.ends_with('"'), "{text}");
        for part in parts {
            let (key, value) = part.split_once('=').expect(text);
            let is_number = value.len() <= 15 && value.bytes().all(|digit| digit.is_ascii_digit());
            let is_bytes = value.len() > 2 && value.starts_with(':') && value.ends_with(':');
            match key {
                "q" | "w" | "r" | "t" => assert!(is_number && !value.is_empty(), "{text}"),
                "pk" => assert!(is_bytes, "{text}"),
                other => panic!("`{other}` in {text}"),
            }
        }
    }
}
