//! Many clients at once: each gets the answer to its own question, and no two the same id.

use std::collections::HashSet;

use buttress::Code;
use bytes::Bytes;
use http::Request;
use tokio::task::JoinSet;

use crate::support::{Client, Host, Protocol, Server, soon};

const CONNECTIONS: usize = 200;
const REQUESTS: usize = 5;

/// Asks five times over one connection, and gives the ids.
async fn ask(mut client: Client, name: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for turn in 0..REQUESTS {
        let question = format!("{name}/{turn}");
        let request = Request::post("/echo").body(Bytes::from(question.clone())).unwrap();
        let answer = match turn {
            2 => client.get("/refused-late").await,
            3 => client.get("/panic").await,
            _ => client.ask(request).await,
        };
        match turn {
            2 => answer.assert_problem(Code::UNAUTHENTICATED),
            3 => answer.assert_problem(Code::INTERNAL),
            _ => assert_eq!(answer.body(), question.as_bytes()),
        }
        assert_eq!(answer.header("x-witness"), Some(answer.id()));
        ids.push(answer.id().to_owned());
    }
    ids
}

async fn crowd(server: &Server) -> HashSet<String> {
    let mut asking = JoinSet::new();
    for name in 0..CONNECTIONS {
        let client = Client::connect(Protocol::BOTH[name % 2], server).await;
        asking.spawn(ask(client, name));
    }
    asking.join_all().await.into_iter().flatten().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everyone_is_served() {
    for host in Host::ALL {
        let server = host.start().await;
        let ids = soon("the crowd", crowd(&server)).await;
        assert_eq!(ids.len(), CONNECTIONS * REQUESTS);
        server.stop().await;
    }
}
