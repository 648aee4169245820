use std::future::poll_fn;
use std::hash::{BuildHasher, RandomState};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use buttress_core::clock::{Clock, TokioClock};
use futures_core::Stream;
use redis::aio::{PubSub, PubSubSink, PubSubStream};
use redis::{Pipeline, RedisConnectionInfo};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use super::answers::{Seen, is_about};
use crate::address::Address;
use crate::backoff::Backoff;
use crate::link::{Line, dial, pause};
use crate::tls::Tls;
use crate::{ErrorKind, RedisError};

/// What a sentinel answered, or why it did not.
pub(super) type News = (Address, Result<Seen, RedisError>);

/// Listens to one sentinel: asks it each second, when it tells of a switch, and when it is told to.
pub(super) struct Ear {
    pub(super) sentinel: Address,
    pub(super) name: String,
    pub(super) login: RedisConnectionInfo,
    pub(super) tls: Tls,
    pub(super) within: Duration,
    pub(super) news: mpsc::Sender<News>,
    pub(super) wake: watch::Receiver<()>,
}

/// So often it is asked when nothing happens.
const POLL: Duration = Duration::from_secs(1);
/// So long it is left alone after an answer, whatever happens.
const REST: Duration = Duration::from_millis(50);

impl Ear {
    pub(super) async fn listen(mut self) {
        let (mut backoff, clock) = (Backoff::default(), TokioClock::new());
        let jitter = RandomState::new();
        for turn in 0_u64.. {
            let began = clock.now();
            let Err(error) = self.follow().await else { return };
            if self.news.send((self.sentinel.clone(), Err(error))).await.is_err() {
                return;
            }
            backoff.lived(clock.now() - began);
            pause(backoff.pause(jitter.hash_one(turn))).await;
        }
    }

    /// As long as it answers. Ends well if nobody wants to hear it any more.
    async fn follow(&mut self) -> Result<(), RedisError> {
        let mut line = Line::open(&self.sentinel, &self.login, &self.tls, self.within).await?;
        let mut channel =
            Channel::open(&self.sentinel, &self.login, &self.tls, self.within).await?;
        let questions = self.questions();
        loop {
            // What it told before the subscription was there is lost: so it is asked after that.
            let [master, address, others] = line.ask(&questions).await?;
            let Some(seen) = Seen::of(&master, &address, &others) else {
                let words = "it does not know the master";
                return Err(RedisError::new(ErrorKind::Protocol, words));
            };
            if self.news.send((self.sentinel.clone(), Ok(seen))).await.is_err() {
                return Ok(());
            }
            pause(REST).await;
            tokio::select! {
                () = pause(POLL) => channel.ping().await?,
                woken = self.wake.changed() => if woken.is_err() { return Ok(()) },
                told = channel.tells_of(&self.name) => told?,
            }
        }
    }

    fn questions(&self) -> Pipeline {
        let mut questions = Pipeline::new();
        for question in ["MASTER", "GET-MASTER-ADDR-BY-NAME", "SENTINELS"] {
            questions.cmd("SENTINEL").arg(question).arg(&self.name);
        }
        questions
    }
}

/// The connection on which it tells of switches.
struct Channel {
    asking: PubSubSink,
    told: PubSubStream,
    within: Duration,
}

impl Channel {
    async fn open(
        sentinel: &Address,
        login: &RedisConnectionInfo,
        tls: &Tls,
        within: Duration,
    ) -> Result<Self, RedisError> {
        let opening = async {
            let mut connection = PubSub::new(login, dial(sentinel, tls, within).await?)
                .await
                .map_err(|why| deaf(&why))?;
            connection.subscribe("+switch-master").await.map_err(|why| deaf(&why))?;
            Ok(connection.split())
        };
        let (asking, told) = timeout(within, opening).await.map_err(|why| deaf(&why))??;
        Ok(Self { asking, told, within })
    }

    /// Fails if it does not answer.
    async fn ping(&mut self) -> Result<(), RedisError> {
        let asking = self.asking.ping::<redis::Value>();
        timeout(self.within, asking)
            .await
            .map_err(|why| deaf(&why))?
            .map_err(|why| deaf(&why))
            .map(drop)
    }

    /// Returns when it tells of this master.
    async fn tells_of(&mut self, name: &str) -> Result<(), RedisError> {
        poll_fn(|cx| self.poll_tells_of(name, cx)).await
    }

    /// Takes all that there is, so that it does not pile up.
    fn poll_tells_of(&mut self, name: &str, cx: &mut Context<'_>) -> Poll<Result<(), RedisError>> {
        let mut told = false;
        loop {
            match Pin::new(&mut self.told).poll_next(cx) {
                Poll::Ready(Some(message)) => told |= is_about(message.get_payload_bytes(), name),
                Poll::Ready(None) => return Poll::Ready(Err(deaf(&"it was closed"))),
                Poll::Pending if told => return Poll::Ready(Ok(())),
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

fn deaf(why: &impl ToString) -> RedisError {
    RedisError::new(ErrorKind::Unreachable, why.to_string())
}
