//~ error: `?` couldn't convert the error: `ParseIntError: IntoProblem` is not satisfied
//~ below: implement `IntoProblem` for it, or name a code
//~ at most 15 lines
use buttress_core::Problem;

fn order(id: &str) -> Result<u64, Problem> {
    Ok(id.parse()?)
}

fn main() {
    let _order = order("7");
}
