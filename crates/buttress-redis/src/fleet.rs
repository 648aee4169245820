use crate::address::Address;
use crate::location::decoded;

/// How many servers there are, and who knows where the right one is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Fleet {
    /// One server, where the URL says.
    Alone,
    /// The master that sentinels know by a name.
    Sentinels { name: String, seeds: Vec<Address> },
    /// The primaries of a cluster, of which any node tells.
    Cluster { seeds: Vec<Address> },
}

/// What sentinels listen on where nothing else is said.
const SENTINEL: u16 = 26_379;
/// So many may be named.
const MOST: usize = 32;

impl Fleet {
    /// Reads `host1:port,host2:port` and the path `name/0` after it; the second part of the path is the database.
    pub(crate) fn sentinels<'a>(
        places: &str,
        path: &'a str,
    ) -> Result<(Self, &'a str), &'static str> {
        let (name, database) = path.split_once('/').unwrap_or((path, ""));
        if name.is_empty() {
            return Err(
                "must have the name of the master after the sentinels, as in `/mymaster/0`",
            );
        }
        let seeds = seeds(places, SENTINEL)?;
        Ok((Self::Sentinels { name: decoded(name)?, seeds }, database))
    }

    /// Reads `host1:port,host2:port`. A cluster has one database.
    pub(crate) fn cluster<'a>(
        places: &str,
        path: &'a str,
    ) -> Result<(Self, &'a str), &'static str> {
        if !matches!(path, "" | "0") {
            return Err("has a database other than 0, and a cluster has no other");
        }
        Ok((Self::Cluster { seeds: seeds(places, 6379)? }, path))
    }

    /// Where to ask first.
    pub(crate) fn seeds(&self) -> &[Address] {
        match self {
            Self::Alone => &[],
            Self::Sentinels { seeds, .. } | Self::Cluster { seeds } => seeds,
        }
    }
}

/// One or more, each once.
fn seeds(places: &str, port: u16) -> Result<Vec<Address>, &'static str> {
    let mut seeds = Vec::new();
    for place in places.split(',') {
        let seed = Address::tcp(place, port)?;
        if !seeds.contains(&seed) {
            seeds.push(seed);
        }
    }
    if seeds.len() > MOST {
        return Err("names more than 32 servers");
    }
    Ok(seeds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::location::Location;

    fn tcp(host: &str, port: u16) -> Address {
        Address::Tcp { host: host.to_owned(), port }
    }

    #[test]
    fn sentinels_stand_in_the_url() {
        let url = "redis+sentinel://ada:p%40ss@one,two:26380,[::1]:1,one/my%20master/3";
        let location = Location::parse(url).unwrap();
        let seeds = vec![tcp("one", 26_379), tcp("two", 26_380), tcp("::1", 1)];
        assert_eq!(location.address, seeds[0]);
        assert_eq!(location.fleet, Fleet::Sentinels { name: "my master".to_owned(), seeds });
        assert_eq!((location.user.as_deref(), location.database), (Some("ada"), 3));
        assert_eq!(location.password.unwrap().expose(), "p@ss");
        let location = Location::parse("valkey+sentinel://one/fleet").unwrap();
        assert_eq!((location.fleet.seeds().len(), location.database), (1, 0));
    }

    #[test]
    fn nodes_stand_in_the_url() {
        for url in ["redis+cluster://:x@one:7000,two", "valkey+cluster://:x@one:7000,two/0"] {
            let location = Location::parse(url).unwrap();
            let seeds = vec![tcp("one", 7_000), tcp("two", 6_379)];
            assert_eq!(location.fleet, Fleet::Cluster { seeds });
            assert_eq!(location.password.unwrap().expose(), "x");
        }
    }

    #[test]
    fn what_is_wrong_with_them_is_said() {
        for (url, reason) in [
            ("redis+sentinel://one,two", "must have the name"),
            ("redis+sentinel://one,two/", "must have the name"),
            ("redis+sentinel://one,/fleet", "must have a host"),
            ("redis+sentinel:///fleet", "must have a host"),
            ("redis+sentinel://one/fleet/0/1", "has a database"),
            ("redis+sentinel://one/fleet?x=hunter2", "has a query"),
            ("redis+sentinel:one/fleet", "must have `//`"),
            ("redis+cluster://one,two/1", "a database other than 0"),
            ("redis+cluster://one,,two", "must have a host"),
            ("redis+ring://one", "the scheme must be"),
            ("rediss+sentinel://:hunter2@one", "must have the name"),
            ("valkeys+cluster://:hunter2@one/1", "a database other than 0"),
        ] {
            let said = Location::parse(url).unwrap_err();
            assert!(said.contains(reason) && !said.contains("hunter2"), "{url}: {said}");
        }
    }
}
