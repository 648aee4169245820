//! Who is done with a request is not kept for its response.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use buttress_core::Problem;
use buttress_core::stage::{
    Decision, DecisionOf, Hot, Never, RequestHead, ResponseHead, Stage, gate_fn,
};
use buttress_testkit::poll;
use http::Request;
use tower::{Layer, Service};

use super::cost::Bare;

/// Done with a request at once, or not before its response.
#[derive(Clone)]
struct Kept {
    is_done: bool,
    left: Arc<AtomicUsize>,
}

impl Stage for Kept {
    type Memo = ();
    type Wait = Never;

    fn enter(&self, _: &mut dyn RequestHead) -> DecisionOf<Self> {
        Decision::Pass(())
    }

    fn resume(&self, never: Never, _: &mut dyn RequestHead) -> DecisionOf<Self> {
        match never {}
    }

    fn leave(&self, (): (), _: &mut dyn ResponseHead) {
        self.left.fetch_add(1, Ordering::Relaxed);
    }

    fn is_done(&self, (): &()) -> bool {
        self.is_done
    }
}

/// Whether a future keeps the stage that is made with this, and how often it is left. The same for all kinds of shells.
fn kept<T: Stage>(make: impl Fn(&Arc<AtomicUsize>) -> T) -> (bool, usize) {
    let seen = [false, true].map(|catches| {
        let left = Arc::new(AtomicUsize::new(0));
        let layer = make(&left).layer();
        let layer = if catches { layer.catch_panics() } else { layer };
        let mut service = layer.layer(Bare);
        let future = service.call(Request::new(()));
        drop((layer, service));
        let is_kept = Arc::strong_count(&left) > 1;
        assert!(poll::assert_ready(Box::pin(future)).is_ok());
        assert_eq!(Arc::strong_count(&left), 1, "nobody keeps it for longer");
        (is_kept, left.load(Ordering::Relaxed))
    });
    assert_eq!(seen[0], seen[1]);
    seen[0]
}

fn stage(is_done: bool, left: &Arc<AtomicUsize>) -> Kept {
    Kept { is_done, left: left.clone() }
}

#[test]
fn a_stage_that_is_done_is_neither_kept_nor_left() {
    assert_eq!(kept(|left| stage(true, left)), (false, 0));
    assert_eq!(kept(|left| stage(false, left)), (true, 1));
}

#[test]
fn composed_stages_are_done_together() {
    assert_eq!(kept(|left| stage(true, left).then(stage(true, left))), (false, 0));
    assert_eq!(kept(|left| stage(false, left).then(stage(true, left))), (true, 2));
    assert_eq!(kept(|left| stage(true, left).then(stage(false, left))), (true, 2));
    assert_eq!(kept(|left| stage(true, left).then(None::<Kept>)), (false, 0));
    assert_eq!(kept(|left| Some(stage(false, left)).then(())), (true, 1));
    assert_eq!(kept(|left| Hot::new(stage(true, left))), (false, 0));
    assert_eq!(kept(|left| Hot::new(stage(false, left))), (true, 1));
}

#[test]
fn by_itself_no_stage_is_done() {
    let gate = |left: &Arc<AtomicUsize>| {
        let left = left.clone();
        gate_fn(move |_: &mut dyn RequestHead| {
            assert!(Arc::strong_count(&left) > 1);
            Ok::<_, Problem>(())
        })
    };
    assert_eq!(kept(gate), (true, 0));
}
