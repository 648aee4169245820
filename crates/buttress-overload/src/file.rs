//! What is wrong stands in a file under the name that it has there, which is not always that of the builder.

use buttress_core::BuildError;

/// What a builder says, and the file: those that differ. None, for a builder that is not of a file.
pub(crate) type Names = &'static [(&'static str, &'static str)];

/// With faults where they stand in the file.
pub(crate) fn named(error: BuildError, names: Names) -> BuildError {
    error.placed(|fault| {
        let said = |name: &&(&str, &str)| name.0 == fault.path();
        names.iter().find(said).map_or(fault.path(), |name| name.1).to_owned()
    })
}
