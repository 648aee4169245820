use redis::Value;

/// What a server told of itself when it was connected to. What it would not tell is not known, and no reason not to
/// use it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Facts {
    pub(crate) replica: bool,
    pub(crate) version: Option<String>,
    pub(crate) eviction: Option<String>,
}

impl Facts {
    /// From the answers to `ROLE`, `INFO server` and `INFO memory`.
    pub(crate) fn of(role: &Value, server: &Value, memory: &Value) -> Self {
        let first = match role {
            Value::Array(words) => words.first().map_or("", text),
            _ => "",
        };
        let (server, memory) = (text(server), text(memory));
        let valkey = field(server, "valkey_version").map(|version| format!("Valkey {version}"));
        let redis = || field(server, "redis_version").map(|version| format!("Redis {version}"));
        Self {
            replica: first == "slave",
            version: valkey.or_else(redis),
            eviction: field(memory, "maxmemory_policy").map(str::to_owned),
        }
    }

    /// What an operator should know.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if let Some(policy) = self.eviction.as_deref().filter(|policy| *policy != "noeviction") {
            warnings.push(format!(
                "`maxmemory-policy` is {policy}: when memory is short, limits, sessions and locks are forgotten"
            ));
        }
        if let Some(version) = self.version.as_deref().filter(|version| is_old(version)) {
            warnings.push(format!("{version} is older than Redis 6.2, and not supported"));
        }
        warnings
    }
}

fn is_old(version: &str) -> bool {
    let Some(number) = version.strip_prefix("Redis ") else { return false };
    let mut parts = number.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) < (6, 2)
}

fn text(value: &Value) -> &str {
    match value {
        Value::BulkString(bytes) => str::from_utf8(bytes).unwrap_or_default(),
        Value::SimpleString(text) => text,
        _ => "",
    }
}

/// Nothing but a word or two: it stands in logs and in the health report.
fn field<'a>(info: &'a str, name: &str) -> Option<&'a str> {
    let found = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?.trim();
    let plain = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
    ((1..=64).contains(&found.len()) && found.bytes().all(plain)).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bulk(text: &str) -> Value {
        Value::BulkString(text.as_bytes().to_vec())
    }

    #[test]
    fn it_reads_what_servers_tell() {
        let role = Value::Array(vec![bulk("slave"), bulk("127.0.0.1")]);
        let server = bulk(
            "# Server\r\nredis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:9.1.2\r\n",
        );
        let facts = Facts::of(&role, &server, &bulk("maxmemory_policy:allkeys-lru\r\n"));
        assert!(facts.replica);
        assert_eq!(facts.version.as_deref(), Some("Valkey 9.1.2"));
        assert_eq!(facts.warnings().len(), 1);
        assert!(facts.warnings()[0].contains("allkeys-lru"));
    }

    #[test]
    fn old_servers_are_named_and_silent_ones_are_not() {
        let facts = |version: &str| Facts { version: Some(version.into()), ..Facts::default() };
        for (version, old) in [
            ("Redis 6.0.16", true),
            ("Redis 5.9", true),
            ("Redis 6.2.0", false),
            ("Redis 10.0", false),
            ("Valkey 7.2", false),
        ] {
            assert_eq!(facts(version).warnings().len(), usize::from(old), "{version}");
        }
        assert_eq!(Facts::of(&Value::Nil, &Value::Nil, &Value::Nil), Facts::default());
    }

    #[test]
    fn what_is_no_word_is_not_repeated() {
        for word in ["", " ", "a\x1b[1m", "ä", &"7".repeat(65)] {
            let server = bulk(&format!("redis_version:{word}\r\n"));
            assert_eq!(Facts::of(&Value::Nil, &server, &server), Facts::default(), "{word}");
        }
    }
}
