//! An id for each request, sent back on the response.

use buttress_benches::cases::context;
use buttress_benches::{Case, Hello, welcomes};
use tower::ServiceBuilder;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};

pub(crate) fn cases() -> Vec<Case> {
    let tower_http = ServiceBuilder::new()
        .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
        .layer(PropagateRequestIdLayer::x_request_id())
        .service(Hello);
    let run = welcomes(tower_http);
    vec![Case::peer(context::GROUP, "tower-http 0.7, the id alone", run).on_two_threads()]
}
