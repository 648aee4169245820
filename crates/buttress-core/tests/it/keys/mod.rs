mod about;
mod cost;
mod encoding;
mod parts;
mod processes;
mod seeds;
mod tables;
mod vectors;

use std::net::SocketAddr;

use buttress_core::Context;
use buttress_core::key::{FoundKey, Key, KeyFor, KeySeed, Keyer};
use buttress_core::stage::{RequestHead, Stage};
use http::Request;

/// The seed of the published vectors.
const SEED: &str = "000102030405060708090a0b0c0d0e0f";

fn keyer() -> Keyer {
    Keyer::from(SEED.parse::<KeySeed>().unwrap())
}

fn found(by: &dyn KeyFor, request: &Request<()>) -> FoundKey {
    keyer().key_for(by, request)
}

fn key(by: &dyn KeyFor, request: &Request<()>) -> Key {
    found(by, request).key()
}

/// A request with these headers, from this peer, with a context.
fn request(peer: &str, headers: &[(&'static str, &str)]) -> Request<()> {
    let mut request = bare(peer, headers);
    let _memo = Context::default().enter(&mut request);
    assert!(request.context().is_some());
    request
}

/// The same without a context.
fn bare(peer: &str, headers: &[(&'static str, &str)]) -> Request<()> {
    let mut request = Request::new(());
    if !peer.is_empty() {
        request.extensions_mut().insert(peer.parse::<SocketAddr>().unwrap());
    }
    for (name, value) in headers {
        request.headers_mut().append(*name, value.parse().unwrap());
    }
    request
}
