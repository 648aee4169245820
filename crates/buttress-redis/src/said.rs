//! What an error of the server means. The same words come from Redis 6.2, 7 and Valkey in three shapes, so only
//! codes are looked at.

use crate::address::Address;
use crate::cluster::slot::SLOTS;
use crate::{ErrorKind, RedisError};

/// What a server that answered with an error wants to be done.
#[derive(Debug, PartialEq)]
pub(crate) enum Said {
    /// It does not have the script (any more).
    NoScript,
    /// It is no primary, or not the one of this key, any more.
    NotPrimary,
    /// Another one has the slot now.
    Moved(Elsewhere),
    /// Another one may have it already: it is to be asked this once.
    Ask(Elsewhere),
    /// The keys are on their way from one server to another.
    TryAgain,
    /// Not now: it loads its data, or its primary is gone.
    NotYet,
    /// Everything else, for the caller.
    Error(ErrorKind),
}

impl Said {
    /// Judges an error by its code and the words after it.
    pub(crate) fn of(code: &str, words: &str) -> Self {
        // Redis 6.2 hides the code of a command within a script behind its own.
        let code = match code {
            "ERR" => hidden_code(words).unwrap_or(code),
            _ => code,
        };
        match code {
            "NOSCRIPT" => Self::NoScript,
            "READONLY" => Self::NotPrimary,
            "LOADING" | "MASTERDOWN" | "CLUSTERDOWN" => Self::NotYet,
            "TRYAGAIN" => Self::TryAgain,
            "MOVED" => Elsewhere::of(words).map_or(Self::Error(ErrorKind::Refused), Self::Moved),
            "ASK" => Elsewhere::of(words).map_or(Self::Error(ErrorKind::Refused), Self::Ask),
            "OOM" | "BUSY" | "NOAUTH" | "WRONGPASS" | "NOPERM" | "NOREPLICAS" | "MISCONF"
            | "CROSSSLOT" => Self::Error(ErrorKind::Refused),
            _ => Self::Error(ErrorKind::Script),
        }
    }

    /// Whether a cluster would do it elsewhere, or in a moment. It did not run.
    pub(crate) const fn is_elsewhere(&self) -> bool {
        matches!(self, Self::Moved(_) | Self::Ask(_) | Self::TryAgain)
    }

    pub(crate) fn error(&self, code: &str, words: &str) -> RedisError {
        let kind = match self {
            Self::Error(kind) => *kind,
            Self::NotPrimary => ErrorKind::Unreachable,
            Self::NoScript | Self::NotYet | Self::TryAgain | Self::Moved(_) | Self::Ask(_) => {
                ErrorKind::Refused
            }
        };
        RedisError::new(kind, quoted(code, words))
    }
}

/// What a server said, as it may stand in a log: one line, and short. Much of it would be the script itself, or
/// what a user sent.
pub(crate) fn quoted(code: &str, words: &str) -> String {
    one_line(code.chars().chain([' ']).chain(words.chars()))
}

pub(crate) fn one_line(words: impl Iterator<Item = char>) -> String {
    words.map(|sign| if sign.is_control() { ' ' } else { sign }).take(200).collect()
}

/// Who has a slot, by the words of a server.
#[derive(Debug, PartialEq)]
pub(crate) struct Elsewhere {
    pub(crate) slot: u16,
    /// Without a host, if it is that of the server itself.
    pub(crate) address: Address,
}

impl Elsewhere {
    /// Reads `3999 10.0.0.1:6379`.
    fn of(words: &str) -> Option<Self> {
        let (slot, place) = words.split_once(' ')?;
        let (host, port) = place.rsplit_once(':')?;
        let slot = slot.parse().ok().filter(|slot| *slot < SLOTS)?;
        let port = port.parse().ok().filter(|port| *port > 0)?;
        Some(Self { slot, address: Address::Tcp { host: host.to_owned(), port } })
    }
}

/// `Error running script (call to f_…): @user_script:1: @user_script: 1: -READONLY You can't write …`
fn hidden_code(words: &str) -> Option<&str> {
    let (_, inner) = words.strip_prefix("Error running script")?.rsplit_once(": -")?;
    let code = inner.split(' ').next()?;
    let is_code = !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_uppercase());
    // No command within a script is answered with these: it would be what the script itself threw, and it ran.
    let says_it_did_not_run = ["NOSCRIPT", "MOVED", "ASK", "TRYAGAIN"].contains(&code);
    (is_code && !says_it_did_not_run).then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_in_three_shapes() {
        let inner = "Error running script (call to f_6b1bf486c81ceb7edf3c093f4c48582e38c0e791): \
                     @user_script:1: @user_script: 1: -READONLY You can't write against a read only replica.";
        for (code, words) in [
            ("ERR", inner),
            (
                "READONLY",
                "You can't write against a read only replica. script: 6b1b, on @user_script:1.",
            ),
        ] {
            assert_eq!(Said::of(code, words), Said::NotPrimary, "{words}");
        }
        let memory = "Error running script (call to f_1): @user_script:1: @user_script: 1: -OOM command not \
                      allowed when used memory > 'maxmemory'.";
        assert_eq!(Said::of("ERR", memory), Said::Error(ErrorKind::Refused));
    }

    #[test]
    fn what_a_script_says_of_itself_is_no_code() {
        for words in [
            "Error running script: it said: -oops",
            "user_script:1: - LOADING",
            "",
            ": -OOM",
            "Error running script: -",
        ] {
            assert_eq!(Said::of("ERR", words), Said::Error(ErrorKind::Script), "{words}");
        }
        assert_eq!(Said::of("MYOWN", "x"), Said::Error(ErrorKind::Script));
    }

    /// Redis 6.2 tells what a script threw in the same words as what a command within it said.
    #[test]
    fn what_a_script_throws_is_never_asked_again() {
        for thrown in ["NOSCRIPT", "MOVED 1 h:1", "ASK 1 h:1", "TRYAGAIN"] {
            let words = format!(
                "Error running script (call to f_1): @user_script:1: user_script:1: name: -{thrown} x"
            );
            let said = Said::of("ERR", &words);
            assert_eq!(said, Said::Error(ErrorKind::Script), "{words}");
        }
    }

    #[test]
    fn it_reads_where_to_go() {
        let to = |host: &str| Elsewhere {
            slot: 3_999,
            address: Address::Tcp { host: host.to_owned(), port: 6_381 },
        };
        assert_eq!(Said::of("MOVED", "3999 127.0.0.1:6381"), Said::Moved(to("127.0.0.1")));
        assert_eq!(Said::of("ASK", "3999 ::1:6381"), Said::Ask(to("::1")));
        assert_eq!(Said::of("MOVED", "3999 :6381"), Said::Moved(to("")));
        for words in
            ["", "3999", "3999 host", "3999 host:0", "16384 host:1", "x host:1", "3999 h:1 x"]
        {
            let said = Said::of("MOVED", words);
            assert!(said == Said::Error(ErrorKind::Refused) && !said.is_elsewhere(), "{words}");
        }
        assert!(Said::of("TRYAGAIN", "").is_elsewhere());
        assert_eq!(Said::of("ASK", "1 h:1").error("ASK", "").kind(), ErrorKind::Refused);
    }

    #[test]
    fn words_are_short_and_one_line() {
        for (code, words) in [("ERR", "ä"), ("Ä", "")] {
            let error = Said::Error(ErrorKind::Script);
            let error = error.error(&code.repeat(1_000), &words.repeat(1_000));
            assert!(error.to_string().len() < 500);
        }
        assert_eq!(quoted("ERR", "a\nb\x1b[1m"), "ERR a b [1m");
    }
}
