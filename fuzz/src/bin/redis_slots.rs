//! Fuzzes `buttress_fuzz::redis_slots`.
#![cfg_attr(fuzzing, no_main)]

buttress_fuzz::binary!(redis_slots);
