//! What people complain of about other limiters, one by one.

use std::time::Duration;

use buttress_core::Context;
use buttress_core::clock::ManualClock;
#[cfg(feature = "redis")]
use buttress_core::stage::Decision;
use buttress_core::stage::Stage;
use buttress_ratelimit::when::method;
use buttress_ratelimit::{
    POST, Penalty, Quota, RateLimit, address, api_key, classes, everyone, path,
};
use buttress_testkit::allocations;
use http::Request;
use proptest::prelude::*;

use crate::support::{SECOND, answered, enter, from, left, of, on, passing};

/// «Memory grows for ever under hostile keys»: not by a byte, once it is made, whatever keys come.
#[test]
fn memory_does_not_grow_under_hostile_keys() {
    let limits = RateLimit::builder()
        .policy("a", Quota::per_day(1).by(api_key()))
        .audit(buttress_core::Audit::none())
        .build()
        .unwrap();
    let stage = limits.stage();
    let mut request = of(Request::new(()), "203.0.113.7");
    let mut ask = |number: u32| {
        let key = http::HeaderValue::try_from(format!("made-up-{number}")).unwrap();
        request.headers_mut().insert("x-api-key", key);
        drop(enter(&stage, &mut request));
    };
    ask(0);
    let ((), count) = allocations::of(|| (1..300_000).for_each(ask));
    assert_eq!(count.kept_bytes(), 0, "{count:?}");
}

proptest! {
    /// «`Retry-After` is too early, or 0»: rounded up, never 0, and who heeds it is let in.
    #[test]
    fn retry_after_is_never_too_early(count in 1_u64..2_000, seconds in 1_u64..4_000, burst in 1_u64..9) {
        let clock = ManualClock::new();
        let quota = Quota::per(Duration::from_secs(seconds), count).burst(burst);
        let limits = on(&clock).policy("a", quota.by(everyone())).build().unwrap();
        let stage = limits.stage();
        prop_assert_eq!(passing(&stage, || Request::new(()), 20) as u64, burst);
        let problem = enter(&stage, &mut Request::new(())).problem();
        let told = problem.render(None).headers()["retry-after"].to_str().unwrap().parse().unwrap();
        prop_assert!(told >= 1);
        clock.advance(Duration::from_secs(told));
        prop_assert!(answered(&stage, Request::new(()), 200));
    }
}

/// The same of a ban that ends before the quota has room: to come at its end would be for nothing.
#[test]
fn retry_after_is_never_too_early_with_a_ban() {
    let clock = ManualClock::new();
    let penalty = Penalty::after(2).lasts(SECOND * 60).forgiven_after(SECOND);
    let policy = Quota::per_hour(1).by(everyone()).penalty(penalty);
    let limits = on(&clock).policy("a", policy).build().unwrap();
    let stage = limits.stage();
    let told = || enter(&stage, &mut Request::new(())).problem().retry_after();
    assert!(answered(&stage, Request::new(()), 200));
    assert_eq!([told(), told()], [Some(SECOND * 3_600); 2], "refused, and banned");
    clock.advance(SECOND * 59);
    assert_eq!(told(), Some(SECOND * 3_541), "still banned");
    assert_eq!(limits.bans()[0].left(), SECOND);
    clock.advance(SECOND * 3_541);
    assert!(answered(&stage, Request::new(()), 200));
}

/// The same of two bans: the one that ends last is told, whatever the order of the policies.
#[test]
fn retry_after_is_never_too_early_with_two_bans() {
    let clock = ManualClock::new();
    let banning = |minutes: u32, but: &str| {
        let lasts = Penalty::after(1).lasts(SECOND * 60 * minutes);
        Quota::per_second(1).by(everyone()).penalty(lasts).unless(path(but))
    };
    let limits = on(&clock)
        .policy("short", banning(1, "/long"))
        .policy("long", banning(10, "/short"))
        .policy("middle", banning(5, "/long").unless(path("/short")))
        .build()
        .unwrap();
    let stage = limits.stage();
    let to = |path: &str| Request::get(path).body(()).unwrap();
    for path in ["/short", "/long"] {
        assert_eq!(passing(&stage, || to(path), 2), 1);
    }
    let problem = enter(&stage, &mut to("/both")).problem();
    assert_eq!(problem.retry_after(), Some(SECOND * 600));
    let members: Vec<_> = problem.specified().unwrap().members().collect();
    assert_eq!(members, [("violated-policies", &["long".into()][..])]);
    clock.advance(SECOND * 600);
    assert!(answered(&stage, to("/both"), 200));
}

