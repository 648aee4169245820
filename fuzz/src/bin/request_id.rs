//! Fuzzes `buttress_fuzz::request_id`.
#![cfg_attr(fuzzing, no_main)]

buttress_fuzz::binary!(request_id);
