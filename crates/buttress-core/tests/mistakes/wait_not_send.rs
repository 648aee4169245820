//~ error: cannot be sent between threads safely
//~ below: required by this bound in `Stage::Wait`
//~ at most 25 lines
use std::pin::Pin;

use buttress_core::stage::{Decision, DecisionOf, RequestHead, ResponseHead, Stage, Waited};

struct Sessions;

impl Stage for Sessions {
    type Memo = ();
    type Wait = Pin<Box<dyn Future<Output = ()>>>;

    fn enter(&self, _: &mut dyn RequestHead) -> DecisionOf<Self> {
        Decision::Wait(Box::pin(async {}))
    }

    fn resume(&self, _: Waited<Self>, _: &mut dyn RequestHead) -> DecisionOf<Self> {
        Decision::Pass(())
    }

    fn leave(&self, _: (), _: &mut dyn ResponseHead) {}
}

fn main() {}
