//! Fuzzes `buttress_fuzz::outbound_settings`.
#![cfg_attr(fuzzing, no_main)]

buttress_fuzz::binary!(outbound_settings);
