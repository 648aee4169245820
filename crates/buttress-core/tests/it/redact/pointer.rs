use std::borrow::Cow;

use buttress_core::{Detail, Problem, Redact};
use proptest::prelude::*;

fn shown(pointer: &str) -> String {
    Redact::default().pointer(pointer, usize::MAX).into_owned()
}

#[test]
fn names_that_together_look_like_a_home_stay() {
    for pointer in ["", "/", "/home/street", "/home", "/Users/0/name", "/a~1b/c~0d", "/ü//x", "/~2"]
    {
        let redact = Redact::default();
        assert!(
            matches!(redact.pointer(pointer, usize::MAX), Cow::Borrowed(same) if same == pointer)
        );
    }
}

#[test]
fn a_name_is_redacted_as_text_is_and_stays_one_name() {
    assert_eq!(shown("/by/ada@example.org/age"), "/by/a***@example.org/age");
    assert_eq!(shown("/by/token=hunter2/age"), "/by/token=***/age");
    // A name may be a path of its own.
    assert_eq!(shown("/files/~1home~1ada-the-user~1x"), "/files/~1home~1***~1x");
    assert_eq!(shown("/links/https:~1~1app:hunter2@db~1x/0"), "/links/https:~1~1***@db~1x/0");
}

#[test]
fn it_is_cut_between_two_names() {
    let cut = |max_len| Redact::default().pointer("/items/17/größe", max_len).into_owned();
    assert_eq!(
        [cut(17), cut(16), cut(9), cut(8), cut(0)],
        ["/items/17/größe", "/items/17", "/items/17", "/items", ""]
    );
}

#[test]
fn a_detail_that_quotes_others_keeps_its_pointer() {
    let problem = Problem::validation([
        Detail::body("/home/street", "invalid_type", "no user ada@example.org"),
        Detail::query("ada@example.org", "unknown", "x"),
    ]);
    let answer = problem.with_words_of_others().render(None);
    let body = str::from_utf8(answer.body()).unwrap();
    assert!(body.contains(r#""pointer":"/home/street""#) && !body.contains("ada@"), "{body}");
}

proptest! {
    #[test]
    fn any_pointer_stays_one_and_is_redacted_once(
        pointer in "(/(home|Users|[a-z~@.= ü]{0,9}|ada@example\\.org|token=x)){0,9}",
        max_len in 0_usize..60,
    ) {
        let redact = Redact::default();
        let shown = redact.pointer(&pointer, max_len);
        prop_assert!(shown.len() <= max_len);
        prop_assert!(shown.is_empty() || shown.starts_with('/'));
        prop_assert!(!shown.contains("ada@"));
        prop_assert_eq!(redact.pointer(&shown, max_len), &*shown);
    }
}
