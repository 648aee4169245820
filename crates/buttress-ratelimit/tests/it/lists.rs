//! What a list of addresses may not mean.

use buttress_ratelimit::{Quota, RateLimit, address, addresses};

fn reasons(network: &str) -> Vec<String> {
    let limits = RateLimit::builder().policy("a", Quota::per_second(9).by(address()));
    let list = || addresses(["10.0.0.0/8", network]);
    let error = limits.exempt(list()).deny(list()).build();
    let faults = error.err().map(|error| error.faults().to_vec()).unwrap_or_default();
    faults.iter().map(|fault| format!("{}: {}", fault.path(), fault.reason())).collect()
}

#[test]
fn everybody_and_nobody_are_refused() {
    for (networks, reason) in [
        (
            &["0.0.0.0/0", "::/0", "::ffff:0:0/96"][..],
            "is everybody: to mean every request, leave the condition out",
        ),
        (
            &[
                "0.0.0.0/8",
                "0.0.0.0",
                "0.1.2.0/24",
                "255.255.255.255",
                "224.0.0.0/4",
                "239.1.2.3",
                "::",
                "ff02::1",
            ][..],
            "is where no request comes from",
        ),
    ] {
        for network in networks {
            let [exempt, deny] = &reasons(network)[..] else { panic!("{network}") };
            assert!(
                exempt.starts_with("exempt[0]: `") && deny.starts_with("deny[0]: `"),
                "{exempt}"
            );
            assert!(exempt.ends_with(reason) && deny.ends_with(reason), "{exempt}");
        }
    }
}

#[test]
fn whoever_may_call_is_not() {
    for network in [
        "127.0.0.0/8",
        "::1",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "169.254.0.0/16",
        "fe80::/10",
        "fc00::/7",
        "100.64.0.0/10",
        "0.0.0.0/1",
        "128.0.0.0/1",
        "2000::/3",
    ] {
        assert_eq!(reasons(network), [""; 0], "{network}");
    }
}
