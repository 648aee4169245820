use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use buttress_core::PeerAddress;
use buttress_core::clock::TokioClock;
use http::header::{CONNECTION, HOST};
use http::uri::{Authority, PathAndQuery};
use http::{HeaderValue, Method, Request, Response, StatusCode, Version};
use http_body::Body;
use hyper::body::Incoming;
use pin_project_lite::pin_project;
use tower_service::Service;

use super::answer::{ResponseBody, promised};
use super::app::BoxError;
use super::authority;
use super::body::RequestBody;
use super::cause::Cause;
use super::failure::{Failure, NoAnswer};
use super::limits::Limits;
use super::link::Link;
use super::piece::Way;
use super::stream;
use super::turn::Turn;

/// Where the requests of one connection come in: some are refused, the others told who is calling.
#[derive(Debug)]
pub(super) struct Door<S> {
    pub(super) app: S,
    pub(super) link: Arc<Link>,
    pub(super) limits: Arc<Limits>,
    pub(super) peer: Option<SocketAddr>,
    pub(super) clock: TokioClock,
}

impl<S, B> hyper::service::Service<Request<Incoming>> for Door<S>
where
    S: Service<Request<RequestBody>, Response = Response<B>, Error: Into<BoxError>> + Clone,
    B: Body,
{
    type Response = Response<ResponseBody<B>>;
    type Error = BoxError;
    type Future = Answer<S>;

    fn call(&self, request: Request<Incoming>) -> Answer<S> {
        let is_http2 = request.version() == Version::HTTP_2;
        let (number, flight) = self.link.begin(is_http2);
        let way = if is_http2 {
            let turn = Arc::new(Turn::new(flight, self.limits.http2.send_buffer as u64));
            stream::announce(turn.clone());
            Way::Shared(turn)
        } else {
            Way::Alone(flight)
        };
        let tunnel = *request.method() == Method::CONNECT;
        let bodiless = tunnel || *request.method() == Method::HEAD;
        let state = match self.refusal(&request, number) {
            Some((status, cause)) => {
                self.link.limited(cause);
                State::Refused { status }
            }
            None => State::Waiting { app: self.app.clone(), request: Some(self.welcome(request)) },
        };
        Answer { state, way: Some(way), is_http2, tunnel, bodiless }
    }
}

impl<S> Door<S> {
    fn refusal(&self, request: &Request<Incoming>, number: u64) -> Option<(StatusCode, Cause)> {
        let headers = request.headers();
        let mut hosts = headers.get_all(HOST).iter();
        let no_host = !authority::are_hosts(request.uri(), hosts.next());
        let two_hosts = hosts.next().is_some();
        let other_host =
            self.limits.one_host && authority::differs(request.method(), request.uri(), headers);
        let (refused, long_target) = self.link.refused();
        let refused = refused == number && request.version() != Version::HTTP_2;
        let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
        if no_host || two_hosts || other_host || (refused && !long_target) {
            return Some((StatusCode::BAD_REQUEST, Cause::Ambiguous));
        }
        if refused || target > self.limits.longest_target() {
            return Some((StatusCode::URI_TOO_LONG, Cause::Uri));
        }
        // Under HTTP/1 the library has counted already.
        if headers.len() > self.limits.header_count {
            return Some((StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, Cause::Fields));
        }
        if request.version() == Version::HTTP_2 && size(request) > self.limits.header_bytes {
            return Some((StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, Cause::Head));
        }
        None
    }

    fn welcome(&self, mut request: Request<Incoming>) -> Request<RequestBody> {
        // The application says so, and not a header: any client may send that. Pings find out who has gone.
        let silent =
            request.version() == Version::HTTP_2 && self.limits.silent.covers(request.uri().path());
        let timeouts = (!silent).then_some(self.limits.timeouts);
        let extensions = request.extensions_mut();
        if let Some(peer) = self.peer {
            extensions.insert(PeerAddress::new(peer));
            #[cfg(feature = "axum")]
            extensions.insert(axum::extract::ConnectInfo(peer));
        }
        extensions.insert(self.link.shutdown().clone());
        request.map(|body| RequestBody::new(body, timeouts, self.clock, &self.link))
    }
}

