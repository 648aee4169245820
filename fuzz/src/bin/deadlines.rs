//! Fuzzes `buttress_fuzz::deadlines`.
#![cfg_attr(fuzzing, no_main)]

buttress_fuzz::binary!(deadlines);
