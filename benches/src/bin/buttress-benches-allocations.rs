//! Counts the allocations of each case.
//!
//! A program of its own: naming `allocation_counter` makes it the allocator, and a counting allocator
//! would be seen in the times and instructions of every side that allocates.

fn main() {
    buttress_benches::count_allocations(&buttress_benches::cases::all(), |work| {
        let counted = allocation_counter::measure(work);
        (counted.count_total, counted.bytes_total)
    });
}
