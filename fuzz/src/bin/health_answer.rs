//! Fuzzes `buttress_fuzz::health_answer`.
#![cfg_attr(fuzzing, no_main)]

buttress_fuzz::binary!(health_answer);
