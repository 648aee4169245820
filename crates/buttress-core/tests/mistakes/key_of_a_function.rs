//~ error: does not say what a request is keyed by
//~ below: call the functions, as in `(address(), route())`
//~ at most 35 lines
use buttress_core::key::{Keyer, address, route};

fn main() {
    let request = http::Request::new(());
    let _key = Keyer::random().key_for(&(address, route()), &request);
}
