use buttress_core::key::{KeySeed, Keyer, MissingKey};
use serde::Deserialize;

use super::{SEED, keyer};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    seed: KeySeed,
    #[serde(default)]
    missing: MissingKey,
}

#[test]
fn another_seed_makes_other_keys() {
    let key = |seed: &KeySeed| Keyer::from(seed).key_of(["ada"]);
    let seed = SEED.parse::<KeySeed>().unwrap();
    assert_eq!(key(&seed), key(&KeySeed::from_bytes(*seed.expose())));
    // Each bit of it counts.
    for bit in 0..128 {
        let mut other = *seed.expose();
        other[bit / 8] ^= 1 << (bit % 8);
        assert_ne!(key(&seed), key(&KeySeed::from_bytes(other)), "bit {bit}");
    }
    assert_ne!(key(&KeySeed::random()), key(&KeySeed::random()));
    assert_ne!(Keyer::default().key_of(["ada"]), Keyer::default().key_of(["ada"]));
}

#[test]
fn scopes_make_other_keys_and_may_be_nested() {
    let key = |keyer: Keyer| keyer.key_of(["ada"]);
    assert_ne!(key(keyer()), key(keyer().scoped("")));
    assert_ne!(key(keyer().scoped("a").scoped("b")), key(keyer().scoped("b").scoped("a")));
    assert_ne!(key(keyer().scoped("ab")), key(keyer().scoped("a").scoped("b")));
    assert_ne!(keyer().scoped("a").key_of([""; 0]), keyer().scoped("b").key_of([""; 0]));
}

#[test]
fn settings_hold_a_seed_as_32_digits() {
    let read =
        |digits: &str| serde_json::from_value::<Settings>(serde_json::json!({ "seed": digits }));
    let settings = read(SEED).unwrap();
    assert_eq!(settings.seed.expose()[..4], [0, 1, 2, 3]);
    assert_eq!(settings.missing, MissingKey::Share);
    assert_eq!(read(&SEED.to_uppercase()).unwrap().seed, settings.seed);

    let long = format!("{SEED}0");
    let wrong = ["", "00", &SEED[1..], &long, "g00102030405060708090a0b0c0d0e0f"];
    for digits in wrong.into_iter().chain([" 0102030405060708090a0b0c0d0e0f0", "äöüßäöüßäöüßäöüß"])
    {
        let error = read(digits).unwrap_err().to_string();
        assert!(error.contains("32 hexadecimal digits"), "{error}");
    }
    for digit in ["0", "f", "F"] {
        let error = read(&digit.repeat(32)).unwrap_err().to_string();
        assert!(error.contains("can be guessed"), "{error}");
    }
}

#[test]
fn nothing_shows_the_seed() {
    let digits = "8f1d6a90c3b24e57a1f0d2c4b6e8937g";
    let error = serde_json::from_value::<KeySeed>(digits.into()).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("8f1d6a90"), "{error}");
    let error = serde_json::from_value::<KeySeed>(4815.into()).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("4815"), "{error}");
    let error = digits.parse::<KeySeed>().unwrap_err();
    assert!(!format!("{error} {error:?}").contains("8f1d6a90"), "{error}");

    let seed: KeySeed = SEED.parse().unwrap();
    assert_eq!(format!("{seed:?} {:?}", Keyer::from(&seed)), "KeySeed(…) Keyer(…)");
    let mut writer = keyer().writer();
    writer.principal("ada");
    assert_eq!(format!("{writer:?}"), "KeyWriter { found: Complete, .. }");
}

#[cfg(feature = "schemars")]
#[test]
fn the_schema_says_what_a_seed_looks_like() {
    let schema = serde_json::to_value(schemars::schema_for!(KeySeed)).unwrap();
    assert_eq!((&schema["type"], &schema["writeOnly"]), (&"string".into(), &true.into()));
    assert_eq!(schema["pattern"], "^[0-9A-Fa-f]{32}$");
}
