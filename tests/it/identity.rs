//! Every answer has an id, whoever gave it, and a refusal says the same one in its body.

use std::collections::HashSet;

use buttress::prelude::*;
use buttress::{RequestId, Trust};
use bytes::Bytes;
use http::{HeaderValue, Request};
use tower::{Layer, service_fn};

use crate::support::{Client, Host, Protocol, serve_hyper};

/// What is asked, and the code of the problem that comes, if one does.
const PATHS: [(&str, Option<Code>); 9] = [
    ("/", None),
    ("/answered", None),
    ("/problem", Some(Code::CONFLICT)),
    ("/nothing", Some(Code::NOT_FOUND)),
    ("/refused", Some(Code::FORBIDDEN)),
    ("/refused-late", Some(Code::UNAUTHENTICATED)),
    ("/panic", Some(Code::INTERNAL)),
    ("/panic-in-call", Some(Code::INTERNAL)),
    ("/", None),
];

#[tokio::test]
async fn every_answer_is_named_by_the_context_and_left_through_the_outer_stages() {
    for host in Host::ALL {
        let server = host.start().await;
        let mut ids = HashSet::new();
        for protocol in Protocol::BOTH {
            let mut client = Client::connect(protocol, &server).await;
            for (path, code) in PATHS {
                let answer = client.get(path).await;
                assert_eq!(answer.header("x-witness"), Some(answer.id()), "{host:?} {answer:?}");
                match code {
                    Some(code) => answer.assert_problem(code),
                    None => assert_eq!(answer.status(), 200, "{host:?} {answer:?}"),
                }
                assert_eq!(answer.id().len(), 36);
                assert!(ids.insert(answer.id().to_owned()), "{} came twice", answer.id());
            }
        }
        assert_eq!(ids.len(), 2 * PATHS.len());
        server.stop().await;
    }
}

/// A HEAD has no body, and says no other length than that of the GET (RFC 9110, section 8.6).
#[tokio::test]
async fn head_has_the_head_alone() {
    for host in Host::ALL {
        let server = host.start().await;
        for protocol in Protocol::BOTH {
            let mut client = Client::connect(protocol, &server).await;
            for path in ["/", "/answered", "/problem", "/refused", "/refused-late", "/panic"] {
                let get = client.get(path).await;
                let head = client.ask(Request::head(path).body(Bytes::new()).unwrap()).await;
                assert_eq!(head.status(), get.status());
                assert_eq!(head.header("content-type"), get.header("content-type"));
                assert_eq!(head.header("x-witness"), Some(head.id()));
                assert!(head.body().is_empty(), "{head:?}");
                if let Some(length) = head.header("content-length") {
                    assert_eq!(Some(length), get.header("content-length"), "{host:?} {head:?}");
                }
            }
        }
        server.stop().await;
    }
}

#[tokio::test]
async fn an_id_from_outside_is_taken_from_those_alone_who_are_trusted() {
    let given = "Root=1-67891233-abcdef";
    let cases = [
        (Trust::Nobody, given, false),
        (Trust::Proxies, given, true),
        (Trust::Anyone, given, true),
        (Trust::Anyone, "not (well) formed", false),
    ];
    for (trust, id, taken) in cases {
        let wall = Inbound::builder().trusted_proxies(["127.0.0.1"]);
        let wall = wall.context(|context| context.request_ids_from(trust)).build().unwrap();
        let server = serve_hyper(wall.layer(service_fn(async |_| {
            Ok(Problem::new(Code::GONE).render(None).map(http_body_util::Full::new))
        })))
        .await;
        for protocol in Protocol::BOTH {
            let mut client = Client::connect(protocol, &server).await;
            let request = Request::get("/").header("x-request-id", id).body(Bytes::new());
            let answer = client.ask(request.unwrap()).await;
            answer.assert_problem(Code::GONE);
            assert_eq!(answer.id() == id, taken, "{trust:?} {answer:?}");
            let sent = HeaderValue::from_str(answer.id()).unwrap();
            assert!(RequestId::parse(&sent).is_some());
        }
        server.stop().await;
    }
}
