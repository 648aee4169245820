//! What the headers of a context are called.

use http::HeaderName;

use super::hop::{ID_HEADER, Names};
use super::settings::ContextSettings;
use crate::Faults;

/// All names, no two alike.
pub(super) fn names(faults: &mut Faults, settings: &ContextSettings) -> Names {
    let id = header(faults, "request_id_header", Some(&settings.request_id_header));
    let mut other = |path, name: &Option<String>, taken: &[(&Option<HeaderName>, &str)]| {
        let name = header(faults, path, name.as_deref().filter(|name| !name.is_empty()))?;
        if let Some((_, by)) = taken.iter().find(|(taken, _)| taken.as_ref() == Some(&name)) {
            faults.add(path, format_args!("is the header of the {by} already"));
        }
        Some(name)
    };
    let of_id = (&id, "request id");
    let deadline = other("deadline_header", &settings.deadline_header, &[of_id]);
    let taken = [of_id, (&deadline, "deadline")];
    let attempt = other("attempt_header", &settings.attempt_header, &taken);
    Names { id: id.unwrap_or(ID_HEADER), deadline, attempt }
}

/// The header with this name, if one is wished for; notes the fault if there cannot be one.
fn header(faults: &mut Faults, path: &str, name: Option<&str>) -> Option<HeaderName> {
    let name = name?;
    let Ok(header) = name.parse::<HeaderName>() else {
        faults.add(path, format_args!("`{name}` is not the name of a header"));
        return None;
    };
    if TAKEN.contains(&header.as_str()) {
        faults.add(path, format_args!("`{name}` has a meaning of its own in HTTP or tracing"));
    }
    Some(header)
}

/// Headers that HTTP or tracing needs for themselves.
const TAKEN: [&str; 10] = [
    "connection",
    "content-length",
    "content-type",
    "host",
    "te",
    "traceparent",
    "tracestate",
    "trailer",
    "transfer-encoding",
    "upgrade",
];
