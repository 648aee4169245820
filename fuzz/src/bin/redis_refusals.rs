//! Fuzzes `buttress_fuzz::redis_refusals`.
#![cfg_attr(fuzzing, no_main)]

buttress_fuzz::binary!(redis_refusals);
