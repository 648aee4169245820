//! Fuzzes `buttress_fuzz::keys`.
#![cfg_attr(fuzzing, no_main)]

buttress_fuzz::binary!(keys);
