use std::sync::Arc;

use tracing::{Level, enabled, info};

use super::{Action, Record};

/// Where records go. It is called where the event happened, on the path of a request: so it waits for nothing.
///
/// ```
/// use buttress_core::audit::{Action, Audit, Event, Outcome, Record, Sink};
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use std::sync::Arc;
///
/// const LOGGED_IN: Action = Action::new("shop.logged_in");
/// const OTHER: Action = Action::new("shop.other");
///
/// /// Counts who was not let in.
/// #[derive(Default)]
/// struct Refused(AtomicU64);
///
/// impl Sink for Refused {
///     fn wants(&self, action: Action) -> bool {
///         action == LOGGED_IN
///     }
///
///     fn record(&self, record: &Record<'_>) -> bool {
///         if record.outcome() == Outcome::Refused {
///             self.0.fetch_add(1, Ordering::Relaxed);
///         }
///         true
///     }
/// }
///
/// let refused = Arc::new(Refused::default());
/// let audit = Audit::builder().sink(refused.clone()).build()?;
/// audit.record(&Event::new(LOGGED_IN, Outcome::Refused));
/// audit.record(&Event::new(OTHER, Outcome::Refused));
/// assert_eq!(refused.0.load(Ordering::Relaxed), 1);
/// # Ok::<_, buttress_core::BuildError>(())
/// ```
pub trait Sink: Send + Sync + 'static {
    /// Whether it would keep a record of this action now. If no sink would, none is made.
    fn wants(&self, action: Action) -> bool {
        let _ = action;
        true
    }

    /// Takes a record; `false` if it is lost, for the audit to count.
    #[must_use = "what is lost is counted"]
    fn record(&self, record: &Record<'_>) -> bool;
}

impl<S: Sink + ?Sized> Sink for Arc<S> {
    fn wants(&self, action: Action) -> bool {
        (**self).wants(action)
    }

    fn record(&self, record: &Record<'_>) -> bool {
        (**self).record(record)
    }
}

/// Tells `tracing`.
pub(super) struct Log;

/// Below that of all other events, so that one filter may send these elsewhere.
macro_rules! target {
    () => {
        "buttress::audit"
    };
}

impl Sink for Log {
    fn wants(&self, _: Action) -> bool {
        enabled!(target: target!(), Level::INFO)
    }

    fn record(&self, record: &Record<'_>) -> bool {
        let (action, outcome) = (record.action().name(), record.outcome().as_str());
        let actor = tracing::field::display(record.actor());
        let client = record.client().map(tracing::field::display);
        // `target` is a word of `tracing` itself.
        let (object, reason) = (record.target(), record.reason());
        let request_id = record.request_id();
        let trace_id = record.trace_id().map(tracing::field::display);
        let left_out = Some(record.left_out()).filter(|count| *count > 0);
        info!(
            target: target!(),
            action, outcome, actor, client, object, reason, request_id, trace_id, left_out, "audit"
        );
        true
    }
}
