//~ error: mismatched types
//~ below: expected `Problem`, found `&str`
//~ at most 20 lines
use buttress_core::stage::{RequestHead, gate_fn};

fn main() {
    let _closed = gate_fn(|request: &mut dyn RequestHead| match request.uri().path() {
        "/admin" => Err("forbidden"),
        _ => Ok(()),
    });
}
