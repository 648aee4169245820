//! Fuzzes `buttress_fuzz::redis_sentinels`.
#![cfg_attr(fuzzing, no_main)]

buttress_fuzz::binary!(redis_sentinels);
