/// Why a connection, or one stream of it, was refused or ended by a limit.
///
/// The names are those in metrics and logs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Cause {
    /// One client has too many connections.
    Address,
    /// A trusted proxy sent no PROXY header, or a broken one.
    Proxy,
    /// The TLS handshake failed.
    #[cfg(feature = "tls")]
    Handshake,
    /// No whole request head in time.
    HeaderTimeout,
    /// Kept alive, and not used.
    Idle,
    /// As old as connections may become.
    Age,
    /// The peer does not take its response.
    SlowReader,
    /// The peer does not send its body.
    SlowBody,
    /// HTTP/2 frames that bring nothing.
    Flood,
    /// It went on sending after its last answer, or kept its half open.
    Linger,
    /// Told to close, and did not.
    Stuck,
    /// A head that two readers may understand in two ways.
    Ambiguous,
    /// The target of a request is too long.
    Uri,
    /// More header fields than are allowed (HTTP/2).
    Fields,
    /// A head that is too long, or that the library refuses for its fields.
    Head,
    /// What the library does not understand.
    Malformed,
    /// More of HTTP/2 than the library puts up with.
    Excess,
    /// No answer to a ping.
    Ping,
}

impl Cause {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Proxy => "proxy",
            #[cfg(feature = "tls")]
            Self::Handshake => "handshake",
            Self::HeaderTimeout => "header_timeout",
            Self::Idle => "idle",
            Self::Age => "age",
            Self::SlowReader => "slow_reader",
            Self::SlowBody => "slow_body",
            Self::Flood => "flood",
            Self::Linger => "linger",
            Self::Stuck => "stuck",
            Self::Ambiguous => "ambiguous",
            Self::Uri => "uri",
            Self::Fields => "fields",
            Self::Head => "head",
            Self::Malformed => "malformed",
            Self::Excess => "excess",
            Self::Ping => "ping",
        }
    }
}

#[cfg(test)]
mod tests {
    use buttress_testkit::guide::Page;

    /// As this file has them, so that a new one is not forgotten.
    #[test]
    fn each_reason_is_in_the_catalogue() {
        let arms = include_str!("cause.rs").lines().filter_map(|line| line.split_once(" => \""));
        let reasons: Vec<_> = arms.filter_map(|(_, reason)| reason.strip_suffix("\",")).collect();
        assert!(reasons.len() > 10, "{reasons:?}");
        let signals = Page::of("signals.md");
        for reason in reasons {
            let told = signals.row(&format!("`{reason}`"));
            assert!(told.len() == 2 && !told[1].is_empty(), "{reason}: {told:?}");
        }
    }
}
