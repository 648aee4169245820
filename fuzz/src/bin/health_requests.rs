//! Fuzzes `buttress_fuzz::health_requests`.
#![cfg_attr(fuzzing, no_main)]

buttress_fuzz::binary!(health_requests);
