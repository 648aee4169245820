//! Fuzzes `buttress_fuzz::accept`.
#![cfg_attr(fuzzing, no_main)]

buttress_fuzz::binary!(accept);
