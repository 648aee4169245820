use std::sync::Arc;

use buttress_core::clock::TokioClock;
use redis::cmd;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use super::*;
use crate::link::{Io, Traffic};

/// A wire, its driver, and a server that says what the test has it say.
async fn wire(most: usize) -> (Arc<Wire>, JoinHandle<()>, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let io = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (server, _) = listener.accept().await.unwrap();
    let traffic = Arc::new(Traffic::new(TokioClock::new()));
    let (wire, driver) = Wire::new(Stream::new(Io::Tcp(io), traffic), most);
    (Arc::new(wire), tokio::spawn(driver), server)
}

async fn ask(wire: &Wire, command: &Cmd) -> Result<Value, End> {
    let [answer] = wire.ask([command]).unwrap();
    answer.value().await
}

const PING: &[u8] = b"*1\r\n$4\r\nPING\r\n";

/// However many ask, it is one write; and each hears its own answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_is_asked_at_the_same_time_leaves_in_one_piece() {
    let (wire, _driver, mut server) = wire(100).await;
    // On the worker, so that they stand behind each other, and the first to ask is followed by the driver.
    let callers = tokio::spawn(async move {
        let mut callers = JoinSet::new();
        for _ in 0..50 {
            let wire = wire.clone();
            callers.spawn(async move { ask(&wire, &cmd("PING")).await });
        }
        callers.join_all().await
    });
    let mut heard = vec![0; 4_096];
    let first = server.read(&mut heard).await.unwrap();
    assert_eq!(heard[..first], PING.repeat(50));
    server.write_all(&b":7\r\n".repeat(50)).await.unwrap();
    assert!(callers.await.unwrap().iter().all(|answer| *answer == Ok(Value::Int(7))));
}

/// Also if they come in one piece, which is cut anywhere when it is read.
#[tokio::test]
async fn each_hears_his_own_answer() {
    const CALLS: usize = 5_000;
    let (wire, _driver, mut server) = wire(CALLS).await;
    let ping = cmd("PING");
    let answers: Vec<_> = (0..CALLS).map(|_| wire.ask([&ping]).unwrap()).collect();
    server.read_exact(&mut vec![0; PING.len() * CALLS]).await.unwrap();
    let all: Vec<_> = (0..CALLS).map(|number| format!("$20\r\n{number:020}\r\n")).collect();
    server.write_all(all.concat().as_bytes()).await.unwrap();
    for (number, [answer]) in answers.into_iter().enumerate() {
        let expected = format!("{number:020}").into_bytes();
        assert_eq!(answer.value().await, Ok(Value::BulkString(expected)));
    }
}

#[tokio::test]
async fn an_answer_to_nothing_is_none() {
    let (wire, driver, mut server) = wire(100).await;
    let [answer] = wire.ask([&cmd("PING")]).unwrap();
    server.read_exact(&mut vec![0; PING.len()]).await.unwrap();
    server.write_all(b"+PONG\r\n+PONG\r\n").await.unwrap();
    driver.await.unwrap();
    assert_eq!(answer.value().await, Ok(Value::SimpleString("PONG".into())));
    assert_eq!(ask(&wire, &cmd("PING")).await, Err(End::Unsent));
}

/// A server that answers much before it reads on, and is asked much: neither waits for the other for ever.
#[tokio::test]
async fn much_goes_both_ways() {
    const SIZE: usize = 8 << 20;
    let (wire, _driver, mut server) = wire(100).await;
    let mut question = cmd("ECHO");
    question.arg(&*vec![7_u8; SIZE]);
    let server = tokio::spawn(async move {
        let (mut reader, mut writer) = server.split();
        let answer = [format!("${SIZE}\r\n").as_bytes(), &vec![7; SIZE], b"\r\n"].concat();
        let mut asked = vec![0; question_bytes(SIZE)];
        reader.read_exact(&mut asked[..1]).await.unwrap();
        writer.write_all(&answer).await.unwrap();
        reader.read_exact(&mut asked[1..]).await.unwrap();
        writer.write_all(b":1\r\n").await.unwrap();
        server
    });
    let ping = cmd("PING");
    let (first, second) = tokio::join!(ask(&wire, &question), ask(&wire, &ping));
    assert_eq!(first, Ok(Value::BulkString(vec![7; SIZE])));
    assert_eq!(second, Ok(Value::Int(1)));
    drop(server.await.unwrap());
}

