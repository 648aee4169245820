//! Any bytes as what a service answers to an HTTP check.

use buttress_health::AnswerHead;

/// What is read does not depend on what follows, and is not there before its end has come.
pub fn run(data: &[u8]) {
    let Ok(Some((head, length))) = AnswerHead::parse(data) else { return };
    assert!((100..600).contains(&head.status()));
    assert!(length <= data.len() && data[..length].ends_with(b"\r\n\r\n"));
    assert_eq!(AnswerHead::parse(&data[..length]), Ok(Some((head.clone(), length))));
    assert_eq!(AnswerHead::parse(&data[..length - 1]), Ok(None));

    assert!(head.through().count() <= 16);
    for name in head.through() {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        assert!((1..=64).contains(&name.len()) && name.bytes().all(plain));
    }
}
