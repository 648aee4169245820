use std::fmt;

use serde::{Serialize, Serializer};

/// A JSON pointer as the fragment of a URI (RFC 6901, section 6).
pub(super) struct Fragment<'a>(pub(super) &'a str);

impl fmt::Display for Fragment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("#")?;
        let mut rest = self.0;
        while let Some(at) = rest.bytes().position(|byte| !stands_for_itself(byte)) {
            write!(f, "{}%{:02X}", &rest[..at], rest.as_bytes()[at])?;
            // A character of several bytes is escaped whole, so that the text is never cut within.
            let length = rest[at..].chars().next().map_or(1, char::len_utf8);
            for byte in &rest.as_bytes()[at + 1..at + length] {
                write!(f, "%{byte:02X}")?;
            }
            rest = &rest[at + length..];
        }
        f.write_str(rest)
    }
}

impl Serialize for Fragment<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

fn stands_for_itself(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/?".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_becomes_a_fragment() {
        let fragment = |pointer| Fragment(pointer).to_string();
        assert_eq!(fragment(""), "#");
        assert_eq!(fragment("/items/0/amount"), "#/items/0/amount");
        assert_eq!(fragment("/a~1b/ü %\"<"), "#/a~1b/%C3%BC%20%25%22%3C");
        assert_eq!(fragment("/e^f#|\\"), "#/e%5Ef%23%7C%5C");
    }
}
