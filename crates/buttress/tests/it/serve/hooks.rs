//! What runs at the end: in order, bounded, and shorter for who asks again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use buttress::serve::Phase;
use buttress::sync::Lock;
use buttress_testkit::paused::pass;

use super::rig::{Rig, seconds, server};

#[tokio::test(start_paused = true)]
async fn hooks_run_in_order_and_none_holds_the_others_up() {
    let said = Arc::new(Lock::new(Vec::new()));
    let say = |word: &'static str| {
        let said = said.clone();
        move || said.lock().push(word)
    };
    let (one, two, three) = (say("one"), say("two"), say("three"));
    let mut rig = Rig::of(
        server()
            .on_drain(|| panic!("a callback panicked"))
            .on_drain(say("drain"))
            .hook("first", || async move { one() })
            .hook("hangs", std::future::pending)
            .hook("panics", || async { panic!("a hook panicked") })
            .hook("second", || async move { two() })
            .hook_timeout(seconds(3))
            .hook("telemetry", || async move { three() }),
    );
    rig.shutdown.begin();
    rig.shutdown.draining().await;
    tokio::task::yield_now().await;
    assert_eq!(*said.lock(), ["drain"]);
    let report = rig.report().await;
    assert_eq!(*said.lock(), ["drain", "one", "two", "three"]);
    assert_eq!((report.broken_hooks(), report.shutdown().as_secs()), (2, 8));
    assert!(!report.is_clean());
}

/// One at a time: the next may be the one that matters.
#[tokio::test(start_paused = true)]
async fn asked_once_more_the_hook_that_runs_is_cut_short() {
    let flushed = Arc::new(AtomicBool::new(false));
    let flush = flushed.clone();
    let mut rig = Rig::of(
        server()
            .lead_time(Duration::ZERO)
            .hook("hangs", std::future::pending)
            .hook("hangs, too", std::future::pending)
            .hook("telemetry", || async move { flush.store(true, SeqCst) })
            .hook_timeout(seconds(60)),
    );
    rig.shutdown.begin();
    pass(seconds(3)).await;
    assert_eq!(rig.shutdown.phase(), Phase::Ended);
    rig.shutdown.begin();
    pass(seconds(2)).await;
    assert!(!flushed.load(SeqCst));
    rig.shutdown.begin();
    let report = rig.report().await;
    assert_eq!((report.broken_hooks(), report.shutdown().as_secs()), (2, 5));
    assert!(flushed.load(SeqCst));
}

/// Who asked before any hook ran has shortened what came before, and no hook.
#[tokio::test(start_paused = true)]
async fn what_was_asked_before_the_hooks_cuts_none_of_them_short() {
    let flushed = Arc::new(AtomicBool::new(false));
    let flush = flushed.clone();
    let mut rig = Rig::of(server().lead_time(Duration::ZERO).hook("telemetry", || async move {
        pass(seconds(1)).await;
        flush.store(true, SeqCst);
    }));
    pass(seconds(1)).await;
    rig.shutdown.begin();
    rig.shutdown.begin();
    let report = rig.report().await;
    assert_eq!((report.broken_hooks(), report.shutdown().as_secs()), (0, 1));
    assert!(flushed.load(SeqCst));
}
