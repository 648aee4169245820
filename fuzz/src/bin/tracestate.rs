//! Fuzzes `buttress_fuzz::tracestate`.
#![cfg_attr(fuzzing, no_main)]

buttress_fuzz::binary!(tracestate);
