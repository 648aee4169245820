use serde::{Deserialize, Serialize};

use super::client::IPV6_PREFIX;
use super::network::{Network, NetworkSet};
use super::{AddressResolver, ForwardingHeader};
use crate::{BuildError, Faults};

/// The settings of an [`AddressResolver`], as they stand in a file.
///
/// ```
/// use buttress_core::address::AddressSettings;
///
/// let settings: AddressSettings = serde_json::from_str(
///     r#"{ "trusted_proxies": ["10.0.0.0/8", "10.0.0/8"], "header": "x-forwarded-four" }"#,
/// )?;
/// assert_eq!(
///     settings.build().unwrap_err().to_string(),
///     "2 settings are wrong\n  \
///      trusted_proxies[1]: `10.0.0/8` is not an address or a network\n  \
///      header: must be `x-forwarded-for`, `forwarded` or `x-real-ip`, not `x-forwarded-four`"
/// );
/// # Ok::<_, serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct AddressSettings {
    /// The proxies whose word is taken for who called them: addresses or networks, as in `10.0.0.0/8`.
    trusted_proxies: Vec<String>,
    /// The one header they write: `x-forwarded-for`, `forwarded` or `x-real-ip`.
    header: String,
    /// How many leading bits of an IPv6 address make one client, from 1 to 128.
    ipv6_prefix: u8,
    /// Believe the header also if the peer has no address, as behind a Unix socket.
    trust_peer_without_address: bool,
}

impl Default for AddressSettings {
    fn default() -> Self {
        Self {
            trusted_proxies: Vec::new(),
            header: ForwardingHeader::default().to_string(),
            ipv6_prefix: IPV6_PREFIX,
            trust_peer_without_address: false,
        }
    }
}

impl AddressSettings {
    /// Checks the settings, once, so that no request has to.
    ///
    /// # Errors
    ///
    /// Fails with everything that is wrong: a trusted proxy that is no network or that is the whole
    /// internet, a header that is not known, a prefix that is not from 1 to 128.
    pub fn build(&self) -> Result<AddressResolver, BuildError> {
        let mut faults = Faults::new();
        let trusted = self.networks(&mut faults);
        let header = ForwardingHeader::by_name(&self.header).unwrap_or_else(|| {
            let [one, two, three] = ForwardingHeader::ALL;
            let given = &self.header;
            let reason = format!("must be `{one}`, `{two}` or `{three}`, not `{given}`");
            faults.add("header", reason);
            ForwardingHeader::default()
        });
        let ipv6_prefix = self.ipv6_prefix;
        if !(1..=128).contains(&ipv6_prefix) {
            faults.add("ipv6_prefix", format_args!("must be from 1 to 128, not {ipv6_prefix}"));
        }
        let trust_peer_without_address = self.trust_peer_without_address;
        faults.finish(AddressResolver { trusted, header, ipv6_prefix, trust_peer_without_address })
    }

    fn networks(&self, faults: &mut Faults) -> NetworkSet {
        let check = |(at, text): (usize, &String)| {
            let reason = match text.parse::<Network>() {
                Ok(network) if network.prefix() > 0 => return Some(network),
                Ok(_) => {
                    format!("`{text}` matches every address, so any client could choose its own")
                }
                Err(invalid) => invalid.to_string(),
            };
            faults.add(format!("trusted_proxies[{at}]"), reason);
            None
        };
        self.trusted_proxies.iter().enumerate().filter_map(check).collect()
    }
}

/// Collects the settings of an [`AddressResolver`].
///
/// ```
/// use buttress_core::address::{AddressResolver, ForwardingHeader};
/// use http::HeaderMap;
///
/// let resolver = AddressResolver::builder()
///     .trusted_proxies(["10.0.0.0/8"])
///     .header(ForwardingHeader::Forwarded)
///     .ipv6_prefix(56)
///     .build()?;
///
/// let mut headers = HeaderMap::new();
/// headers.insert("forwarded", r#"for="[2001:db8:0:17::1]:4711";proto=https"#.parse()?);
/// let client = resolver.resolve(Some("10.0.0.2:443".parse()?), &headers).unwrap();
/// assert_eq!(client.network().to_string(), "2001:db8::/56");
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "nothing happens until `build` is called"]
pub struct AddressResolverBuilder {
    settings: AddressSettings,
}

impl AddressResolverBuilder {
    /// Adds proxies whose word is taken for who called them: addresses or networks. The default is
    /// none.
    ///
    /// List only what you run or rent, as narrowly as you can: callers from there may choose the address they are known
    /// by.
    pub fn trusted_proxies<I>(mut self, proxies: I) -> Self
    where
        I: IntoIterator<Item: Into<String>>,
    {
        self.settings.trusted_proxies.extend(proxies.into_iter().map(Into::into));
        self
    }

    /// Sets the one header that is believed. The default is `X-Forwarded-For`.
    pub fn header(mut self, header: ForwardingHeader) -> Self {
        self.settings.header = header.to_string();
        self
    }

    /// Sets how many leading bits of an IPv6 address make one client. The default is 64.
    pub fn ipv6_prefix(mut self, prefix: u8) -> Self {
        self.settings.ipv6_prefix = prefix;
        self
    }

    /// Believes the header also if the peer has no address, as behind a Unix socket. The default is
    /// not to.
    ///
    /// Any process that can open the socket may then choose the address it is known by.
    pub fn trust_peer_without_address(mut self, trust: bool) -> Self {
        self.settings.trust_peer_without_address = trust;
        self
    }

    /// Checks the settings, once, so that no request has to.
    ///
    /// # Errors
    ///
    /// As [`AddressSettings::build`].
    pub fn build(self) -> Result<AddressResolver, BuildError> {
        self.settings.build()
    }
}

impl From<AddressSettings> for AddressResolverBuilder {
    fn from(settings: AddressSettings) -> Self {
        Self { settings }
    }
}
