//! The wall is one layer, in the right order, and keeps the promises of a layer.

use std::convert::Infallible;

use buttress::clock::{ManualClock, Timestamp};
use buttress::metrics::Metrics;
use buttress::prelude::*;
use buttress::stage::gate_fn;
use buttress::{InboundSettings, Reply};
use buttress_testkit::contract::Contract;
use buttress_testkit::log::Log;
use buttress_testkit::mock;
use buttress_testkit::page::Page;
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use tower::{Layer, ServiceExt, service_fn};

#[tokio::test(start_paused = true)]
async fn keeps_the_contract() {
    Contract::new(|| Inbound::builder().build().unwrap()).catches_panics().check().await;
    Contract::new(Inbound::default).catches_panics().check().await;
    let leaked = || Inbound::builder().build().unwrap().leak();
    Contract::new(leaked).catches_panics().check().await;
    let uncaught = || Inbound::builder().catch_panics(false).build().unwrap();
    Contract::new(uncaught).check().await;
    Contract::new(|| {
        let wall = Inbound::builder().build().unwrap().keep_body();
        tower::layer::layer_fn(move |service| {
            let any_body = buttress::stage::Stage::layer(());
            wall.layer(any_body.layer(service))
        })
    })
    .catches_panics()
    .check()
    .await;
}

#[tokio::test]
async fn own_stages_find_the_context_and_refuse_in_its_name() {
    let own = gate_fn(|request: &mut dyn RequestHead| {
        assert!(request.context().is_some());
        Err(Problem::new(Code::FORBIDDEN))
    });
    let wall = Inbound::builder().then(gate_fn(|_: &mut dyn RequestHead| Ok(()))).then(own);
    let (service, _inner) = mock::service();
    let service = wall.build().unwrap().layer(service);
    let response = service.oneshot(Request::new(())).await.unwrap();

    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert!(str::from_utf8(&body).unwrap().contains(&id));
}

#[test]
fn settings_make_the_same_wall_as_the_builder() {
    let settings: InboundSettings = serde_json::from_str("{}").unwrap();
    assert!(settings.catch_panics);
    assert!(settings.build().is_ok());
    assert!(serde_json::from_str::<InboundSettings>(r#"{"catch_panic": true}"#).is_err());
}

#[cfg(feature = "schemars")]
#[test]
fn the_settings_have_a_schema() {
    let schema = serde_json::to_value(schemars::schema_for!(InboundSettings)).unwrap();
    let written = serde_json::to_value(InboundSettings::default()).unwrap();
    for name in written.as_object().unwrap().keys() {
        assert!(schema["properties"][name]["description"].is_string(), "{name}: {schema}");
    }
    assert_eq!(schema["additionalProperties"], false);
}

#[test]
fn types_have_short_names() {
    let (service, _inner) = mock::service::<()>();
    let service = Inbound::builder().build().unwrap().layer(service);
    let name = std::any::type_name_of_val(&service);
    assert!(name.starts_with("buttress::inbound::service::InboundService<"), "{name}");
    let _: fn(bytes::Bytes) -> Reply<()> = Reply::from;
}

/// A name of a file is hidden in the log, and in the words of others that reach the client; without it, it is not.
#[tokio::test]
async fn names_of_a_file_are_hidden() {
    let file = "[context.redact]\nheaders = [\"x-partner\"]\nquery_keys = [\"seat\"]\n";
    for (file, is_hidden) in [("", false), (file, true)] {
        let settings: InboundSettings = toml::from_str(file).unwrap();
        let again = toml::to_string(&settings).unwrap();
        assert_eq!(toml::from_str::<InboundSettings>(&again).unwrap(), settings);
        let wall = settings.build().unwrap();

        let source = "https://stock.internal/?seat=12A&page=2 was sent x-partner: acme-77";
        let failing = service_fn(move |_: Request<()>| async move {
            let problem = Problem::new(Code::INTERNAL).with_source(std::io::Error::other(source));
            Ok::<_, Infallible>(problem.render(None).map(Full::<Bytes>::from))
        });
        let log = Log::default();
        let listening = log.listen();
        wall.layer(failing).oneshot(Request::new(())).await.unwrap();
        drop(listening);
        let told = log.take().concat();
        assert!(told.contains("page=2"), "{told}");
        assert_eq!(!told.contains("acme-77"), is_hidden, "{told}");
        assert_eq!(!told.contains("12A"), is_hidden, "{told}");
    }
    let wrong: InboundSettings = toml::from_str("[context.redact]\nfields = [\"\"]").unwrap();
    assert_eq!(wrong.build().unwrap_err().faults()[0].path(), "context.redact.fields[0]");
}

#[tokio::test]
async fn what_the_wall_answers_is_counted_and_timed() {
    let (page, clock) = (Page::default(), ManualClock::new());
    clock.set_wall(Timestamp::from_millis(1_000));
    let wall = Inbound::builder()
        .metrics(&Metrics::new(page.clone()))
        .clock(clock.clone())
        .then(gate_fn(|_: &mut dyn RequestHead| Err(Problem::new(Code::FORBIDDEN))));
    let (service, _inner) = mock::service();
    let service = wall.build().unwrap().layer(service);
    let response = service.oneshot(Request::new(())).await.unwrap();
    let body = response.into_body().collect().await.unwrap().to_bytes();

    assert!(str::from_utf8(&body).unwrap().contains("1970-01-01T00:00:01.000Z"), "{body:?}");
    assert_eq!(page.lines(), ["buttress_errors_total FORBIDDEN client none: 1"]);
}
