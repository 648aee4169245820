use std::borrow::Cow;

use buttress_core::stage::RequestHead;

use crate::when::Condition;

/// One condition of the deny list, and what the audit is told of it.
pub(crate) struct Denial {
    condition: Condition,
    place: Box<str>,
    says: Box<str>,
}

/// A list of ten thousand networks is not written down for each request that it denies.
const LONGEST: usize = 200;

impl Denial {
    /// The one that stands at this place of the list.
    pub(crate) fn new(at: usize, condition: Condition) -> Self {
        let says: String = format!("{condition:?}").chars().take(LONGEST).collect();
        Self { condition, place: format!("deny[{at}]").into(), says: says.into() }
    }

    pub(crate) fn may_hold(&self, request: &dyn RequestHead) -> bool {
        self.condition.may_hold(request)
    }

    pub(crate) fn holds(&self, request: &dyn RequestHead) -> bool {
        self.condition.holds(request)
    }

    /// Where it stands.
    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    /// What it says, and whether that could be known of the request.
    pub(crate) fn why(&self, is_certain: bool) -> Cow<'_, str> {
        if is_certain {
            return Cow::Borrowed(&self.says);
        }
        Cow::Owned(format!("{}: it cannot be known", self.says))
    }
}
