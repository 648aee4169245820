//! Fuzzes `buttress_fuzz::http1_heads`.
#![cfg_attr(fuzzing, no_main)]

buttress_fuzz::binary!(http1_heads);
