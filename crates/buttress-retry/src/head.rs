use buttress_core::clock::Clock;
use buttress_core::{Deadline, RequestContext};
use http::header::{CONTENT_TYPE, TRAILER};
use http::{Extensions, HeaderMap, HeaderValue, Method, Request, Uri, Version};

/// What another attempt is made of: a clone of the head of the request.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    version: Version,
    pub(crate) headers: HeaderMap,
    pub(crate) extensions: Extensions,
}

impl Head {
    /// That of this request. It is cloned where it stands, as to move it costs more than what is done with it.
    #[inline]
    pub(crate) fn of<B>(request: &Request<B>) -> Self {
        Self {
            method: request.method().clone(),
            uri: request.uri().clone(),
            version: request.version(),
            headers: request.headers().clone(),
            extensions: request.extensions().clone(),
        }
    }

    /// The same request once more, with this body.
    pub(crate) fn request<B>(&self, body: B) -> Request<B> {
        let mut request = Request::new(body);
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.version_mut() = self.version;
        *request.headers_mut() = self.headers.clone();
        *request.extensions_mut() = self.extensions.clone();
        request
    }

    /// By when it has to be done.
    pub(crate) fn deadline(&self, clock: &dyn Clock) -> Option<Deadline> {
        Deadline::of_extensions(&self.extensions, clock)
    }

    pub(crate) fn context(&self) -> Option<&RequestContext> {
        self.extensions.get()
    }

    /// Whether it says that trailers follow its body.
    pub(crate) fn announces_trailers(&self) -> bool {
        self.headers.contains_key(TRAILER)
    }

    /// Whether it is a request of gRPC, and not of gRPC-Web, which is another protocol.
    pub(crate) fn is_grpc(&self) -> bool {
        is_grpc(&self.headers)
    }
}

/// Whether the content is gRPC, and not gRPC-Web.
pub(crate) fn is_grpc(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let Some((kind, rest)) = kind.and_then(|kind| kind.split_at_checked(GRPC.len())) else {
        return false;
    };
    kind.eq_ignore_ascii_case(GRPC) && matches!(rest, [] | [b'+' | b';' | b' ', ..])
}

const GRPC: &[u8] = b"application/grpc";
