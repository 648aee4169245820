//! An answer has the headers of its problem and its format, whichever way it takes.

use std::time::Duration;

use buttress_core::render::{self, Answers, Format, JsonEnvelope};
use buttress_core::stage::{RequestHead, Stage, gate_fn};
use buttress_core::{Code, Context, Problem};
use buttress_testkit::mock;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body_util::Full;
use tower::{Layer, ServiceExt};

type Answer = Response<Bytes>;

fn with(problem: Problem, headers: &[(&'static str, &'static str)]) -> Problem {
    headers.iter().fold(problem, |problem, (name, value)| {
        problem.with_header(HeaderName::from_static(name), HeaderValue::from_static(value))
    })
}

fn all<'a>(answer: &'a Answer, name: &str) -> Vec<&'a str> {
    answer.headers().get_all(name).iter().map(|value| value.to_str().unwrap()).collect()
}

/// What a stage inside of the context refuses.
async fn refused(context: &Context, problem: Problem, request: Request<()>) -> Answer {
    let refuse = gate_fn(move |_: &mut dyn RequestHead| Err(problem.clone()));
    let (service, _inner) = mock::service();
    let service = context.clone().then(refuse).layer().layer(service);
    service.oneshot(request).await.unwrap().map(|_| Bytes::new())
}

/// What a context makes of what a handler returned.
async fn settled(context: &Context, returned: Answer) -> Answer {
    let (service, inner) = mock::service();
    inner.answer_with(move |_: Request<()>| Ok(returned.clone().map(Full::from)));
    let service = context.clone().layer().layer(service);
    service.oneshot(Request::new(())).await.unwrap().map(|_| Bytes::new())
}

/// The answer to `problem`, each way that there is.
async fn every_way(problem: &Problem) -> Vec<(&'static str, Answer)> {
    let context = Context::default();
    let foreign = || {
        let response = Response::builder().header("etag", "\"of-the-page\"");
        response.header("content-range", "bytes 1-2/3").body(Bytes::from("a page")).unwrap()
    };
    let handed_over = || {
        let mut response = foreign();
        render::hand_over(&mut response, problem.clone());
        response
    };
    let mut filled_in = handed_over();
    render::fill_in(&mut filled_in);
    let asked = context.answers().asked(&Request::new(()));
    vec![
        ("a stage", refused(&context, problem.clone(), Request::new(())).await),
        ("a handler", settled(&context, problem.render(None)).await),
        ("a service", settled(&context, handed_over()).await),
        ("a wall on the way out", filled_in.clone()),
        ("and on", settled(&context, filled_in).await),
        ("alone", context.answers().answer(problem, &asked)),
        ("unsettled", problem.render(None)),
    ]
}

#[tokio::test]
async fn what_a_problem_brings_along_is_sent_whichever_way_it_takes() {
    let problem = with(
        Problem::precondition_failed(),
        &[
            ("etag", "\"7\""),
            ("last-modified", "Sat, 21 Nov 2026 07:46:00 GMT"),
            ("accept-ranges", "bytes"),
            ("content-range", "bytes */7"),
            ("x-own", "1"),
            ("x-own", "2"),
            ("content-location", "/orders/7"),
            ("content-language", "de"),
            ("content-disposition", "attachment"),
            ("repr-digest", "x"),
        ],
    );
    for (way, answer) in every_way(&problem).await {
        assert_eq!(all(&answer, "etag"), ["\"7\""], "{way}");
        assert_eq!(all(&answer, "last-modified").len(), 1, "{way}");
        assert_eq!(all(&answer, "accept-ranges"), ["bytes"], "{way}");
        assert_eq!(all(&answer, "content-range"), ["bytes */7"], "{way}");
        assert_eq!(all(&answer, "x-own"), ["1", "2"], "{way}");
        for of_the_body in
            ["content-location", "content-language", "content-disposition", "repr-digest"]
        {
            assert!(all(&answer, of_the_body).is_empty(), "{way}: {of_the_body}");
        }
    }
}