fn question_bytes(size: usize) -> usize {
    let mut question = cmd("ECHO");
    question.arg(&*vec![7_u8; size]);
    question.get_packed_command().len()
}

/// What never left did not run, whatever became of the rest.
#[tokio::test]
async fn each_hears_whether_it_had_left() {
    let (wire, driver, server) = wire(100).await;
    let mut large = cmd("ECHO");
    // More than the system takes from someone to whom nobody listens.
    large.arg(&*vec![7_u8; 64 << 20]);
    let [begun] = wire.ask([&large]).unwrap();
    server.readable().await.unwrap();
    let [waits] = wire.ask([&cmd("PING")]).unwrap();
    drop(server);
    driver.await.unwrap();
    assert_eq!(begun.value().await, Err(End::Sent));
    assert_eq!(waits.value().await, Err(End::Unsent));
}

/// An error does not say how much of what was offered had left: the session of a TLS connection may have sent some.
#[cfg(unix)]
#[tokio::test]
async fn what_failed_to_leave_may_have_left() {
    let (io, server) = tokio::net::UnixStream::pair().unwrap();
    let server = server.into_std().unwrap();
    // Nothing can be written any more, and there is no end to be read.
    server.shutdown(std::net::Shutdown::Read).unwrap();
    let traffic = Arc::new(Traffic::new(TokioClock::new()));
    let (wire, driver) = Wire::new(Stream::new(Io::Unix(io), traffic), 100);
    let [answer] = wire.ask([&cmd("PING")]).unwrap();
    driver.await;
    assert_eq!(answer.value().await, Err(End::Sent));
    assert_eq!(ask(&wire, &cmd("PING")).await, Err(End::Unsent));
    drop(server);
}

#[tokio::test]
async fn a_driver_that_is_dropped_ends_it_for_all() {
    let (wire, driver, mut server) = wire(100).await;
    let [answer] = wire.ask([&cmd("PING")]).unwrap();
    server.read_exact(&mut vec![0; PING.len()]).await.unwrap();
    driver.abort();
    assert_eq!(answer.value().await, Err(End::Sent));
    assert_eq!(ask(&wire, &cmd("PING")).await, Err(End::Unsent));
}

#[tokio::test]
async fn what_is_no_answer_ends_it() {
    let (wire, driver, mut server) = wire(100).await;
    let [answer] = wire.ask([&cmd("PING")]).unwrap();
    server.read_exact(&mut vec![0; PING.len()]).await.unwrap();
    server.write_all(b"HTTP/1.1 400 Bad Request\r\n").await.unwrap();
    driver.await.unwrap();
    assert_eq!(answer.value().await, Err(End::Garbled));
}

/// However many join: each hears its own part of the answer, and errors that go for all.
#[tokio::test]
async fn calls_that_left_as_one_hear_each_his_own() {
    let (wire, driver, mut server) = wire(100).await;
    let mut call = cmd("EVALSHA");
    call.arg("d").arg(1).arg("k").arg("x");
    let joined: Vec<_> = (0..18).map(|_| wire.join(&call, "t".into()).unwrap()).collect();
    let mut heard = vec![0; 4_096];
    let length = server.read(&mut heard).await.unwrap();
    let heard = String::from_utf8_lossy(&heard[..length]);
    assert_eq!(heard.matches("EVALSHA").count(), 2, "{heard}");
    let first: Vec<_> = (0..15).map(|number| format!(":{number}\r\n")).collect();
    let all = format!("*16\r\n{}-OWN it\r\n-NOSCRIPT it\r\n", first.concat());
    server.write_all(all.as_bytes()).await.unwrap();
    for (number, answer) in joined.into_iter().enumerate() {
        let value = answer.value().await.unwrap();
        match number {
            0..15 => assert_eq!(value, Value::Int(i64::try_from(number).unwrap())),
            15 => assert!(format!("{value:?}").contains("OWN"), "{value:?}"),
            _ => assert!(format!("{value:?}").contains("NOSCRIPT"), "{value:?}"),
        }
    }
    let lost = [(); 3].map(|()| wire.join(&call, "t".into()).unwrap());
    server.readable().await.unwrap();
    server.write_all(b"*2\r\n:1\r\n:2\r\n").await.unwrap();
    driver.await.unwrap();
    for answer in lost {
        assert_eq!(answer.value().await, Err(End::Garbled), "it is not of three");
    }
    let late = wire.join(&call, "t".into()).unwrap();
    assert_eq!(late.value().await, Err(End::Unsent));
}
