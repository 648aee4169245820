use std::panic::catch_unwind;
use std::sync::Barrier;
use std::thread;

use buttress_testkit::allocations::{self, assert_at_most, assert_exactly, uncounted};

#[test]
fn growing_counts_as_one_more() {
    let (bytes, count) = allocations::of(|| {
        let mut bytes: Vec<u8> = Vec::with_capacity(4);
        bytes.extend_from_slice(&[0; 4]);
        bytes.reserve_exact(4);
        bytes
    });
    assert_eq!(bytes.capacity(), 8);
    assert_eq!((count.allocations(), count.bytes()), (2, 12));
    assert_eq!((count.kept(), count.kept_bytes()), (1, 8));
    assert_eq!(count.peak_bytes(), 12);
}

#[test]
fn only_this_thread_is_counted() {
    let barrier = &Barrier::new(2);
    thread::scope(|scope| {
        scope.spawn(|| {
            barrier.wait();
            drop(std::hint::black_box(vec![0_u8; 64]));
            barrier.wait();
        });
        assert_exactly(0, || [barrier.wait(), barrier.wait()]);
    });
}

#[test]
fn a_panic_does_not_disturb_the_counter() {
    for _ in 0..100 {
        catch_unwind(|| allocations::of(|| panic!("inside"))).unwrap_err();
        catch_unwind(|| uncounted(|| panic!("inside"))).unwrap_err();
    }
    assert_exactly(1, || Box::new(7));
}

#[test]
fn nested_counts_add_up() {
    let (inner, outer) = allocations::of(|| {
        let _mine = std::hint::black_box(Box::new(1));
        allocations::of(|| drop(std::hint::black_box(Box::new(2)))).1
    });
    assert_eq!((inner.allocations(), outer.allocations()), (1, 2));
}

#[test]
#[should_panic(expected = "at most 1 allocations were promised, 2 (2 bytes) were made")]
fn says_what_was_promised_and_what_was_made() {
    assert_at_most(1, || [Box::new(1_u8), Box::new(2_u8)]);
}
