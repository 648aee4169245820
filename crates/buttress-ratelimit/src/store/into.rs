use super::LimitStore;

/// What can be told where limits are counted: every [`LimitStore`], and with the feature `redis` a handle to Redis.
#[diagnostic::on_unimplemented(
    message = "limits cannot be counted in `{Self}`",
    label = "this is no store of limits",
    note = "`Memory` and, with the feature `redis`, `Redis`, `RedisStore` and `Engine` are; `LimitStore` is for stores of your own"
)]
pub trait IntoStore {
    /// The store that it becomes.
    type Store: LimitStore;

    /// Becomes it.
    fn into_store(self) -> Self::Store;
}

impl<S: LimitStore> IntoStore for S {
    type Store = Self;

    fn into_store(self) -> Self {
        self
    }
}

/// With the defaults of [`RedisStore`](super::RedisStore).
#[cfg(feature = "redis")]
impl IntoStore for buttress_redis::Redis {
    type Store = super::RedisStore;

    fn into_store(self) -> Self::Store {
        self.into()
    }
}
