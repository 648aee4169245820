//! What stands in a record.

use buttress_core::Principal;
use buttress_core::audit::{Actor, AuditBuilder, Event, Outcome, Record};
use buttress_core::key::Keyer;
use buttress_core::stage::RequestHead;
use buttress_testkit::log::Log;
use serde_json::Value;

use super::{LOGGED_IN, audit, client, keyer, request};

fn json(record: &Record<'_>) -> Value {
    serde_json::to_value(record).unwrap()
}

#[test]
fn a_record_says_who_did_what_to_what_when_and_why() {
    let (audit, mut records) = audit(|audit| audit.keyer(keyer()));
    let request = request("203.0.113.7:4711");
    let context = request.context().unwrap();
    let ada = Principal::new("ada");
    let event = Event::new(LOGGED_IN, Outcome::Failed).actor(Actor::Principal(&ada));
    audit.record(&event.request(context).target("back office").reason("database is down"));

    let scoped = keyer().scoped("audit");
    let (person, address) = (scoped.writer().principal("ada").key(), client("203.0.113.7:1"));
    let address = scoped.writer().address(address.network()).key();
    let expected = serde_json::json!({
        "time": "2026-01-01T12:00:00.000Z",
        "action": "shop.logged_in",
        "outcome": "failed",
        "actor": { "kind": "principal", "key": person.to_string() },
        "client": { "kind": "client", "name": "203.0.113.0/24", "key": address.to_string() },
        "target": "back office",
        "reason": "database is down",
        "request_id": context.id().as_str(),
        "trace_id": context.trace().trace_id().to_string(),
    });
    let record = records.try_recv().unwrap();
    assert_eq!(json(&record), expected);
    assert_eq!(
        (record.actor().key(), record.trace_id()),
        (Some(person), Some(context.trace().trace_id()))
    );
    assert_eq!(record.actor().to_string(), format!("principal {person}"));
}

#[test]
fn who_did_it_is_whom_the_request_is_from() {
    let (audit, mut records) = audit(|audit| audit);
    let mut actor = |event: Event<'_>| {
        audit.record(&event);
        let record = records.try_recv().unwrap();
        (record.actor().kind(), record.client().map(|client| client.name().unwrap().into_owned()))
    };
    let (event, from) = (Event::new(LOGGED_IN, Outcome::Succeeded), request("[2001:db8:1:2::3]:1"));
    let context = from.context().unwrap();
    let network = || Some("2001:db8:1::/48".to_owned());
    assert_eq!(actor(event), ("unknown", None));
    assert_eq!(actor(event.client(client("192.0.2.1:1"))), ("client", None));
    assert_eq!(actor(event.request(context)), ("client", None), "it stands there once");
    assert!(context.set_principal(Principal::new("ada")));
    assert_eq!(actor(event.request(context)), ("principal", network()));
    assert_eq!(actor(event.request(context).actor(Actor::System("cron"))), ("system", network()));
    let key = keyer().key_of(["k-17"]);
    assert_eq!(actor(event.actor(Actor::Key(key))), ("key", None));
}

/// Whatever is told about, and wherever to: the person behind it is not.
#[test]
fn people_are_told_as_keys_and_networks() {
    let log = Log::of("buttress::audit");
    let listening = log.listen();
    let tell = |change: fn(AuditBuilder) -> AuditBuilder| {
        let (audit, mut records) = audit(|audit| change(audit.tracing()));
        let request = request("[2001:db8:1:2:3:4:5:6]:1");
        let context = request.context().unwrap();
        assert!(context.set_principal(Principal::new("ada.lovelace")));
        audit.record(&Event::new(LOGGED_IN, Outcome::Refused).request(context));
        let v4 = Event::new(LOGGED_IN, Outcome::Refused).client(client("192.0.2.77:1"));
        audit.record(&v4);
        let all: Vec<_> = std::iter::from_fn(|| records.try_recv()).collect();
        assert_eq!(all.len(), 2);
        let lines = all.iter().map(|record| json(record).to_string());
        let told: String = lines.chain(log.take()).chain([format!("{all:?}{v4:?}")]).collect();
        ["ada.lovelace", "2001:db8:1:2", "192.0.2.77"].map(|secret| told.contains(secret))
    };
    assert_eq!(tell(|audit| audit), [false; 3]);
    assert_eq!(tell(|audit| audit.dangerous_show_people(true)), [true; 3]);
    drop(listening);
}

#[test]
fn one_client_has_one_key_wherever_the_seed_is_the_same() {
    let key = |keyer: Option<Keyer>, peer: &str| {
        let (audit, mut records) =
            audit(|audit| keyer.iter().fold(audit, |audit, keyer| audit.keyer(*keyer)));
        audit.record(&Event::new(LOGGED_IN, Outcome::Refused).client(client(peer)));
        records.try_recv().unwrap().actor().key().unwrap()
    };
    let seed = || Some(keyer());
    assert_eq!(key(seed(), "[2001:db8::1]:1"), key(seed(), "[2001:db8::2]:1"), "one subscriber");
    assert_ne!(key(seed(), "192.0.2.1:1"), key(seed(), "192.0.2.2:1"));
    assert_ne!(key(None, "192.0.2.1:1"), key(None, "192.0.2.1:1"), "seeds by chance");
    let limits = keyer().writer().address(client("192.0.2.1:1").network()).key();
    assert_ne!(key(seed(), "192.0.2.1:1"), limits, "a scope of its own");
}

#[test]
fn texts_are_redacted_and_then_cut() {
    let (audit, mut records) = audit(|audit| audit);
    let long = format!("token=s3cr3t {}", "x".repeat(1_000));
    let name = format!("desk ada@example.org {}", "y".repeat(1_000));
    let event = Event::new(LOGGED_IN, Outcome::Refused).actor(Actor::System(&name));
    audit.record(&event.target(&long).reason(&long));
    let record = records.try_recv().unwrap();
    let (target, reason) = (record.target().unwrap(), record.reason().unwrap());
    assert!(target.starts_with("token=*** xxx") && target.len() <= 256, "{target}");
    assert!(reason.starts_with("token=*** xxx") && (500..=512).contains(&reason.len()), "{reason}");
    let actor = record.actor().name().unwrap();
    assert!(actor.starts_with("desk a***@example.org yyy") && actor.len() <= 128, "{actor}");
}

/// An id that is shown is cut between two characters.
#[test]
fn a_long_id_is_cut() {
    let (audit, mut records) = audit(|audit| audit.dangerous_show_people(true));
    let long = Principal::new("a".to_owned() + &"ü".repeat(500));
    audit.record(&Event::new(LOGGED_IN, Outcome::Refused).actor(Actor::Principal(&long)));
    let record = records.try_recv().unwrap();
    assert_eq!(record.actor().name().unwrap(), "a".to_owned() + &"ü".repeat(63));
}
