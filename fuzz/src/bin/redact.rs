//! Fuzzes `buttress_fuzz::redact`.
#![cfg_attr(fuzzing, no_main)]

buttress_fuzz::binary!(redact);
