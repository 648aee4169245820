//~ error: `Result<
//~ error: BuildError>` is not a stage
//~ below: use the `?` operator to extract
//~ at most 30 lines
use buttress_core::stage::{Stage, StageLayer};
use buttress_core::{BuildError, Context};

fn wall() -> Result<StageLayer<Context>, BuildError> {
    Ok(Context::builder().build().layer())
}

fn main() {
    let _wall = wall();
}
