//! Fuzzes `buttress_fuzz::foreign`.
#![cfg_attr(fuzzing, no_main)]

buttress_fuzz::binary!(foreign);
