//! Fuzzes `buttress_fuzz::http2_frames`.
#![cfg_attr(fuzzing, no_main)]

buttress_fuzz::binary!(http2_frames);
