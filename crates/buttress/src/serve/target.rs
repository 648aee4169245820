/// Measures the path and query of a request while its line arrives.
///
/// Only what is too long needs it: the library reads no further than the longest head, and would call a
/// target that is longer a head with too many fields.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Target {
    /// In the method, or before it.
    #[default]
    Method,
    /// Its first byte comes next.
    First,
    /// In the scheme or the authority of `http://host/path`, with as many slashes to come until the path.
    Authority(u8),
    /// So much of the path and the query was seen.
    Path(usize),
    /// The line goes on, the target does not.
    Over,
}

impl Target {
    /// Takes the next bytes of the line. Says how many of them there are until the target is longer than
    /// `most`.
    pub(super) fn read(&mut self, line: &[u8], most: usize) -> Option<usize> {
        for (at, byte) in line.iter().enumerate() {
            *self = self.next(*byte);
            if matches!(self, Self::Path(length) if *length > most) {
                return Some(at + 1);
            }
        }
        None
    }

    fn next(self, byte: u8) -> Self {
        match (self, byte) {
            (Self::Method, b' ') => Self::First,
            (Self::Method, _) => Self::Method,
            // Control characters and fragments are no part of a target.
            (_, 0..=b' ' | b'#') | (Self::Over, _) => Self::Over,
            (Self::First | Self::Authority(1), b'/') | (Self::Authority(_), b'?') => Self::Path(1),
            (Self::First, _) => Self::Authority(3),
            (Self::Authority(slashes), b'/') => Self::Authority(slashes - 1),
            (Self::Authority(slashes), _) => Self::Authority(slashes),
            (Self::Path(length), _) => Self::Path(length + 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_path_and_the_query_count_and_nothing_else() {
        for (line, too_long) in [
            ("GET /12345 HTTP/1.1", None),
            ("GET /123456 HTTP/1.1", Some(11)),
            ("\r\nGET /?2345", None),
            ("GET http://example.org/12345 HTTP/1.1", None),
            ("GET http://example.org/123456 HTTP/1.1", Some(29)),
            ("GET http://example.org?123456 HTTP/1.1", Some(29)),
            ("CONNECT example.org:443 HTTP/1.1", None),
            ("OPTIONS * HTTP/1.1", None),
            ("GET /1#3456789", None),
            ("GET /1 3456789", None),
            ("GETTTTTTTTTTTTTT", None),
        ] {
            assert_eq!(Target::default().read(line.as_bytes(), 6), too_long, "{line}");
        }
    }

    proptest! {
        /// As the service behind measures it, however it is cut.
        #[test]
        fn it_is_as_long_as_the_library_says(
            target in "(http://[a-z]{1,5}(:8080)?)?/[a-z/?%&=.:]{0,12}",
            cut in 0_usize..40,
            most in 0_usize..20,
        ) {
            let uri: http::Uri = target.parse().unwrap();
            let length = uri.path_and_query().unwrap().as_str().len();
            let line = format!("GET {target} HTTP/1.1\r");
            let whole = Target::default().read(line.as_bytes(), most);
            prop_assert_eq!(whole.is_some(), length > most);

            let (one, other) = line.as_bytes().split_at(cut.min(line.len()));
            let mut measured = Target::default();
            let pieces = measured.read(one, most);
            let pieces = pieces.or_else(|| Some(one.len() + measured.read(other, most)?));
            prop_assert_eq!(pieces, whole);
        }
    }
}
