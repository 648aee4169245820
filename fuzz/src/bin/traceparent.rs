//! Fuzzes `buttress_fuzz::traceparent`.
#![cfg_attr(fuzzing, no_main)]

buttress_fuzz::binary!(traceparent);
