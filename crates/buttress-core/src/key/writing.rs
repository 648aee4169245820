//! How parts are written: what is specified byte by byte.

use std::hash::Hasher;

use http::HeaderName;

use super::KeyWriter;
use super::missing::Found;

/// What each part begins with, so that two parts of different kinds are never the same.
///
/// These numbers are part of the specification: a change of one is another [`KEY_VERSION`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub(super) enum Kind {
    Address = 0x01,
    Header = 0x02,
    ApiKey = 0x03,
    Principal = 0x04,
    Route = 0x05,
    Tenant = 0x06,
    Method = 0x07,
    Host = 0x08,
    Endpoint = 0x09,
    Path = 0x0a,
    Label = 0x0b,
    Own = 0x0c,
    Number = 0x0d,
    Session = 0x0e,
    Scope = 0x0f,
}

impl Kind {
    /// The word for it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Header => "header",
            Self::ApiKey => "API key",
            Self::Principal => "principal",
            Self::Route => "route",
            Self::Tenant => "tenant",
            Self::Method => "method",
            Self::Host => "host",
            Self::Endpoint => "endpoint",
            Self::Path => "path",
            Self::Label => "label",
            Self::Own => "own",
            Self::Number => "number",
            Self::Session => "session",
            Self::Scope => "scope",
        }
    }
}

/// Set in the kind of a part that is not there.
const ABSENT: u8 = 0x80;

/// From this length on, eight more bytes tell it.
const LONG: u8 = 0xff;

/// More than one value, where a part has one: nobody can say which of them counts.
#[derive(Clone, Copy)]
pub(super) struct Ambiguous;

/// How parts are written.
impl KeyWriter {
    /// Kind, length, bytes.
    #[inline]
    pub(super) fn part(&mut self, kind: Kind, bytes: Option<impl AsRef<[u8]>>) -> &mut Self {
        let Some(bytes) = bytes else { return self.absent(kind, Found::Missing) };
        self.hash.write_u8(kind as u8);
        self.sized(bytes.as_ref());
        self
    }

    #[inline]
    pub(super) fn part_found(
        &mut self,
        kind: Kind,
        bytes: Result<Option<&[u8]>, Ambiguous>,
    ) -> &mut Self {
        match bytes {
            Ok(bytes) => self.part(kind, bytes),
            Err(Ambiguous) => self.absent(kind, Found::Ambiguous),
        }
    }

    /// The name of a header stands before its value, also if that is absent.
    pub(super) fn named(
        &mut self,
        name: &HeaderName,
        value: Result<Option<&[u8]>, Ambiguous>,
    ) -> &mut Self {
        match value {
            Ok(Some(value)) => {
                self.part(Kind::Header, Some(name.as_str()));
                self.sized(value);
            }
            Ok(None) => self.absent(Kind::Header, Found::Missing).sized(name.as_str().as_bytes()),
            Err(Ambiguous) => {
                self.absent(Kind::Header, Found::Ambiguous).sized(name.as_str().as_bytes());
            }
        }
        self
    }

    pub(super) fn host_found(&mut self, name: Result<Option<&str>, Ambiguous>) -> &mut Self {
        match name {
            Ok(Some(name)) => {
                self.hash.write_u8(Kind::Host as u8);
                self.lower_case(name);
                self
            }
            Ok(None) => self.absent(Kind::Host, Found::Missing),
            Err(Ambiguous) => self.absent(Kind::Host, Found::Ambiguous),
        }
    }

    #[inline]
    pub(super) fn absent(&mut self, kind: Kind, found: Found) -> &mut Self {
        self.hash.write_u8(kind as u8 | ABSENT);
        self.found = self.found.max(found);
        self
    }

    #[inline]
    fn sized(&mut self, bytes: &[u8]) {
        self.length(bytes.len());
        self.hash.write(bytes);
    }

    #[inline]
    fn length(&mut self, length: usize) {
        match u8::try_from(length) {
            Ok(short) if short < LONG => self.hash.write_u8(short),
            _ => {
                self.hash.write_u8(LONG);
                self.hash.write(&(length as u64).to_be_bytes());
            }
        }
    }

    /// The name of a host in its plainest form, with its length.
    pub(super) fn lower_case(&mut self, host: &str) {
        let host = host.strip_suffix('.').unwrap_or(host).as_bytes();
        self.length(host.len());
        for chunk in host.chunks(32) {
            let mut lower = [0; 32];
            let lower = &mut lower[..chunk.len()];
            lower.copy_from_slice(chunk);
            lower.make_ascii_lowercase();
            self.hash.write(lower);
        }
    }
}
