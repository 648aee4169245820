//! The way of a request in, of a refusal out, and of what is left on the way.

use buttress_core::stage::{Decision, Gate, RequestHead, Stage, StageList, gate_fn};
use buttress_core::{Code, Context, Problem};
use buttress_testkit::{mock, poll};
use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use tower::limit::ConcurrencyLimit;
use tower::{Layer, Service, ServiceExt};

use super::{Flights, Log, Named, Waits, asking, left};

fn refusing() -> impl Stage<Memo = (), Wait = buttress_core::stage::Never> {
    gate_fn(|_: &mut dyn RequestHead| Err(Problem::new(Code::FORBIDDEN)))
}

#[tokio::test]
async fn in_through_the_outermost_out_through_it() {
    let log = Log::default();
    let stages =
        Named("a", log.clone()).then(Named("b", log.clone())).then(Named("c", log.clone()));
    let (service, _inner) = mock::service();

    let response = stages.layer().layer(service).oneshot(Request::new(())).await.unwrap();
    assert_eq!(left(&response), ["c", "b", "a"]);
    assert_eq!(log.take(), ["enter a", "enter b", "enter c", "leave c", "leave b", "leave a"]);
}

#[tokio::test]
async fn a_refusal_leaves_through_the_stages_outside_of_it_alone() {
    let log = Log::default();
    let stages = Named("a", log.clone())
        .then(Named("b", log.clone()).then(refusing()))
        .then(Named("never", log.clone()));
    let (service, inner) = mock::service();

    let response = stages.layer().layer(service).oneshot(Request::new(())).await.unwrap();
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    assert_eq!(left(&response), ["b", "a"]);
    assert_eq!(log.take(), ["enter a", "enter b", "leave b", "leave a"]);
    assert_eq!(response.extensions().get::<Problem>().unwrap().code(), Code::FORBIDDEN);
    assert_eq!(inner.counts().calls, 0);
}

#[tokio::test]
async fn a_wait_may_end_in_any_decision_at_any_place() {
    let log = Log::default();
    let (service, inner) = mock::service();
    let stages = Named("a", log.clone())
        .then(Waits("first"))
        .then(Named("b", log.clone()).then(Waits("second")))
        .then(Named("c", log.clone()));
    let service = stages.layer().layer(service);

    for (name, wish, status, names) in [
        ("first", "pass", 200, &["c", "b", "a"][..]),
        ("first", "again", 200, &["c", "b", "a"]),
        ("first", "refuse", 403, &["a"]),
        ("first", "answer", 204, &["a"]),
        ("second", "pass", 200, &["c", "b", "a"]),
        ("second", "again", 200, &["c", "b", "a"]),
        ("second", "refuse", 403, &["b", "a"]),
        ("second", "keep", 403, &["b", "a"]),
        ("second", "answer", 204, &["b", "a"]),
    ] {
        let request: Request<()> = asking(name, wish);
        let response = service.clone().oneshot(request).await.unwrap();
        assert_eq!(
            (response.status().as_u16(), &*left(&response)),
            (status, names),
            "{name}: {wish}"
        );
    }
    assert_eq!((inner.counts().calls, inner.counts().reservations), (4, 0));
}

#[tokio::test]
async fn who_refuses_with_a_memo_touches_its_refusal() {
    let (service, _inner) = mock::service();
    let service = Waits("w").layer().layer(service);
    for (wish, memos) in [("pass", 1), ("refuse", 0), ("keep", 1), ("answer", 1)] {
        let request: Request<()> = asking("w", wish);
        let response = service.clone().oneshot(request).await.unwrap();
        assert_eq!(response.headers().get_all("x-waited").iter().count(), memos, "{wish}");
    }
}

#[tokio::test]
async fn an_answer_is_no_refusal() {
    let log = Log::default();
    let (service, inner) = mock::service();
    let service = Named("a", log).then(Waits("w")).layer().layer(service);

    let request: Request<()> = asking("w", "answer");
    let response = service.oneshot(request).await.unwrap();
    assert_eq!((response.status(), left(&response)), (StatusCode::NO_CONTENT, vec!["a"]));
    assert!(response.extensions().get::<Problem>().is_none());
    assert_eq!(inner.counts().calls, 0);
}

#[tokio::test]
async fn an_error_of_the_service_reaches_every_stage_that_was_entered() {
    let flights = [Flights::default(), Flights::default()];
    let (service, inner) = mock::service::<()>();
    inner.fail("broken");

    let stages = flights[0].clone().then(Waits("w")).then(Some(flights[1].clone()));
    let error = stages.layer().layer(service).oneshot(Request::new(())).await.unwrap_err();
    assert_eq!(error.to_string(), "broken");
    for flight in &flights {
        assert_eq!((flight.inside(), flight.ended()), (0, (0, 1)));
    }
}

