use std::num::NonZeroUsize;
use std::time::Duration;

use buttress_core::{BuildError, Faults, Secret};
use serde::{Deserialize, Serialize};

use crate::fleet::Fleet;
use crate::location::Location;
use crate::tls::{Given, Tls};
use crate::{Redis, RedisBuilder, TlsSettings};

/// The settings of [`Redis`], as they stand in a file. What is left out has its default.
///
/// ```
/// use buttress_redis::RedisSettings;
///
/// let settings: RedisSettings = serde_json::from_str(
///     r#"{ "url": "http://localhost", "connections": 9, "prefix": "{shop}" }"#,
/// )?;
/// let error = settings.build().unwrap_err();
/// let paths: Vec<_> = error.faults().iter().map(|fault| fault.path()).collect();
/// assert_eq!(paths, ["url", "connections", "prefix"]);
/// # Ok::<_, serde_json::Error>(())
/// ```
///
/// A URL alone becomes settings by [`From`], so [`Redis::connect`] takes either. What is written from them has no
/// URL and no password.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct RedisSettings {
    /// `redis://user:password@host:port/database`, `unix:/path?db=0`, or
    /// `redis+sentinel://user:password@host1:port,host2:port/name-of-the-master/database`, or
    /// `redis+cluster://user:password@host1:port,host2:port`. With TLS `rediss…`, which is for all servers.
    #[serde(skip_serializing)]
    pub url: Secret<String>,
    /// As whom to speak to the servers, where the URL does not say it.
    pub user: Option<String>,
    /// The password for the servers, as it is: in the URL, some signs would have to be written as `%40`.
    #[serde(skip_serializing)]
    pub password: Option<Secret<String>>,
    /// Whether [`Redis::connect`] does without a connection, for a service that may start while Redis is down.
    pub lazy: bool,
    /// How many connections there are, from 1 to 4. Each is shared by many calls.
    pub connections: u8,
    /// Milliseconds for a connection to be made, from the name to the greeting.
    pub connect_timeout_ms: u64,
    /// Milliseconds for each call, unless it is given less.
    pub response_timeout_ms: u64,
    /// How many calls may be under way: one more is turned away.
    pub in_flight: usize,
    /// What every key begins with: services that share a server have different ones.
    pub prefix: String,
    /// What the server calls our connections.
    pub client_name: String,
    /// As whom to speak to sentinels. The login in the URL is that of the master.
    pub sentinel_user: Option<String>,
    /// The password for sentinels.
    #[serde(skip_serializing)]
    pub sentinel_password: Option<Secret<String>>,
    /// Whether to speak TLS to sentinels, where they differ from the servers. Without it, as the scheme of the URL
    /// says.
    pub sentinel_tls: Option<bool>,
    /// Whom to trust, and who we are, where TLS is spoken.
    pub tls: Option<TlsSettings>,
}

impl Default for RedisSettings {
    fn default() -> Self {
        Self {
            url: Secret::new("redis://127.0.0.1:6379".to_owned()),
            user: None,
            password: None,
            lazy: false,
            connections: 2,
            connect_timeout_ms: 500,
            response_timeout_ms: 500,
            in_flight: 4_096,
            prefix: "buttress".to_owned(),
            client_name: "buttress".to_owned(),
            sentinel_user: None,
            sentinel_password: None,
            sentinel_tls: None,
            tls: None,
        }
    }
}

/// The settings, once they are found to be right.
#[derive(Clone, Debug)]
pub(crate) struct Checked {
    pub(crate) location: Location,
    pub(crate) tls: Tls,
    pub(crate) sentinel_tls: Tls,
    pub(crate) connections: NonZeroUsize,
    pub(crate) connect_timeout: Duration,
    pub(crate) response_timeout: Duration,
    pub(crate) in_flight: usize,
    pub(crate) prefix: String,
    pub(crate) client_name: String,
    sentinel_user: Option<String>,
    sentinel_password: Option<Secret<String>>,
}

impl Checked {
    /// How to speak to sentinels.
    pub(crate) fn sentinel_login(&self) -> redis::RedisConnectionInfo {
        let mut login = redis::RedisConnectionInfo::default().set_skip_set_lib_name();
        if let Some(user) = &self.sentinel_user {
            login = login.set_username(user);
        }
        if let Some(password) = &self.sentinel_password {
            login = login.set_password(password.expose());
        }
        login
    }
}

impl RedisSettings {
    /// Checks the settings. Nothing is connected to yet.
    ///
    /// # Errors
    ///
    /// Fails with every setting that is wrong.
    pub fn build(self) -> Result<Redis, BuildError> {
        RedisBuilder::from(self).build()
    }

