//! Fuzzes `buttress_fuzz::proxy_header`.
#![cfg_attr(fuzzing, no_main)]

buttress_fuzz::binary!(proxy_header);
