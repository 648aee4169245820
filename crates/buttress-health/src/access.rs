use std::fmt;
use std::net::IpAddr;

use buttress_core::address::{AddressSource, Network};
use buttress_core::stage::RequestHead;
use buttress_core::{ClientAddress, Faults, PeerAddress, Secret};
use http::HeaderMap;
use http::header::AUTHORIZATION;

/// Who sees more of a report than its status.
#[derive(Clone, Default)]
pub(crate) struct Access {
    everyone: bool,
    networks: Vec<Network>,
    tokens: Vec<Secret<String>>,
}

/// A shorter token can be guessed.
const SHORTEST_TOKEN: usize = 16;

impl Access {
    /// Reads what the settings say; notes what is wrong.
    pub(crate) fn read(
        faults: &mut Faults,
        everyone: bool,
        networks: &[String],
        tokens: Vec<Secret<String>>,
    ) -> Self {
        let mut read = Vec::with_capacity(networks.len());
        for (at, network) in networks.iter().enumerate() {
            match network.parse() {
                Ok(network) => read.push(network),
                Err(error) => faults.add(format!("details.networks[{at}]"), error),
            }
        }
        for (at, token) in tokens.iter().enumerate() {
            let path = format!("details.tokens[{at}]");
            if token.expose().len() < SHORTEST_TOKEN {
                faults.add(path, format_args!("must have at least {SHORTEST_TOKEN} characters"));
            } else if !token.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
                faults.add(path, "must be of visible ASCII characters");
            }
        }
        Self { everyone, networks: read, tokens }
    }

    pub(crate) fn allows(&self, request: &dyn RequestHead) -> bool {
        self.everyone || self.knows_address(request) || self.knows_token(request)
    }

    fn knows_address(&self, request: &dyn RequestHead) -> bool {
        if self.networks.is_empty() {
            return false;
        }
        let Some(address) = address(request) else { return false };
        self.networks.iter().any(|network| network.contains(address))
    }

    /// Compares with every token, to the end of each.
    fn knows_token(&self, request: &dyn RequestHead) -> bool {
        if self.tokens.is_empty() {
            return false;
        }
        let Some(given) = bearer(request) else { return false };
        let given = Secret::new(given);
        let equals = |token: &Secret<String>| Secret::new(token.expose().as_bytes()) == given;
        self.tokens.iter().fold(false, |known, token| known | equals(token))
    }
}

/// Who calls, as the context resolved it; without a context, who is connected.
fn address(request: &dyn RequestHead) -> Option<IpAddr> {
    let client = match request.context() {
        Some(context) => context.client(),
        None => PeerAddress::find(request.extensions()).map(ClientAddress::from),
    };
    let known = client.filter(|client| match client.source() {
        AddressSource::Socket => !is_passed_on(request.headers()),
        // The address of a proxy that did not say for whom it asks lets nobody in.
        _ => true,
    });
    known.filter(|client| !client.is_cut_short()).map(|client| client.ip())
}

/// Whether the one who is connected says to ask for somebody else. Nobody has named it as a proxy, or it would have
/// been believed: so it is not known who asks.
fn is_passed_on(headers: &HeaderMap) -> bool {
    headers.keys().any(|name| PASSED_ON.contains(&name.as_str()))
}

/// What proxies write.
const PASSED_ON: [&str; 4] = ["forwarded", "via", "x-forwarded-for", "x-real-ip"];

fn bearer(request: &dyn RequestHead) -> Option<&[u8]> {
    let value = request.headers().get(AUTHORIZATION)?.as_bytes();
    let (scheme, token) = value.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then(|| token.trim_ascii())
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access")
            .field("everyone", &self.everyone)
            .field("networks", &self.networks)
            .field("tokens", &self.tokens.len())
            .finish()
    }
}
