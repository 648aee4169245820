//! Fuzzes `buttress_fuzz::fleet_tallies`.
#![cfg_attr(fuzzing, no_main)]

buttress_fuzz::binary!(fleet_tallies);
