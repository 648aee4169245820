//! A deny list of hosts, and who tries to get round it.

use buttress_core::stage::{Decision, Stage};
use buttress_ratelimit::{Quota, RateLimit, everyone, when};
use http::header::HOST;
use http::{HeaderValue, Request};

fn request(hosts: &[&str]) -> Request<()> {
    let mut request = Request::new(());
    for host in hosts {
        request.headers_mut().append(HOST, HeaderValue::from_str(host).unwrap());
    }
    request
}

fn denies(denied: &str, mut request: Request<()>) -> bool {
    let all = Quota::per_hour(9).by(everyone());
    let limits = RateLimit::builder().policy("all", all).deny(when::host(denied)).build().unwrap();
    matches!(limits.stage().enter(&mut request), Decision::Refuse(..))
}

#[test]
fn a_host_is_the_same_however_it_is_written() {
    for written in ["old.example", "OLD.example:8080", "old.example.", "old.example.:80"] {
        for denied in ["old.example", "Old.Example."] {
            assert!(denies(denied, request(&[written])), "{written}");
        }
    }
    for other in ["example", "very.old.example", "old.example..", "old.example@new.example"] {
        assert!(!denies("old.example", request(&[other])), "{other}");
    }
    assert!(!denies("old.example", request(&[])));
}

/// Who stands behind us may go by the other one.
#[test]
fn of_two_hosts_one_is_enough_to_be_denied_and_not_to_be_exempt() {
    assert!(denies("old.example", request(&["new.example", "old.example"])));
    assert!(denies("old.example", request(&["old.example", "new.example"])));
    let inside = when::host("inside.example");
    assert!(!inside.holds(&request(&["inside.example", "outside.example"])));
    assert!(inside.holds(&request(&["inside.example", "INSIDE.example."])));
}
