use buttress_core::Secret;

use crate::address::Address;
use crate::fleet::Fleet;

/// Where Redis is, and as whom to speak to it: what a URL says.
#[derive(Clone, Debug)]
pub(crate) struct Location {
    /// The server, or the first of those that know where it is.
    pub(crate) address: Address,
    pub(crate) fleet: Fleet,
    pub(crate) user: Option<String>,
    pub(crate) password: Option<Secret<String>>,
    pub(crate) database: i64,
    /// Whether it asks for TLS: to each server, and to sentinels unless the settings say otherwise.
    pub(crate) tls: bool,
}

impl Location {
    /// A server on this machine, as it comes.
    pub(crate) fn local() -> Self {
        let address = Address::Tcp { host: "127.0.0.1".to_owned(), port: 6379 };
        Self { address, fleet: Fleet::Alone, user: None, password: None, database: 0, tls: false }
    }

    /// Reads `redis://user:password@host:port/database`, `rediss://…`, `unix:/path?db=…`, or the name of a fleet. The
    /// reason never repeats the URL, which may have a password in it.
    pub(crate) fn parse(url: &str) -> Result<Self, &'static str> {
        let (scheme, rest) =
            url.split_once(':').ok_or("must be a URL, as in `redis://localhost:6379/0`")?;
        let (family, fleet) =
            scheme.split_once('+').map_or((scheme, None), |(family, fleet)| (family, Some(fleet)));
        match (family, fleet) {
            ("redis" | "valkey" | "rediss" | "valkeys", None | Some("sentinel" | "cluster")) => {
                let rest = rest.strip_prefix("//").ok_or("must have `//` after the scheme")?;
                let tls = matches!(family, "rediss" | "valkeys");
                Ok(Self { tls, ..Self::tcp(rest, fleet.unwrap_or_default())? })
            }
            ("unix", None) | ("redis" | "valkey", Some("unix")) => {
                Self::unix(rest.strip_prefix("//").unwrap_or(rest))
            }
            _ => Err(
                "the scheme must be `redis`, `rediss`, `valkey` or `valkeys`, each perhaps with `+sentinel` or `+cluster`, or `unix`",
            ),
        }
    }

    fn tcp(rest: &str, fleet: &str) -> Result<Self, &'static str> {
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        if !query.is_empty() {
            return Err("has a query, of which nothing is known: use the other settings");
        }
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (login, place) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (user, password) = credentials(login)?;
        let (fleet, path) = match fleet {
            "sentinel" => Fleet::sentinels(place, path)?,
            "cluster" => Fleet::cluster(place, path)?,
            _ => (Fleet::Alone, path),
        };
        let address = match fleet.seeds().first() {
            Some(seed) => seed.clone(),
            None => Address::tcp(place, 6379)?,
        };
        let database = database(path)?;
        Ok(Self { address, fleet, user, password, database, tls: false })
    }

    fn unix(rest: &str) -> Result<Self, &'static str> {
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        if path.is_empty() {
            return Err("must have the path of a socket");
        }
        let (mut user, mut password, mut number) = (None, None, 0);
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=').ok_or("has a query that is no `name=value`")? {
                ("db", text) => number = database(text)?,
                ("user", text) => user = given(text)?,
                ("pass", text) => password = given(text)?.map(Secret::new),
                _ => return Err("may only have `db`, `user` and `pass` in its query"),
            }
        }
        let address = Address::Unix(decoded(path)?.into());
        let fleet = Fleet::Alone;
        Ok(Self { address, fleet, user, password, database: number, tls: false })
    }
}

type Credentials = (Option<String>, Option<Secret<String>>);

fn credentials(login: &str) -> Result<Credentials, &'static str> {
    let (user, password) = login.split_once(':').unwrap_or((login, ""));
    Ok((given(user)?, given(password)?.map(Secret::new)))
}

fn given(text: &str) -> Result<Option<String>, &'static str> {
    match text {
        "" => Ok(None),
        text => decoded(text).map(Some),
    }
}

