use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use buttress_core::clock::{Clock, Moment, TokioClock};
use buttress_core::key::{Key, KeySeed, Keyer};
use buttress_core::metrics::Metrics;

use crate::cluster::Redirected;
use crate::command::with_source;
use crate::in_flight::InFlight;
use crate::layout::Layout;
use crate::link::{Failed, Link};
use crate::meters::Meters;
use crate::node::PATIENCE;
use crate::said::Said;
use crate::settings::Checked;
use crate::way::Way;
use crate::{Call, Ending, ErrorKind, RedisBuilder, RedisError, RedisSettings, Reply, Script, Tag};

/// The one way to Redis. Clones are the same.
///
/// It connects by itself, in the background, and again when a connection is lost: so a service may start while Redis
/// is down. A call never waits for a connection. If there is none, it fails at once.
#[derive(Clone)]
pub struct Redis {
    shared: Arc<Shared>,
}

struct Shared {
    settings: Arc<Checked>,
    in_flight: InFlight,
    meters: Arc<Meters>,
    clock: TokioClock,
    layout: OnceLock<Layout>,
    /// Who this process is.
    process: Key,
    /// What the fleet makes its keys with, once it was asked for.
    seed: OnceLock<KeySeed>,
    is_seed_refused: AtomicBool,
}

impl Redis {
    /// Begins with a URL; see [`RedisSettings::url`].
    pub fn builder(url: impl Into<String>) -> RedisBuilder {
        RedisSettings::from(url.into()).into()
    }

    pub(crate) fn new(settings: Checked, metrics: &Metrics) -> Self {
        let shared = Shared {
            in_flight: InFlight::new(settings.in_flight, Meters::in_flight(metrics)),
            meters: Arc::new(Meters::new(metrics)),
            clock: TokioClock::new(),
            layout: OnceLock::new(),
            process: Keyer::random().writer().key(),
            seed: OnceLock::new(),
            is_seed_refused: AtomicBool::new(false),
            settings: Arc::new(settings),
        };
        Self { shared: Arc::new(shared) }
    }

    pub(crate) fn seed_of_keys(&self) -> &OnceLock<KeySeed> {
        &self.shared.seed
    }

    pub(crate) fn refuse_seed(&self, is_refused: bool) {
        self.shared.is_seed_refused.store(is_refused, Ordering::Relaxed);
    }

    pub(crate) fn was_seed_refused(&self) -> bool {
        self.shared.is_seed_refused.load(Ordering::Relaxed)
    }

    /// Who this process is, among those that share a server: drawn at random when the handle was made, and the same for
    /// all its clones. So whatever says there that it is there, it counts once.
    #[must_use]
    pub fn process(&self) -> Key {
        self.shared.process
    }

    /// Prepares a call of `script` about `tag`.
    pub fn run<'a>(&'a self, script: &'a Script, tag: impl Into<Tag>) -> Call<'a> {
        Call::new(self, script, tag.into())
    }

