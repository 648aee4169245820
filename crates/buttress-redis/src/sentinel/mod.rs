//! Where the master is: asked of sentinels, and heard from them.

pub(crate) mod answers;
mod belief;
mod ear;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use buttress_core::sync::Lock;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::{AbortHandle, JoinSet};

use self::belief::Belief;
use self::ear::{Ear, News};
use crate::address::Address;
use crate::link::pause;
use crate::settings::Checked;
use crate::source::Source;

/// Follows the master that sentinels know by a name. Dropping it ends all that it started.
#[derive(Debug)]
pub(crate) struct Watcher {
    task: AbortHandle,
    master: watch::Receiver<Option<Address>>,
    standing: Arc<Lock<Standing>>,
    bell: Arc<Notify>,
}

/// How it stands with the sentinels.
#[derive(Clone, Debug, Default)]
pub(crate) struct Standing {
    pub(crate) answering: usize,
    pub(crate) known: usize,
    /// Why one did not answer, last.
    pub(crate) trouble: Option<String>,
}

impl Watcher {
    /// Begins to listen to the sentinels. The source is where the master is.
    pub(crate) fn start(name: &str, seeds: &[Address], settings: &Arc<Checked>) -> (Self, Source) {
        let (says, master) = watch::channel(None);
        let (bell, standing) = (Arc::new(Notify::new()), Arc::new(Lock::new(Standing::default())));
        let (news, heard) = mpsc::channel(MOST);
        let watch = Watch {
            name: name.to_owned(),
            seeds: seeds.to_vec(),
            settings: settings.clone(),
            belief: Belief::default(),
            master: says,
            standing: standing.clone(),
            reported: HashSet::new(),
            listening: HashMap::new(),
            ears: JoinSet::new(),
            news,
            wake: watch::Sender::new(()),
        };
        let task = tokio::spawn(watch.run(heard, bell.clone())).abort_handle();
        let source = Source::followed(master.clone(), bell.clone());
        (Self { task, master, standing, bell }, source)
    }

    /// The master, as far as it is known.
    pub(crate) fn master(&self) -> Option<Address> {
        self.master.borrow().clone()
    }

    /// Where the master is, as soon as that is known.
    pub(crate) async fn known(&self) -> Address {
        self.news().address().await
    }

    /// Returns when the master is somewhere else.
    pub(crate) async fn left(&self, address: &Address) {
        let mut news = self.news();
        while news.address().await == *address {
            news.moved().await;
        }
    }

    fn news(&self) -> Source {
        Source::followed(self.master.clone(), self.bell.clone())
    }

    /// Calls for news.
    pub(crate) fn ring(&self) {
        self.bell.notify_one();
    }

    pub(crate) fn standing(&self) -> Standing {
        self.standing.lock().clone()
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// So many sentinels are listened to. People have three or five.
const MOST: usize = 32;
/// So long all are waited for at the start, so that the first to answer is not believed where another knows better.
const FIRST: Duration = Duration::from_millis(250);

struct Watch {
    name: String,
    seeds: Vec<Address>,
    settings: Arc<Checked>,
    belief: Belief,
    master: watch::Sender<Option<Address>>,
    standing: Arc<Lock<Standing>>,
    /// Those that answered once, or failed to.
    reported: HashSet<Address>,
    listening: HashMap<Address, AbortHandle>,
    ears: JoinSet<()>,
    news: mpsc::Sender<News>,
    wake: watch::Sender<()>,
}

impl Watch {
    async fn run(mut self, mut heard: mpsc::Receiver<News>, bell: Arc<Notify>) {
        self.listen();
        let (mut first, mut late) = (std::pin::pin!(pause(FIRST)), false);
        loop {
            tokio::select! {
                Some(news) = heard.recv() => self.hear(news),
                () = bell.notified() => drop(self.wake.send(())),
                () = &mut first, if !late => late = true,
            }
            if late || self.listening.keys().all(|sentinel| self.reported.contains(sentinel)) {
                self.decide();
            }
        }
    }

    fn hear(&mut self, (sentinel, seen): News) {
        let trouble = seen.as_ref().err().map(ToString::to_string);
        let seen = seen.ok();
        self.reported.insert(sentinel.clone());
        self.belief.hear(sentinel, seen);
        self.listen();
        let mut standing = self.standing.lock();
        standing.answering = self.belief.answering();
        standing.known = self.listening.len();
        if standing.answering == 0 && standing.trouble.is_none() {
            let trouble = trouble.as_deref().unwrap_or_default();
            tracing::warn!(target: "buttress", master = self.name, trouble, "no sentinel answers");
        }
        standing.trouble = trouble.filter(|_| standing.answering == 0);
    }

    fn decide(&mut self) {
        if let Some(master) = self.belief.decide() {
            tracing::info!(target: "buttress", name = self.name, %master, "Redis has a master");
            self.master.send_replace(Some(master.clone()));
        }
    }

    /// Listens to those named in the URL and those that sentinels know of; not any more to those that nobody knows,
    /// unless there is nobody to ask.
    fn listen(&mut self) {
        let known = self.seeds.iter().chain(self.belief.sentinels());
        let wanted: HashSet<_> = known.take(4 * MOST).cloned().collect();
        if self.belief.answering() > 0 {
            self.listening.retain(|sentinel, ear| {
                let stays = wanted.contains(sentinel);
                if !stays {
                    ear.abort();
                }
                stays
            });
            self.reported.retain(|sentinel| wanted.contains(sentinel));
        }
        for sentinel in wanted {
            if self.listening.len() < MOST && !self.listening.contains_key(&sentinel) {
                let ear = self.ears.spawn(self.ear(sentinel.clone()).listen());
                self.listening.insert(sentinel, ear);
            }
        }
        while self.ears.try_join_next().is_some() {}
    }

    fn ear(&self, sentinel: Address) -> Ear {
        Ear {
            sentinel,
            name: self.name.clone(),
            login: self.settings.sentinel_login(),
            tls: self.settings.sentinel_tls.clone(),
            within: self.settings.connect_timeout,
            news: self.news.clone(),
            wake: self.wake.subscribe(),
        }
    }
}
