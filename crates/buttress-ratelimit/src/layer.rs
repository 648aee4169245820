use buttress_core::stage::{Rewrap, Stage, StageLayer, Staged};
use tower_layer::Layer;

use crate::LimitStage;
use crate::store::LimitStore;

/// A stage that stands alone, put around a service as it is: the same as its `.layer()`, which can be told more.
impl<T, S: LimitStore> Layer<T> for LimitStage<S> {
    type Service = Staged<Self, T, Rewrap>;

    fn layer(&self, inner: T) -> Self::Service {
        StageLayer::layer(&Stage::layer(self.clone()), inner)
    }
}
