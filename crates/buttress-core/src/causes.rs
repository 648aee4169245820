use std::error::Error;
use std::io;
use std::iter;

/// How deep a chain of errors is followed. Nothing that is honest is deeper, and one that is a ring has no end.
const DEEPEST: usize = 16;

/// An error and what stands behind it, the outermost first: at most 16 of them, as a chain may be a ring.
///
/// The error inside an [`io::Error`] is among them. It is not the source of that, and hides behind it.
///
/// ```
/// use buttress_core::{Code, Problem, causes};
/// use std::io;
///
/// let error = io::Error::other(Problem::too_large());
/// let told = causes(&error).find_map(|cause| cause.downcast_ref::<Problem>());
/// assert_eq!(told.map(Problem::code), Some(Code::PAYLOAD_TOO_LARGE));
/// ```
pub fn causes<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    iter::successors(Some(error), |error| behind(*error)).take(DEEPEST)
}

fn behind<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inside) => Some(inside),
        None => error.source(),
    }
}

#[cfg(test)]
mod tests {
    use buttress_testkit::errors::Ring;

    use super::*;

    #[test]
    fn a_ring_has_an_end() {
        assert_eq!(causes(&Ring).count(), DEEPEST);
    }

    #[test]
    fn what_is_inside_an_io_error_is_found() {
        let error = io::Error::other(io::Error::other(Ring));
        let kinds: Vec<_> = causes(&error).take(3).map(<dyn Error>::is::<Ring>).collect();
        assert_eq!(kinds, [false, false, true]);
        assert_eq!(causes(&io::Error::from(io::ErrorKind::NotFound)).count(), 1);
    }
}
