//! Fuzzes `buttress_fuzz::authority`.
#![cfg_attr(fuzzing, no_main)]

buttress_fuzz::binary!(authority);
