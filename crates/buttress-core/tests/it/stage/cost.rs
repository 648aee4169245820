//! What the shell costs, exactly: allocations and room.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context as Cx, Poll};

use buttress_core::stage::{Gate, RequestHead, ResponseFuture, Rewrap, Stage, Then, gate_fn};
use buttress_core::{Code, Context, Problem};
use buttress_testkit::{allocations, poll};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tower::{Layer, Service};

use super::Waits;

/// Answers at once, without an allocation.
#[derive(Clone)]
struct Bare;

impl Service<Request<()>> for Bare {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Cx<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        ready(Ok(Response::new(Full::new(Bytes::from_static(b"hello")))))
    }
}

struct Idle;

impl Gate for Idle {
    type Memo = ();

    fn enter(&self, _: &mut dyn RequestHead) -> Result<(), Problem> {
        Ok(())
    }
}

fn allocations_of<T: Stage>(stage: T) -> u64 {
    let mut service = stage.layer().layer(Bare);
    let request = || {
        let mut request = Request::new(());
        // The first tables of extensions and headers are the server's.
        request.extensions_mut().insert(7_u8);
        request
    };
    // The first request pays for what a thread keeps.
    drop(poll::assert_ready(Box::pin(service.call(request()))));

    let request = request();
    let (response, count) =
        allocations::of(|| poll::assert_ready(std::pin::pin!(service.call(request))));
    assert!(response.is_ok());
    count.allocations()
}

#[test]
fn passing_allocates_nothing() {
    assert_eq!(allocations_of(()), 0);
    assert_eq!(allocations_of(Idle), 0);
    assert_eq!(allocations_of(Idle.then(Idle).then(Some(Idle)).then(None::<Waits>).then(Idle)), 0);
    assert_eq!(allocations_of(buttress_core::stage::Hot::new(Idle)), 0);
}

#[test]
fn the_context_allocates_twice() {
    // And the two tables of the response's headers, of which there were none.
    assert_eq!(allocations_of(Context::default()), 2 + 2);
}

#[test]
fn a_refusing_response_allocates_eight_times_at_most() {
    let refuse = || gate_fn(|_: &mut dyn RequestHead| Err(Problem::new(Code::FORBIDDEN)));
    assert!(allocations_of(refuse()) <= 8);
    let patient = gate_fn(|_: &mut dyn RequestHead| {
        Err(Problem::new(Code::RATE_LIMITED).with_retry_after(std::time::Duration::from_secs(7)))
    });
    assert!(allocations_of(patient) <= 8);
}

type FutureOf<T> = ResponseFuture<T, Bare, (), Rewrap>;

#[test]
fn a_stage_that_never_waits_has_no_room_for_a_wait() {
    let inner = size_of::<<Bare as Service<Request<()>>>::Future>();
    // The stage it leaves through, the memo, the state and the setting.
    assert!(size_of::<FutureOf<Idle>>() <= inner + 40, "{}", size_of::<FutureOf<Idle>>());
    assert_eq!(
        size_of::<FutureOf<Then<Then<Idle, Idle>, Then<Idle, Idle>>>>(),
        size_of::<FutureOf<Idle>>()
    );

    assert!(size_of::<FutureOf<Then<Idle, Waits>>>() <= size_of::<FutureOf<Idle>>() + 16);
}

#[test]
fn problems_and_decisions_are_small() {
    assert_eq!(size_of::<Option<Problem>>(), size_of::<usize>());
    assert!(size_of::<buttress_core::stage::DecisionOf<Idle>>() <= 16);
}

#[test]
fn a_stage_without_state_is_not_counted_and_takes_no_memory() {
    let (layer, count) = allocations::of(|| Idle.layer());
    assert_eq!(count.allocations(), 0);
    drop(layer);
}

#[test]
fn a_stage_without_state_is_dropped_if_that_means_something() {
    static DROPPED: AtomicUsize = AtomicUsize::new(0);

    struct Farewell;

    impl Gate for Farewell {
        type Memo = ();

        fn enter(&self, _: &mut dyn RequestHead) -> Result<(), Problem> {
            Ok(())
        }
    }

    impl Drop for Farewell {
        fn drop(&mut self) {
            DROPPED.fetch_add(1, Ordering::Relaxed);
        }
    }

    let layer = Farewell.layer();
    drop(layer.clone());
    assert_eq!(DROPPED.load(Ordering::Relaxed), 0);
    drop(layer);
    assert_eq!(DROPPED.load(Ordering::Relaxed), 1);
}
