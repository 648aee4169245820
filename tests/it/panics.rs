//! A panic is an answer like any other: it has an id, and its connection goes on.

use buttress::Code;

use crate::support::{Client, Host, Protocol};

/// In the handler, and in a stage on its way in, after a wait, while waiting, on the way out.
const PANICKING: [&str; 6] = [
    "/panic",
    "/panic-in-call",
    "/panic-entering",
    "/panic-resuming",
    "/panic-waiting",
    "/panic-leaving",
];

#[tokio::test]
async fn each_is_answered_and_the_connection_goes_on() {
    for host in Host::ALL {
        let server = host.start().await;
        for protocol in Protocol::BOTH {
            let mut client = Client::connect(protocol, &server).await;
            for path in PANICKING {
                let answer = client.get(path).await;
                answer.assert_problem(Code::INTERNAL);
                let text = str::from_utf8(answer.body()).unwrap();
                assert!(!text.contains("panicked"), "what it said is for the log: {text}");
                assert_eq!(client.get("/").await.body(), b"hello", "{host:?} {protocol:?} {path}");
            }
        }
        server.stop().await;
    }
}
