//! Fuzzes `buttress_fuzz::limit_requests`.
#![cfg_attr(fuzzing, no_main)]

buttress_fuzz::binary!(limit_requests);
