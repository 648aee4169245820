//! Fuzzes `buttress_fuzz::limit_answers`.
#![cfg_attr(fuzzing, no_main)]

buttress_fuzz::binary!(limit_answers);
