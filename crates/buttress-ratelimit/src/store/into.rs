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

/// In whose place another store is said to a builder: it takes all of it, but for a
/// [timer](crate::RateLimitBuilder::timer), which stays around the new one. So it does not matter which of them is said
/// first.
pub trait Replaced {
    /// What it is then.
    type By<T: LimitStore>: LimitStore;

    /// Becomes it.
    fn replaced_by<T: LimitStore>(self, store: T) -> Self::By<T>;
}

macro_rules! replaced_whole {
    ($($store:ty),*) => {
        $(impl Replaced for $store {
            type By<T: LimitStore> = T;

            fn replaced_by<T: LimitStore>(self, store: T) -> T {
                store
            }
        })*
    };
}

replaced_whole!(super::Memory);
#[cfg(feature = "redis")]
replaced_whole!(super::RedisStore, super::Engine);
