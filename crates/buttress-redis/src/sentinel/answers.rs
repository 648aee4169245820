//! What sentinels say, and what it means.

use redis::Value;

use crate::address::Address;

/// What a sentinel knows of a master.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Seen {
    /// How many times it was replaced, by the sentinel's knowledge.
    pub(crate) epoch: u64,
    pub(crate) master: Address,
    /// The other sentinels.
    pub(crate) others: Vec<Address>,
}

impl Seen {
    /// From the answers to `SENTINEL MASTER`, `SENTINEL GET-MASTER-ADDR-BY-NAME` and `SENTINEL SENTINELS`, in this
    /// order: so the address is not older than the epoch.
    pub(crate) fn of(master: &Value, address: &Value, others: &Value) -> Option<Self> {
        let epoch = field(master, "config-epoch")?.parse().ok()?;
        let Value::Array(place) = address else { return None };
        let [host, port] = &**place else { return None };
        let master = tcp(text(host)?, text(port)?)?;
        let others = match others {
            Value::Array(others) => others.iter().filter_map(place_of).collect(),
            _ => Vec::new(),
        };
        Some(Self { epoch, master, others })
    }
}

/// Whether `+switch-master` is about this master: `name old-ip old-port new-ip new-port`.
pub(crate) fn is_about(payload: &[u8], name: &str) -> bool {
    let Some(rest) = payload.strip_prefix(name.as_bytes()) else { return false };
    // A name may have blanks, in a configuration that quotes it.
    rest.first() == Some(&b' ') && rest.split(|byte| *byte == b' ').count() == 5
}

fn place_of(sentinel: &Value) -> Option<Address> {
    tcp(field(sentinel, "ip")?, field(sentinel, "port")?)
}

fn tcp(host: &str, port: &str) -> Option<Address> {
    let port = port.parse().ok().filter(|port| *port > 0)?;
    (!host.is_empty()).then(|| Address::Tcp { host: host.to_owned(), port })
}

/// The value after `name` in a list of names and values.
fn field<'a>(list: &'a Value, name: &str) -> Option<&'a str> {
    let Value::Array(words) = list else { return None };
    let mut pairs = words.chunks_exact(2);
    pairs.find_map(|pair| text(&pair[1]).filter(|_| text(&pair[0]) == Some(name)))
}

fn text(value: &Value) -> Option<&str> {
    match value {
        Value::BulkString(bytes) => str::from_utf8(bytes).ok(),
        Value::SimpleString(text) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list<const N: usize>(words: [&str; N]) -> Value {
        Value::Array(words.map(|word| Value::BulkString(word.as_bytes().to_vec())).into())
    }

    #[test]
    fn it_reads_what_sentinels_say() {
        // `ip` and `port` are those from before, while the sentinel switches over.
        let master =
            list(["name", "config-epoch", "ip", "10.0.0.9", "port", "1", "config-epoch", "7"]);
        let address = list(["10.0.0.1", "6379"]);
        let others = Value::Array(vec![
            list(["name", "x", "ip", "10.0.0.2", "port", "26379"]),
            list(["name", "y", "ip", "", "port", "26379"]),
            Value::Nil,
        ]);
        let at = |host: &str, port| Address::Tcp { host: host.to_owned(), port };
        let (master_at, other) = (at("10.0.0.1", 6379), at("10.0.0.2", 26_379));
        let seen = Seen { epoch: 7, master: master_at, others: vec![other] };
        assert_eq!(Seen::of(&master, &address, &others), Some(seen.clone()));
        let alone = Seen { others: Vec::new(), ..seen };
        assert_eq!(Seen::of(&master, &address, &Value::Nil), Some(alone));
    }

    #[test]
    fn what_is_no_answer_is_none() {
        let master = list(["config-epoch", "7"]);
        for address in [Value::Nil, list([]), list(["h"]), list(["h", "0"]), list(["h", "70000"])] {
            assert_eq!(Seen::of(&master, &address, &Value::Nil), None, "{address:?}");
        }
        let address = list(["h", "1"]);
        for master in [Value::Nil, list([]), list(["config-epoch"]), list(["config-epoch", "-1"])] {
            assert_eq!(Seen::of(&master, &address, &Value::Nil), None, "{master:?}");
        }
    }

    #[test]
    fn news_of_other_masters_are_none() {
        assert!(is_about(b"fleet 10.0.0.1 6379 10.0.0.2 6379", "fleet"));
        assert!(!is_about(b"fleets 10.0.0.1 6379 10.0.0.2 6379", "fleet"));
        assert!(!is_about(b"fleet 2 10.0.0.1 6379 10.0.0.2 6379", "fleet"));
        for garbage in [&b""[..], b"fleet", b"fleet ", b"\xff"] {
            assert!(!is_about(garbage, "fleet"));
        }
    }
}