fn database(text: &str) -> Result<i64, &'static str> {
    match text {
        "" => Ok(0),
        text => text.parse::<u16>().map(i64::from).map_err(|_| "has a database that is no number"),
    }
}

pub(crate) fn decoded(text: &str) -> Result<String, &'static str> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let digits = (first == b'%').then(|| after.get(..2)).flatten();
        let byte =
            digits.and_then(|digits| u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok());
        match (first, byte) {
            (b'%', None) => return Err("has a `%` that is not followed by two digits"),
            (_, Some(byte)) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            (_, None) => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).map_err(|_| "has bytes that are not UTF-8")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tcp(url: &str) -> (String, u16, i64) {
        let location = Location::parse(url).unwrap();
        match location.address {
            Address::Tcp { host, port } => (host, port, location.database),
            Address::Unix(path) => panic!("{path:?}"),
        }
    }

    #[test]
    fn it_reads_what_people_write() {
        assert_eq!(tcp("redis://localhost"), ("localhost".into(), 6379, 0));
        assert_eq!(tcp("valkey://10.0.0.1:7000/3"), ("10.0.0.1".into(), 7000, 3));
        assert_eq!(tcp("redis://[2001:db8::1]:1/"), ("2001:db8::1".into(), 1, 0));
        assert_eq!(tcp("redis://[::1]"), ("::1".into(), 6379, 0));
        for (family, tls) in
            [("redis", false), ("rediss", true), ("valkey", false), ("valkeys", true)]
        {
            for rest in ["://host", "+sentinel://host/fleet", "+cluster://host"] {
                let url = format!("{family}{rest}");
                assert_eq!(Location::parse(&url).unwrap().tls, tls, "{url}");
            }
        }
        let location = Location::parse("redis://ada:p%40ss%3Aword@host/1").unwrap();
        assert_eq!(location.user.as_deref(), Some("ada"));
        assert_eq!(location.password.unwrap().expose(), "p@ss:word");
        let location = Location::parse("redis://:hunter2@host").unwrap();
        assert!(location.user.is_none() && location.password.is_some());
        let location = Location::parse("unix:///run/redis.sock?db=2&pass=x").unwrap();
        assert_eq!(location.address, Address::Unix("/run/redis.sock".into()));
        assert_eq!((location.database, location.password.is_some()), (2, true));
        let location = Location::parse("unix:/x?user=&pass=").unwrap();
        assert!(location.user.is_none() && location.password.is_none());
    }

    #[test]
    fn what_is_wrong_is_said_without_the_password() {
        for (url, reason) in [
            ("localhost", "must be a URL"),
            ("http://localhost", "the scheme must be"),
            ("redis:localhost", "must have `//`"),
            ("redis+://localhost", "the scheme must be"),
            ("rediss+unix:///x", "the scheme must be"),
            ("redis://:hunter2@", "must have a host"),
            ("redis://:hunter2@host:70000", "has a port"),
            ("redis://:hunter2@host:0", "has a port"),
            ("redis://:hunter2@host/first", "has a database"),
            ("redis://:hunter2%4@host", "has a `%`"),
            ("redis://::1", "must have an IPv6 address in"),
            ("redis://[::1", "without its `]`"),
            ("redis://host?db=1", "has a query"),
            ("unix://", "must have the path"),
            ("unix:///x?hunter2", "has a query"),
            ("unix:///x?secret=hunter2", "may only have"),
        ] {
            let said = Location::parse(url).unwrap_err();
            assert!(said.starts_with(reason) || said.contains(reason), "{url}: {said}");
            assert!(!said.contains("hunter2"));
        }
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(url in "(rediss?|valkeys?|unix|rediss?\\+(sentinel|cluster))://.{0,40}|.{0,40}") {
            let _ = Location::parse(&url);
        }

        #[test]
        fn a_password_comes_through(password in ".{1,20}") {
            let encoded = password.bytes().fold(String::new(), |all, byte| format!("{all}%{byte:02x}"));
            let location = Location::parse(&format!("redis://:{encoded}@host")).unwrap();
            let read = location.password.unwrap().into_inner();
            prop_assert_eq!(read, password);
        }
    }
}
