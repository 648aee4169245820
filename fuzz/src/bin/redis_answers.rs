//! Fuzzes `buttress_fuzz::redis_answers`.
#![cfg_attr(fuzzing, no_main)]

buttress_fuzz::binary!(redis_answers);
