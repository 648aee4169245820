//! A server that answers scripts with what they never answer. The numbers themselves are in the tests of what reads
//! them.

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
struct Liar(Arc<Lock<Option<&'static [u8]>>>);

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

async fn tell(answers: &tokio::sync::Mutex<OwnedWriteHalf>, lie: &[u8]) {
    let _ = answers.lock().await.write_all(lie).await;
}

/// How many scripts are asked for there.
fn scripts(asked: &[u8]) -> usize {
    asked.windows(4).filter(|window| window == b"EVAL").count()
}

/// Well-formed, all of it. In a right answer there are eight bytes for each number: two, and one for each charge of
/// buckets, or three. What is a list is the answer of other releases.
const LIES: [&[u8]; 23] = [
    b"$-1\r\n",
    b"*-1\r\n",
    b"+OK\r\n",
    b"-ERR no\r\n",
    b"-NOSCRIPT No matching script. Please use EVAL.\r\n",
    b"-OOM command not allowed\r\n",
    b":0\r\n",
    b":-1\r\n",
    b":9223372036854775807\r\n",
    b"$1\r\n0\r\n",
    b"$0\r\n\r\n",
    b"*0\r\n",
    b"*3\r\n:0\r\n:1\r\n:0\r\n",
    b"*4\r\n:0\r\n:1\r\n:0\r\n:0\r\n",
    b"*5\r\n:0\r\n:1\r\n:0\r\n:0\r\n:0\r\n",
    b"$8\r\n\0\0\0\0\0\0\0\0\r\n",
    b"$16\r\n\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\r\n",
    b"$23\r\n\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\r\n",
    b"$24\r\n\0\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0\0\0\0\0\r\n",
    b"$24\r\n\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\xff\xff\xff\xff\xff\xff\xff\xff\r\n",
    b"$24\r\n\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\0\r\n",
    b"$32\r\n\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0\0\0\0\0\r\n",
    b"$40\r\n\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0\0\0\0\0\r\n",
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
            assert_eq!(
                verdict.standings()[0].source(),
                Source::Denied,
                "{}: {verdict:?}",
                lie.escape_ascii()
            );
            assert!(!verdict.is_taken());
            let verdict = counting.take(&charges).await;
            assert_eq!(
                verdict.standings()[0].source(),
                Source::Local,
                "{}: {verdict:?}",
                lie.escape_ascii()
            );
            assert!(!denying.look(&charges).await.is_taken());
            let _ = counting.store.forget(&counting.limits, &all(&charges)).await;
            counting.store.give_back(&counting.limits, &all(&charges));
            counting.store.count(&counting.limits, &all(&charges));
            *liar.0.lock() = None;
            let heard = async || {
                let verdict = denying.take(&charges).await;
                (verdict.standings()[0].source() == Source::Store).then_some(())
            };
            until(format_args!("it says the truth again after {}", lie.escape_ascii()), heard)
                .await;
        }
    }
}
