use std::fmt;
use std::sync::Arc;

use tokio::task::AbortHandle;

use super::inbox::{Channel, Inbox};
use super::keeper::Keeper;
use crate::{ErrorKind, Redis, RedisError, Script};

/// Takes no key: to a cluster, which tells all its nodes, any of them will do.
static PUBLISH: Script =
    Script::new("publish", 1, "return redis.call('PUBLISH', ARGV[1], ARGV[2])");

/// What is told through the server, on a connection of its own. Made by [`Redis::subscribe`].
///
/// ```
/// use buttress_redis::{Event, Redis};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let server = buttress_testkit::redis::Server::start().await;
/// # let url = server.url();
/// let redis = Redis::builder(url).build()?;
/// let mut news = redis.subscribe(["prices"])?;
/// // Once it listens: what was told before is not known.
/// assert_eq!(news.next().await, Event::Gap);
///
/// redis.connected().await?;
/// redis.publish("prices", "lamps are cheaper").await?;
/// let Event::Message { channel, payload, .. } = news.next().await else { panic!("a gap") };
/// assert_eq!((&*channel, &*payload), ("prices", &b"lamps are cheaper"[..]));
/// # Ok(())
/// # }
/// ```
///
/// # Guarantees
///
/// Redis tells each message at most once, to the listeners of that moment. So a message may be missed; that it may have
/// been is told by [`Event::Gap`], before the next message:
///
/// - after each time of beginning to listen. A connection that was lost, or whose server is silent, is made
///   again, with the same pauses as others.
/// - after what came faster than it was asked for: 1,024 events wait, with 4 MiB.
///
/// One case is seen by nobody: a server that is reachable and healthy, but that nobody speaks to any more, such as a
/// primary that was cut off from the others. What must not be missed is asked for now and then: see [`Redis::watch`].
///
/// It listens at the master, or at any primary of a cluster, and goes elsewhere when that is one no more.
///
/// Dropping it ends its task and its connection. It does not need the handle that it was made by; what it needs to
/// find the way goes on with it: the questions to sentinels, or the connections to a cluster.
#[derive(Debug)]
#[must_use = "dropping it ends the subscription"]
pub struct Subscription {
    inbox: Arc<Inbox>,
    task: AbortHandle,
}

/// What a [`Subscription`] brings.
#[derive(Clone, Eq, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// Messages may have been missed: ask for the state of things. Whatever changes after this is told.
    Gap,
    /// Somebody told something.
    #[non_exhaustive]
    Message {
        /// The channel, without the prefix.
        channel: Arc<str>,
        /// What was told.
        payload: Vec<u8>,
    },
}

impl Subscription {
    /// What comes next. May be dropped while it waits: nothing is lost then.
    pub async fn next(&mut self) -> Event {
        self.inbox.next().await
    }

    /// Forgets what has come so far.
    pub(super) fn skip(&mut self) {
        while self.inbox.pop().is_some() {}
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Redis {
    /// Listens to these channels, whose names have the prefix of this handle.
    ///
    /// # Errors
    ///
    /// Fails if there is no channel, or no tokio runtime.
    pub fn subscribe<C: AsRef<str>>(
        &self,
        channels: impl IntoIterator<Item = C>,
    ) -> Result<Subscription, RedisError> {
        let named = |name: C| Channel::new(self.prefix(), name.as_ref());
        let channels: Vec<_> = channels.into_iter().map(named).collect();
        if channels.is_empty() {
            return Err(RedisError::new(ErrorKind::Refused, "there is no channel to listen to"));
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return Err(RedisError::new(ErrorKind::Unreachable, "there is no tokio runtime"));
        };
        let inbox = Arc::new(Inbox::new(channels, self.meters().gaps.clone()));
        let (settings, meters) = (self.settings().clone(), self.meters().clone());
        let keeper = Keeper::new(inbox.clone(), self.way()?, settings, meters);
        Ok(Subscription { inbox, task: runtime.spawn(keeper.keep()).abort_handle() })
    }

    /// Tells it to all who listen to this channel at this moment, and have the same prefix.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`]. Nobody learns how many have heard it.
    pub async fn publish(
        &self,
        channel: &str,
        payload: impl AsRef<[u8]>,
    ) -> Result<(), RedisError> {
        let channel = format!("{}:{channel}", self.prefix());
        let call = self.run(&PUBLISH, "publish").arg(&*channel).arg(payload.as_ref());
        call.send().await?.integer().map(drop)
    }
}

/// Without what was told, which may be anybody's.
impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gap => f.write_str("Gap"),
            Self::Message { channel, payload } => f
                .debug_struct("Message")
                .field("channel", channel)
                .field("bytes", &payload.len())
                .finish(),
        }
    }
}
