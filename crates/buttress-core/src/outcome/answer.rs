use std::task::Poll;

use bytes::Bytes;
use http::{Request, Response};

use super::refused::refusal;
use crate::render::Format;
use crate::stage::{Keep, RequestHead, Rewrap};
use crate::{Problem, Reply};

/// How a layer that owns the call hands an answer on, and how it answers in the place of the service.
///
/// | | for | a refusal is | the body becomes |
/// |---|---|---|---|
/// | [`Rewrap`] | HTTP, any body | a response with the problem in its extensions | a [`Reply`] |
/// | [`Keep`] | HTTP, a body that can be made from bytes | the same | what it is |
/// | [`AsError`] | any request at all | an error that is made of the problem | |
///
/// Over HTTP a refusal has the status of its problem, `Retry-After`, the problem in its extensions, and no body: who
/// reads it is a program. If that hands it on to its own client, the [`Context`](crate::Context) there renders it in
/// the client's format.
///
/// ```
/// use buttress_core::outcome::{Answer, AsError};
/// use buttress_core::stage::{Keep, Rewrap};
/// use buttress_core::{Code, Problem};
/// use bytes::Bytes;
/// use http::{Request, Response};
/// use http_body_util::Full;
/// use std::time::Duration;
///
/// type Req = Request<()>;
/// type Res = Response<Full<Bytes>>;
/// let problem = Problem::new(Code::OVERLOADED).with_retry_after(Duration::from_secs(2));
///
/// let wants = <Keep as Answer<Req, Res, Problem>>::wants(&Request::new(()));
/// let refused = <Keep as Answer<Req, Res, Problem>>::refused(problem.clone(), wants).unwrap();
/// assert_eq!((refused.status().as_u16(), &refused.headers()["retry-after"]), (503, &"2".parse().unwrap()));
/// assert_eq!(refused.extensions().get::<Problem>().unwrap().code(), Code::OVERLOADED);
///
/// let refused = <AsError as Answer<u64, &str, Problem>>::refused(problem, ());
/// assert_eq!(refused.unwrap_err().code(), Code::OVERLOADED);
/// ```
pub trait Answer<Req, Res, Err>: sealed::Sealed + 'static {
    /// What the layer answers with.
    type Response;

    /// What has to be remembered of a request, to be able to refuse it.
    type Wants: Copy + Send + 'static;

    /// What a refusal of this request has to look like.
    fn wants(request: &Req) -> Self::Wants;

    /// The answer of the service inside.
    fn passed(polled: Poll<Result<Res, Err>>) -> Poll<Result<Self::Response, Err>>;

    /// The answer in its place.
    ///
    /// # Errors
    ///
    /// That is what it is, where a response cannot be made.
    fn refused(problem: Problem, wants: Self::Wants) -> Result<Self::Response, Err>;
}

/// For any request: a refusal is an error that is made of the problem.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_enums, reason = "a type-level name, of which there is no value")]
pub enum AsError {}

/// What a refusal over HTTP has to look like. See [`LocalRefusal`](super::LocalRefusal) for an example.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Wants {
    grpc: bool,
}

impl Wants {
    /// What a refusal of this request has to look like.
    #[must_use]
    pub fn of(request: &dyn RequestHead) -> Self {
        Self { grpc: Format::of(request).is_grpc() }
    }

    /// Whether it has to be a status of gRPC.
    #[must_use]
    pub const fn is_grpc(self) -> bool {
        self.grpc
    }
}

impl<A, B, E> Answer<Request<A>, Response<B>, E> for Rewrap {
    type Response = Response<Reply<B>>;
    type Wants = Wants;

    #[inline]
    fn wants(request: &Request<A>) -> Wants {
        Wants::of(request)
    }

    #[inline]
    fn passed(polled: Poll<Result<Response<B>, E>>) -> Poll<Result<Self::Response, E>> {
        polled.map_ok(|response| response.map(Reply::inner))
    }

    fn refused(problem: Problem, wants: Wants) -> Result<Self::Response, E> {
        Ok(refusal(problem, wants))
    }
}

impl<A, B: From<Bytes>, E> Answer<Request<A>, Response<B>, E> for Keep {
    type Response = Response<B>;
    type Wants = Wants;

    #[inline]
    fn wants(request: &Request<A>) -> Wants {
        Wants::of(request)
    }

    #[inline]
    fn passed(polled: Poll<Result<Response<B>, E>>) -> Poll<Result<Self::Response, E>> {
        polled
    }

    fn refused(problem: Problem, wants: Wants) -> Result<Self::Response, E> {
        Ok(refusal(problem, wants))
    }
}

impl<Req, Res, E: From<Problem>> Answer<Req, Res, E> for AsError {
    type Response = Res;
    type Wants = ();

    #[inline]
    fn wants(_: &Req) {}

    #[inline]
    fn passed(polled: Poll<Result<Res, E>>) -> Poll<Result<Res, E>> {
        polled
    }

    fn refused(problem: Problem, (): ()) -> Result<Res, E> {
        Err(problem.into())
    }
}

pub(super) mod sealed {
    use super::AsError;
    use crate::stage::{Keep, Rewrap};

    #[expect(unnameable_types, reason = "so nobody else can implement it")]
    pub trait Sealed {}

    impl Sealed for Rewrap {}
    impl Sealed for Keep {}
    impl Sealed for AsError {}
}
