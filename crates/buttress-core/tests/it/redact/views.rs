use buttress_core::Redact;
use buttress_core::redact::{RedactSettings, mask};
use http::{HeaderMap, HeaderValue, Uri};
use serde_json::{Value, json};

#[test]
fn headers_are_hidden_by_name_by_mark_and_by_look() {
    let mut headers = HeaderMap::new();
    let mut marked = HeaderValue::from_static("marked");
    marked.set_sensitive(true);
    headers.insert("x-quiet", marked);
    headers.insert("X-Api-Key", HeaderValue::from_static("abc"));
    headers.append("set-cookie", HeaderValue::from_static("a=1"));
    headers.append("set-cookie", HeaderValue::from_static("b=2"));
    headers.insert("x-acme-token", HeaderValue::from_static("abc"));
    headers.insert("referer", HeaderValue::from_static("https://a.example/?token=abc&p=1"));
    headers.insert("x-odd", HeaderValue::from_bytes(b"\xff password=abc").unwrap());
    headers.insert("accept", HeaderValue::from_static("*/*"));

    let redact = Redact::default();
    let shown = redact.headers(&headers).to_string();
    assert_eq!(
        shown,
        "x-quiet: ***, x-api-key: ***, set-cookie: ***, set-cookie: ***, x-acme-token: ***, \
         referer: https://a.example/?token=***&p=1, x-odd: \u{fffd} password=***, accept: */*"
    );
    assert!(!format!("{:?}", redact.headers(&headers)).contains("abc"));
}

#[test]
fn uris_lose_user_query_values_and_secret_segments() {
    let redact = Redact::default();
    let shown = |uri: &str| redact.uri(&uri.parse::<Uri>().unwrap()).to_string();
    assert_eq!(shown("https://u:p@h.example:8443/a?b=c"), "https://***@h.example:8443/a?b=c");
    assert_eq!(shown("/a?Client-Secret=x&=y&&z"), "/a?Client-Secret=***&=y&&z");
    assert_eq!(shown("/reset/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.x/now"), "/reset/***/now");
    assert_eq!(shown("/users/ada%40example.org"), "/users/***");
    assert_eq!(shown("example.org:443"), "example.org:443");
    assert_eq!(shown("*"), "*");
    for uri in ["/", "/a/b;c=d?e=f&g", "http://h/?q=50%25", "/%E6%9D%B1?%zz"] {
        assert_eq!(shown(uri), uri.parse::<Uri>().unwrap().to_string());
    }
}

#[test]
fn queries_are_searched_through_their_encoding() {
    let redact = Redact::default();
    let shown = |query: &str| redact.query(query).to_string();
    assert_eq!(shown("%73tate=a&%63ode=b&c=d"), "%73tate=***&%63ode=***&c=d");
    assert_eq!(shown("q=Bearer%20mF_9B5f41JqM"), "q=***");
    assert_eq!(shown("next=%2Fin%253Ftoken%253Dabc"), "next=***");
    assert_eq!(shown("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.x"), "***");
    assert_eq!(shown("email=ada%40example.org"), "email=***");
    assert_eq!(shown("token=&code"), "token=&code");
    let lists = "token%5B%5D=a&user[pin]=b&code[0]=c&ids[]=7";
    assert_eq!(shown(lists), "token%5B%5D=***&user[pin]=***&code[0]=***&ids[]=7");
}

#[test]
fn json_is_hidden_at_any_depth_and_stays_json() {
    let redact = Redact::builder().field("tax_id").build().unwrap();
    let value = json!({
        "users": [{ "password": "a", "taxID": 7, "mail": "ada@example.org", "phone": "0170 1234567" }],
        "credentials": { "a": "b" },
        "token": null,
        "card_no": 4_111_111_111_111_111_u64,
        "note": "{\"pin\": 1}",
        "ada@example.org": 1.5,
        "code": "E1",
    });
    let shown: Value = serde_json::from_str(&redact.json(&value).to_string()).unwrap();
    assert_eq!(
        shown,
        json!({
            "users": [{ "password": "***", "taxID": "***", "mail": "a***@example.org", "phone": "***-4567" }],
            "credentials": "***",
            "token": null,
            "card_no": "***-1111",
            "note": "{\"pin\": ***}",
            "a***@example.org": 1.5,
            "code": "E1",
        })
    );
    assert_eq!(redact.json(&shown).to_string(), shown.to_string());
}

#[test]
fn json_that_is_nested_too_deep_is_hidden() {
    let deep = (0..100).fold(json!("ada@example.org"), |value, _| json!([value]));
    let shown = Redact::default().json(&deep).to_string();
    assert_eq!(shown, format!("{}\"***\"{}", "[".repeat(32), "]".repeat(32)));
}

#[test]
fn settings_name_every_fault() {
    let settings = json!({ "headers": ["x-a", "--"], "query_keys": ["a b"], "fields": ["größe"] });
    let settings: RedactSettings = serde_json::from_value(settings).unwrap();
    let error = settings.build().unwrap_err();
    let paths: Vec<_> = error.faults().iter().map(buttress_core::Fault::path).collect();
    assert_eq!(paths, ["headers[1]", "query_keys[0]", "fields[0]"]);
    assert!(serde_json::from_str::<RedactSettings>(r#"{"header": []}"#).is_err());
    assert!(RedactSettings::default().build().is_ok());
}

#[test]
fn names_are_compared_loosely() {
    let redact = Redact::builder().header("X-Partner-Id").build().unwrap();
    assert!(redact.hides_header("x_partner-ID"));
    assert!(redact.hides_header("Set-Cookie") && redact.hides_header("SETCOOKIE"));
    assert!(redact.hides_field("userPassword") && redact.hides_field("card.cvv"));
    assert!(!redact.hides_field("code") && redact.hides_query_key("Code"));
    assert!(!redact.hides_field("token_type") && !redact.hides_header("host"));
}

#[test]
fn masks_leave_masks_alone() {
    for value in
        ["ada@example.org", "+49 170 1234567", "sk_live_4eC39HqLyjWD", "", "@", "é@x", "🦀🦀@x"]
    {
        for mask in [mask::email, mask::phone, mask::card] {
            let once = mask(value);
            assert_ne!(once, value);
            assert_eq!(mask(&once), once);
        }
    }
}

#[cfg(feature = "schemars")]
#[test]
fn the_settings_have_a_schema() {
    let schema = serde_json::to_value(schemars::schema_for!(RedactSettings)).unwrap();
    assert_eq!(schema["additionalProperties"], false);
    assert_eq!(schema["properties"].as_object().unwrap().len(), 3);
}
