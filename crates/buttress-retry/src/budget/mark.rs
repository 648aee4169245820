use super::Budget;
use super::terms::Purse;

impl Budget {
    /// A number that is another one as soon as what is left may have changed though nobody took anything: that of the
    /// tenth of the window, or what is left of tokens.
    #[inline]
    pub(crate) fn mark(&self) -> u64 {
        match &*self.purse {
            Purse::Ratio(ratio) => ratio.tenth(),
            Purse::Tokens(tokens) => tokens.left(),
            Purse::Unlimited => 0,
        }
    }
}
