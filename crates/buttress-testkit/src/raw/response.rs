use std::borrow::Cow;

/// A response as it was sent. Made by [`Connection::response`](super::Connection::response).
#[derive(Clone, Debug, Default)]
pub struct Response {
    pub(super) version: String,
    pub(super) status: u16,
    pub(super) reason: String,
    pub(super) headers: Fields,
    pub(super) framing: Framing,
    pub(super) body: Vec<u8>,
    pub(super) trailers: Fields,
}

impl Response {
    /// The version, as in `HTTP/1.1`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The status code.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The words after the status code.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Whether another response to the same request follows, as after `100 Continue`.
    #[must_use]
    pub fn is_interim(&self) -> bool {
        // 101 is the last word of HTTP on its connection.
        matches!(self.status, 100 | 102..=199)
    }

    /// The first value of a header field. Names are compared without case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.all(name).next()
    }

    /// All values of a header field, in the order of their lines.
    pub fn header_values<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.headers.all(name)
    }

    /// The first value of a trailer field.
    #[must_use]
    pub fn trailer(&self, name: &str) -> Option<&str> {
        self.trailers.all(name).next()
    }

    /// The body, without the marks of its framing.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// How the end of the body was found.
    #[must_use]
    pub fn framing(&self) -> Framing {
        self.framing
    }
}

/// How the end of a body is found.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Framing {
    /// There is no body: an answer to HEAD, an interim response, 204 or 304.
    #[default]
    Nothing,
    /// By `content-length`.
    Length,
    /// In chunks.
    Chunked,
    /// The server closes.
    UntilClose,
}

/// Field lines, in order, with the names as they were sent.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields(pub(super) Vec<(String, String)>);

impl Fields {
    pub(super) fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        let same = move |(sent, _): &&(String, String)| sent.eq_ignore_ascii_case(name);
        self.0.iter().filter(same).map(|(_, value)| value.as_str())
    }
}
