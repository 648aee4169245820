use std::fmt;
use std::sync::Arc;

use crate::Charges;

/// Says what was counted, to whoever may give it back: see [`LimitStore::count_with`](super::LimitStore::count_with).
/// Dropped, it says that nobody knows, and then nothing of it is given back.
#[must_use = "what nobody says was counted is not given back"]
pub struct Receipt(Option<Arc<dyn Counted>>);

/// Who wants to know.
pub(crate) trait Counted: Send + Sync {
    /// These were counted, or nobody knows.
    fn counted(self: Arc<Self>, charges: Option<&Charges>);
}

impl Receipt {
    pub(crate) fn for_whom(counted: Arc<dyn Counted>) -> Self {
        Self(Some(counted))
    }

    /// These were counted, in the order in which they were asked for: each with the cost that was really counted, and
    /// [stamped](Charges::stamp) with how it stood then.
    ///
    /// Who is told may ask the store again at once.
    pub fn counted(mut self, charges: &Charges) {
        if let Some(whom) = self.0.take() {
            whom.counted(Some(charges));
        }
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        if let Some(whom) = self.0.take() {
            whom.counted(None);
        }
    }
}

impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receipt").finish_non_exhaustive()
    }
}
