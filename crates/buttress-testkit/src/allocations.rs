//! How often the heap was asked, exactly.
//!
//! A program that links this crate has its global allocator replaced by one that counts. Counts belong
//! to the thread: what other threads do meanwhile does not show. Growing what is on the heap (a `Vec`
//! that is full) counts as one more allocation, of the new size.
//!
//! Some things allocate the first time only: thread locals, caches, the tables of a first map. Run the
//! code once before you measure what it costs ever after. [`mock`](crate::mock) allocates on every
//! call: measure a layer around a plain service function.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use allocation_counter::AllocationInfo;

/// What one measured run asked of the heap. Made by [`of`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Count {
    info: AllocationInfo,
}

impl Count {
    /// How many allocations there were, growing included.
    #[must_use]
    pub fn allocations(&self) -> u64 {
        self.info.count_total
    }

    /// How many bytes were asked for in all.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.info.bytes_total
    }

    /// How many bytes were held at the worst moment, of those asked for in this run.
    #[must_use]
    pub fn peak_bytes(&self) -> u64 {
        self.info.bytes_max
    }

    /// How many more allocations lived after the run than before; what it returned counts.
    #[must_use]
    pub fn kept(&self) -> i64 {
        self.info.count_current
    }

    /// How many more bytes were held after the run than before; what it returned counts.
    #[must_use]
    pub fn kept_bytes(&self) -> i64 {
        self.info.bytes_current
    }
}

/// Runs and counts.
///
/// ```
/// use buttress_testkit::allocations;
///
/// let (name, count) = allocations::of(|| String::from("Ada"));
/// assert_eq!((count.allocations(), count.bytes(), count.kept()), (1, 3, 1));
///
/// let ((), count) = allocations::of(|| drop(name));
/// assert_eq!((count.allocations(), count.kept()), (0, -1));
/// ```
pub fn of<T>(run: impl FnOnce() -> T) -> (T, Count) {
    let mut outcome = None;
    // Caught, because a panic that passes the counter leaves it nested for the rest of the thread.
    let info = allocation_counter::measure(|| {
        outcome = Some(catch_unwind(AssertUnwindSafe(run)));
    });
    match outcome.expect("`measure` runs what it is given") {
        Ok(value) => (value, Count { info }),
        Err(panic) => resume_unwind(panic),
    }
}

/// Runs code inside a measured run that shall not count, such as making a request.
///
/// ```
/// use buttress_testkit::allocations;
///
/// let (length, count) = allocations::of(|| allocations::uncounted(|| String::from("Ada")).len());
/// assert_eq!((length, count.allocations()), (3, 0));
/// ```
pub fn uncounted<T>(run: impl FnOnce() -> T) -> T {
    let mut outcome = None;
    // Caught, because a panic that passes `opt_out` would switch the counting off for good.
    allocation_counter::opt_out(|| outcome = Some(catch_unwind(AssertUnwindSafe(run))));
    match outcome.expect("`opt_out` runs what it is given") {
        Ok(value) => value,
        Err(panic) => resume_unwind(panic),
    }
}

/// Runs, and panics if that took more than `most` allocations.
///
/// ```
/// use buttress_testkit::allocations;
///
/// let name = allocations::assert_at_most(1, || String::from("Ada"));
/// assert_eq!(name, "Ada");
/// ```
#[track_caller]
pub fn assert_at_most<T>(most: u64, run: impl FnOnce() -> T) -> T {
    let (value, count) = of(run);
    let (seen, bytes) = (count.allocations(), count.bytes());
    assert!(
        seen <= most,
        "at most {most} allocations were promised, {seen} ({bytes} bytes) were made"
    );
    value
}

/// Runs, and panics if that took another number of allocations than `count`.
///
/// An exact promise also notices that the code became cheaper than its documentation says.
///
/// ```should_panic
/// buttress_testkit::allocations::assert_exactly(2, || Box::new(7));
/// ```
#[track_caller]
pub fn assert_exactly<T>(count: u64, run: impl FnOnce() -> T) -> T {
    let (value, seen) = of(run);
    let (seen, bytes) = (seen.allocations(), seen.bytes());
    assert!(seen == count, "{count} allocations were promised, {seen} ({bytes} bytes) were made");
    value
}
