//! A server that is served from `main`, as most are: its loop is no task, and runs beside the workers of the runtime.

use std::future::{pending, poll_fn};
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use buttress::serve::Listener;
use tokio::io::DuplexStream;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

use crate::support::{prompt, soon};

fn runtime(workers: usize) -> Runtime {
    Builder::new_multi_thread().worker_threads(workers).enable_all().build().unwrap()
}

/// Nothing of them was heard when the server closes, neither that they came nor what they want.
#[test]
fn who_stood_in_the_queue_when_it_closed_is_served() {
    for _ in 0..20 {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        listener.set_nonblocking(true).unwrap();
        let clients: Vec<_> = (0..64)
            .map(|_| {
                let mut client = std::net::TcpStream::connect(address).unwrap();
                client.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
                client
                    .write_all(b"GET / HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n")
                    .unwrap();
                client
            })
            .collect();
        let app = Router::new().route("/", get(|| async { "hello" }));
        let report = runtime(2).block_on(async {
            let server = prompt().signals(false).build().unwrap();
            server.handle().begin();
            let listener = TcpListener::from_std(listener).unwrap();
            soon("the end", server.serve(listener, app)).await
        });
        for (number, mut client) in clients.into_iter().enumerate() {
            let mut answer = String::new();
            client.read_to_string(&mut answer).unwrap();
            assert!(answer.ends_with("hello"), "client {number} has {answer:?}; {report}");
        }
        assert!(report.is_clean() && report.requests() == 64, "{report}");
    }
}

/// Always has another connection.
struct Crowd(Arc<AtomicUsize>);

impl Listener for Crowd {
    type Io = DuplexStream;

    fn poll_accept(
        &mut self,
        _: &mut Context<'_>,
    ) -> Poll<io::Result<(DuplexStream, Option<SocketAddr>)>> {
        self.0.fetch_add(1, Relaxed);
        Poll::Ready(Ok((tokio::io::duplex(1).0, None)))
    }
}

/// With one worker, who has work to do and is asked by nobody but the server.
#[test]
fn a_crowd_leaves_turns_to_others() {
    let come = Arc::new(AtomicUsize::new(0));
    let crowd = Crowd(come.clone());
    let (mut turns, mut before) = (0, 0);
    let works = poll_fn(move |cx| {
        let come = come.load(Relaxed);
        // The end of one round, and the beginning of the next.
        let most = if turns > 0 { 8 } else { usize::MAX };
        assert!(come - before <= most, "{} in one turn", come - before);
        (turns, before) = (turns + 1, come);
        cx.waker().wake_by_ref();
        if come > 64 { Poll::Ready(()) } else { Poll::Pending }
    });
    runtime(1).block_on(async {
        let works = tokio::spawn(works);
        let server = prompt().signals(false).build().unwrap();
        tokio::select! {
            _ = server.serve(crowd, Router::new()) => pending().await,
            worked = soon("the crowd", works) => worked.unwrap(),
        }
    });
}
