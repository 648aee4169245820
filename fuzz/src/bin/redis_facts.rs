//! Fuzzes `buttress_fuzz::redis_facts`.
#![cfg_attr(fuzzing, no_main)]

buttress_fuzz::binary!(redis_facts);
