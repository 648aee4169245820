//! Fuzzes `buttress_fuzz::retry_advice`.
#![cfg_attr(fuzzing, no_main)]

buttress_fuzz::binary!(retry_advice);
