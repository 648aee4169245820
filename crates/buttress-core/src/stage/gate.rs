use std::fmt;

use super::{Decision, DecisionOf, Never, RequestHead, ResponseHead, Stage};
use crate::Problem;

/// The short form of a stage, for one that decides at once and refuses or lets pass: most do.
///
/// Every gate is a [`Stage`], whose methods have the same names. So in a test that calls one by hand, write
/// `Gate::enter(&gate, &mut request)`.
///
/// ```
/// use buttress_core::stage::{Gate, RequestHead, ResponseHead, Stage};
/// use buttress_core::{Code, Problem};
/// use http::HeaderValue;
///
/// /// Asks for a tenant, and names it on the response.
/// struct Tenant;
///
/// impl Gate for Tenant {
///     type Memo = HeaderValue;
///
///     fn enter(&self, request: &mut dyn RequestHead) -> Result<HeaderValue, Problem> {
///         let tenant = request.headers().get("x-tenant").cloned();
///         tenant.ok_or_else(|| Problem::new(Code::BAD_REQUEST).with_message("Which tenant?"))
///     }
///
///     fn leave(&self, tenant: HeaderValue, response: &mut dyn ResponseHead) {
///         response.headers_mut().insert("x-tenant", tenant);
///     }
/// }
///
/// # use bytes::Bytes;
/// # use http::{Request, Response};
/// # use http_body_util::Full;
/// # use std::convert::Infallible;
/// # use tower::{Layer, ServiceExt, service_fn};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # let app = service_fn(|_: Request<()>| async {
/// #     Ok::<_, Infallible>(Response::new(Full::new(Bytes::new())))
/// # });
/// let service = Tenant.layer().layer(app);
///
/// let known = Request::get("/").header("x-tenant", "acme").body(()).unwrap();
/// assert_eq!(service.clone().oneshot(known).await.unwrap().headers()["x-tenant"], "acme");
///
/// let unknown = Request::get("/").body(()).unwrap();
/// assert_eq!(service.oneshot(unknown).await.unwrap().status(), 400);
/// # }
/// ```
// The compiler also says this where `.layer()` is called on anything else: so it is the text of `Stage`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a stage",
    label = "this is no stage",
    note = "implement `Gate` for it if it decides at once, `Stage` if it may have to wait",
    note = "a closure becomes one with `gate_fn`, a builder with `.build()?`; `.layer()` comes last"
)]
pub trait Gate: Send + Sync + 'static {
    /// Kept from the request to its response. Dropping it gives back what was taken.
    type Memo: Send + 'static;

    /// Decides.
    ///
    /// # Errors
    ///
    /// Turns the request away with this problem.
    fn enter(&self, request: &mut dyn RequestHead) -> Result<Self::Memo, Problem>;

    /// Touches the response. Does nothing unless you say what.
    fn leave(&self, memo: Self::Memo, response: &mut dyn ResponseHead) {
        let _ = (memo, response);
    }
}

// Without this the compiler speaks of `Gate` where `Stage` is asked for, and quotes impls at length.
#[diagnostic::do_not_recommend]
impl<G: Gate> Stage for G {
    type Memo = <G as Gate>::Memo;
    type Wait = Never;

    fn enter(&self, request: &mut dyn RequestHead) -> DecisionOf<Self> {
        match Gate::enter(self, request) {
            Ok(memo) => Decision::Pass(memo),
            Err(problem) => Decision::Refuse(problem, None),
        }
    }

    fn resume(&self, never: Never, _: &mut dyn RequestHead) -> DecisionOf<Self> {
        match never {}
    }

    fn leave(&self, memo: <G as Gate>::Memo, response: &mut dyn ResponseHead) {
        Gate::leave(self, memo, response);
    }
}

/// A [`Gate`] made of a closure: it refuses or lets pass, and does not touch the response.
///
/// ```
/// use buttress_core::stage::{RequestHead, Stage, gate_fn};
/// use buttress_core::{Code, Problem};
/// use http::Method;
///
/// let read_only = gate_fn(|request: &mut dyn RequestHead| match *request.method() {
///     Method::GET | Method::HEAD => Ok(()),
///     _ => Err(Problem::new(Code::METHOD_NOT_ALLOWED)
///         .with_header(http::header::ALLOW, http::HeaderValue::from_static("GET, HEAD"))),
/// });
///
/// # let mut request = http::Request::post("/").body(()).unwrap();
/// let decision = read_only.enter(&mut request);
/// assert!(matches!(decision, buttress_core::stage::Decision::Refuse(..)));
/// ```
pub fn gate_fn<F>(decide: F) -> GateFn<F>
where
    F: Fn(&mut dyn RequestHead) -> Result<(), Problem> + Send + Sync + 'static,
{
    GateFn { decide }
}

/// A closure as a stage. See [`gate_fn`].
#[derive(Clone, Copy)]
pub struct GateFn<F> {
    decide: F,
}

impl<F> Gate for GateFn<F>
where
    F: Fn(&mut dyn RequestHead) -> Result<(), Problem> + Send + Sync + 'static,
{
    type Memo = ();

    fn enter(&self, request: &mut dyn RequestHead) -> Result<(), Problem> {
        (self.decide)(request)
    }
}

impl<F> fmt::Debug for GateFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GateFn").finish_non_exhaustive()
    }
}
