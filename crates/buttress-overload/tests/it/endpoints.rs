//! A set of endpoints goes round those that are not left out, and waits for whoever is ready.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use buttress_core::outcome::Outcome;
use buttress_overload::outlier::{EndpointSet, OutlierRules};
use buttress_testkit::poll::{Wakes, assert_ready};
use http::{Request, Response, StatusCode};
use http_body_util::Empty;
use tower::{Service, ServiceExt};

/// An endpoint that answers like this, as soon as it may.
#[derive(Clone)]
struct Endpoint {
    status: StatusCode,
    ready: Poll<Result<(), &'static str>>,
}

impl Endpoint {
    fn of(status: u16) -> Self {
        Self { status: StatusCode::from_u16(status).unwrap(), ready: Poll::Ready(Ok(())) }
    }
}

impl Service<Request<()>> for Endpoint {
    type Response = Response<Empty<&'static [u8]>>;
    type Error = BoxedStr;
    type Future = std::future::Ready<Result<Self::Response, BoxedStr>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> Poll<Result<(), BoxedStr>> {
        self.ready.map_err(BoxedStr)
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        let mut response = Response::new(Empty::new());
        *response.status_mut() = self.status;
        std::future::ready(Ok(response))
    }
}

#[derive(Clone, Copy, Debug)]
struct BoxedStr(&'static str);

impl std::fmt::Display for BoxedStr {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for BoxedStr {}

#[test]
fn a_set_goes_round_and_leaves_out_who_fails() {
    let endpoints = [200, 503, 204].map(Endpoint::of);
    let mut set = EndpointSet::new(endpoints, |outliers| outliers).unwrap();
    let mut answers = |calls: usize| -> Vec<u16> {
        let call = |_| {
            assert_ready(set.ready()).unwrap();
            assert_ready(set.call(Request::new(()))).unwrap().status().as_u16()
        };
        (0..calls).map(call).collect()
    };
    let first = answers(15);
    assert_eq!(first.iter().filter(|status| **status == 503).count(), 5);
    assert!(!answers(30).contains(&503));
}

#[test]
fn who_is_not_ready_is_passed_over() {
    let mut endpoints = [200, 201, 202].map(Endpoint::of);
    endpoints[0].ready = Poll::Pending;
    endpoints[1].ready = Poll::Ready(Err("gone"));
    let set = EndpointSet::new(endpoints, |outliers| outliers).unwrap();
    for _ in 0..20 {
        let mut set = set.clone();
        assert_ready(set.ready()).unwrap();
        assert_eq!(assert_ready(set.call(Request::new(()))).unwrap().status(), 202);
    }
    assert_eq!(set.outliers().left_out(), [1], "not to become ready is a failure");

    let mut pending = Endpoint::of(200);
    pending.ready = Poll::Pending;
    let mut set = EndpointSet::new([pending.clone(), pending], |outliers| outliers).unwrap();
    let wakes = Wakes::new();
    assert!(wakes.enter(|cx| Service::<Request<()>>::poll_ready(&mut set, cx)).is_pending());

    let mut gone = Endpoint::of(200);
    gone.ready = Poll::Ready(Err("gone"));
    let mut set = EndpointSet::new([gone], |outliers| outliers).unwrap();
    let failed = wakes.enter(|cx| Service::<Request<()>>::poll_ready(&mut set, cx));
    assert!(matches!(failed, Poll::Ready(Err(BoxedStr("gone")))));
}

/// Is ready once that is said.
#[derive(Clone)]
struct Late {
    endpoint: Endpoint,
    is_ready: Arc<AtomicBool>,
}

impl Service<Request<()>> for Late {
    type Response = Response<Empty<&'static [u8]>>;
    type Error = BoxedStr;
    type Future = std::future::Ready<Result<Self::Response, BoxedStr>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> Poll<Result<(), BoxedStr>> {
        if self.is_ready.load(Ordering::Relaxed) { Poll::Ready(Ok(())) } else { Poll::Pending }
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        self.endpoint.call(request)
    }
}

#[test]
fn who_is_left_out_while_it_is_waited_for_is_not_called() {
    let late =
        [200, 201].map(|status| Late { endpoint: Endpoint::of(status), is_ready: Arc::default() });
    let mut set = EndpointSet::new(late.clone(), |outliers| outliers).unwrap();
    let wakes = Wakes::new();
    let is_ready = |set: &mut EndpointSet<Late>| {
        wakes.enter(|cx| Service::<Request<()>>::poll_ready(set, cx)).is_ready()
    };
    assert!(!is_ready(&mut set));
    (0..5).for_each(|_| set.outliers().enter(0).settle(Outcome::Failure));
    late[0].is_ready.store(true, Ordering::Relaxed);
    assert!(!is_ready(&mut set), "it was left out since");
    late[1].is_ready.store(true, Ordering::Relaxed);
    assert!(is_ready(&mut set));
    assert_eq!(assert_ready(set.call(Request::new(()))).unwrap().status(), 201);
}

#[test]
fn a_set_of_none_is_refused() {
    let error = EndpointSet::new(Vec::<Endpoint>::new(), |outliers| {
        outliers.rules(OutlierRules::new().at_most(Duration::ZERO))
    });
    let error = error.unwrap_err();
    let paths: Vec<_> = error.faults().iter().map(buttress_core::Fault::path).collect();
    assert_eq!(paths, ["at_most", "endpoints"]);
}