/// As a handler of axum does: `([(ETAG, "\"v7\"")], Problem::precondition_failed())`.
#[tokio::test]
async fn what_is_set_beside_a_problem_is_sent_too() {
    let set = [
        ("etag", "\"v7\""),
        ("last-modified", "Sat, 21 Nov 2026 07:46:00 GMT"),
        ("content-language", "de"),
    ];
    let context = Context::default();
    let asked = context.answers().asked(&Request::new(()));
    let mut returned = Problem::precondition_failed().render(None);
    for (name, value) in set {
        returned.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    returned.headers_mut().insert("content-length", HeaderValue::from_static("7"));
    let mut alone = returned.clone();
    context.answers().settle(&mut alone, &asked);
    for answer in [settled(&context, returned).await, alone] {
        for (name, value) in set {
            assert_eq!(all(&answer, name), [value]);
        }
        assert!(all(&answer, "content-length").is_empty(), "that of another body");
        assert_eq!(all(&answer, "content-type"), ["application/json"]);
    }
}

#[tokio::test]
async fn what_was_said_of_a_body_that_is_gone_is_not() {
    for (way, answer) in every_way(&Problem::conflict()).await {
        for gone in ["etag", "content-range"] {
            assert!(all(&answer, gone).is_empty(), "{way}: {gone}");
        }
    }
}

/// Else a cache gives the id of one request to the client of another one.
#[tokio::test]
async fn no_cache_keeps_an_answer_with_an_id() {
    let context = Context::default();
    for code in Code::ALL {
        let kept_by_default = matches!(code.status().as_u16(), 404 | 405 | 410 | 414 | 501);
        let said = if kept_by_default { &["no-store"][..] } else { &[] };
        for (way, answer) in every_way(&Problem::new(*code)).await {
            if answer.headers().contains_key("x-request-id") {
                assert_eq!(all(&answer, "cache-control"), said, "{way}: {code}");
            }
        }
    }
    // Whoever says otherwise is heard.
    let gone = with(Problem::gone(), &[("cache-control", "max-age=60")]);
    for (way, answer) in every_way(&gone).await {
        assert_eq!(all(&answer, "cache-control"), ["max-age=60"], "{way}");
    }
    let mut returned = Problem::gone().render(None);
    returned.headers_mut().insert("cache-control", HeaderValue::from_static("max-age=7"));
    assert_eq!(all(&settled(&context, returned).await, "cache-control"), ["max-age=7"]);
}

#[tokio::test]
async fn a_401_says_how_to_become_known() {
    let challenge = "Basic realm=\"shop\", charset=\"UTF-8\"";
    let context = Context::builder().answers(|answers| answers.challenge(challenge));
    let context = context.build().unwrap();
    let own = with(Problem::unauthenticated(), &[("www-authenticate", "Bearer")]);
    let teapot = Problem::unauthenticated().with_status(StatusCode::IM_A_TEAPOT);
    let cases = [(Problem::unauthenticated(), &[challenge][..]), (own, &["Bearer"]), (teapot, &[])];
    for (problem, said) in cases {
        let answer = refused(&context, problem.clone(), Request::new(())).await;
        assert_eq!(all(&answer, "www-authenticate"), said);
        let answer = settled(&context, problem.render(None)).await;
        assert_eq!(all(&answer, "www-authenticate"), said);
        let asked = context.answers().asked(&Request::new(()));
        let answer = context.answers().answer(&problem, &asked);
        assert_eq!(all(&answer, "www-authenticate"), said);
    }
    let answer = refused(&Context::default(), Problem::unauthenticated(), Request::new(())).await;
    assert!(all(&answer, "www-authenticate").is_empty(), "nobody knows which");
    for wrong in ["", " Bearer", "Bearer\n", "größe", "a=b"] {
        let error = Answers::builder().challenge(wrong).build().unwrap_err();
        assert_eq!(error.faults()[0].path(), "challenge", "{wrong}");
    }
}

#[tokio::test]
async fn caches_are_told_what_an_answer_varies_by() {
    let negotiated = || Format::new(JsonEnvelope).negotiated();
    let context = Context::builder().answers(|answers| {
        let answers = answers.format(move |_| negotiated()).localise(|_, _| None);
        answers.brief_after(1, Duration::from_secs(60))
    });
    let context = context.build().unwrap();
    let from = || {
        let mut request = Request::new(());
        request.extensions_mut().insert(std::net::SocketAddr::from(([192, 0, 2, 1], 4711)));
        request
    };
    // The third is brief.
    for at in 0..3 {
        let answer = refused(&context, Problem::gone(), from()).await;
        assert_eq!(all(&answer, "vary"), ["accept", "accept-language"], "{at}");
        let asked = context.answers().asked(&from());
        let answer = context.answers().answer(&Problem::gone(), &asked);
        assert_eq!(all(&answer, "vary"), ["accept", "accept-language"], "{at}, alone");
    }
    let mut returned = Problem::gone().render(None);
    returned.headers_mut().insert("vary", HeaderValue::from_static("origin"));
    let answer = settled(&context, returned).await;
    assert_eq!(all(&answer, "vary"), ["origin", "accept", "accept-language"]);
}

/// Several lines are one list.
#[test]
fn every_line_of_accept_language_is_heard() {
    let answers = Answers::builder().localise(|_, languages| Some(languages.to_owned().into()));
    let answers = answers.build().unwrap();
    let told = |lines: &[&str]| {
        let request = lines
            .iter()
            .fold(Request::get("/"), |request, line| request.header("accept-language", *line));
        let asked = answers.asked(&request.body(()).unwrap());
        let answer = answers.answer(&Problem::gone(), &asked);
        let body: serde_json::Value = serde_json::from_slice(answer.body()).unwrap();
        body["error"]["message"].as_str().unwrap().to_owned()
    };
    assert_eq!(told(&[]), "");
    assert_eq!(told(&["de"]), "de");
    assert_eq!(told(&["fr;q=0.5", "de, en;q=0.1"]), "fr;q=0.5, de, en;q=0.1");
    assert_eq!(told(&["de"; 300]), "", "longer than anybody's");
}

/// A client would take the body for the head of the next answer.
#[tokio::test]
async fn a_status_without_a_body_has_none() {
    let context = Context::default();
    let asked = context.answers().asked(&Request::new(()));
    for status in [100, 103, 204, 205, 304] {
        let mut returned = Problem::gone().render(None);
        *returned.status_mut() = StatusCode::from_u16(status).unwrap();
        returned.headers_mut().insert("etag", HeaderValue::from_static("\"7\""));
        let length = returned.body().len();
        returned.headers_mut().insert("content-length", HeaderValue::from(length));

        let mut alone = returned.clone();
        context.answers().settle(&mut alone, &asked);
        let (service, inner) = mock::service();
        inner.answer_with(move |_: Request<()>| Ok(returned.clone().map(Full::from)));
        let service = context.clone().layer().layer(service);
        let response = service.oneshot(Request::new(())).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = http_body_util::BodyExt::collect(body).await.unwrap().to_bytes();
        for answer in [Response::from_parts(parts, body), alone] {
            assert_eq!(answer.status(), status);
            assert!(answer.body().is_empty(), "{answer:?}");
            for name in ["content-type", "content-length", "transfer-encoding"] {
                assert!(all(&answer, name).is_empty(), "{name}: {answer:?}");
            }
            assert_eq!(all(&answer, "etag"), ["\"7\""]);
            assert_eq!(all(&answer, "x-request-id").len(), 1);
        }
    }
}
