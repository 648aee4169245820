//! The wall with an envelope around the service. The envelope decides on the body, which the stages keep.

use buttress_core::stage::{self, Keep, Rewrap, Stage, StageLayer, Staged};
use buttress_core::{BuildError, ContextBuilder, Faults};
use buttress_error_envelope::{
    ErrorEnvelope, ErrorEnvelopeBuilder, ErrorEnvelopeLayer, ErrorEnvelopeSettings, Negotiation,
    NegotiationSettings,
};
use tower_layer::Layer;

use super::parts::Stages;

pub(super) type Wall<T, S, M> = Staged<Stages<T>, ErrorEnvelope<S, M>, Keep>;
pub(super) type WallFuture<T, S, B, M> =
    stage::ResponseFuture<Stages<T>, ErrorEnvelope<S, M>, B, Keep>;

/// What was said about errors so far.
#[derive(Default)]
pub(super) struct Errors {
    pub(super) envelope: Option<ErrorEnvelopeBuilder>,
    pub(super) formats: Option<Result<Negotiation, BuildError>>,
}

impl Errors {
    pub(super) fn new(
        envelope: Option<ErrorEnvelopeSettings>,
        formats: Option<NegotiationSettings>,
    ) -> Self {
        Self {
            envelope: envelope.map(ErrorEnvelopeBuilder::from),
            formats: formats.map(NegotiationSettings::build),
        }
    }

    /// The envelope, and the context that chooses its formats.
    pub(super) fn built(
        self,
        context: ContextBuilder,
        faults: &mut Faults,
    ) -> (ContextBuilder, ErrorEnvelopeLayer) {
        let formats = match self.formats {
            Some(formats) => faults.within("error_formats", formats),
            None => self.envelope.is_some().then(Negotiation::default),
        };
        let context = match formats {
            Some(offer) => context.answers(|answers| answers.format(offer.chooser())),
            None => context,
        };
        let off = || ErrorEnvelopeLayer::builder().enabled(false);
        // The context stands outside, so no request has to be asked for it.
        let envelope = self.envelope.unwrap_or_else(off).within_context().build();
        (context, faults.within("error_envelope", envelope).unwrap_or_default())
    }
}

pub(super) struct Layers<T: 'static, M = Rewrap> {
    stages: StageLayer<Stages<T>, Keep>,
    envelope: ErrorEnvelopeLayer<M>,
}

impl<T: Stage> Layers<T> {
    pub(super) fn new(stages: StageLayer<Stages<T>>, envelope: ErrorEnvelopeLayer) -> Self {
        Self { stages: stages.keep_body(), envelope }
    }

    pub(super) fn keep_body(self) -> Layers<T, Keep> {
        Layers { stages: self.stages, envelope: self.envelope.keep_body() }
    }
}

impl<T, M> Layers<T, M> {
    pub(super) fn leak(self) -> Self {
        Self { stages: self.stages.leak(), envelope: self.envelope.leak() }
    }

    pub(super) fn around<S>(&self, service: S) -> Wall<T, S, M>
    where
        T: Stage,
    {
        self.stages.layer(self.envelope.layer(service))
    }
}

impl<T, M> Clone for Layers<T, M> {
    fn clone(&self) -> Self {
        Self { stages: self.stages.clone(), envelope: self.envelope.clone() }
    }
}
