use std::fmt::Write;

use buttress_core::Problem;
use buttress_core::render::{Occasion, Render};
use bytes::Bytes;
use http::Response;

/// Lines of text, for a terminal: `text/plain; charset=utf-8`.
///
/// ```
/// use buttress_core::Problem;
/// use buttress_core::clock::Timestamp;
/// use buttress_core::render::{Occasion, Render};
/// use buttress_error_envelope::PlainText;
///
/// let answer = PlainText.render(&Problem::gone(), &Occasion::at(Timestamp::EPOCH).correlation_id("r-1"));
/// assert_eq!(answer.body(), "GONE: This is no longer here.\nid: r-1\n");
/// ```
///
/// # Cost
///
/// Two allocations for a body of less than 256 bytes, two for the table of the headers.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "a value that is written as its name")]
pub struct PlainText;

impl Render for PlainText {
    fn render(&self, problem: &Problem, occasion: &Occasion<'_>) -> Response<Bytes> {
        let mut text = String::with_capacity(256);
        // Writing to a string does not fail.
        let _ = write(&mut text, problem, occasion);
        let body = super::answer(problem, "text/plain; charset=utf-8", Bytes::from(text));
        super::unsniffed(body)
    }
}

fn write(text: &mut String, problem: &Problem, occasion: &Occasion<'_>) -> std::fmt::Result {
    writeln!(text, "{}: {}", problem.code(), occasion.message(problem))?;
    for detail in occasion.details(problem) {
        write!(text, "{} ", detail.place().as_str())?;
        // The names in it may be the client's own, and are to add no lines.
        text.extend(detail.pointer().chars().map(|c| if c.is_control() { ' ' } else { c }));
        writeln!(text, ": {}", detail.message())?;
    }
    if let Some(sources) = occasion.shown_sources() {
        writeln!(text, "because of: {sources}")?;
    }
    occasion.id().map_or(Ok(()), |id| writeln!(text, "id: {id}"))
}
