/// In the extensions of a response, it says that a failure keeps its shape.
///
/// ```
/// use buttress_core::render::LeaveAlone;
/// use http::{Response, StatusCode};
///
/// let mut response = Response::new("a page of our own");
/// *response.status_mut() = StatusCode::NOT_FOUND;
/// response.extensions_mut().insert(LeaveAlone);
///
/// // Layers that give failures a shape look for it first.
/// assert!(response.extensions().get::<LeaveAlone>().is_some());
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "a value that is written as its name")]
pub struct LeaveAlone;