/// «A client writes any address into a header, and has a new limit»: not before a proxy is trusted, and then the
/// proxy's word counts, not the client's.
#[test]
fn a_spoofed_address_is_no_new_limit() {
    let clock = ManualClock::new();
    let limits = on(&clock).policy("a", Quota::per_hour(3).by(address())).build().unwrap();
    let spoofing = |context: &Context, forwarded: String, peer: &str| {
        let request = Request::get("/").header("x-forwarded-for", forwarded).body(()).unwrap();
        let mut request = of(request, peer);
        drop(context.enter(&mut request));
        enter(&limits.stage(), &mut request).is_passed()
    };
    let open = Context::default();
    let passed = (0..50).filter(|at| spoofing(&open, format!("198.51.100.{at}"), "203.0.113.7"));
    assert_eq!(passed.count(), 3);

    let behind = Context::builder().trusted_proxies(["10.0.0.0/8"]).build().unwrap();
    let passed =
        (0..50).filter(|at| spoofing(&behind, format!("198.51.100.{at}, 203.0.113.8"), "10.0.0.1"));
    assert_eq!(passed.count(), 3);
}

/// «A user of IPv6 has 2^64 buckets»: a /64 is one, and IPv4 in the forms of IPv6 is IPv4.
#[test]
fn a_subscriber_of_ipv6_is_one() {
    let clock = ManualClock::new();
    let limits = on(&clock).policy("a", Quota::per_hour(3).by(address())).build().unwrap();
    let stage = limits.stage();
    let passed =
        (0..200).filter(|at| answered(&stage, from(&format!("[2001:db8:7:8::{at:x}]")), 200));
    assert_eq!(passed.count(), 3);
    assert!(answered(&stage, from("[2001:db8:7:9::1]"), 200), "the neighbour is another one");
    let forms = ["203.0.113.7", "[::ffff:203.0.113.7]", "[64:ff9b::203.0.113.7]"];
    let passed = forms.iter().cycle().take(9).filter(|form| answered(&stage, from(form), 200));
    assert_eq!(passed.count(), 3);
}

/// «`per_second(n)` means one every n seconds»: it is n in a second, and says so.
#[test]
fn per_second_is_so_many_a_second() {
    let clock = ManualClock::new();
    let quota = Quota::per_second(4);
    assert_eq!(quota.to_string(), "4 a second, up to 4 at once");
    let limits = on(&clock).policy("a", quota.by(everyone())).build().unwrap();
    let stage = limits.stage();
    assert_eq!(passing(&stage, || Request::new(()), 9), 4);
    for _ in 0..8 {
        clock.advance(Duration::from_millis(250));
        assert_eq!(passing(&stage, || Request::new(()), 9), 1);
    }
}

/// «One layer eats tokens before the next one denies»: all of them are decided together.
#[test]
fn who_is_refused_by_one_pays_nowhere() {
    let clock = ManualClock::new();
    let limits = on(&clock)
        .policy("first", Quota::per_hour(100).by(address()))
        .policy("second", Quota::per_hour(1).by(everyone()).when(method(POST)))
        .build()
        .unwrap();
    let post = || of(Request::post("/").body(()).unwrap(), "203.0.113.7");
    assert_eq!(passing(&limits.stage(), post, 50), 1);
    let network = "203.0.113.7/32".parse().ok();
    let key = limits.writer("first").unwrap().address(network).key();
    assert_eq!(left(&limits, "first", key), 99);
}

/// «No way to count only failures»: who logs in is not counted, who guesses is, however many at once.
#[test]
fn only_wrong_passwords_count() {
    let clock = ManualClock::new();
    let limits = on(&clock).policy("logins", classes::logins("/login")).build().unwrap();
    let stage = limits.stage();
    let login = || of(Request::post("/login").body(()).unwrap(), "203.0.113.7");
    assert!((0..500).all(|_| answered(&stage, login(), 200)));
    assert_eq!((0..500).filter(|_| answered(&stage, login(), 401)).count(), 10);
}

/// «All limits are lost when Redis blinks»: each policy does as it says, and by itself that is to go on counting here.
#[cfg(feature = "redis")]
#[tokio::test]
async fn without_redis_there_are_limits() {
    use buttress_core::Keyer;
    use buttress_core::engine::Degrade;
    use buttress_ratelimit::store::RedisStore;
    use buttress_redis::Redis;

    // Nobody listens there.
    let nowhere = Redis::builder("redis://127.0.0.1:1").build().unwrap();
    let by = |quota: Quota| quota.by(everyone());
    let limits = RateLimit::builder()
        .policy("local", by(Quota::per_hour(3)).when(path("/local")))
        .policy("logins", by(Quota::per_hour(3)).when(path("/login")).degrade(Degrade::Deny))
        .policy("open", by(Quota::per_hour(3)).when(path("/open")).degrade(Degrade::Allow))
        .keyer(Keyer::random())
        .engine(RedisStore::new(nowhere))
        .build()
        .unwrap();
    let stage = limits.stage();
    let mut statuses = Vec::new();
    for path in ["/local", "/login", "/open"] {
        for _ in 0..5 {
            let mut request = Request::get(path).body(()).unwrap();
            let decision = match stage.enter(&mut request) {
                Decision::Wait(wait) => stage.resume(wait.await, &mut request),
                decision => decision,
            };
            statuses.push(match decision {
                Decision::Pass(_) => 200,
                Decision::Refuse(problem, _) => problem.status().as_u16(),
                _ => 0,
            });
        }
    }
    assert_eq!(
        statuses,
        [200, 200, 200, 429, 429, 503, 503, 503, 503, 503, 200, 200, 200, 200, 200]
    );
}
