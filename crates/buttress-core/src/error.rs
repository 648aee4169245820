use std::error::Error;
use std::fmt;

/// Everything that is wrong with the settings, found before the first request.
///
/// ```
/// use buttress_core::Faults;
///
/// let mut faults = Faults::new();
/// faults.add("trusted_proxies[1]", "`10.0.0/8` is not a network");
/// faults.add("ipv6_prefix", "must be at most 128, not 200");
///
/// let error = faults.finish(()).unwrap_err();
/// assert_eq!(error.faults().len(), 2);
/// assert_eq!(error.faults()[1].path(), "ipv6_prefix");
/// assert_eq!(
///     error.to_string(),
///     "2 settings are wrong\n  \
///      trusted_proxies[1]: `10.0.0/8` is not a network\n  \
///      ipv6_prefix: must be at most 128, not 200"
/// );
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BuildError {
    faults: Vec<Fault>,
}

impl BuildError {
    /// That the setting at `path` is wrong, and nothing else. Where there may be more, [`Faults`] collects them.
    ///
    /// ```
    /// let error = buttress_core::BuildError::of("fleet", "there is no runtime");
    /// assert_eq!(error.to_string(), "wrong setting fleet: there is no runtime");
    /// ```
    #[must_use]
    pub fn of(path: impl Into<String>, reason: impl fmt::Display) -> Self {
        Self { faults: vec![Fault { path: path.into(), reason: reason.to_string() }] }
    }

    /// What is wrong, in the order in which it was found; never empty.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// The same, each at the path that `place` says: for settings of a file, whose names are not those of the builder
    /// that checks them.
    ///
    /// ```
    /// let error = buttress_core::BuildError::of("window", "must be greater than zero");
    /// let in_the_file = error.placed(|fault| format!("{}_ms", fault.path()));
    /// assert_eq!(in_the_file.to_string(), "wrong setting window_ms: must be greater than zero");
    /// ```
    #[must_use]
    pub fn placed(self, place: impl Fn(&Fault) -> String) -> Self {
        let placed = |fault: Fault| Fault { path: place(&fault), ..fault };
        Self { faults: self.faults.into_iter().map(placed).collect() }
    }

    /// The same, by the names of a file: each pair is a path that a builder says, and the one that stands there. What
    /// is not among them is called the same in both.
    ///
    /// ```
    /// let error = buttress_core::BuildError::of("window", "must be at least 1 s");
    /// let in_the_file = error.renamed(&[("cost", "unit_cost"), ("window", "window_ms")]);
    /// assert_eq!(in_the_file.faults()[0].path(), "window_ms");
    /// assert_eq!(in_the_file.clone().renamed(&[("cost", "unit_cost")]), in_the_file);
    /// ```
    #[must_use]
    pub fn renamed(self, names: &[(&str, &str)]) -> Self {
        self.placed(|fault| {
            let found = names.iter().find(|(said, _)| *said == fault.path);
            found.map_or(&*fault.path, |(_, file)| file).to_owned()
        })
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.faults {
            [fault] => write!(f, "wrong setting {fault}"),
            faults => {
                write!(f, "{} settings are wrong", faults.len())?;
                faults.iter().try_for_each(|fault| write!(f, "\n  {fault}"))
            }
        }
    }
}

impl Error for BuildError {}

/// One wrong setting: where it stands, and why it cannot be.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fault {
    path: String,
    reason: String,
}

impl Fault {
    /// Where the setting stands, as in `limits.per_key[2].burst`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Why it cannot be, in words.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.reason)
    }
}

/// Collects [`Fault`]s, so that a user sees all of them at once. See [`BuildError`] for an example.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    found: Vec<Fault>,
}

impl Faults {
    /// Starts with none.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes that the setting at `path` is wrong.
    pub fn add(&mut self, path: impl Into<String>, reason: impl fmt::Display) {
        self.found.push(Fault { path: path.into(), reason: reason.to_string() });
    }

    /// Takes over the faults of a part whose settings stand under `path`; an empty `path` adds none.
    pub fn within<T>(&mut self, path: &str, part: Result<T, BuildError>) -> Option<T> {
        let error = match part {
            Ok(part) => return Some(part),
            Err(error) => error,
        };
        self.found.extend(error.faults.into_iter().map(|fault| match path {
            "" => fault,
            _ => Fault { path: format!("{path}.{}", fault.path), ..fault },
        }));
        None
    }

    /// Gives `built` out, if nothing was wrong.
    ///
    /// # Errors
    ///
    /// Fails with every fault that was noted.
    pub fn finish<T>(self, built: T) -> Result<T, BuildError> {
        if self.found.is_empty() { Ok(built) } else { Err(BuildError { faults: self.found }) }
    }
}