    /// The same with a key for each of these endings, where only the caller knows how many there are. The script has
    /// none of its own then.
    pub fn run_for<'a, 'e>(
        &'a self,
        script: &'a Script,
        tag: impl Into<Tag>,
        endings: impl ExactSizeIterator<Item = Ending<'e>>,
    ) -> Call<'a> {
        Call::with(self, script, tag.into(), endings)
    }

    /// Waits until there is a connection, in a cluster one to each primary: for a service that wants to begin with
    /// it.
    ///
    /// # Errors
    ///
    /// Fails if there is none within two seconds, or twice the time to connect if that is longer, and says what the
    /// last attempt ended with. It is still tried then.
    pub async fn connected(&self) -> Result<(), RedisError> {
        let layout = self.layout()?;
        let patience = PATIENCE.max(self.shared.settings.connect_timeout * 2);
        match tokio::time::timeout(patience, layout.connected()).await {
            Ok(()) => Ok(()),
            Err(_) => Err(layout.why_not()),
        }
    }

    /// Whether there is a connection now, in a cluster to any primary: if not, a call would fail at once.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.layout().is_ok_and(|layout| layout.any().is_some())
    }

    pub(crate) fn prefix(&self) -> &str {
        &self.shared.settings.prefix
    }

    pub(crate) fn settings(&self) -> &Arc<Checked> {
        &self.shared.settings
    }

    pub(crate) fn meters(&self) -> &Arc<Meters> {
        &self.shared.meters
    }

    pub(crate) fn response_timeout(&self) -> Duration {
        self.shared.settings.response_timeout
    }

    /// The servers; the tasks that connect to them begin with the first who asks within a runtime.
    pub(crate) fn layout(&self) -> Result<&Layout, RedisError> {
        if let Some(layout) = self.shared.layout.get() {
            return Ok(layout);
        }
        if tokio::runtime::Handle::try_current().is_err() {
            return Err(RedisError::new(ErrorKind::Unreachable, "there is no tokio runtime"));
        }
        let Shared { settings, meters, .. } = &*self.shared;
        Ok(self.shared.layout.get_or_init(|| Layout::start(settings, meters)))
    }

    /// The way for connections beside the shared ones.
    pub(crate) fn way(&self) -> Result<Way, RedisError> {
        Ok(self.layout()?.way(&self.shared.settings.location))
    }

    pub(crate) async fn send(&self, call: &Call<'_>) -> Result<Reply, RedisError> {
        let Shared { in_flight, meters, clock, .. } = &*self.shared;
        let began = clock.now();
        let answer = match in_flight.enter() {
            Some(_place) => self.attempts(call, began + call.within).await,
            None => Err(RedisError::new(ErrorKind::Overloaded, "")),
        };
        match &answer {
            Ok(_) => meters.calls.with([call.script.name()]).record_duration(clock.now() - began),
            Err(error) => meters.failed(error.kind()),
        }
        answer
    }

    /// Asks, and once more with the source if the server does not have the script.
    async fn attempts(&self, call: &Call<'_>, ends: Moment) -> Result<Reply, RedisError> {
        let Call { script, tag, command, within, late, .. } = call;
        let (tag, within, late) = (*tag, *within, late.as_ref());
        if !tag.is_plain() {
            return Err(RedisError::new(ErrorKind::Refused, "a tag is a word without `{` and `}`"));
        }
        let link = self.link(tag)?;
        let mut asked = if script.is_joined() {
            link.ask_joined(command, tag, within, late).await
        } else {
            link.ask_or_late(command, within, late).await
        };
        if let Err(Failed::Said { said: Said::NoScript, .. }) = &asked {
            // It did not run, so this is not a second time. The source goes along, which loads and runs it at once.
            let whole = with_source(script, command);
            asked = link.ask_or_late(&whole, ends - self.shared.clock.now(), late).await;
        }
        if let Err(Failed::Said { said: Said::NotPrimary, .. }) = &asked {
            link.condemn();
        }
        if let Layout::Cluster(cluster) = self.layout()? {
            cluster.note(script);
            if let Err(Failed::Said { said, .. }) = &asked
                && said.is_elsewhere()
            {
                let place = tag.choose(self.shared.settings.connections);
                let slot = tag.slot();
                let call = Redirected { script, command, slot, place, ends, late };
                // Boxed, so that calls that go straight have no room for it.
                asked = Box::pin(cluster.follow(call, asked)).await;
            }
        }
        match asked {
            Ok(value) => Ok(Reply::new(value)),
            Err(Failed::Said { error, .. } | Failed::Lost(error)) => Err(error),
        }
    }

    pub(crate) fn link(&self, tag: Tag) -> Result<Arc<Link>, RedisError> {
        let place = tag.choose(self.shared.settings.connections);
        self.layout()?.link(tag, place).ok_or(RedisError::new(ErrorKind::Unreachable, ""))
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis").field("settings", &self.shared.settings).finish_non_exhaustive()
    }
}
