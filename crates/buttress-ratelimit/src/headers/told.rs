use buttress_core::Key;
use buttress_core::clock::nanos;

use super::Forms;
use crate::store::Checked;
use crate::{Charge, Charges, Limit, Retry, Source, Standing, Verdict};

/// What is kept of a decision until its answer, to be told there.
#[derive(Debug)]
pub(crate) enum Told {
    Nothing,
    /// Of one policy, as nearly always: it needs no room of its own.
    One {
        policy: u8,
        remaining: u32,
        /// Nanoseconds.
        resets_in: u64,
    },
    Several(Box<Decided>),
}

/// Charges, and what was decided about them.
#[derive(Debug)]
pub(crate) struct Decided {
    pub(super) charges: Charges,
    pub(super) verdict: Verdict,
}

/// What is left of one policy, and in how many seconds there is more.
#[derive(Clone, Copy, Debug)]
pub(super) struct Left {
    pub(super) policy: u8,
    pub(super) remaining: u64,
    pub(super) seconds: u64,
    /// Whether that is when to ask again, and so is known, whatever it is that there is more of.
    pub(super) is_wait: bool,
    /// Whose it is; nothing where that is not told.
    pub(super) key: Option<Key>,
}

impl Told {
    /// Of a request that passes.
    pub(crate) fn of(forms: &Forms, charges: &Charges, verdict: &Verdict) -> Self {
        match (charges.as_slice(), verdict.standings()) {
            _ if !forms.on_success => Self::Nothing,
            ([charge], [standing]) if !forms.partition_keys && is_told(charge, standing) => {
                Self::one(charge, standing)
            }
            _ => Self::several(charges, verdict),
        }
    }

    /// The same of one charge that the store itself has taken, and that is not optional.
    #[inline]
    pub(crate) fn of_one(forms: &Forms, charge: &Charge, checked: &Checked) -> Self {
        if !forms.on_success {
            Self::Nothing
        } else if forms.partition_keys {
            Self::several(&(*charge).into(), &checked.verdict())
        } else {
            Self::one(charge, &checked.standing())
        }
    }

    pub(crate) const fn is_nothing(&self) -> bool {
        matches!(self, Self::Nothing)
    }

    #[inline]
    fn one(charge: &Charge, standing: &Standing) -> Self {
        let (remaining, resets_in) = (standing.remaining(), standing.resets_in_nanos());
        Self::One { policy: charge.policy(), remaining, resets_in }
    }

    /// Heeds what has become of a charge since it was taken: it costs so much now, or nothing, if it was given back.
    pub(crate) fn settle(&mut self, limit: &Limit, charge: &Charge, costs: u32) {
        match self {
            Self::One { policy, remaining, resets_in } if *policy == charge.policy() => {
                let standing = Standing::from_nanos(*remaining, *resets_in, charge.source());
                let standing = standing.settled(limit, charge.cost(), costs);
                (*remaining, *resets_in) = (standing.remaining(), standing.resets_in_nanos());
            }
            Self::Several(decided) => {
                let Decided { charges, verdict } = &mut **decided;
                let of = |other: &Charge| other.policy() == charge.policy();
                let at = charges.as_slice().iter().position(of);
                if let Some(standing) = at.and_then(|at| verdict.standing_mut(at)) {
                    *standing = standing.settled(limit, charge.cost(), costs);
                }
            }
            Self::Nothing | Self::One { .. } => {}
        }
    }

    #[inline(never)]
    fn several(charges: &Charges, verdict: &Verdict) -> Self {
        Self::Several(Box::new(Decided { charges: *charges, verdict: *verdict }))
    }
}

/// Each charge that may refuse and was asked about.
pub(super) fn left<'a>(
    charges: &'a Charges,
    verdict: &'a Verdict,
) -> impl Iterator<Item = Left> + Clone + 'a {
    let stands = charges.as_slice().iter().zip(verdict.standings()).enumerate();
    let told = stands.filter(|(_, (charge, standing))| is_told(charge, standing));
    told.map(|(at, (charge, standing))| {
        // `Retry-After` must not be sooner than what is said here.
        let wait = match verdict.refusal() {
            Some((refused, Retry::After(wait))) if usize::from(refused) == at => Some(nanos(wait)),
            _ => None,
        };
        Left {
            policy: charge.policy(),
            remaining: standing.remaining().into(),
            seconds: seconds(wait.unwrap_or(standing.resets_in_nanos())),
            is_wait: wait.is_some(),
            key: Some(charge.key()),
        }
    })
}

const fn is_told(charge: &Charge, standing: &Standing) -> bool {
    !charge.is_optional() && !matches!(standing.source(), Source::Unasked)
}

/// Rounded up: who waits so long is not too early.
#[inline]
pub(super) const fn seconds(nanos: u64) -> u64 {
    nanos.div_ceil(1_000_000_000)
}