    pub(crate) fn check(self, given: Given) -> Result<Checked, BuildError> {
        let mut faults = Faults::new();
        let location = match Location::parse(self.url.expose()) {
            Ok(location) => self.with_login(location, &mut faults),
            Err(reason) => {
                faults.add("url", reason);
                Location { tls: cfg!(feature = "tls") && self.tls.is_some(), ..Location::local() }
            }
        };
        let tls = Tls::check(&location, self.sentinel_tls, self.tls.clone(), given);
        let tls = faults.within("", tls).unwrap_or_default();
        self.check_limits(&mut faults);
        self.check_names(&mut faults);
        self.check_sentinels(&location, &mut faults);
        faults.finish(Checked {
            location,
            tls: tls.servers,
            sentinel_tls: tls.sentinels,
            connections: NonZeroUsize::new(self.connections.into()).unwrap_or(NonZeroUsize::MIN),
            connect_timeout: Duration::from_millis(self.connect_timeout_ms),
            response_timeout: Duration::from_millis(self.response_timeout_ms),
            in_flight: self.in_flight,
            prefix: self.prefix,
            client_name: self.client_name,
            sentinel_user: self.sentinel_user,
            sentinel_password: self.sentinel_password,
        })
    }

    /// User and password may stand in the URL or beside it, each once.
    fn with_login(&self, mut location: Location, faults: &mut Faults) -> Location {
        let (user, password) = (&self.user, &self.password);
        for (path, is_twice) in [
            ("user", user.is_some() && location.user.is_some()),
            ("password", password.is_some() && location.password.is_some()),
        ] {
            if is_twice {
                faults.add(path, "stands in the URL, too");
            }
        }
        for (path, is_empty) in [
            ("user", user.as_deref() == Some("")),
            ("password", password.as_ref().is_some_and(|password| password.expose().is_empty())),
        ] {
            if is_empty {
                faults.add(path, "must not be empty");
            }
        }
        location.password = location.password.or_else(|| password.clone());
        // Without a password there would be no login, and the name would not count.
        if location.password.is_none() && location.user.is_some() {
            faults.add("url", "has a user without a password; one without a user is `:password@`");
        } else if location.password.is_none() && user.is_some() {
            faults.add("user", "needs a `password`");
        }
        location.user = location.user.or_else(|| user.clone());
        location
    }

    fn check_limits(&self, faults: &mut Faults) {
        if !(1..=4).contains(&self.connections) {
            faults
                .add("connections", format_args!("must be from 1 to 4, not {}", self.connections));
        }
        for (path, given) in [
            ("connect_timeout_ms", self.connect_timeout_ms),
            ("response_timeout_ms", self.response_timeout_ms),
        ] {
            if !(1..=60_000).contains(&given) {
                faults.add(path, format_args!("must be from 1 to 60000, not {given}"));
            }
        }
        if self.in_flight == 0 {
            faults.add("in_flight", "must be at least 1: nothing could be asked otherwise");
        }
    }

    fn check_names(&self, faults: &mut Faults) {
        for (path, given) in [("prefix", &self.prefix), ("client_name", &self.client_name)] {
            let plain = |byte: u8| byte.is_ascii_graphic() && !b"{}".contains(&byte);
            if given.is_empty() || given.len() > 64 || !given.bytes().all(plain) {
                faults
                    .add(path, "must be 1 to 64 visible characters of ASCII, without `{` and `}`");
            }
        }
    }

    fn check_sentinels(&self, location: &Location, faults: &mut Faults) {
        let has_sentinels = matches!(location.fleet, Fleet::Sentinels { .. });
        for (path, is_given) in [
            ("sentinel_user", self.sentinel_user.is_some()),
            ("sentinel_password", self.sentinel_password.is_some()),
            ("sentinel_tls", self.sentinel_tls.is_some()),
        ] {
            if is_given && !has_sentinels {
                faults.add(path, "is for sentinels, and the URL has none");
            }
        }
        if self.sentinel_user.is_some() && self.sentinel_password.is_none() {
            faults.add("sentinel_user", "needs a `sentinel_password`");
        }
    }
}

/// A URL, and the defaults for everything else.
impl From<Secret<String>> for RedisSettings {
    fn from(url: Secret<String>) -> Self {
        Self { url, ..Self::default() }
    }
}

impl From<String> for RedisSettings {
    fn from(url: String) -> Self {
        Secret::new(url).into()
    }
}

impl From<&str> for RedisSettings {
    fn from(url: &str) -> Self {
        url.to_owned().into()
    }
}
