use buttress_core::Redact;
use proptest::prelude::*;

/// Text made of what the scanner knows, so that its parts meet in every way.
fn hostile() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        prop::sample::select(vec![
            "password",
            "token",
            "key",
            "code",
            "phone",
            "cookie",
            "=",
            ": ",
            ":",
            "=>",
            "\"",
            "'",
            "\\",
            "\\\"",
            "&",
            "?",
            "%3D",
            "%26",
            "%",
            "%2",
            "<",
            ">",
            "://",
            ":\\/\\/",
            "%3A%2F%2F",
            "%40",
            "[0]",
            "%5B%5D",
            "<![CDATA[",
            "a:",
            "@",
            "@tcp(",
            ".",
            ",",
            ";",
            "-",
            "_",
            "+",
            " ",
            "\n",
            "(",
            ")",
            "[",
            "]",
            "{",
            "}",
            "***",
            "*",
            "…",
            "***-",
            "é",
            "🦀",
            "Bearer ",
            "Basic ",
            "eyJ",
            "eyJhbGciOiJI.",
            "sk_live_",
            "SG.",
            "ghp_",
            "AKIA",
            "abcdefgh12345678",
            "4111111111111111",
            "4242 ",
            "555-867-5309",
            "+49 170 1234567",
            "ada@example.org",
            "x.io",
            "-----BEGIN PRIVATE KEY-----",
            "-----END ",
            "--",
            "550e8400-e29b-41d4-a716-446655440000",
            "9X2kQ7vT1pL4sW8dR3nB6yH5jC0aGmKe",
            "null",
            "hooks.slack.com/services/",
            "sha256-",
            "/home/",
            "/Users/",
            "/mnt/c",
            "C:\\Users\\",
            "\\\\",
            "c:/users/",
            "file://",
            "GET ",
            "/",
            "1",
            "23",
        ])
        .prop_map(str::to_owned),
        "[ -~]{0,4}",
        any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(part, 0..24).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn redacting_twice_changes_nothing_more(text in hostile()) {
        let redact = Redact::default();
        let once = redact.text(&text, usize::MAX);
        prop_assert_eq!(redact.text(&once, usize::MAX), &*once);
        let query = redact.query(&text).to_string();
        prop_assert_eq!(redact.query(&query).to_string(), query);
    }

    #[test]
    fn a_cut_keeps_to_the_limit_and_settles(text in hostile(), max_len in 0_usize..80) {
        let redact = Redact::default();
        let once = redact.text(&text, max_len);
        prop_assert!(once.len() <= max_len);
        prop_assert_eq!(redact.text(&once, max_len), &*once);
    }

    #[test]
    fn any_text_gets_an_answer(text in any::<String>(), max_len in any::<usize>()) {
        let redact = Redact::default();
        prop_assert!(redact.text(&text, max_len).len() <= max_len);
        let _ = redact.query(&text).to_string();
    }

    #[test]
    fn a_planted_secret_goes_whatever_surrounds_it(before in hostile(), secret in "[A-Za-z0-9]{12}") {
        let text = format!("{before} password=Q{secret}Z");
        let shown = Redact::default().text(&text, usize::MAX).into_owned();
        prop_assert!(!shown.contains(&secret), "{} -> {}", text, shown);
    }
}

proptest! {
    /// As the last folder or in the middle, in quotes or brackets.
    #[test]
    fn a_name_goes_from_whatever_path_it_is_in(
        root in prop::sample::select(vec![
            "/home/",
            "/Users/",
            "/usr/home/",
            "file:///home/",
            "/mnt/d/Users/",
            "C:\\Users\\",
            "\\\\?\\c:\\users\\",
            "x:/Users/",
        ]),
        before in prop::sample::select(vec!["", "open ", "\"", "'", "(", "[", "a:", "x=", "“", "\\n"]),
        name in "[a-z][a-z0-9._-]{2,12}[a-z0-9]",
        after in prop::sample::select(vec!["", "/x", "\\x", "\"", "'", ": ", ", ", ")", " ", "”", "."]),
    ) {
        let shown = Redact::default().text(&format!("{before}{root}{name}{after}"), usize::MAX).into_owned();
        prop_assert_eq!(shown, format!("{before}{root}***{after}"));
    }

    /// What a web page is called is nobody's name.
    #[test]
    fn a_path_of_the_web_stays(
        before in prop::sample::select(vec![
            "https://example.org", "http://localhost:8080", "//example.org", "GET ", "/api", "example.org",
        ]),
        folder in prop::sample::select(vec!["/home/", "/Users/", "/users/"]),
        page in "[a-z0-9][a-z0-9._-]{0,12}",
    ) {
        let text = format!("{before}{folder}{page}");
        prop_assert_eq!(Redact::default().text(&text, usize::MAX), &*text);
    }
}

const REPEATS: &[&str] = &[
    "a",
    "a-",
    "a.",
    "a_",
    "-",
    "_",
    "%",
    "%41",
    "%3D",
    "%26a",
    "://",
    "a://",
    "a://x:y/",
    "@",
    "a@",
    "a@b.c",
    "eyJ",
    "eyJ-",
    "eyJaaaaaaaa.",
    "sk-",
    "sk_live_",
    "SG.",
    "-----BEGIN ",
    "-----BEGIN PRIVATE KEY-----",
    "token=",
    "token=\"",
    "token='\n",
    "token=\\\"",
    "token=(",
    "token: [",
    "phone: (",
    "phone=1-",
    "&key=",
    "?a=%",
    "code=a&",
    "Bearer ",
    "Bearer a",
    "+1 ",
    "+",
    "(555) ",
    "555-",
    "4111-",
    "4",
    "4 ",
    "aA1",
    "aA1/",
    "aA1bB2cC3dD4eE5fF6gG7hH8iI9jJ0kK1/",
    "ghp_aaaaaaaaaa.",
    "\"",
    "\\",
    "cookie: ",
    "--token ",
    "<token>",
    "…",
    "🦀",
    "***",
    "token=***",
    "token=*",
    "/",
    "/home",
    "/home/",
    "/home/a",
    "/home/…/",
    "C:\\Users\\",
    "\\Users\\a ",
    "/usr/home/'",
];

/// Were the time quadratic in any of these, this test would take hours.
#[test]
fn long_repeats_take_linear_time() {
    let redact = Redact::default();
    for part in REPEATS {
        let text = part.repeat((1 << 16) / part.len());
        for text in [text.clone(), format!("x {text}\" end")] {
            let shown = redact.text(&text, usize::MAX);
            assert!(shown.len() <= 4 * text.len(), "{part}");
            assert!(redact.text(&text, 100).len() <= 100);
        }
    }
}

/// All of them in one text of a megabyte, in an order that never repeats.
#[test]
fn a_megabyte_of_everything_takes_linear_time() {
    let mut seed = 7_usize;
    let mut text = String::new();
    while text.len() < 1 << 20 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        text.push_str(REPEATS[(seed >> 33) % REPEATS.len()]);
    }
    let redact = Redact::default();
    let shown = redact.text(&text, usize::MAX);
    assert_eq!(redact.text(&shown, usize::MAX), shown);
}