pin_project! {
    /// The answer to one request.
    pub(super) struct Answer<S>
    where
        S: Service<Request<RequestBody>>,
    {
        #[pin]
        state: State<S, S::Future>,
        way: Option<Way>,
        is_http2: bool,
        tunnel: bool,
        // Its length may be said, and nothing comes.
        bodiless: bool,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<S, F> {
        Refused { status: StatusCode },
        Waiting { app: S, request: Option<Request<RequestBody>> },
        Called { #[pin] answer: F },
        Done,
    }
}

impl<S, B> Future for Answer<S>
where
    S: Service<Request<RequestBody>, Response = Response<B>, Error: Into<BoxError>>,
    B: Body,
{
    type Output = Result<Response<ResponseBody<B>>, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let response = loop {
            match this.state.as_mut().project() {
                StateProj::Refused { status } => {
                    let mut refusal = Response::new(None);
                    *refusal.status_mut() = *status;
                    if !*this.is_http2 {
                        refusal.headers_mut().insert(CONNECTION, CLOSE);
                    }
                    break refusal;
                }
                StateProj::Waiting { app, request } => {
                    ready!(app.poll_ready(cx)).map_err(|error| failed(this.way.as_ref(), error))?;
                    let Some(request) = request.take() else { return Poll::Pending };
                    let answer = app.call(request);
                    this.state.set(State::Called { answer });
                }
                StateProj::Called { answer } => {
                    let answer =
                        ready!(answer.poll(cx)).map_err(|error| failed(this.way.as_ref(), error));
                    break answer?.map(Some);
                }
                StateProj::Done => return Poll::Pending,
            }
        };
        this.state.set(State::Done);
        let Some(way) = this.way.take() else { return Poll::Pending };
        let response = settled(response, way.link(), *this.is_http2, *this.tunnel);
        let owed = if *this.bodiless { None } else { promised(&response) };
        Poll::Ready(Ok(response.map(|body| ResponseBody::new(body, way, owed))))
    }
}

/// How long a head of HTTP/2 is (RFC 9113, section 6.5.2), with the fields that are no headers.
fn size<B>(request: &Request<B>) -> usize {
    let uri = request.uri();
    let target = [
        (":method", Some(request.method().as_str())),
        (":scheme", uri.scheme_str()),
        (":authority", uri.authority().map(Authority::as_str)),
        (":path", uri.path_and_query().map(PathAndQuery::as_str)),
    ];
    let target = target.iter().filter_map(|(name, value)| Some(field(name, value.as_ref()?.len())));
    let headers = request.headers().iter();
    target.sum::<usize>()
        + headers.map(|(name, value)| field(name.as_str(), value.len())).sum::<usize>()
}

fn field(name: &str, value: usize) -> usize {
    name.len() + value + 32
}

/// The service said an error, of which the library tells nobody.
#[cold]
fn failed(way: Option<&Way>, error: impl Into<BoxError>) -> BoxError {
    let error = error.into();
    if let Some(way) = way {
        way.link().failed(Failure::Answer, &*error);
    }
    error
}

const CLOSE: HeaderValue = HeaderValue::from_static("close");

/// Says that this answer is the last, and notes if HTTP ends with it.
fn settled<B>(
    mut response: Response<Option<B>>,
    link: &Link,
    is_http2: bool,
    tunnel: bool,
) -> Response<Option<B>> {
    // Something else would have to follow, and nothing will.
    if response.status().is_informational()
        && (is_http2 || response.status() != StatusCode::SWITCHING_PROTOCOLS)
    {
        link.failed(Failure::Answer, &NoAnswer(response.status()));
        response = Response::new(None);
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    }
    if is_http2 {
        link.answers();
        return response;
    }
    let status = response.status();
    if status == StatusCode::SWITCHING_PROTOCOLS || (tunnel && status.is_success()) {
        link.upgrade();
    } else if link.is_last() {
        response.headers_mut().insert(CONNECTION, CLOSE);
    }
    response
}
