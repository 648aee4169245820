//! A fleet: this test program is run again, as other processes.

use std::env;
use std::process::Command;

use buttress_core::key::Keyer;

use super::keyer;

/// Says what key this process makes with the shared seed, and with one of its own.
#[test]
fn a_process_says_its_keys() {
    let shared = keyer().key_of(["ada", "orders"]);
    let own = Keyer::random().key_of(["ada", "orders"]);
    println!("keys {shared} {own}.");
    assert_ne!(shared, own);
}

#[test]
fn processes_with_one_seed_agree_and_those_with_random_ones_do_not() {
    let (one, other) = (keys_of_another(), keys_of_another());
    assert_eq!(one[0], keyer().key_of(["ada", "orders"]).to_string());
    assert_eq!(one[0], other[0]);
    assert_ne!(one[1], other[1]);
}

fn keys_of_another() -> [String; 2] {
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", "keys::processes::a_process_says_its_keys", "--nocapture"])
        .output()
        .unwrap();
    let output = String::from_utf8(output.stdout).unwrap();
    let (_, keys) = output.split_once("keys ").expect("it says them");
    let (keys, _) = keys.split_once('.').unwrap();
    let (shared, own) = keys.split_once(' ').unwrap();
    [shared.to_owned(), own.to_owned()]
}
