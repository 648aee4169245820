//! Fuzzes `buttress_fuzz::addresses`.
#![cfg_attr(fuzzing, no_main)]

buttress_fuzz::binary!(addresses);
