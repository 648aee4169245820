use std::collections::HashSet;

use buttress_core::trace::{SpanId, TraceFlags, TraceId, TraceParent, TraceState};
use http::HeaderValue;
use proptest::prelude::*;

use super::PARENT;

proptest! {
    #[test]
    fn any_ids_are_written_and_read_back(trace: u128, span: u64, bits: u8) {
        let (trace, span) = (TraceId::from_random(trace), SpanId::from_random(span));
        let parent = TraceParent::new(trace, span, TraceFlags::from_bits(bits));
        prop_assert_eq!(parent.to_bytes().to_vec(), parent.to_string().into_bytes());
        prop_assert_eq!(TraceParent::parse(&parent.to_bytes()), Some(parent));
        prop_assert_eq!(trace.to_string().parse(), Ok(trace));
        prop_assert_eq!(span.to_string().parse(), Ok(span));
    }

    #[test]
    fn any_bytes_are_a_traceparent_or_none(
        bytes in prop::collection::vec(any::<u8>(), 0..120),
    ) {
        prop_assert_eq!(TraceParent::parse(&bytes), None);
    }

    #[test]
    fn a_traceparent_is_read_digit_by_digit(
        version in "0[0-1]|f[e-g]", flags in "[0-9a-g]{2}", at in 0..PARENT.len(), byte: u8, more in "|-.?",
    ) {
        let mut bytes = format!("{version}{}{flags}{more}", &PARENT[2..53]).into_bytes();
        bytes[at] = byte;
        let text = String::from_utf8_lossy(&bytes);
        let is_hex = |range: &str| range.chars().all(|c| "0123456789abcdef".contains(c));
        let fields: Vec<_> = text.splitn(5, '-').collect();
        let well_formed = fields.len() >= 4
            && [2, 32, 16, 2].iter().zip(&fields).all(|(&len, text)| text.len() == len && is_hex(text))
            && (fields[0] == "00" && fields.len() == 4 || fields[0] > "00" && fields[0] < "ff");
        let parent = TraceParent::parse(&bytes);
        prop_assert_eq!(parent.is_some(), well_formed, "{}", text);
        if let Some(parent) = parent {
            prop_assert_eq!(&bytes[2..53], &parent.to_bytes()[2..53]);
            prop_assert_eq!(&parent.to_bytes()[..2], b"00");
        }
    }

    #[test]
    fn what_is_sent_on_is_grammatical_and_reads_the_same(
        texts in prop::collection::vec(any_state(), 1..3),
    ) {
        let headers: Vec<_> = texts.iter().map(|text| HeaderValue::from_str(text).unwrap()).collect();
        let Some(state) = TraceState::parse(&headers) else { return Ok(()) };
        prop_assert!(is_grammatical(state.as_str()), "{:?}", state.as_str());
        prop_assert_eq!(state.is_empty(), state.iter().next().is_none());
        let again = TraceState::parse(state.header()).unwrap();
        prop_assert_eq!(again.as_str(), state.as_str());
        if let [text] = &*texts && is_grammatical(text) && text.trim() == text && !state.is_empty() {
            prop_assert_eq!(state.as_str(), text);
        }
    }

    #[test]
    fn any_bytes_are_a_tracestate_or_none(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let Ok(header) = HeaderValue::from_bytes(&bytes) else { return Ok(()) };
        let state = TraceState::parse(&[header]).unwrap_or_default();
        prop_assert!(is_grammatical(state.as_str()));
    }

    #[test]
    fn an_inserted_member_is_first_and_the_rest_keeps_its_order(
        text in any_state(), key in "[a-c0-1@]{0,3}", value in "[ -~]{0,3}|[a-z]{100,257}",
    ) {
        let header = HeaderValue::from_str(&text).unwrap();
        let mut state = TraceState::parse(&[header]).unwrap_or_default();
        let before = state.clone();
        if state.insert(&key, &value).is_err() {
            prop_assert_eq!(state, before);
            return Ok(());
        }
        prop_assert!(is_grammatical(state.as_str()));
        prop_assert_eq!(state.iter().next(), Some((&*key, &*value)));
        let mut others = before.iter().filter(|member| member.0 != key);
        prop_assert!(state.iter().skip(1).all(|kept| others.any(|other| other == kept)));
    }
}

/// Pieces of headers, so that random text often comes close to being right.
fn any_state() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        40 => "[a-c0-1][a-c@_]{0,2}=[ -+a-z.-<]{0,2}[a-z]",
        10 => "[a-z]{2}=[a-z]{100,140}",
        5 => "[ \t]{0,2}",
        1 => "[ -~\t]{0,4}",
    ];
    let comma = prop_oneof![4 => Just(","), 1 => Just(" ,\t")];
    prop::collection::vec((piece, comma), 0..40)
        .prop_map(|pieces| pieces.into_iter().map(|(piece, comma)| piece + comma).collect())
}

/// The grammar of level 2, said a second time and in another way.
fn is_grammatical(text: &str) -> bool {
    let one_of =
        |set: &str, c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || set.contains(c);
    let mut keys = HashSet::new();
    text.len() <= 512
        && text.split(',').count() <= 32
        && text.split(',').map(|member| member.trim_matches([' ', '\t'])).all(|member| {
            let Some((key, value)) = member.split_once('=') else { return member.is_empty() };
            (1..=256).contains(&key.len())
                && one_of("", key.chars().next().unwrap())
                && key.chars().all(|c| one_of("_-*/@", c))
                && (1..=256).contains(&value.len())
                && value.chars().all(|c| (' '..='~').contains(&c) && c != '=')
                && keys.insert(key)
        })
}
