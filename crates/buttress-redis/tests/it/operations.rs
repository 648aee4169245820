//! What a call does when all is well.

use buttress_core::{HealthStatus, Key, Probe};
use buttress_redis::{Ending, ErrorKind, Script};
use buttress_testkit::redis::{Engine, Reply, Server};

use crate::support::{ADD, builder, connected, key_of, sum};

#[tokio::test]
async fn a_script_runs_on_every_engine() {
    for engine in Engine::all() {
        let server = Server::builder().engine(engine).start().await;
        let redis = connected(server.url()).await;
        for expected in [5, 10, 15] {
            let reply = redis.run(&ADD, "visits").arg(5_i64).send().await.unwrap();
            assert_eq!(reply.integer().unwrap(), expected);
        }
        assert_eq!(sum(&server, "visits").await, 15);
    }
}

#[tokio::test]
async fn a_script_that_was_forgotten_is_brought_again() {
    let server = Server::start().await;
    let redis = connected(server.url()).await;
    for expected in 1..=3 {
        server.flush_scripts().await;
        let reply = redis.run(&ADD, "visits").arg(1_i64).send().await.unwrap();
        assert_eq!(reply.integer().unwrap(), expected, "it ran once");
    }
}

/// As many as the caller has, also where the server had forgotten the script.
#[tokio::test]
async fn keys_of_a_call_may_be_chosen_by_its_caller() {
    static ALL: Script = Script::new("all", 1, "return KEYS");
    let server = Server::start().await;
    let redis = connected(server.url()).await;
    let endings =
        [Ending::new("a"), Ending::new("b").with(Key::from_bytes([7; 16])), Ending::new("")];
    let expected = [
        "test:all:v1:{t}:a",
        &format!("test:all:v1:{{t}}:b:{}", "07".repeat(16)),
        "test:all:v1:{t}",
    ];
    for count in [0, 1, 3, 2] {
        let call = redis.run_for(&ALL, "t", endings[..count].iter().copied());
        let keys = call.arg(1_i64).send().await.unwrap().into_list().unwrap();
        let keys: Vec<_> = keys.iter().map(|key| key.bytes().unwrap()).collect();
        assert_eq!(keys, expected[..count].iter().map(|key| key.as_bytes()).collect::<Vec<_>>());
    }
}

/// Two releases on one server: what the new one writes, the old one does not read.
#[tokio::test]
async fn versions_run_side_by_side() {
    static OLD: Script = Script::new("stock", 1, "return redis.call('INCR', KEYS[1])");
    static NEW: Script = Script::new("stock", 2, "return redis.call('RPUSH', KEYS[1], 'x')");
    let server = Server::start().await;
    let redis = connected(server.url()).await;
    for expected in 1..=2 {
        for script in [&OLD, &NEW] {
            let reply = redis.run(script, Key::from_bytes([7; 16])).send().await.unwrap();
            assert_eq!(reply.integer().unwrap(), expected);
        }
    }
    let tag = "07".repeat(16);
    for version in 1..=2 {
        let key = format!("test:stock:v{version}:{{{tag}}}");
        assert_eq!(server.command(["EXISTS", &key]).await, Reply::Integer(1), "{key}");
    }
}

#[tokio::test]
async fn keys_of_one_call_share_their_tag() {
    static BOTH: Script = Script::new("both", 1, "return {KEYS[1], KEYS[2]}").keys(&["a", "b"]);
    let server = Server::start().await;
    let redis = connected(server.url()).await;
    let keys = redis.run(&BOTH, "t").send().await.unwrap().into_list().unwrap();
    let keys: Vec<_> = keys.iter().map(|key| key.bytes().unwrap()).collect();
    assert_eq!(keys, [b"test:both:v1:{t}:a", b"test:both:v1:{t}:b"]);
    let error = redis.run(&BOTH, "{other}").send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
}

#[tokio::test]
async fn arguments_arrive_as_they_are() {
    static ECHO: Script = Script::new("echo", 1, "return ARGV");
    let server = Server::start().await;
    let redis = connected(server.url()).await;
    let call = redis.run(&ECHO, "t").arg(-7_i64).arg(u64::MAX).arg("ä b").arg(&[0, 255][..]);
    let words = call.arg(3_u32).arg(4_usize).send().await.unwrap().into_list().unwrap();
    let words: Vec<_> = words.iter().map(|word| word.bytes().unwrap()).collect();
    let expected: [&[u8]; 6] =
        [b"-7", b"18446744073709551615", "ä b".as_bytes(), &[0, 255], b"3", b"4"];
    assert_eq!(words, expected);
}

#[tokio::test]
async fn what_the_script_says_is_not_what_the_server_says() {
    static BROKEN: Script = Script::new("broken", 1, "return redis.call('NOSUCHCOMMAND')");
    static OWN: Script = Script::new("own", 1, "return redis.error_reply('SOLDOUT it is')");
    let server = Server::start().await;
    let redis = connected(server.url()).await;
    for script in [&BROKEN, &OWN] {
        let error = redis.run(script, "t").send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Script, "{error}");
        assert!(error.may_have_run());
    }
    let reply = redis.run(&ADD, "t").arg(1_i64).send().await.unwrap();
    assert_eq!(reply.bytes().unwrap_err().kind(), ErrorKind::Protocol);
}

#[tokio::test]
async fn it_logs_in_by_password_and_socket() {
    let server = Server::builder().password("p@ss:word").start().await;
    let redis = connected(server.url()).await;
    assert!(redis.run(&ADD, "t").arg(1_i64).send().await.is_ok());

    let stranger = builder(format!("redis://{}", server.address())).build().unwrap();
    assert!(stranger.connected().await.is_err());

    let open = Server::start().await;
    let redis = connected(format!("unix:{}?db=3", open.socket().display())).await;
    assert!(redis.run(&ADD, "t").arg(1_i64).send().await.is_ok());
    assert_eq!(open.command(["EXISTS", &key_of("t")]).await, Reply::Integer(0), "not in 0");
    let clients = open.command(["CLIENT", "LIST"]).await.text();
    assert!(clients.contains("name=buttress"), "{clients}");
}

#[tokio::test]
async fn it_reports_its_health() {
    let server = Server::start().await;
    let redis = connected(server.url()).await;
    let health = redis.check().await;
    assert_eq!(health.status(), HealthStatus::Up, "{health:?}");
    assert!(health.details().any(|(name, _)| name == "version"));
    server.kill();
    let down = async || (redis.check().await.status() == HealthStatus::Down).then_some(());
    buttress_testkit::until::until("it is down", down).await;

    let evicting = Server::builder().config("maxmemory-policy allkeys-lru").start().await;
    let health = connected(evicting.url()).await.check().await;
    assert_eq!(health.status(), HealthStatus::Degraded);
    assert!(health.message().unwrap().contains("allkeys-lru"));
}
