//! Where limits are counted.

use std::fmt;

use buttress_core::engine::Step;

use crate::{Charges, Limits, Verdict};

/// Counts what is charged, and says what may pass.
///
/// The words of the domain, each a whole atomic operation.
pub trait LimitStore: Clone + fmt::Debug + Send + Sync + 'static {
    /// What a verdict may have to be waited for: [`Never`](buttress_core::stage::Never) in memory. A stage over this
    /// store has the same `Wait`.
    type Wait: Future<Output: Into<Verdict> + Send> + Send + 'static;

    /// Takes all charges, or none of them.
    fn take(&self, limits: &Limits, charges: &Charges) -> Step<Verdict, Self::Wait>;

    /// Says what [`take`](Self::take) would, and takes nothing.
    fn look(&self, limits: &Limits, charges: &Charges) -> Step<Verdict, Self::Wait>;

    /// Counts them, whether or not there is room: what was found out too late to be asked for.
    ///
    /// Nobody waits for it: a store that is not in memory does it when it can, or not at all.
    fn count(&self, limits: &Limits, charges: &Charges);

    /// Gives back what was taken: a permit that is no longer held, a request that shall not count.
    ///
    /// Nobody waits for it, as it is called by `Drop`. Never more than was taken comes back.
    fn give_back(&self, limits: &Limits, charges: &Charges);

    /// Forgets these keys: they stand as if they had never asked.
    fn forget(&self, limits: &Limits, charges: &Charges) -> Step<Verdict, Self::Wait>;
}
