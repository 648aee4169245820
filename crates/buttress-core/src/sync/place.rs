//! Which stripe a thread uses.

#[cfg(buttress_loom)]
pub use self::modelled::deal_stripes_by;
#[cfg(buttress_loom)]
pub(super) use self::modelled::place;

#[cfg(not(buttress_loom))]
pub(super) use self::dealt::place;

#[cfg(not(buttress_loom))]
mod dealt {
    use std::cell::Cell;
    use std::sync::atomic::{AtomicUsize, Ordering};

    const NONE_YET: usize = usize::MAX;

    thread_local! {
        static PLACE: Cell<usize> = const { Cell::new(NONE_YET) };
    }

    /// The number of this thread, of which the lower bits count.
    #[inline]
    pub(crate) fn place() -> usize {
        // It has no destructor, so it is there as long as its thread.
        let place = PLACE.try_with(Cell::get).unwrap_or_default();
        if place == NONE_YET { deal() } else { place }
    }

    #[cold]
    fn deal() -> usize {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let place = NEXT.fetch_add(1, Ordering::Relaxed) % NONE_YET;
        let _ = PLACE.try_with(|mine| mine.set(place));
        place
    }
}

/// In a model all threads are one to the system. Whoever runs the model knows them apart.
#[cfg(buttress_loom)]
mod modelled {
    use std::sync::OnceLock;

    static PLACE: OnceLock<fn() -> usize> = OnceLock::new();

    /// Sets how a model tells its threads apart. Nobody else has any use for it.
    #[doc(hidden)]
    pub fn deal_stripes_by(place: fn() -> usize) {
        let _ = PLACE.set(place);
    }

    pub(crate) fn place() -> usize {
        PLACE.get().map_or(0, |place| place())
    }
}