#[tokio::test]
async fn dropping_at_any_point_gives_everything_back() {
    let (outer, inner) = (Flights::default(), Flights::default());
    let (service, handle) = mock::service::<()>();
    handle.never_answer();
    let stages = outer.clone().then(Waits("first")).then(inner.clone()).then(Waits("second"));
    let service = stages.layer().layer(service);

    for polls in 0..4 {
        let mut instance = service.clone();
        poll::assert_ready(instance.ready()).unwrap();
        let mut future = Box::pin(instance.call(Request::new(())));
        for _ in 0..polls {
            poll::assert_pending(&mut future);
        }
        let expected_inside = i64::from(polls > 1);
        assert_eq!((outer.inside(), inner.inside()), (1, expected_inside), "after {polls} polls");

        drop((future, instance));
        assert_eq!((outer.inside(), inner.inside()), (0, 0), "after {polls} polls");
        assert_eq!((handle.counts().reservations, handle.counts().in_flight), (0, 0));
        assert_eq!(outer.ended(), (0, 0));
    }
}

#[tokio::test]
async fn readiness_stays_with_an_instance_that_refused() {
    let (service, _inner) = mock::service::<()>();
    let closed = gate_fn(|request: &mut dyn RequestHead| match *request.method() {
        Method::GET => Ok(()),
        _ => Err(Problem::new(Code::METHOD_NOT_ALLOWED)),
    });
    let service = closed.layer().layer(ConcurrencyLimit::new(service, 1));
    let (mut first, mut second) = (service.clone(), service);

    poll::assert_ready(first.ready()).unwrap();
    let refused = Request::post("/").body(()).unwrap();
    assert_eq!(first.call(refused).await.unwrap().status(), 405);
    poll::assert_pending(second.ready());

    // The next call spends it; so would dropping the instance.
    assert_eq!(first.call(Request::new(())).await.unwrap().status(), 200);
    assert_eq!(second.ready().await.unwrap().call(Request::new(())).await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_refusal_of_head_has_no_body() {
    for context in [None, Some(Context::default())] {
        let (service, _inner) = mock::service();
        let service = context.then(refusing()).layer().layer(service);
        let request = Request::head("/").body(()).unwrap();
        let response = service.oneshot(request).await.unwrap();
        assert_eq!(response.headers()["content-type"], "application/json");
        assert!(response.into_body().collect().await.unwrap().to_bytes().is_empty());
    }
}

#[tokio::test]
async fn a_stage_changes_the_request_for_those_inside() {
    let (service, inner) = mock::service();
    inner.answer_with(|request: Request<()>| {
        let name = request.headers()["x-name"].as_bytes();
        Ok(http::Response::new(Full::new(Bytes::copy_from_slice(name))))
    });
    let names = gate_fn(|request: &mut dyn RequestHead| {
        request.headers_mut().insert("x-name", http::HeaderValue::from_static("Ada"));
        Ok(())
    });
    let response = names.layer().layer(service).oneshot(Request::new(())).await.unwrap();
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "Ada");
}

#[test]
fn a_stage_works_on_parts_as_on_a_request() {
    let (mut parts, ()) = Request::post("/").body(()).unwrap().into_parts();
    assert!(matches!(refusing().enter(&mut parts), Decision::Refuse(..)));
    assert!(matches!(Stage::enter(&Context::default(), &mut parts), Decision::Pass(_)));
    assert!(RequestHead::context(&parts).is_some());
}

/// Notes when it is dropped.
struct Dropped(&'static str, Log);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.1.note(self.0);
    }
}

/// Takes something that notes when it is given back.
struct Takes(&'static str, Log);

impl Gate for Takes {
    type Memo = Dropped;

    fn enter(&self, _: &mut dyn RequestHead) -> Result<Dropped, Problem> {
        Ok(Dropped(self.0, self.1.clone()))
    }
}

/// The work stops first; then its permits are free, from the inside out, as a response leaves.
#[tokio::test]
async fn what_is_dropped_gives_back_in_the_order_of_leaving() {
    let log = Log::default();
    let takes = |name| Takes(name, log.clone());
    let listed = [takes("a").boxed(), takes("b").boxed(), takes("c").boxed()];
    for stage in [
        takes("a").then(takes("b")).then(takes("c")).boxed(),
        takes("a").then(takes("b").then(takes("c"))).boxed(),
        listed.into_iter().collect::<StageList>().boxed(),
    ] {
        let work = log.clone();
        let service = tower::service_fn(move |_: Request<()>| {
            let work = Dropped("work", work.clone());
            async move {
                let _work = work;
                std::future::pending::<Result<http::Response<Full<Bytes>>, &str>>().await
            }
        });
        let mut future = Box::pin(stage.layer().layer(service).oneshot(Request::new(())));
        poll::assert_pending(&mut future);
        drop(future);
        assert_eq!(log.take(), ["work", "c", "b", "a"]);
    }
}
