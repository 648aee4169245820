//! What is read of URLs and of servers' answers, for the fuzz targets. Not part of the interface.

use redis::{Value, parse_redis_value};

use crate::RedisError;
use crate::address::Address;
use crate::cluster::slot::SLOTS;
use crate::cluster::topology::Topology;
use crate::fleet::Fleet;
use crate::link::Facts;
use crate::location::Location;
use crate::said::{Elsewhere, Said};
use crate::sentinel::answers::{Seen, is_about};
use crate::wire::{Decoder, Garbled};

/// A host with its port; or a path, with port 0.
pub type Place = (String, u16);

/// What a URL says.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Url {
    /// The kind of fleet: nothing, `sentinel` or `cluster`.
    pub fleet: &'static str,
    /// The server, or those that know where it is.
    pub places: Vec<Place>,
    /// The name of the master.
    pub name: Option<String>,
    /// As whom.
    pub user: Option<String>,
    /// The password.
    pub password: Option<String>,
    /// The number.
    pub database: i64,
    /// Whether it is encrypted.
    pub tls: bool,
}

/// Reads answers that come in pieces of this size: how many there were, what they said, and whether something was none.
#[must_use]
pub fn answers(bytes: &[u8], size: usize) -> (usize, String, bool) {
    let (values, garbled) = decoded(bytes.chunks(size.max(1)));
    (values.len(), format!("{values:?}"), garbled)
}

/// What is read of pieces that come one after the other, and whether it was garbled then.
pub(crate) fn decoded<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Value>, bool) {
    let (mut decoder, mut waiting, mut values) = (Decoder::default(), Vec::new(), Vec::new());
    for piece in pieces {
        waiting.extend_from_slice(piece);
        let mut rest = &*waiting;
        loop {
            match decoder.next(&mut rest) {
                Ok(Some(value)) => values.push(value),
                Ok(None) => break,
                Err(Garbled) => return (values, true),
            }
        }
        waiting = rest.to_vec();
    }
    (values, false)
}

/// Reads a URL.
///
/// # Errors
///
/// If it is none.
pub fn url(text: &str) -> Result<Url, &'static str> {
    let Location { address, fleet, user, password, database, tls } = Location::parse(text)?;
    let places = match fleet.seeds() {
        [] => vec![place(&address)],
        seeds => seeds.iter().map(place).collect(),
    };
    let (fleet, name) = match fleet {
        Fleet::Alone => ("", None),
        Fleet::Sentinels { name, .. } => ("sentinel", Some(name)),
        Fleet::Cluster { .. } => ("cluster", None),
    };
    let password = password.map(buttress_core::Secret::into_inner);
    Ok(Url { fleet, places, name, user, password, database, tls })
}

/// The primaries by an answer to `CLUSTER SLOTS` of a server at `asked:1`, the place of the owner of each slot, and
/// whether each has one; all of it after a server said `MOVED` with these words.
#[must_use]
pub fn slots(answer: &[u8], moved: &str) -> Option<(Vec<Place>, Vec<Option<usize>>, bool)> {
    let asked = Address::Tcp { host: "asked".to_owned(), port: 1 };
    let mut topology = Topology::of(&value(answer)?, &asked)?;
    if let Said::Moved(Elsewhere { slot, address }) = Said::of("MOVED", moved) {
        topology = topology.moved(slot, &address.known_by(&asked)).unwrap_or(topology);
    }
    let owners = (0..SLOTS).map(|slot| topology.owner(slot)).collect();
    Some((topology.primaries().iter().map(place).collect(), owners, topology.is_whole()))
}

/// Whether another server is to be asked, which one for which slot, and what the caller hears.
pub type Refusal = (bool, Option<(u16, Place)>, RedisError);

/// What an error of a server means. Nothing if it is no error.
#[must_use]
pub fn refusal(answer: &[u8]) -> Option<Refusal> {
    let Value::ServerError(error) = value(answer)? else { return None };
    let (code, words) = (error.code(), error.details().unwrap_or_default());
    let said = Said::of(code, words);
    let to = match &said {
        Said::Moved(to) | Said::Ask(to) => Some((to.slot, place(&to.address))),
        _ => None,
    };
    Some((said.is_elsewhere(), to, said.error(code, words)))
}

/// The epoch, the master and the other sentinels, by the three answers of a sentinel in a list.
#[must_use]
pub fn sentinel(answers: &[u8]) -> Option<(u64, Place, Vec<Place>)> {
    let [master, address, others] = three(answers)?;
    let seen = Seen::of(&master, &address, &others)?;
    Some((seen.epoch, place(&seen.master), seen.others.iter().map(place).collect()))
}

/// Whether a message of a sentinel is about the master of this name.
#[must_use]
pub fn news(payload: &[u8], name: &str) -> bool {
    is_about(payload, name)
}

/// Whether it is a replica, its version and what to warn of, by the three answers of a server in a list.
#[must_use]
pub fn facts(answers: &[u8]) -> Option<(bool, Option<String>, Vec<String>)> {
    let [role, server, memory] = three(answers)?;
    let facts = Facts::of(&role, &server, &memory);
    let warnings = facts.warnings();
    Some((facts.replica, facts.version, warnings))
}

fn value(bytes: &[u8]) -> Option<Value> {
    parse_redis_value(bytes).ok()
}

fn three(bytes: &[u8]) -> Option<[Value; 3]> {
    let Value::Array(values) = value(bytes)? else { return None };
    values.try_into().ok()
}

fn place(address: &Address) -> Place {
    match address {
        Address::Tcp { host, port } => (host.clone(), *port),
        Address::Unix(path) => (path.to_string_lossy().into_owned(), 0),
    }
}
