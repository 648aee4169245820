//! Fuzzes `buttress_fuzz::limit_times`.
#![cfg_attr(fuzzing, no_main)]

buttress_fuzz::binary!(limit_times);
