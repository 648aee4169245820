//! Counts the allocations of each case. See the program of the same kind in `buttress-benches`.

fn main() {
    buttress_benches::count_allocations(&peers::cases(), |work| {
        let counted = allocation_counter::measure(work);
        (counted.count_total, counted.bytes_total)
    });
}
