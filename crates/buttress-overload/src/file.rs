//! What is wrong stands in a file under the name that it has there, which is not always that of the builder.

/// What a builder says, and the file: those that differ. None, for a builder that is not of a file.
pub(crate) type Names = &'static [(&'static str, &'static str)];
