use std::task::Poll;

use buttress_core::outcome::{
    Answer, AsError, BodyKind, Classify, ClassifyEnd, JudgedAnswer, JudgedBody, Judgement, Outcome,
    Verdict, Wants,
};
use buttress_core::stage::{Keep, Rewrap};
use buttress_core::sync::Shared;
use buttress_core::{Problem, Reply};
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;

use super::Permit;
use crate::Priority;

/// How a bulkhead hands answers on, and when it takes a permit back: [`Rewrap`], [`Keep`], [`AsError`] or [`ToTheEnd`].
///
/// Sealed: these are all there are.
pub trait Mode<Req, Res, Err>: sealed::Sealed + 'static {
    /// What the service answers with.
    type Response;

    /// What has to be remembered of a request, to be able to refuse it.
    type Wants: Copy + Send + 'static;

    /// What a refusal of this request has to look like.
    fn wants(request: &Req) -> Self::Wants;

    /// How much the request says that it matters.
    fn priority(request: &Req) -> Option<Priority>;

    /// The answer of the service inside. Once it is there, the permit is given back, or sent along with the body.
    fn passed(
        permit: &mut Option<Permit>,
        polled: Poll<Result<Res, Err>>,
    ) -> Poll<Result<Self::Response, Err>>;

    /// The answer in its place.
    ///
    /// # Errors
    ///
    /// That is what it is, where a response cannot be made.
    fn refused(problem: Problem, wants: Self::Wants) -> Result<Self::Response, Err>;
}

/// The permit goes with the body, and comes back with its end, with its error, or when it is dropped.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_enums, reason = "a type-level name, of which there is no value")]
pub enum ToTheEnd {}

/// The body of a response that holds its permit.
pub type HoldingBody<B> = JudgedBody<B, UntilTheEnd, Permit>;

/// Judges nothing, but waits for the end of each body.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct UntilTheEnd;

impl ClassifyEnd for UntilTheEnd {}

impl<Res, Err> Classify<Res, Err> for UntilTheEnd {
    fn error(&self, _: &Err) -> Judgement {
        Judgement::new(Outcome::Failure)
    }

    fn response(&self, _: &Res) -> Verdict {
        Verdict::AtEnd(BodyKind::Other)
    }
}

macro_rules! until_the_head {
    ($($mode:ident: [$($generic:tt)*], $request:ty, $response:ty, $priority:expr;)*) => {$(
        impl<$($generic)*> Mode<$request, $response, E> for $mode {
            type Response = <Self as Answer<$request, $response, E>>::Response;
            type Wants = <Self as Answer<$request, $response, E>>::Wants;

            #[inline]
            fn wants(request: &$request) -> Self::Wants {
                <Self as Answer<$request, $response, E>>::wants(request)
            }

            fn priority(request: &$request) -> Option<Priority> {
                $priority(request)
            }

            #[inline]
            fn passed(
                permit: &mut Option<Permit>,
                polled: Poll<Result<$response, E>>,
            ) -> Poll<Result<Self::Response, E>> {
                if polled.is_ready() {
                    *permit = None;
                }
                <Self as Answer<$request, $response, E>>::passed(polled)
            }

            fn refused(problem: Problem, wants: Self::Wants) -> Result<Self::Response, E> {
                <Self as Answer<$request, $response, E>>::refused(problem, wants)
            }
        }
    )*};
}

until_the_head! {
    Rewrap: [A, B, E], Request<A>, Response<B>, of_http;
    Keep: [A, B: From<Bytes>, E], Request<A>, Response<B>, of_http;
    AsError: [Req, Res, E: From<Problem>], Req, Res, |_: &Req| None;
}

impl<A, B: Body, E> Mode<Request<A>, Response<B>, E> for ToTheEnd {
    type Response = Response<Reply<HoldingBody<B>>>;
    type Wants = Wants;

    #[inline]
    fn wants(request: &Request<A>) -> Wants {
        Wants::of(request)
    }

    fn priority(request: &Request<A>) -> Option<Priority> {
        of_http(request)
    }

    fn passed(
        permit: &mut Option<Permit>,
        polled: Poll<Result<Response<B>, E>>,
    ) -> Poll<Result<Self::Response, E>> {
        Http::<A, B, E>::judged(&Shared::new(UntilTheEnd), permit, polled)
    }

    fn refused(problem: Problem, wants: Wants) -> Result<Self::Response, E> {
        Http::<A, B, E>::refused(problem, wants)
    }
}

/// What `Rewrap` does with a permit for a ticket.
struct Http<A, B, E>(std::marker::PhantomData<fn(A, B, E)>);

impl<A, B: Body, E> Http<A, B, E> {
    fn judged(
        classify: &Shared<UntilTheEnd>,
        permit: &mut Option<Permit>,
        polled: Poll<Result<Response<B>, E>>,
    ) -> Poll<Result<Response<Reply<HoldingBody<B>>>, E>> {
        <Rewrap as JudgedAnswer<Request<A>, _, _, _, _>>::judged(classify, permit, polled)
    }

    fn refused(problem: Problem, wants: Wants) -> Result<Response<Reply<HoldingBody<B>>>, E> {
        <Rewrap as JudgedAnswer<Request<A>, Response<B>, E, UntilTheEnd, Permit>>::refused(
            problem, wants,
        )
    }
}

fn of_http<A>(request: &Request<A>) -> Option<Priority> {
    Priority::of(request.extensions())
}

mod sealed {
    use super::{AsError, Keep, Rewrap, ToTheEnd};

    #[expect(unnameable_types, reason = "so nobody else can implement it")]
    pub trait Sealed {}

    impl Sealed for Rewrap {}
    impl Sealed for Keep {}
    impl Sealed for AsError {}
    impl Sealed for ToTheEnd {}
}
