//~ error: `Plain` is not a stage
//~ below: implement `Gate` for it if it decides at once, `Stage` if it may have to wait
//~ at most 30 lines
use buttress_core::stage::Stage;

struct Plain;

fn main() {
    let _layer = Plain.layer();
}
