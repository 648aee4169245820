use std::borrow::Cow;

use buttress_core::Redact;

const INNOCENT: &[&str] = &[
    "",
    "The key to the code is in the state of the art.",
    "exit code: 101, signal: none",
    "error[E0308]: mismatched types, see code=E0308",
    "key=order:17 state=open code=404",
    "The state: everything is fine; the key: patience.",
    "Basic authentication failed",
    "missing bearer token",
    "WWW-Authenticate: Bearer realm=\"api\", error=\"invalid_token\"",
    "the password is too short",
    "token bucket empty, 3 tokens left",
    "token::Kind and secret::Secret are paths",
    "if token == expected { secret != other }",
    "prompt_tokens: 512, completion_tokens: 40",
    "request 550e8400-e29b-41d4-a716-446655440000 took 3 ms",
    "id=00000000-4111-1111-1111-111111111111",
    "12345678-1234-1234-1234-123456789012",
    "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "trace_id=4bf92f3577b34da6a3ce929d0e0e4736",
    "fixed in commit 9fceb02d0ae598e95dc970b74767f19372d61af8, not in 9fceb02",
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "integrity sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
    "SHA256:uNiVztksCsDhcc0u9e8BgrJXVGDOzHqPlkTSmo6g4Q8",
    "at 2024-01-01T12:34:56.789123Z",
    "Mon, 01 Jan 2024 12:34:56 +0000 2024",
    "Mon Jan 01 12:34:56 +1000 2024",
    "took 1700000000123 ns since 1700000000123456789",
    "peer 192.168.100.200:54321 closed",
    "peer [2001:db8:85a3::8a2e:370:7334]:443 closed",
    "http://[::1]:8080/@user and https://example.org:443/@user/posts",
    "https://example.org/users?email_sent=yes&page=2#top",
    "git@github.com:tower-rs/tower.git",
    "serde@1.0.228 and react@18.2.0",
    "version 1.88.0-nightly (2024.01.15)",
    "order 302-1234567-1234567 and order 1002345678",
    "invoice 4111111111111112 has a wrong check digit",
    "0.4111111111111111 and 4111111111111111.5",
    "3.141592653589793238462643383279502884197",
    "thread 'main' panicked at src/main.rs:10:5: index out of bounds: the len is 3 but the index is 7",
    "/usr/lib/x86_64-linux-gnu/libstdc++.so.6.0.30",
    "/srv/Ada/target/debug/deps/foo-1a2b3c4d5e6f7890",
    "no route for /users/42, /api/Users/42 and /static/home/index.html",
    "GET /home/index.html HTTP/1.1 and POST /Users/42",
    "https://example.org/home/index.html and http://localhost:8080/Users/42?page=2",
    "https://home/ada and https://[::1]/home/index.html",
    "/home, /home/, /Users/*/Library and /home/{name}",
    "src/home/mod.rs, ./home/page.html and ../Users/page.html",
    "/root/orders.db belongs to nobody, ~ada/notes took ~5 ms",
    "BUILTIN\\Users may read C:\\Windows\\home\\x",
    "/home/***/orders.db and C:\\Users\\***\\x",
    "AbstractSingletonProxyFactoryBean2IsALongName",
    "connection to redis://cache:6379/0 refused",
    "postgres://db.internal/orders is read-only",
    "sk_live_ and ghp_ are prefixes, as is AKIA",
    "eyJ is how tokens begin",
    "password: ***, token=***",
    "\"password\": null",
    "naïve café – 東京 🦀 Ünïcödé",
    "$ cargo test -- --test-threads=1",
    "max-age=31536000; includeSubDomains; preload",
    "-----BEGIN CERTIFICATE-----",
    "50% off %zz %E6%9D%B1",
    "a=b&c=d;e=f, g: h",
    "tokio-runtime-worker",
    "<a:Token/> and <secret kind=\"none\"/> are empty, <o:Password></o:Password> too",
    "https%3A%2F%2Fexample.org%2F%40user and https:\\/\\/example.org\\/@user",
    "token[0] is the first of tokens[], password[ is half a name",
    "(200) 404-50",
    "password: invalid type: null, expected a string at line 1 column 16",
    "user.password: invalid type: integer …, expected a string",
    "token: invalid length 3, expected an array of length 4",
    "pin: invalid digit found in string",
    "credentials: missing field `user` at line 1 column 2",
    "credentials: duplicate field `user`, secret: unknown field …, expected `user`",
    "password: EOF while parsing a string at line 1 column 14",
    "call 112 or +1 911",
];

#[test]
fn innocent_text_comes_through_as_it_is() {
    let redact = Redact::default();
    let changed: Vec<_> = INNOCENT
        .iter()
        .map(|text| (text, redact.text(text, usize::MAX)))
        .filter(|(_, shown)| !matches!(shown, Cow::Borrowed(_)))
        .collect();
    assert!(INNOCENT.len() >= 40);
    assert!(changed.is_empty(), "{changed:#?}");
}
