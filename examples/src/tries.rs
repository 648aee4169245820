use std::borrow::Cow;
use std::fmt::Write;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::{interval, timeout};

use crate::Failure;

/// Something to try on a running example, and what should come of it.
#[derive(Debug)]
#[must_use = "nothing is tried unless it is listed"]
pub struct Try {
    what: &'static str,
    method: Method,
    path: &'static str,
    headers: Vec<(&'static str, &'static str)>,
    body: Cow<'static, str>,
    status: u16,
    eventually: bool,
    checks: Vec<Check>,
}

/// A body longer than this is made by the command, not written into it.
const MUCH: usize = 1_000;

/// What should be true, in words and to be seen.
type Check = (&'static str, fn(&Seen) -> bool);

/// What came of a [`Try`].
#[derive(Debug)]
#[non_exhaustive]
pub struct Seen {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, as it came.
    pub text: String,
    /// The body, if it is JSON; else null.
    pub json: Value,
}

impl Seen {
    /// The header with this name, or nothing.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Whether it is an error of the family with this code, and with one id in header and body.
    #[must_use]
    pub fn is_problem(&self, code: &str) -> bool {
        let error = &self.json["error"];
        error["code"] == code
            && error["correlationId"] == self.header("x-request-id")
            && !self.header("x-request-id").is_empty()
    }
}

impl Try {
    /// Gets `path`; a 200 should come of it.
    pub fn get(what: &'static str, path: &'static str) -> Self {
        let (method, headers, checks) = (Method::GET, Vec::new(), Vec::new());
        let body = Cow::Borrowed("");
        Self { what, method, path, headers, body, status: 200, eventually: false, checks }
    }

    /// Posts JSON to `path`; a 200 should come of it.
    pub fn post(what: &'static str, path: &'static str, body: &'static str) -> Self {
        let attempt = Self { method: Method::POST, body: body.into(), ..Self::get(what, path) };
        attempt.header("content-type", "application/json")
    }

    /// Posts so many bytes of it.
    pub fn post_much(what: &'static str, path: &'static str, bytes: usize) -> Self {
        Self { body: "7".repeat(bytes).into(), ..Self::post(what, path, "") }
    }

    /// Adds a header.
    pub fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Expects another status.
    pub fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// Expects it not at once, but within a few seconds.
    pub fn eventually(self) -> Self {
        Self { eventually: true, ..self }
    }

    /// Expects something that can be said in words, and seen.
    pub fn expect(mut self, words: &'static str, holds: fn(&Seen) -> bool) -> Self {
        self.checks.push((words, holds));
        self
    }

    pub(crate) fn what(&self) -> &'static str {
        self.what
    }

    /// The same as a command for people.
    pub(crate) fn curl(&self, address: SocketAddr) -> String {
        let mut command = String::from("curl -i");
        for (name, value) in &self.headers {
            let _ = write!(command, " -H '{name}: {value}'");
        }
        if self.body.len() > MUCH {
            let _ =
                write!(command, " -d \"$(head -c {} /dev/zero | tr '\\0' 7)\"", self.body.len());
        } else if !self.body.is_empty() {
            let _ = write!(command, " -d '{}'", self.body);
        } else if self.method != Method::GET {
            let _ = write!(command, " -X {}", self.method);
        }
        let _ = write!(command, " http://{address}{}", self.path);
        command
    }

    async fn send(&self, address: SocketAddr) -> Result<Seen, Failure> {
        let stream = TokioIo::new(TcpStream::connect(address).await?);
        let (mut sender, connection) = http1::handshake(stream).await?;
        tokio::spawn(connection);

        let mut request = Request::new(Full::new(Bytes::from(self.body.clone().into_owned())));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.path.parse()?;
        let headers = request.headers_mut();
        headers.insert("host", address.to_string().parse()?);
        for (name, value) in &self.headers {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }

        let (head, body) = sender.send_request(request).await?.into_parts();
        let text = String::from_utf8(body.collect().await?.to_bytes().into())?;
        let json = serde_json::from_str(&text).unwrap_or_default();
        Ok(Seen { status: head.status, headers: head.headers, text, json })
    }

    pub(crate) async fn check(&self, address: SocketAddr) -> Result<(), Failure> {
        let mut pause = interval(Duration::from_millis(20));
        for _ in 0..if self.eventually { 200 } else { 0 } {
            if self.check_once(address).await.is_ok() {
                return Ok(());
            }
            pause.tick().await;
        }
        self.check_once(address).await
    }

    async fn check_once(&self, address: SocketAddr) -> Result<(), Failure> {
        let seen = timeout(Duration::from_secs(10), self.send(address)).await??;
        if seen.status != self.status {
            return Err(format!("expected status {}, saw {seen:#?}", self.status).into());
        }
        match self.checks.iter().find(|(_, holds)| !holds(&seen)) {
            Some((words, _)) => Err(format!("expected that {words}, saw {seen:#?}").into()),
            None => Ok(()),
        }
    }
}

/// Tries everything on the server at `address`.
///
/// # Errors
///
/// Fails at the first difference between what was expected and what was seen.
pub async fn try_all(address: SocketAddr, tries: Vec<Try>) -> Result<(), Failure> {
    for attempt in &tries {
        let seen = attempt.check(address).await;
        seen.map_err(|error| format!("{} ({}): {error}", attempt.what, attempt.path))?;
        println!("ok: {}", attempt.what);
    }
    println!("all {} tries went as expected", tries.len());
    Ok(())
}
