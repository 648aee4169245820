use std::fmt;
use std::marker::PhantomData;

use buttress_core::key::{KeyFor, KeyWriter};
use buttress_core::outcome::LocalRefusal;
use buttress_core::{Problem, Reply, RequestContext};
use http::{Request, Response};
use tower_service::Service;

/// What a throttle goes by, and how it says no: [`ByKey`] or [`ByFn`].
///
/// Sealed: for anything else there is a closure.
pub trait Way<R, S: Service<R>>: sealed::Sealed + Send + Sync + 'static {
    /// What the throttle answers with.
    type Response;

    /// Writes whose turn it is about.
    fn write(&self, request: &R, key: &mut KeyWriter);

    /// The answer of the service inside.
    fn pass(response: S::Response) -> Self::Response;

    /// The answer in its place.
    ///
    /// # Errors
    ///
    /// That is what it is, where a response cannot be made.
    fn refuse(problem: Problem, request: &R) -> Result<Self::Response, S::Error>;
}

mod sealed {
    #[expect(unnameable_types, reason = "this is what seals `Way`")]
    pub trait Sealed {}
}

/// For HTTP: goes by a [`KeyFor`], and answers with a response that carries the problem.
#[derive(Clone, Debug)]
pub struct ByKey<K>(pub(super) K);

impl<K> sealed::Sealed for ByKey<K> {}

impl<K, S, B, D> Way<Request<B>, S> for ByKey<K>
where
    K: KeyFor + 'static,
    S: Service<Request<B>, Response = Response<D>>,
{
    type Response = Response<Reply<D>>;

    fn write(&self, request: &Request<B>, key: &mut KeyWriter) {
        self.0.write(request, key);
    }

    fn pass(response: Response<D>) -> Self::Response {
        response.map(Reply::inner)
    }

    fn refuse(problem: Problem, request: &Request<B>) -> Result<Self::Response, S::Error> {
        let context: Option<&RequestContext> = request.extensions().get();
        let mut response = problem.render(context).map(Reply::from);
        // Or a breaker outside would take it for a failure of the dependency, which nobody has asked.
        response.extensions_mut().insert(LocalRefusal);
        Ok(response)
    }
}

/// For any request: goes by what a closure writes, and fails with an error that is made of the problem.
pub struct ByFn<R, F> {
    pub(super) write: F,
    pub(super) request: PhantomData<fn(&R)>,
}

impl<R, F> sealed::Sealed for ByFn<R, F> {}

impl<R, F, S> Way<R, S> for ByFn<R, F>
where
    R: 'static,
    F: Fn(&R, &mut KeyWriter) + Send + Sync + 'static,
    S: Service<R, Error: From<Problem>>,
{
    type Response = S::Response;

    fn write(&self, request: &R, key: &mut KeyWriter) {
        (self.write)(request, key);
    }

    fn pass(response: S::Response) -> S::Response {
        response
    }

    fn refuse(problem: Problem, _: &R) -> Result<S::Response, S::Error> {
        Err(problem.into())
    }
}

impl<R, F> fmt::Debug for ByFn<R, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ByFn")
    }
}
