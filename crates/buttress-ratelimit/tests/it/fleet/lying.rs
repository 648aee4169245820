//! A server that answers scripts with what they never answer. The numbers themselves are in the tests of what reads them.

use std::sync::Arc;

use buttress_core::engine::Degrade;
use buttress_core::sync::Lock;
use buttress_ratelimit::store::LimitStore;
use buttress_ratelimit::{Algorithm, Charge, Quota, Source};
use buttress_testkit::redis::Server;
use buttress_testkit::until::until;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::OwnedWriteHalf;
use tokio::net::{TcpListener, TcpStream};

use super::{Rig, all, connected, key, patient};

/// What stands between: everything goes to a real server, but for scripts while there is a lie.
#[derive(Clone, Default)]
struct Liar(Arc<Lock<Option<&'static str>>>);

impl Liar {
    /// Where it listens.
    async fn before(&self, server: &Server) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = server.url_at(listener.local_addr().unwrap());
        let (liar, to) = (self.clone(), server.address());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(to).await.unwrap();
                tokio::spawn(liar.clone().relay(client, server));
            }
        });
        url
    }

    async fn relay(self, client: TcpStream, server: TcpStream) {
        let ((mut asks, answers), (mut says, mut hears)) =
            (client.into_split(), server.into_split());
        let answers = Arc::new(tokio::sync::Mutex::new(answers));
        let told = answers.clone();
        let back = tokio::spawn(async move {
            let mut bytes = [0; 4_096];
            while let Ok(count @ 1..) = says.read(&mut bytes).await {
                if told.lock().await.write_all(&bytes[..count]).await.is_err() {
                    return;
                }
            }
        });
        let mut bytes = [0; 16_384];
        while let Ok(count @ 1..) = asks.read(&mut bytes).await {
            let lie = *self.0.lock();
            match (lie, scripts(&bytes[..count])) {
                (Some(lie), asked @ 1..) => tell(&answers, &lie.repeat(asked)).await,
                _ if hears.write_all(&bytes[..count]).await.is_err() => break,
                _ => {}
            }
        }
        back.abort();
    }
}

async fn tell(answers: &tokio::sync::Mutex<OwnedWriteHalf>, lie: &str) {
    let _ = answers.lock().await.write_all(lie.as_bytes()).await;
}

/// How many scripts are asked for there.
fn scripts(asked: &[u8]) -> usize {
    asked.windows(4).filter(|window| window == b"EVAL").count()
}

/// Well-formed, all of it. The numbers of a right answer are as many as there are charges, or three times as many.
const LIES: [&str; 22] = [
    "$-1\r\n",
    "*-1\r\n",
    "+OK\r\n",
    "-ERR no\r\n",
    "-NOSCRIPT No matching script. Please use EVAL.\r\n",
    "-OOM command not allowed\r\n",
    ":0\r\n",
    ":-1\r\n",
    ":9223372036854775807\r\n",
    "$1\r\n0\r\n",
    "*0\r\n",
    "*1\r\n:0\r\n",
    "*2\r\n:0\r\n:1\r\n",
    "*3\r\n$1\r\n0\r\n$1\r\n1\r\n$1\r\n0\r\n",
    "*3\r\n:0\r\n:1\r\n$-1\r\n",
    "*3\r\n:0\r\n:-1\r\n:0\r\n",
    "*3\r\n:0\r\n:1\r\n:-1\r\n",
    "*3\r\n:0\r\n:1\r\n:9223372036854775807\r\n",
    "*3\r\n:9223372036854775807\r\n:1\r\n:0\r\n",
    "*3\r\n:0\r\n:1\r\n*1\r\n:0\r\n",
    "*5\r\n:0\r\n:1\r\n:9223372036854775807\r\n:0\r\n:0\r\n",
    "*5\r\n:0\r\n:1\r\n:0\r\n:9223372036854775807\r\n:0\r\n",
];

/// One charge of a bucket, two of buckets, one of a window: each is another script.
fn asked() -> [Vec<Charge>; 3] {
    let charge = |policy| Charge::new(policy, key(1), 1);
    [vec![charge(0)], vec![charge(0), charge(1)], vec![charge(2)]]
}

fn rig(store: buttress_ratelimit::store::RedisStore, degrade: Degrade) -> Rig {
    let window = Quota::per_hour(1_000).algorithm(Algorithm::FixedWindow);
    let quotas = [Quota::per_hour(1_000), Quota::per_hour(1_000), window];
    Rig::new(store, &quotas.map(|quota| (quota, degrade)))
}

#[tokio::test]
async fn a_lie_is_no_answer() {
    let (server, liar) = (Server::start().await, Liar::default());
    let redis = connected(liar.before(&server).await).await;
    let denying = rig(patient(redis.clone()), Degrade::Deny);
    let counting = rig(patient(redis), Degrade::Local);
    for lie in LIES {
        for charges in asked() {
            *liar.0.lock() = Some(lie);
            let verdict = denying.take(&charges).await;
            assert_eq!(verdict.standings()[0].source(), Source::Denied, "{lie:?}: {verdict:?}");
            assert!(!verdict.is_taken());
            let verdict = counting.take(&charges).await;
            assert_eq!(verdict.standings()[0].source(), Source::Local, "{lie:?}: {verdict:?}");
            assert!(!denying.look(&charges).await.is_taken());
            let _ = counting.store.forget(&counting.limits, &all(&charges)).await;
            counting.store.give_back(&counting.limits, &all(&charges));
            counting.store.count(&counting.limits, &all(&charges));
            *liar.0.lock() = None;
            let heard = async || {
                let verdict = denying.take(&charges).await;
                (verdict.standings()[0].source() == Source::Store).then_some(())
            };
            until(format_args!("it says the truth again after {lie:?}"), heard).await;
        }
    }
}
