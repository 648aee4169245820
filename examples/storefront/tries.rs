//! What can be tried on the shop, and what should come of it.

use std::net::SocketAddr;

use buttress_examples::{Failure, Log, Seen, Try, try_all};

pub(crate) fn tries() -> Vec<Try> {
    let parts = [
        pages(),
        guests(),
        failures(),
        shapes(),
        identity(),
        payments(),
        crowd(),
        limits(),
        health(),
    ];
    parts.into_iter().flatten().collect()
}

fn pages() -> Vec<Try> {
    vec![
        Try::get("a page, with an id on the response", "/")
            .expect("there is an id", |seen| seen.header("x-request-id").len() == 36),
        Try::get("an article", "/articles/7")
            .expect("it is a lamp", |seen| seen.json["name"] == "lamp"),
        Try::post("an order", "/orders", r#"{"article": 7, "amount": 2}"#)
            .status(201)
            .expect("two lamps are ordered", |seen| seen.json["amount"] == 2),
    ]
}

/// Whoever it is that fails, it looks the same.
fn failures() -> Vec<Try> {
    vec![
        Try::get("the shop fails: no such article", "/articles/1")
            .status(404)
            .expect("it is the family's shape", |seen| seen.is_problem("NOT_FOUND")),
        Try::get("the framework fails: no such page", "/nowhere")
            .status(404)
            .expect("it is the family's shape", |seen| seen.is_problem("NOT_FOUND")),
        Try::post("a method that is not allowed", "/articles/7", "{}")
            .status(405)
            .expect("it is the family's shape", |seen| seen.is_problem("METHOD_NOT_ALLOWED"))
            .expect("it says what is", |seen| seen.header("allow").contains("GET")),
        Try::get("a path that is no number", "/articles/lamp").status(400).expect(
            "it says which part is wrong",
            |seen| {
                seen.is_problem("BAD_REQUEST") && seen.json["error"]["details"][0]["in"] == "path"
            },
        ),
        Try::post("a body that is no JSON", "/orders", r#"{"article": 7,"#)
            .status(400)
            .expect("it says where it ends", |seen| {
                seen.is_problem("BAD_REQUEST") && seen.text.contains("line 1")
            }),
        Try::post("a body with a wrong field", "/orders", r#"{"article": "lamp", "amount": 1}"#)
            .status(422)
            .expect("it says which", |seen| {
                seen.is_problem("VALIDATION_FAILED")
                    && seen.json["error"]["details"][0]["pointer"] == "/article"
            }),
        Try::post("an order of nothing", "/orders", r#"{"article": 7, "amount": 0}"#)
            .status(422)
            .expect("it says what is wrong", |seen| {
                seen.is_problem("VALIDATION_FAILED")
                    && seen.json["error"]["details"][0]["pointer"] == "/amount"
            }),
        Try::post(
            "an order that cannot be met, with a code of the shop's own",
            "/orders",
            r#"{"article": 9, "amount": 1}"#,
        )
        .status(409)
        .expect("the code is the shop's", |seen| seen.is_problem("SOLD_OUT")),
        too_large()
            .status(413)
            .expect("it is the family's shape", |seen| seen.is_problem("PAYLOAD_TOO_LARGE")),
        Try::get("tower's middleware fails: too many want this", "/sale")
            .status(503)
            .expect("it is the family's shape", |seen| seen.is_problem("OVERLOADED")),
        Try::get("a panic: an answer all the same, which tells nothing", "/panic")
            .status(500)
            .expect("it is the family's shape", |seen| seen.is_problem("INTERNAL"))
            .expect("it tells nothing", |seen| !seen.text.contains("recipe")),
    ]
}

fn too_large() -> Try {
    Try::post_much("a body that is too large", "/orders", 20_000)
}

/// The same failure for clients that want it in another way.
fn shapes() -> Vec<Try> {
    vec![
        Try::get("problem details, as RFC 9457 has them", "/nowhere")
            .header("accept", "application/problem+json")
            .status(404)
            .expect("it is that format, with the same id", |seen| {
                seen.header("content-type") == "application/problem+json"
                    && seen.json["code"] == "NOT_FOUND"
                    && seen.json["correlationId"] == seen.header("x-request-id")
            }),
        Try::get("JSON:API", "/nowhere")
            .header("accept", "application/vnd.api+json")
            .status(404)
            .expect("it is that format, with the same id", |seen| {
                seen.json["errors"][0]["code"] == "NOT_FOUND"
                    && seen.json["meta"]["correlationId"] == seen.header("x-request-id")
            }),
        Try::get("a page for people", "/nowhere")
            .header("accept", "text/html,application/xhtml+xml,*/*;q=0.8")
            .status(404)
            .expect("it is a page with the id", |seen| {
                seen.header("content-type").starts_with("text/html")
                    && seen.text.contains(seen.header("x-request-id"))
            }),
        Try::get("plain text", "/nowhere").header("accept", "text/plain").status(404).expect(
            "it is text with the id",
            |seen| {
                seen.header("content-type").starts_with("text/plain")
                    && seen.text.contains(seen.header("x-request-id"))
            },
        ),
        Try::get("a gRPC client", "/shop.Shop/Find")
            .header("content-type", "application/grpc")
            .expect("it is a status of gRPC: no such method", |seen| {
                seen.header("grpc-status") == "12"
            }),
    ]
}

fn guests() -> Vec<Try> {
    let guest = Try::post("a guest is counted, by the fleet if there is one", "/guests", "");
    vec![guest.expect("there is one at least", |seen| seen.json["guests"].as_i64() > Some(0))]
}

fn identity() -> Vec<Try> {
    vec![
        Try::get("who you are, as a trusted proxy says", "/whoami")
            .header("x-forwarded-for", "198.51.100.1, 203.0.113.7")
            .expect("the client is the last that no trusted proxy stands for", |seen| {
                seen.json["you"] == "203.0.113.7" && seen.json["connectedFrom"] == "127.0.0.1"
            })
            .expect("the route is known", |seen| seen.json["route"] == "/whoami"),
        Try::get("a trace that goes on", "/whoami")
            .header("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
            .expect("the trace is the caller's", |seen| {
                seen.json["traceId"] == "4bf92f3577b34da6a3ce929d0e0e4736"
            }),
        Try::get("an id that goes on, because it comes from a trusted proxy", "/whoami")
            .header("x-request-id", "order-4711")
            .expect("the id is the caller's", |seen| seen.header("x-request-id") == "order-4711"),
    ]
}

/// In this order: the bank closes, and opens again.
fn payments() -> Vec<Try> {
    let pay = |what| Try::post(what, "/payments", r#"{"amount": 30}"#);
    vec![
        pay("a payment, which a bank is asked for").status(201).expect(
            "the bank has the id of the request",
            |seen| {
                !seen.header("x-request-id").is_empty()
                    && seen.json["request"] == seen.header("x-request-id")
            },
        ),
        Try::post("close the bank", "/bank/close", ""),
        pay("now no payment succeeds, though it is tried three times")
            .status(502)
            .expect("it is the family's shape", |seen| seen.is_problem("DEPENDENCY_FAILED"))
            .expect("nobody should try again", |seen| seen.header("x-no-retry") == "1"),
        Try::get("the bank was asked three times for it", "/bank/asked")
            .expect("three times, and no more", |seen| seen.json["times"] == 3),
        pay("and the bank is left alone: whoever pays is told at once, and when to come back")
            .eventually()
            .status(503)
            .expect("it is the family's shape", |seen| seen.is_problem("CIRCUIT_OPEN"))
            .expect("it says how long", |seen| seen.header("retry-after") == "1"),
        Try::get("health knows, and the shop sells on", "/health/ready")
            .eventually()
            .expect("its breaker is open", |seen| check(seen, "payments") == "degraded"),
        Try::post("open the bank", "/bank/open", ""),
        pay("soon the next payment succeeds").eventually().status(201),
        Try::get("and health knows that, too", "/health/ready")
            .eventually()
            .expect("its breaker is closed", |seen| check(seen, "payments") == "up"),
    ]
}

/// In this order: somebody goes in, and comes out again.
fn crowd() -> Vec<Try> {
    vec![
        Try::get("the fitting room, for one at a time", "/fitting-room"),
        Try::post("somebody goes in", "/fitting-room/enter", ""),
        Try::get("now it is taken: whoever comes is told at once", "/fitting-room")
            .status(503)
            .expect("it is the family's shape", |seen| seen.is_problem("SATURATED")),
        Try::post("out again", "/fitting-room/leave", ""),
        Try::get("and the next one may go in", "/fitting-room"),
    ]
}

/// Of one client, so that the others are not held back. In this order: it is too much at the end.
fn limits() -> Vec<Try> {
    let login = |what, password| {
        Try::post(what, "/login", password).header("x-forwarded-for", "203.0.113.99")
    };
    let wrong = |what| login(what, WRONG).status(401);
    vec![
        Try::get("how much may be read, and how much is left", "/articles/7").expect(
            "it is told with every answer",
            |seen| {
                seen.header("ratelimit").starts_with(r#""reads";r="#)
                    && seen.header("ratelimit-policy").contains(r#""reads";q=60;w=3"#)
            },
        ),
        Try::post("orders have a limit of their own", "/orders", r#"{"article": 7, "amount": 1}"#)
            .status(201)
            .expect("it is another one", |seen| {
                seen.header("ratelimit").starts_with(r#""mutations";r="#)
            }),
        wrong("too much: a wrong password"),
        login("the right one in between is not counted", RIGHT),
        wrong("a second wrong one"),
        wrong("a third: that was the last"),
        login("now the right one has to wait, too: a 429", RIGHT)
            .status(429)
            .expect("it is the family's shape", |seen| seen.is_problem("RATE_LIMITED"))
            .expect("it says how long, up to twenty minutes", |seen| {
                seen.header("retry-after")
                    .parse()
                    .is_ok_and(|wait: u64| (1..=1_200).contains(&wait))
            })
            .expect("and of what", |seen| seen.header("ratelimit").contains(r#""logins";r=0;t="#)),
        login("the same as problem details", RIGHT)
            .header("accept", "application/problem+json")
            .status(429)
            .expect("the type is that of the draft", |seen| {
                seen.json["type"].as_str().is_some_and(|kind| kind.ends_with("#quota-exceeded"))
            }),
        Try::post("somebody else logs in all the same", "/login", RIGHT),
    ]
}

const RIGHT: &str = r#"{"name": "ada", "password": "open sesame"}"#;
const WRONG: &str = r#"{"name": "ada", "password": "12345"}"#;

/// In this order: the store room loses its key, and finds it again.
fn health() -> Vec<Try> {
    vec![
        Try::get("whether the shop lives", "/health/live")
            .expect("it does", |seen| seen.json["status"] == "ok"),
        Try::get("whether it is ready", "/health/ready")
            .eventually()
            .expect("it is, and says why", |seen| {
                seen.json["status"] == "ok" && seen.json["checks"][0]["name"] == "stock"
            }),
        Try::post("lose the key of the store room", "/stock/lose", ""),
        Try::get("now it is not ready", "/health/ready")
            .eventually()
            .status(503)
            .expect("the check says why", |seen| {
                seen.json["checks"][0]["message"] == "the key is lost"
            }),
        Try::get("but it lives: a restart would not help", "/health/live")
            .expect("it does", |seen| seen.json["status"] == "ok"),
        Try::get("and what needs the store room fails", "/articles/7")
            .status(502)
            .expect("it is the family's shape", |seen| seen.is_problem("DEPENDENCY_FAILED"))
            .expect("it tells nothing", |seen| !seen.text.contains("mat")),
        Try::post("find the key", "/stock/find", ""),
        Try::get("ready again", "/health/ready").eventually(),
    ]
}

/// The shops of a fleet count their guests together.
pub(crate) fn with_redis() -> Vec<Try> {
    vec![
        Try::get("health knows Redis", "/health/ready")
            .eventually()
            .expect("it is well", |seen| check(seen, "redis") == "up"),
        Try::post("a guest of the fleet", "/guests", "")
            .expect("Redis counts", |seen| seen.json["of"] == "the fleet"),
        Try::get("limits of the fleet", "/health/ready")
            .eventually()
            .expect("Redis counts them, too", |seen| check(seen, "rate_limit") == "up"),
        Try::post("somebody logs in", "/login", RIGHT),
    ]
}

/// When Redis is lost, or has not come yet, the shop sells on.
pub(crate) fn without_redis() -> Vec<Try> {
    vec![
        Try::post("a guest without Redis", "/guests", "")
            .expect("the shop counts", |seen| seen.json["of"] == "this shop"),
        Try::get("health has noticed, and the shop is ready", "/health/ready")
            .eventually()
            .expect("Redis is down", |seen| check(seen, "redis") == "down")
            .expect("so are limits that deny", |seen| check(seen, "rate_limit") == "down"),
        Try::get("an article, as before", "/articles/7"),
        Try::get("limits go on with what this shop knows", "/articles/8")
            .expect("they hold", |seen| seen.header("ratelimit").starts_with(r#""reads";r="#)),
        Try::post("but nobody logs in: wrong passwords could not be counted", "/login", RIGHT)
            .status(503)
            .expect("it is the family's shape", |seen| seen.is_problem("UNAVAILABLE")),
    ]
}

/// Whoever was refused is in the audit: by whom is a key, and not an address.
pub(crate) fn a_refusal_in_the_audit(log: &Log) -> Result<(), Failure> {
    if !log.says(&["audit", "ratelimit.refused", "logins", "client 203.0.113.0/24"]) {
        return Err("the audit does not say that a login was refused".into());
    }
    println!("ok: the refused login is in the audit, without an address");
    Ok(())
}

/// What the report says of one check.
fn check<'a>(seen: &'a Seen, name: &str) -> &'a str {
    let checks = seen.json["checks"].as_array();
    let check = checks.and_then(|checks| checks.iter().find(|check| check["name"] == name));
    check.and_then(|check| check["status"].as_str()).unwrap_or_default()
}

/// How the shop closes: balancers are told, and customers are still served.
pub(crate) fn while_it_drains() -> Vec<Try> {
    vec![
        Try::get("told to stop, it is not ready", "/health/ready")
            .eventually()
            .status(503)
            .expect("it says why", |seen| seen.json["status"] == "draining"),
        Try::get("it lives", "/health/live"),
        Try::get("and serves", "/articles/7").expect("this connection is told to close", |seen| {
            seen.header("connection") == "close"
        }),
    ]
}

/// Begun before the shop is told to stop, and done after it has closed its door.
pub(crate) fn slow() -> Vec<Try> {
    vec![
        Try::get("a gift, which takes its time", "/gift")
            .expect("it is wrapped", |seen| seen.text == "wrapped"),
    ]
}

/// The log tells the whole end of the shop.
pub(crate) fn how_it_closed(log: &Log) -> Result<(), Failure> {
    for phase in ["phase=draining", "phase=closing", "phase=ended"] {
        if !log.says(&["the server goes down", phase]) {
            return Err(format!("the log does not say `{phase}`").into());
        }
    }
    println!("ok: the log says how the shop closed");
    Ok(())
}

/// Whoever reports a failure names an id, and it is found in the log, with the cause that nobody was told.
pub(crate) async fn one_id_in_answer_and_log(
    address: SocketAddr,
    log: &Log,
) -> Result<(), Failure> {
    let failures = [
        ("reported-1", Try::get("an unknown route", "/nowhere"), 404, "NOT_FOUND", "DEBUG"),
        (
            "reported-2",
            Try::post("a wrong method", "/articles/7", ""),
            405,
            "METHOD_NOT_ALLOWED",
            "DEBUG",
        ),
        ("reported-3", Try::post("broken JSON", "/orders", "{"), 400, "BAD_REQUEST", "DEBUG"),
        ("reported-4", too_large(), 413, "PAYLOAD_TOO_LARGE", "DEBUG"),
        ("reported-5", Try::get("too many want this", "/sale"), 503, "OVERLOADED", "WARN"),
        ("reported-6", Try::get("a panic", "/panic"), 500, "INTERNAL", "recipe"),
    ];
    for (id, failure, status, code, logged) in failures {
        let reported = failure.header("x-request-id", id).status(status);
        let reported = reported.expect("header and body have the id of the report", |seen| {
            let id = seen.header("x-request-id");
            id.starts_with("reported-") && seen.json["error"]["correlationId"] == *id
        });
        try_all(address, vec![reported]).await?;
        if !log.says(&[id, code, logged]) {
            return Err(format!("the log does not say what `{id}` was").into());
        }
    }
    println!("ok: the log has the same ids, and the cause of the panic");
    Ok(())
}
