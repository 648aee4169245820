use buttress_core::Faults;

/// The paths whose request bodies may be silent, as the application says: no client can add to them.
#[derive(Clone, Debug, Default)]
pub(super) struct Silent {
    /// Without the last slash, so the root is empty.
    paths: Vec<Box<str>>,
}

impl Silent {
    pub(super) fn new(given: &[String], setting: &str, faults: &mut Faults) -> Self {
        let mut paths = Vec::with_capacity(given.len());
        for (at, path) in given.iter().enumerate() {
            if path.starts_with('/') && !path.contains(['?', '#', '{', '}', '*']) {
                paths.push(path.strip_suffix('/').unwrap_or(path).into());
            } else {
                faults.add(format!("{setting}[{at}]"), format_args!("`{path}` is no path"));
            }
        }
        Self { paths }
    }

    /// Whether `path` is one of them, or stands below one.
    pub(super) fn covers(&self, path: &str) -> bool {
        let below = |rest: &str| rest.is_empty() || rest.starts_with('/');
        self.paths.iter().any(|known| path.strip_prefix(&**known).is_some_and(below))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn silent(paths: &[&str]) -> (Silent, Vec<String>) {
        let paths: Vec<_> = paths.iter().map(|path| (*path).to_owned()).collect();
        let mut faults = Faults::new();
        let silent = Silent::new(&paths, "silent_streams", &mut faults);
        let faults = faults.finish(()).err();
        let faults = faults.iter().flat_map(buttress_core::BuildError::faults);
        (silent, faults.map(|fault| fault.path().to_owned()).collect())
    }

    #[test]
    fn a_path_stands_for_all_below_it() {
        let (some, _) = silent(&["/shop.Stock/Watch", "/shop.Orders/"]);
        for path in ["/shop.Stock/Watch", "/shop.Orders", "/shop.Orders/", "/shop.Orders/Follow"] {
            assert!(some.covers(path), "{path}");
        }
        for path in ["/", "*", "/shop.Stock", "/shop.Stock/WatchAll", "/shop.OrdersOfAll/Follow"] {
            assert!(!some.covers(path), "{path}");
        }
        assert!(!Silent::default().covers("/"));
        let (all, _) = silent(&["/"]);
        assert!(all.covers("/") && all.covers("/shop.Stock/Count"));
    }

    #[test]
    fn what_is_no_path_is_said() {
        let (_, faults) = silent(&["/a", "a", "", "/a/{id}", "/a?b"]);
        let expected = [1, 2, 3, 4].map(|at| format!("silent_streams[{at}]"));
        assert_eq!(faults, expected);
    }
}
