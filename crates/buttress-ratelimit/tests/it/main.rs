//! One module for each promise of the documentation.

mod memory;
