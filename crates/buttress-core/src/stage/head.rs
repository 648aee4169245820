use bytes::Bytes;
use http::{Extensions, HeaderMap, Method, Request, Response, StatusCode, Uri, Version, request};

use crate::RequestContext;

/// The head of a request, whatever its body is.
///
/// Implemented for [`http::Request`] and [`http::request::Parts`], and for these alone.
pub trait RequestHead: sealed::Sealed {
    /// The method.
    fn method(&self) -> &Method;
    /// The address asked for.
    fn uri(&self) -> &Uri;
    /// The version of HTTP.
    fn version(&self) -> Version;
    /// The headers.
    fn headers(&self) -> &HeaderMap;
    /// The headers, to be changed.
    fn headers_mut(&mut self) -> &mut HeaderMap;
    /// What outer layers left for inner ones.
    fn extensions(&self) -> &Extensions;
    /// What outer layers left for inner ones, to be changed.
    fn extensions_mut(&mut self) -> &mut Extensions;

    /// The context of this request, if a [`Context`](crate::Context) stands outside.
    fn context(&self) -> Option<&RequestContext> {
        self.extensions().get()
    }
}

impl<B> RequestHead for Request<B> {
    fn method(&self) -> &Method {
        self.method()
    }

    fn uri(&self) -> &Uri {
        self.uri()
    }

    fn version(&self) -> Version {
        self.version()
    }

    fn headers(&self) -> &HeaderMap {
        self.headers()
    }

    fn headers_mut(&mut self) -> &mut HeaderMap {
        self.headers_mut()
    }

    fn extensions(&self) -> &Extensions {
        self.extensions()
    }

    fn extensions_mut(&mut self) -> &mut Extensions {
        self.extensions_mut()
    }
}

impl RequestHead for request::Parts {
    fn method(&self) -> &Method {
        &self.method
    }

    fn uri(&self) -> &Uri {
        &self.uri
    }

    fn version(&self) -> Version {
        self.version
    }

    fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    fn headers_mut(&mut self) -> &mut HeaderMap {
        &mut self.headers
    }

    fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    fn extensions_mut(&mut self) -> &mut Extensions {
        &mut self.extensions
    }
}

/// The head of a response, and a way to put another body in place of its own.
///
/// Implemented for every [`http::Response`] whose body can be made from bytes: a [`Reply`](crate::Reply)
/// always can.
pub trait ResponseHead: sealed::Sealed {
    /// The status.
    fn status(&self) -> StatusCode;
    /// Sets the status.
    fn set_status(&mut self, status: StatusCode);
    /// The headers.
    fn headers(&self) -> &HeaderMap;
    /// The headers, to be changed.
    fn headers_mut(&mut self) -> &mut HeaderMap;
    /// What inner layers left for outer ones, as the [`Problem`](crate::Problem) of a refusal.
    fn extensions(&self) -> &Extensions;
    /// What inner layers left for outer ones, to be changed.
    fn extensions_mut(&mut self) -> &mut Extensions;
    /// Drops the body and puts this one in its place. The headers stay: `Content-Length` is yours to mend.
    fn replace_body(&mut self, body: Bytes);
}

impl<B: From<Bytes>> ResponseHead for Response<B> {
    fn status(&self) -> StatusCode {
        self.status()
    }

    fn set_status(&mut self, status: StatusCode) {
        *self.status_mut() = status;
    }

    fn headers(&self) -> &HeaderMap {
        self.headers()
    }

    fn headers_mut(&mut self) -> &mut HeaderMap {
        self.headers_mut()
    }

    fn extensions(&self) -> &Extensions {
        self.extensions()
    }

    fn extensions_mut(&mut self) -> &mut Extensions {
        self.extensions_mut()
    }

    fn replace_body(&mut self, body: Bytes) {
        *self.body_mut() = body.into();
    }
}

mod sealed {
    #[expect(unnameable_types, reason = "so nobody else can implement it")]
    pub trait Sealed {}

    impl<B> Sealed for http::Request<B> {}
    impl Sealed for http::request::Parts {}
    impl<B> Sealed for http::Response<B> {}
}
