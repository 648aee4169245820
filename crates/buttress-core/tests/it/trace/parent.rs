use buttress_core::trace::{RemoteTrace, SpanId, TraceContext, TraceFlags, TraceId, TraceParent};

use super::{PARENT, TRACE, goes_on, headers, hop};

#[test]
fn a_well_formed_traceparent_is_continued() {
    for name in ["traceparent", "TraceParent", "TrAcEpArEnT", "TRACEPARENT"] {
        let remote = RemoteTrace::extract(&headers(&[(name, PARENT)])).expect(name);
        assert_eq!(remote.parent().trace_id().to_string(), TRACE);
    }
    for (why, parent) in [
        ("a later version", "cc-12345678901234567890123456789012-1234567890123456-01"),
        (
            "a later version with more",
            "cc-12345678901234567890123456789012-1234567890123456-01-what",
        ),
        (
            "a later version with nothing more",
            "01-12345678901234567890123456789012-1234567890123456-01-",
        ),
        ("the last version", "fe-12345678901234567890123456789012-1234567890123456-01"),
        ("a space before", " 00-12345678901234567890123456789012-1234567890123456-01"),
        ("a tab before", "\t00-12345678901234567890123456789012-1234567890123456-01"),
        ("a space after", "00-12345678901234567890123456789012-1234567890123456-01 "),
        ("a tab after", "00-12345678901234567890123456789012-1234567890123456-01\t"),
        ("both on both sides", "\t 00-12345678901234567890123456789012-1234567890123456-01 \t"),
        ("flags of the future", "00-12345678901234567890123456789012-1234567890123456-ff"),
    ] {
        assert!(goes_on(&[parent]), "{why}");
    }
}

#[test]
fn a_malformed_traceparent_starts_a_new_trace() {
    for (why, parent) in [
        ("empty", ""),
        ("only white space", " \t"),
        ("version 00 with a byte more", "00-12345678901234567890123456789012-1234567890123456-01."),
        ("version 00 with more", "00-12345678901234567890123456789012-1234567890123456-01-what"),
        (
            "a later version without dash",
            "cc-12345678901234567890123456789012-1234567890123456-01.what",
        ),
        ("a later version too short", "cc-12345678901234567890123456789012-1234567890123456-0"),
        (
            "two in one header",
            "00-12345678901234567890123456789012-1234567890123456-01,00-12345678901234567890123456789012-1234567890123456-01",
        ),
        ("version ff", "ff-12345678901234567890123456789012-1234567890123456-01"),
        ("version ff with more", "ff-12345678901234567890123456789012-1234567890123456-01-what"),
        ("version, first digit", ".0-12345678901234567890123456789012-1234567890123456-01"),
        ("version, second digit", "0.-12345678901234567890123456789012-1234567890123456-01"),
        ("version in upper case", "CC-12345678901234567890123456789012-1234567890123456-01"),
        ("version of three", "000-12345678901234567890123456789012-1234567890123456-01"),
        ("version of four", "0000-12345678901234567890123456789012-1234567890123456-01"),
        ("version of one", "0-12345678901234567890123456789012-1234567890123456-01"),
        ("no version", "-12345678901234567890123456789012-1234567890123456-01"),
        ("trace id zero", "00-00000000000000000000000000000000-1234567890123456-01"),
        ("trace id, first digit", "00-.2345678901234567890123456789012-1234567890123456-01"),
        ("trace id, last digit", "00-1234567890123456789012345678901.-1234567890123456-01"),
        ("trace id in upper case", "00-ABCDEF78901234567890123456789012-1234567890123456-01"),
        ("trace id too long", "00-123456789012345678901234567890123-1234567890123456-01"),
        ("trace id too short", "00-1234567890123456789012345678901-1234567890123456-01"),
        ("span id zero", "00-12345678901234567890123456789012-0000000000000000-01"),
        ("span id, first digit", "00-12345678901234567890123456789012-.234567890123456-01"),
        ("span id, last digit", "00-12345678901234567890123456789012-123456789012345.-01"),
        ("span id in upper case", "00-12345678901234567890123456789012-ABCDEF7890123456-01"),
        ("span id too long", "00-12345678901234567890123456789012-12345678901234567-01"),
        ("span id too short", "00-12345678901234567890123456789012-123456789012345-01"),
        ("flags, first digit", "00-12345678901234567890123456789012-1234567890123456-.0"),
        ("flags, second digit", "00-12345678901234567890123456789012-1234567890123456-0."),
        ("flags in upper case", "00-12345678901234567890123456789012-1234567890123456-0A"),
        ("flags too long", "00-12345678901234567890123456789012-1234567890123456-001"),
        ("flags too short", "00-12345678901234567890123456789012-1234567890123456-1"),
        ("first separator", "00.12345678901234567890123456789012-1234567890123456-01"),
        ("second separator", "00-12345678901234567890123456789012.1234567890123456-01"),
        ("third separator", "00-12345678901234567890123456789012-1234567890123456.01"),
        ("white space inside", "00-12345678901234567890123456789012 -1234567890123456-01"),
    ] {
        assert!(!goes_on(&[parent]), "{why}");
    }
    assert!(!goes_on(&[PARENT, PARENT]), "two headers");
    assert!(RemoteTrace::extract(&headers(&[("trace-parent", PARENT)])).is_none());
    assert!(RemoteTrace::extract(&headers(&[("trace.parent", PARENT)])).is_none());
    assert_eq!(
        TraceParent::parse(format!("{PARENT}\n").as_bytes()),
        None,
        "no white space of HTTP"
    );
}

#[test]
fn flags_are_kept_if_they_are_known() {
    for (came, sent) in
        [("00", "00"), ("01", "01"), ("02", "02"), ("03", "03"), ("fc", "00"), ("ff", "03")]
    {
        for version in ["00", "7f"] {
            let parent = format!("{version}-{TRACE}-1234567890123456-{came}");
            let outgoing = hop(&[("traceparent", &parent)]);
            let expected = format!("00-{TRACE}-000000000000005a-{sent}");
            assert_eq!(outgoing["traceparent"], expected, "{version} {came}");
        }
    }
    let started = TraceContext::started(TraceId::from_random(1), SpanId::from_random(2));
    assert_eq!(started.flags(), TraceFlags::RANDOM);
    assert_eq!(started.with_sampled(true).flags().bits(), 3);
}

#[test]
fn zero_is_no_id() {
    assert_eq!(TraceId::from_bytes([0; 16]), None);
    assert_eq!(SpanId::from_bytes([0; 8]), None);
    assert_eq!(TraceId::from_random(0), TraceId::from_random(1));
    assert_eq!(SpanId::from_random(0), SpanId::from_random(1));
    assert_eq!(format!("{:?}", SpanId::from_random(0xab)), "SpanId(00000000000000ab)");
}
