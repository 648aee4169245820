use buttress_core::stage::Stage;

/// What stands around your own stages: rate limits, or nothing.
///
/// Sealed: [`InboundBuilder::rate_limit`](crate::InboundBuilder) chooses.
pub trait Limits: sealed::Sealed {
    /// Your stages, and what stands around them.
    type Around<T: Stage>: Stage;

    #[doc(hidden)]
    fn around<T: Stage>(self, own: T) -> Self::Around<T>;
}

mod sealed {
    #[expect(unnameable_types, reason = "this is what seals `Limits`")]
    pub trait Sealed {}
}

impl sealed::Sealed for () {}

/// Nothing.
impl Limits for () {
    type Around<T: Stage> = T;

    fn around<T: Stage>(self, own: T) -> T {
        own
    }
}

#[cfg(feature = "ratelimit")]
mod rate_limits {
    use buttress_core::stage::{Guarded, Stage, Then};
    use buttress_ratelimit::store::LimitStore;
    use buttress_ratelimit::{LimitStage, RateLimit};

    use super::{Limits, sealed};

    /// Limits on both sides of what stands between: conditions, keys and costs are closures of the user, and so they
    /// are guarded as the user's own stages are.
    type Both<S, T> = Then<Then<Guarded<LimitStage<S>>, T>, Guarded<LimitStage<S>>>;

    impl<L: Limits, S: LimitStore> sealed::Sealed for (L, RateLimit<S>) {}

    /// Some limits, inside of others.
    impl<L: Limits, S: LimitStore> Limits for (L, RateLimit<S>) {
        type Around<T: Stage> = L::Around<Both<S, T>>;

        fn around<T: Stage>(self, own: T) -> Self::Around<T> {
            let (outside, limits) = self;
            let before = Guarded::new(limits.before_auth());
            let after = Guarded::new(limits.after_auth());
            outside.around(before.then(own).then(after))
        }
    }
}
