//! Fuzzes `buttress_fuzz::forwarded`.
#![cfg_attr(fuzzing, no_main)]

buttress_fuzz::binary!(forwarded);
