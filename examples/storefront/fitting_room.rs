//! Where clothes are tried on: there is room for one.

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use buttress::BuildError;
use buttress::overload::bulkhead::{Bulkhead, Permit};
use buttress::prelude::*;
use buttress::sync::Lock;

/// Behind a bulkhead with one permit and no queue: who comes while somebody is in there is told so at once.
pub(crate) fn routes() -> Result<Router, BuildError> {
    let room = Bulkhead::of(1).named("fitting_room").build()?;
    let open = get(|| async { "a mirror" }).layer(room.layer().keep_body());
    let inside: Arc<Lock<Option<Permit>>> = Arc::default();
    let left = inside.clone();
    let enter = async move || {
        let permit = room.try_enter()?;
        *inside.lock() = Some(permit);
        Ok::<_, Problem>(())
    };
    let leave = async move || drop(left.lock().take());
    Ok(Router::new()
        .route("/fitting-room", open)
        .route("/fitting-room/enter", post(enter))
        .route("/fitting-room/leave", post(leave)))
}
