//! Fuzzes `buttress_fuzz::limit_settings`.
#![cfg_attr(fuzzing, no_main)]

buttress_fuzz::binary!(limit_settings);
