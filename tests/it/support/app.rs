//! One service behind one wall, on axum, on hyper alone and on our own server. What happens is in the path.

use std::convert::Infallible;
use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::routing::{get, post};
use buttress::prelude::*;
use buttress::stage::{Decision, DecisionOf, Waited};
use buttress::sync::Lock;
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use tower::{Layer, service_fn};

use super::server::{Server, prompt, serve_axum, serve_hyper, serve_ours};

/// Where the service runs.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Host {
    Axum,
    AxumKeepingBody,
    Hyper,
    Ours,
}

impl Host {
    pub(crate) const ALL: [Self; 4] = [Self::Axum, Self::AxumKeepingBody, Self::Hyper, Self::Ours];

    pub(crate) async fn start(self) -> Server {
        match self {
            Self::Axum => serve_axum(router().layer(wall())).await,
            Self::AxumKeepingBody => serve_axum(router().layer(wall().keep_body())).await,
            Self::Hyper => serve_hyper(wall().layer(service_fn(bare))).await,
            Self::Ours => serve_ours(prompt(), router().layer(wall())).await.0,
        }
    }

    /// Answers whatever is asked first with `body`, as a stream of events.
    pub(crate) async fn give(self, body: Body) -> Server {
        let body = Lock::new(Some(body));
        let answer = move || {
            let mut response = Response::new(body.lock().take().unwrap_or_default());
            let events = HeaderValue::from_static("text/event-stream");
            response.headers_mut().insert("content-type", events);
            response
        };
        let answer = Arc::new(answer);
        let routed = || {
            let answer = answer.clone();
            Router::new().fallback(move || ready(answer()))
        };
        match self {
            Self::Axum => serve_axum(routed().layer(wall())).await,
            Self::AxumKeepingBody => serve_axum(routed().layer(wall().keep_body())).await,
            Self::Hyper => {
                let service = service_fn(move |_| ready(Ok(answer())));
                serve_hyper(wall().layer(service)).await
            }
            Self::Ours => serve_ours(prompt(), routed().layer(wall())).await.0,
        }
    }
}

/// A wall with stages of its own: a witness, one that decides at once, one that waits.
pub(crate) fn wall() -> Inbound<impl Stage> {
    Inbound::builder().then(Witness).then(Keeper).then(Doubter).build().unwrap()
}

fn router() -> Router {
    Router::new()
        .route("/", get(|| async { "hello" }))
        .route("/echo", post(|body: Bytes| async { body }))
        .route("/problem", get(|| async { problem() }))
        .route("/panic", get(panics))
        .route("/panic-in-call", get(panics))
        .fallback(|| async { Problem::new(Code::NOT_FOUND) })
}

fn problem() -> Problem {
    Problem::new(Code::CONFLICT).with_message("Somebody was faster.")
}

async fn panics() {
    panic!("the handler panicked");
}

fn bare(
    request: Request<Incoming>,
) -> impl Future<Output = Result<Response<Full<Bytes>>, Infallible>> + Send {
    assert_ne!(request.uri().path(), "/panic-in-call");
    async {
        Ok(match request.uri().path() {
            "/" if *request.method() == Method::HEAD => Response::default(),
            "/" => Response::new("hello".into()),
            "/echo" => match request.collect().await {
                Ok(body) => Response::new(body.to_bytes().into()),
                Err(_) => Problem::new(Code::BAD_REQUEST).render(None).map(Full::new),
            },
            "/problem" => problem().render(None).map(Full::new),
            "/panic" => {
                panics().await;
                Response::default()
            }
            _ => Problem::new(Code::NOT_FOUND).render(None).map(Full::new),
        })
    }
}

/// Testifies on the way out which id the request had on its way in.
struct Witness;

impl Gate for Witness {
    type Memo = HeaderValue;

    fn enter(&self, request: &mut dyn RequestHead) -> Result<HeaderValue, Problem> {
        Ok(request.context().expect("the context stands outside").id().header_value())
    }

    fn leave(&self, id: HeaderValue, response: &mut dyn ResponseHead) {
        response.headers_mut().insert("x-witness", id);
    }
}

/// Decides at once.
struct Keeper;

impl Gate for Keeper {
    type Memo = bool;

    fn enter(&self, request: &mut dyn RequestHead) -> Result<bool, Problem> {
        match request.uri().path() {
            "/refused" => Err(Problem::new(Code::FORBIDDEN)),
            "/panic-entering" => panic!("a stage panicked on the way in"),
            path => Ok(path == "/panic-leaving"),
        }
    }

    fn leave(&self, panics: bool, _: &mut dyn ResponseHead) {
        assert!(!panics, "a stage panicked on the way out");
    }
}

/// Decides after a while.
struct Doubter;

impl Stage for Doubter {
    type Memo = ();
    type Wait = Pin<Box<dyn Future<Output = ()> + Send>>;

    fn enter(&self, request: &mut dyn RequestHead) -> DecisionOf<Self> {
        let panics = request.uri().path() == "/panic-waiting";
        Decision::Wait(Box::pin(async move {
            tokio::task::yield_now().await;
            assert!(!panics, "a stage panicked while it waited");
        }))
    }

    fn resume(&self, (): Waited<Self>, request: &mut dyn RequestHead) -> DecisionOf<Self> {
        match request.uri().path() {
            "/refused-late" => Decision::Refuse(Problem::new(Code::UNAUTHENTICATED), None),
            "/panic-resuming" => panic!("a stage panicked after a wait"),
            "/answered" => Decision::Answer(Response::new(Bytes::from("answered")).into(), None),
            _ => Decision::Pass(()),
        }
    }

    fn leave(&self, (): (), _: &mut dyn ResponseHead) {}
}
