//! Fuzzes `buttress_fuzz::redis_url`.
#![cfg_attr(fuzzing, no_main)]

buttress_fuzz::binary!(redis_url);
