/// How an HTTP/2 client begins (RFC 9113, section 3.4).
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Which protocol the first bytes of a connection speak.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Detected {
    /// The bytes so far are the beginning of the preface.
    Undecided,
    Http1,
    Http2,
}

/// Decides as early as it can: at the first byte that is not of the preface.
pub(super) fn detect(bytes: &[u8]) -> Detected {
    if bytes.starts_with(PREFACE) {
        Detected::Http2
    } else if PREFACE.starts_with(bytes) {
        Detected::Undecided
    } else {
        Detected::Http1
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_whole_preface_is_asked_for() {
        for length in 0..PREFACE.len() {
            assert_eq!(detect(&PREFACE[..length]), Detected::Undecided);
        }
        assert_eq!(detect(PREFACE), Detected::Http2);
        assert_eq!(detect(b"P"), Detected::Undecided);
        assert_eq!(detect(b"PO"), Detected::Http1);
        assert_eq!(detect(b"GET / HTTP/1.1\r\n"), Detected::Http1);
    }

    proptest! {
        /// What is decided stays decided, whatever comes after, and 24 bytes decide.
        #[test]
        fn a_decision_is_final(bytes in prop::collection::vec(any::<u8>(), 0..40), rest: Vec<u8>) {
            let decided = detect(&bytes);
            let longer = detect(&[&bytes[..], &rest].concat());
            let undecided = decided == Detected::Undecided;
            prop_assert!(longer == decided || (undecided && bytes.len() < 24));
        }
    }
}
