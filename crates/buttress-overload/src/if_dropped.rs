use buttress_core::outcome::BodyKind;

/// What a call comes to whose ticket is dropped.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum IfDropped {
    /// Nobody knows: its caller went away.
    Left,
    /// A success: its head was good, and its body need not be read.
    Answered,
    /// Nothing more, as it was said how it ended.
    Settled,
}

impl IfDropped {
    /// With a head that is good, before this body. That of gRPC has the status at its end, so it has to be read.
    pub(crate) fn before(kind: BodyKind) -> Self {
        if kind == BodyKind::Grpc { Self::Left } else { Self::Answered }
    }
}
