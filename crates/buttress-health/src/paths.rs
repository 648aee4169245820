use buttress_core::Faults;

/// What a probe asks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Endpoint {
    Live,
    Ready,
    Startup,
}

/// A path that is a probe's: what it asks, and of which group.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Asked<'a> {
    pub(crate) endpoint: Endpoint,
    pub(crate) group: Option<&'a str>,
    /// Whether it is a probe's even if there is no such group: below the paths that nobody has chosen. There a slip in
    /// a probe's configuration must not be answered by a page of the application.
    pub(crate) is_ours: bool,
}

/// Where readiness is asked unless the settings say otherwise.
pub(crate) const READY: [&str; 2] = ["/health/ready", "/ready"];

/// Which paths are answered.
#[derive(Clone, Debug, Default)]
pub(crate) struct Paths {
    known: Vec<(Box<str>, Endpoint)>,
    /// A bit for each letter that one of them begins with, so that most other paths cost one look.
    letters: u64,
}

impl Paths {
    pub(crate) fn read(
        faults: &mut Faults,
        live: &[String],
        ready: &[String],
        startup: &[String],
    ) -> Self {
        let mut paths = Self::default();
        for (name, endpoint, texts) in [
            ("live", Endpoint::Live, live),
            ("ready", Endpoint::Ready, ready),
            ("startup", Endpoint::Startup, startup),
        ] {
            for (at, text) in texts.iter().enumerate() {
                let known = paths.known.iter().any(|(path, _)| **path == **text);
                if !is_path(text) {
                    let reason = "must be `/`, then letters, digits and `/-_.~`";
                    faults.add(
                        format!("paths.{name}[{at}]"),
                        format_args!("`{text}` is no path: {reason}"),
                    );
                } else if known {
                    faults
                        .add(format!("paths.{name}[{at}]"), format_args!("`{text}` is used twice"));
                }
                paths.add(text, endpoint);
            }
        }
        paths
    }

    fn add(&mut self, path: &str, endpoint: Endpoint) {
        self.letters |= letter(path);
        self.known.push((path.into(), endpoint));
    }

    /// What is asked at this path, if anything.
    #[inline]
    pub(crate) fn find<'a>(&self, path: &'a str) -> Option<Asked<'a>> {
        if self.letters & letter(path) == 0 { None } else { self.look_for(path) }
    }

    fn look_for<'a>(&self, path: &'a str) -> Option<Asked<'a>> {
        if let Some((_, endpoint)) = self.known.iter().find(|(known, _)| **known == *path) {
            return Some(Asked { endpoint: *endpoint, group: None, is_ours: true });
        }
        self.known.iter().find_map(|(known, endpoint)| {
            let rest = path.strip_prefix(&**known)?;
            let group = rest.strip_prefix('/')?;
            let fits = *endpoint == Endpoint::Ready && !group.is_empty() && !group.contains('/');
            let is_ours = READY.contains(&&**known);
            fits.then_some(Asked { endpoint: Endpoint::Ready, group: Some(group), is_ours })
        })
    }

    /// Every path with what is asked there.
    #[cfg(feature = "axum")]
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, Endpoint)> {
        self.known.iter().map(|(path, endpoint)| (&**path, *endpoint))
    }
}

/// The bit of what stands behind the first `/`; none where nothing does.
#[inline]
fn letter(path: &str) -> u64 {
    path.as_bytes().get(1).map_or(0, |byte| 1 << (byte & 63))
}

fn is_path(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte);
    let fits = (2..=256).contains(&text.len()) && text.starts_with('/') && !text.ends_with('/');
    fits && text.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn finds_what_is_there_and_nothing_else() {
        let mut faults = Faults::new();
        let live = owned(&["/health", "/health/live"]);
        let paths = Paths::read(&mut faults, &live, &owned(&["/ready"]), &owned(&[]));
        assert!(faults.finish(()).is_ok());

        let of = |path| paths.find(path).map(|asked| (asked.endpoint, asked.group));
        assert_eq!(of("/health"), Some((Endpoint::Live, None)));
        assert_eq!(of("/health/live"), Some((Endpoint::Live, None)));
        assert_eq!(of("/ready"), Some((Endpoint::Ready, None)));
        assert_eq!(of("/ready/reports"), Some((Endpoint::Ready, Some("reports"))));
        for other in [
            "/",
            "",
            "/healthy",
            "/health/",
            "/Health",
            "/health/x",
            "/ready/",
            "/ready/a/b",
            "/readyx/a",
            "*",
        ] {
            assert_eq!(of(other), None, "{other}");
        }
    }

    #[test]
    fn a_wrong_path_is_told() {
        let mut faults = Faults::new();
        let live = owned(&["health", "/", "/a b", "/a/", "/{x}", "/ok"]);
        Paths::read(&mut faults, &live, &owned(&["/ok"]), &owned(&[]));
        assert_eq!(faults.finish(()).unwrap_err().faults().len(), 6);
    }
}
