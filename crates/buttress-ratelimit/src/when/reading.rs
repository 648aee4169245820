//! How a path may be read.

use std::borrow::Cow;

/// What somebody behind us may take a path for: itself, unless it has something to be resolved in it.
pub(super) fn resolved(path: &str) -> Cow<'_, [u8]> {
    if is_plain(path.as_bytes()) {
        return Cow::Borrowed(path.as_bytes());
    }
    let decoded = decoded(path.as_bytes());
    let mut whole: Vec<&[u8]> = Vec::new();
    for segment in decoded.split(|byte| *byte == b'/') {
        match segment {
            b"" | b"." => {}
            b".." => drop(whole.pop()),
            _ => whole.push(segment),
        }
    }
    let mut read = Vec::with_capacity(path.len());
    for segment in whole {
        read.push(b'/');
        read.extend_from_slice(segment);
    }
    if read.is_empty() || decoded.ends_with(b"/") {
        read.push(b'/');
    }
    Cow::Owned(read)
}

/// Whether everybody reads it alike. One pass, as each request with a condition on its path pays for it.
fn is_plain(path: &[u8]) -> bool {
    let mut segment = 0;
    let mut dots = 0;
    for (at, byte) in path.iter().enumerate() {
        match byte {
            b'%' | b'\\' => return false,
            b'/' if at > 0 && (segment == 0 || (segment == dots && dots <= 2)) => return false,
            b'/' => (segment, dots) = (0, 0),
            _ => {
                segment += 1;
                dots += usize::from(*byte == b'.');
            }
        }
    }
    segment == 0 || segment != dots || dots > 2
}

fn decoded(path: &[u8]) -> Vec<u8> {
    let mut read = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some((byte, after)) = rest.split_first() {
        let (byte, after) = match (byte, after) {
            (b'%', [high, low, after @ ..]) => match (digit(*high), digit(*low)) {
                (Some(high), Some(low)) => (high << 4 | low, after),
                _ => (b'%', &rest[1..]),
            },
            (byte, after) => (*byte, after),
        };
        read.push(if byte == b'\\' { b'/' } else { byte });
        rest = after;
    }
    read
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_may_be_resolved_is() {
        for (path, read) in [
            ("/", "/"),
            ("/a/b", "/a/b"),
            ("/a/b/", "/a/b/"),
            ("/.well-known/x", "/.well-known/x"),
            ("/a...", "/a..."),
            ("/...", "/..."),
            ("//a", "/a"),
            ("/a/./b", "/a/b"),
            ("/a/../b", "/b"),
            ("/a/..", "/"),
            ("/../..", "/"),
            ("/a/%2e%2E/b", "/b"),
            ("/a\\b", "/a/b"),
            ("/%6cogin", "/login"),
            ("/a%2fb", "/a/b"),
            ("/100%", "/100%"),
            ("/%zz", "/%zz"),
        ] {
            assert_eq!(resolved(path), read.as_bytes(), "{path}");
        }
    }

    proptest! {
        #[test]
        fn what_is_plain_stays(path in "(/[a-z.]{0,4}){1,5}") {
            let segments: Vec<_> = path[1..].split('/').collect();
            let (last, inner) = segments.split_last().unwrap();
            let odd = |segment: &str| matches!(segment, "." | "..");
            let plain = !inner.iter().any(|segment| segment.is_empty() || odd(segment)) && !odd(last);
            prop_assert_eq!(is_plain(path.as_bytes()), plain);
            if plain {
                prop_assert_eq!(resolved(&path), path.as_bytes());
            }
        }

        #[test]
        fn any_path_can_be_read(path in "\\PC*") {
            let read = resolved(&path);
            prop_assert!(path.is_empty() || is_plain(path.as_bytes()) || read.starts_with(b"/"));
        }
    }
}
