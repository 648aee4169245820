//! Nothing is begun that cannot end in time.

use buttress_core::Deadline;
use buttress_core::clock::{Clock, ManualClock, ms, secs};
use buttress_testkit::poll;
use http::Request;
use http_body_util::Full;

use crate::support::{client, finish, get, outcome, script, send, up_to};

#[test]
fn it_fails_now_rather_than_sleep_past_the_deadline() {
    let clock = ManualClock::new();
    let (client, inner) = client(up_to(3, &clock));
    let _ = script(&clock, &inner, &[503]);
    let began = clock.now();
    let _around = Deadline::after(began, ms(250)).enter();
    let answer = finish(&clock, send(&client, get())).unwrap();
    assert_eq!(answer.status(), 503, "the last outcome, and no error of its own");
    assert_eq!(inner.counts().calls, 2);
    assert_eq!(clock.now() - began, ms(100), "the second pause would have been too long");
    assert_eq!(clock.sleepers(), 0);
}

#[test]
fn a_deadline_of_the_request_counts_as_that_of_the_scope_does() {
    let clock = ManualClock::new();
    let (client, inner) = client(up_to(3, &clock));
    let _ = script(&clock, &inner, &[503]);
    let mut request = get();
    request.extensions_mut().insert(Deadline::after(clock.now(), ms(50)));
    assert_eq!(outcome(&clock, &client, request), Some(503));
    assert_eq!(inner.counts().calls, 1);
}

/// What was true of the first attempt would promise the next hop time that is gone.
#[test]
fn a_repeat_says_how_much_is_left_now() {
    let clock = ManualClock::new();
    let (client, inner) = client(up_to(2, &clock));
    inner.hold();
    let deadline = Deadline::after(clock.now(), secs(5));
    let request = Request::get("/").header("x-request-timeout-ms", "5000").extension(deadline);
    let mut flight = send(&client, request.body(Full::default()).unwrap());
    poll::assert_pending(&mut flight);
    let first = inner.take_call().unwrap();
    assert_eq!(first.request().headers()["x-request-timeout-ms"], "5000");
    clock.advance(secs(1));
    first.answer(crate::support::status(503));
    poll::assert_pending(&mut flight);
    clock.advance(ms(100));
    poll::assert_pending(&mut flight);
    let second = inner.take_call().unwrap();
    assert_eq!(second.request().headers()["x-request-timeout-ms"], "3900");
}
