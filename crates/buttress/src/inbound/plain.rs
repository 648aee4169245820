//! The wall around the service itself.

use buttress_core::stage::{self, Keep, Rewrap, Stage, StageLayer, Staged};
use tower_layer::Layer;

use super::parts::Stages;

pub(super) type Wall<T, S, M> = Staged<Stages<T>, S, M>;
pub(super) type WallFuture<T, S, B, M> = stage::ResponseFuture<Stages<T>, S, B, M>;

pub(super) struct Layers<T: 'static, M = Rewrap> {
    stages: StageLayer<Stages<T>, M>,
}

impl<T: Stage> Layers<T> {
    pub(super) fn new(stages: StageLayer<Stages<T>>) -> Self {
        Self { stages }
    }

    pub(super) fn keep_body(self) -> Layers<T, Keep> {
        Layers { stages: self.stages.keep_body() }
    }
}

impl<T, M> Layers<T, M> {
    pub(super) fn leak(self) -> Self {
        Self { stages: self.stages.leak() }
    }

    pub(super) fn around<S>(&self, service: S) -> Wall<T, S, M>
    where
        T: Stage,
    {
        self.stages.layer(service)
    }
}

impl<T, M> Clone for Layers<T, M> {
    fn clone(&self) -> Self {
        Self { stages: self.stages.clone() }
    }
}
