//! A process of its own: this test program, run again.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use buttress_core::engine::Degrade;
use buttress_core::sync::Lock;
use buttress_ratelimit::{Charge, Quota, Source};
use buttress_testkit::until::until;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::{Rig, connected, key, patient};

const CHILD: &str = "BUTTRESS_TEST_LIMITS";

/// So many tokens of one key a process may have in advance.
pub const MOST: u32 = 50;

/// How many ask at the same time in one process.
pub const CALLERS: u32 = 4;

/// None of them comes again while a test runs, as one comes in two hours. What the server counts in is whole up to 104
/// days.
pub fn once(tokens: u64) -> Quota {
    Quota::per(Duration::from_secs(90 * 86_400), tokens)
}

/// What a process asks about, each time.
#[derive(Clone, Copy, Debug)]
pub enum Asks {
    /// One policy of a thousand, and each time Redis.
    One,
    /// 700 of its own and a thousand together, each time both of them.
    Two(u8),
    /// One policy of 6,000, with leases.
    Leased,
    /// One policy of 200 in two seconds, with leases.
    Refilled,
    /// Permits of which there are three, each for a second.
    Permits,
}

impl Asks {
    pub async fn rig(self, url: &str) -> Rig {
        let store = patient(connected(url).await);
        let deny = |quotas: &[Quota]| quotas.iter().map(|quota| (*quota, Degrade::Deny)).collect();
        let policies: Vec<_> = match self {
            Self::One => deny(&[once(1_000)]),
            Self::Two(_) => deny(&[once(700), once(1_000)]),
            Self::Leased => deny(&[once(6_000)]),
            Self::Refilled => deny(&[Quota::per(Duration::from_secs(2), 200)]),
            Self::Permits => deny(&[Quota::at_once(3)]),
        };
        let store = match self {
            Self::One | Self::Two(_) => store.remembered(0),
            Self::Leased | Self::Refilled => store.leases("policy-0", MOST),
            Self::Permits => store.held_for(Duration::from_secs(1)),
        };
        Rig::new(store, &policies)
    }

    pub fn charges(self) -> Vec<Charge> {
        match self {
            Self::Two(own) => vec![Charge::new(0, key(own), 1), Charge::new(1, key(9), 1)],
            _ => vec![Charge::new(0, key(9), 1)],
        }
    }

    fn to_word(self) -> String {
        match self {
            Self::One => "one".to_owned(),
            Self::Two(own) => format!("two-{own}"),
            Self::Leased => "leased".to_owned(),
            Self::Refilled => "refilled".to_owned(),
            Self::Permits => "permits".to_owned(),
        }
    }

    fn from_word(word: &str) -> Self {
        match word {
            "one" => Self::One,
            "leased" => Self::Leased,
            "refilled" => Self::Refilled,
            "permits" => Self::Permits,
            _ => Self::Two(word.strip_prefix("two-").unwrap().parse().unwrap()),
        }
    }
}

/// What a process has said: how often it was let through, by whomever, and out of a lease; how often it has done what
/// it was told.
#[derive(Clone, Copy, Debug, Default)]
pub struct Said {
    pub taken: u32,
    pub leased: u32,
    done: u32,
}

/// A process that asks when it is told to.
pub struct Member {
    child: Child,
    said: Arc<Lock<Said>>,
    listening: Option<JoinHandle<()>>,
    told: u32,
}

impl Member {
    /// Runs `test` once more, in a process that has nothing of this one, and waits until it is connected.
    pub async fn start(test: &str, asks: Asks, url: &str) -> Self {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", test, "--nocapture"])
            .env(CHILD, format!("{} {url}", asks.to_word()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = Arc::new(Lock::new(Said::default()));
        let (lines, kept) = (BufReader::new(child.stdout.take().unwrap()).lines(), said.clone());
        let listening = std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                // What comes before is not ours.
                match line.split_once("says: ").map(|(_, word)| word) {
                    Some("taken") => kept.lock().taken += 1,
                    Some("leased") => {
                        let mut said = kept.lock();
                        (said.taken, said.leased) = (said.taken + 1, said.leased + 1);
                    }
                    Some("done") => kept.lock().done += 1,
                    _ => {}
                }
            }
        });
        let mut this = Self { child, said, listening: Some(listening), told: 0 };
        this.asks(0);
        this.is_done().await;
        this
    }

    pub fn said(&self) -> Said {
        *self.said.lock()
    }

    /// Tells it to ask so many times.
    pub fn asks(&mut self, times: u32) {
        self.told += 1;
        writeln!(self.child.stdin.as_mut().unwrap(), "{times}").unwrap();
    }

    /// Waits until it has asked as often as it was told to.
    pub async fn is_done(&self) {
        let done = async || (self.said().done == self.told).then_some(());
        until(format_args!("it has asked: {:?}", self.said()), done).await;
    }

    /// Kills it with SIGKILL, so it has no time to give anything back; what it had said until then.
    pub fn dies(mut self) -> Said {
        self.kill();
        self.said()
    }

    fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(listening) = self.listening.take() {
            let _ = listening.join();
        }
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Whether this is a process that another test has started; then it asks as it is told to, until nobody tells it any
/// more.
pub async fn is_told() -> bool {
    let Ok(told) = env::var(CHILD) else { return false };
    let (word, url) = told.split_once(' ').unwrap();
    let asks = Asks::from_word(word);
    let (rig, charges) = (asks.rig(url).await, asks.charges());
    let (tell, mut told) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            let _ = tell.send(line.parse::<u32>().unwrap());
        }
    });
    while let Some(times) = told.recv().await {
        let each = |_| hammer(rig.clone(), charges.clone(), times / CALLERS);
        let callers: JoinSet<()> = (0..CALLERS).map(each).collect();
        callers.join_all().await;
        println!("says: done");
    }
    true
}

async fn hammer(rig: Rig, charges: Vec<Charge>, times: u32) {
    for _ in 0..times {
        let verdict = rig.take(&charges).await;
        match (verdict.is_taken(), verdict.standings()[0].source()) {
            (true, Source::Leased) => println!("says: leased"),
            (true, Source::Store) => println!("says: taken"),
            (true, source) => panic!("nobody but Redis lets through: {source:?}"),
            (false, _) => {}
        }
        tokio::task::yield_now().await;
    }
}
