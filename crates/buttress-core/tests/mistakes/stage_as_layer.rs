//~ error: the trait bound
//~ error: Layer<Route>` is not satisfied
//~ below: required by a bound in `Router::<S>::layer`
//~ at most 30 lines
use axum::Router;
use buttress_core::Context;

fn main() {
    let _app: Router = Router::new().layer(Context::default());
}
