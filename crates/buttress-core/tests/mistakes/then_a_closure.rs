//~ error: is not a stage
//~ below: a closure becomes one with `gate_fn`
//~ at most 25 lines
use buttress_core::stage::{RequestHead, Stage};
use buttress_core::{Context, Problem};

fn main() {
    let open = |_: &mut dyn RequestHead| Ok::<(), Problem>(());
    let _wall = Context::default().then(open);
}
