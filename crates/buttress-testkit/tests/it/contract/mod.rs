//! Good layers pass; each broken one is caught by the promise that it breaks, and by no other.

mod faulty;
mod odd;

use std::time::Duration;

use buttress_testkit::body::Frames;
use buttress_testkit::contract::{Broken, Contract, Promise};
use http::{HeaderValue, Request, StatusCode};
use http_body_util::Limited;
use tower::ServiceBuilder;
use tower::layer::util::Identity;
use tower::limit::{ConcurrencyLimitLayer, GlobalConcurrencyLimitLayer};
use tower::timeout::TimeoutLayer;
use tower::util::{BoxCloneSyncServiceLayer, MapRequestLayer, MapResponseLayer};

use self::faulty::{Fault, FaultyLayer};

#[tokio::test(start_paused = true)]
async fn layers_that_change_nothing_pass() {
    Contract::new(Identity::new).check().await;
    Contract::new(|| MapRequestLayer::new(|request: Request<Frames>| request)).check().await;
    Contract::new(|| FaultyLayer(Fault::None)).check().await;
}

/// Its error type is a box: the inner error is in there, unchanged.
#[tokio::test(start_paused = true)]
async fn towers_timeout_passes() {
    Contract::new(|| TimeoutLayer::new(Duration::from_secs(60))).check().await;
}

/// A permit is state that a leak would show in.
#[tokio::test(start_paused = true)]
async fn towers_concurrency_limit_passes() {
    Contract::new(|| ConcurrencyLimitLayer::new(4)).concurrency(4).check().await;
    Contract::new(|| GlobalConcurrencyLimitLayer::new(4)).concurrency(4).check().await;
}

#[tokio::test(start_paused = true)]
async fn a_layer_that_waits_in_its_future_passes() {
    Contract::new(|| FaultyLayer(Fault::NoneAfterWait)).check().await;
}

#[tokio::test(start_paused = true)]
async fn a_layer_may_wrap_bodies() {
    let limit = |request: Request<Frames>| request.map(|body| Limited::new(body, 1024));
    Contract::new(move || MapRequestLayer::new(limit)).inner_body().check().await;
}

#[tokio::test(start_paused = true)]
async fn a_boxed_stack_passes() {
    Contract::new(|| {
        BoxCloneSyncServiceLayer::new(
            ServiceBuilder::new().layer(Identity::new()).map_request(|r: Request<Frames>| r),
        )
    })
    .check()
    .await;
}

/// A layer that lets in only what carries a name is examined with requests that do.
#[tokio::test(start_paused = true)]
async fn requests_are_the_tests_choice() {
    let named = || Request::get("/").header("x-name", "Ada").body(()).unwrap();
    let layer = || {
        MapRequestLayer::new(|request: Request<Frames>| {
            assert_eq!(request.headers().get("x-name"), Some(&HeaderValue::from_static("Ada")));
            request
        })
    };
    Contract::new(layer).request(named).check().await;
}

/// Refusing is right; calling first, reading the body, or keeping the instance for ever is not.
#[tokio::test(start_paused = true)]
async fn refusals_leave_no_trace() {
    let nameless = || Request::get("/nameless").body(()).unwrap();
    Contract::new(|| FaultyLayer(Fault::Refuses)).refuses(nameless).check().await;

    let faults = [
        (Fault::None, "the inner service was called"),
        (Fault::RefusesAfterReading, "the body was read"),
        (Fault::RefusesAndKeeps, "2 reserved and 0 in flight are not given back"),
    ];
    for (fault, seen) in faults {
        let broken = Contract::new(move || FaultyLayer(fault)).refuses(nameless).broken().await;
        assert_eq!(broken.len(), 1, "{broken:#?}");
        assert_eq!((broken[0].promise(), broken[0].seen()), (Promise::Refusals, seen));
    }
}

#[tokio::test(start_paused = true)]
async fn caught_panics_pass_if_the_layer_says_so() {
    Contract::new(|| FaultyLayer(Fault::CatchesPanics)).catches_panics().check().await;

    let broken = Contract::new(Identity::new).catches_panics().broken().await;
    assert_eq!(broken[0].promise(), Promise::Panics);
    assert_eq!(broken[0].seen(), "a panic in `call` propagated");
}

#[tokio::test(start_paused = true)]
async fn an_exception_is_not_examined() {
    let layer = || FaultyLayer(Fault::SwallowsErrors);
    Contract::new(layer).except(Promise::Errors).check().await;
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "the contract is broken: errors of the inner service pass unchanged: \
                           the error became a response with status 500 Internal Server Error")]
