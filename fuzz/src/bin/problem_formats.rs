//! Fuzzes `buttress_fuzz::problem_formats`.
#![cfg_attr(fuzzing, no_main)]

buttress_fuzz::binary!(problem_formats);