async fn says_which_promise_and_what_was_seen() {
    Contract::new(|| FaultyLayer(Fault::SwallowsErrors)).check().await;
}

#[tokio::test(start_paused = true)]
async fn a_changed_status_is_seen() {
    let teapot = |mut response: http::Response<Frames>| {
        *response.status_mut() = StatusCode::IM_A_TEAPOT;
        response
    };
    let broken = Contract::new(move || MapResponseLayer::new(teapot)).broken().await;
    assert_eq!(broken[0].promise(), Promise::ReadyInstance);
}

#[tokio::test(start_paused = true)]
async fn every_fault_of_a_body_is_named() {
    let cases = [
        (Fault::BuffersResponses, "the response never came"),
        (Fault::DropsTrailers, "the trailers became None"),
        (Fault::HidesTheSize, "the size hint is vague, not exactly 6"),
        (Fault::HidesTheEnd, "it does not say that it has ended"),
        (Fault::ReadsTheFirstFrame, "polled 1 times before anybody read it"),
        (Fault::ReadsOneFrameAhead, "polled 2 times for one frame"),
        (Fault::LosesTheReader, "the reader is not woken by the next frame"),
        (Fault::KeepsTheBody, "the inner body outlives the outer"),
        (Fault::ReplacesBodyErrors, "the error of the inner body became `sorry`"),
    ];
    for (fault, seen) in cases {
        let broken = Contract::new(move || FaultyLayer(fault)).broken().await;
        assert_eq!(broken.len(), 1, "{fault:?} is said to break {broken:#?}");
        assert_eq!((broken[0].promise(), broken[0].seen()), (Promise::ResponseBody, seen));
    }
}

#[tokio::test(start_paused = true)]
async fn a_breach_counts_even_if_the_layer_hides_it() {
    let broken = Contract::new(|| FaultyLayer(Fault::HidesABreach)).broken().await;
    let broken = broken.iter().find(|broken| broken.promise() == Promise::Concurrency).unwrap();
    assert_eq!(broken.seen(), "an instance that was not ready was called, 16 times");
}

/// Each with the promises that it breaks, and no others.
#[tokio::test(start_paused = true)]
async fn every_fault_is_caught_by_the_promise_it_breaks() {
    use Promise::{
        Clones, Concurrency, DroppedFutures, Errors, Panics, Readiness, ReadinessErrors,
        ReadyInstance, RequestBody, ResponseBody, UnusedReadiness,
    };
    let cases: [(Fault, &[Promise]); 16] = [
        (Fault::None, &[]),
        (Fault::AlwaysReady, &[Readiness, ReadinessErrors, Clones]),
        (Fault::LosesTheWaker, &[Readiness]),
        (Fault::SwallowsReadinessErrors, &[ReadinessErrors]),
        (Fault::KeepsUnusedReadiness, &[UnusedReadiness, Clones]),
        (
            Fault::CallsAClone,
            &[
                ReadyInstance,
                Clones,
                DroppedFutures,
                Errors,
                Panics,
                Concurrency,
                RequestBody,
                ResponseBody,
                UnusedReadiness,
            ],
        ),
        (
            Fault::ReadiesAClone,
            &[
                ReadyInstance,
                DroppedFutures,
                Errors,
                Panics,
                Concurrency,
                ResponseBody,
                UnusedReadiness,
                Clones,
            ],
        ),
        (Fault::ClonesReadiness, &[Clones]),
        (Fault::LeaksWhenDropped, &[DroppedFutures]),
        (Fault::LeaksUnpolled, &[DroppedFutures]),
        (Fault::SwallowsErrors, &[Errors]),
        (Fault::CatchesPanics, &[Panics]),
        (Fault::KeepsWhatPanicked, &[Panics]),
        (Fault::MixesAnswers, &[Concurrency]),
        (Fault::BuffersRequests, &[RequestBody]),
        (Fault::HoldsBoth, &[ReadyInstance]),
    ];
    for (fault, expected) in cases {
        let broken = Contract::new(move || FaultyLayer(fault)).broken().await;
        let promises: Vec<_> = broken.iter().map(Broken::promise).collect();
        let missed = expected.iter().any(|promise| !promises.contains(promise));
        let surplus = promises.iter().any(|promise| !expected.contains(promise));
        assert!(!missed && !surplus, "{fault:?} is said to break {broken:#?}");
    }
}
