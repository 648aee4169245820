//! Secrets where they are met: what stands between ⟦ and ⟧ must not be seen.

use buttress_core::Redact;

// Keys of issuers are put together here, so that scanners of repositories find none.
const PLANTED: &[&str] = &[
    // Schemes.
    "GET /v1/me failed: Authorization: Bearer ⟦mF_9.B5f-4.1JqM⟧",
    "sent `bearer ⟦4f1dQ2hh0xX⟧` and got 401",
    "upstream said 401 to Basic ⟦YWRhOmxvdmVsYWNl⟧",
    "proxy-authorization: Basic ⟦YWRhOmxvdmVsYWNl⟧\nhost: example.org",
    "curl -H 'Authorization: Bearer ⟦opaque⟧' https://api.example.org/v1",
    "curl -H \"X-Api-Key: ⟦k-12 34⟧\" https://api.example.org/v1",
    "Authorization: Digest username=\"⟦ada⟧\", response=\"⟦6629fae49393a05397450978507c4ef1⟧\"",
    r#"{"authorization": "Bearer ⟦abc⟧", "accept": "*/*"}"#,
    "authorization=Bearer ⟦opaque-one⟧ rejected",
    "token: bearer  ⟦opaque-one⟧, page: 2",
    "{authorization=Basic ⟦YWRhOmxvdmVsYWNl⟧, accept=*/*}",
    "--access-token Bearer ⟦opaque-one⟧ --dry-run",
    // Tokens.
    "jwt rejected: ⟦eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P⟧.",
    "expired (⟦eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0⟧)",
    "charge with sk_live_+⟦4eC39HqLyjWDarjtT1zdp7dc⟧ declined",
    "test key rk_test_+⟦51H8xExample⟧ in production",
    "remote: invalid credentials ghp_+⟦16C7e42F292c6912E7710c838347Ae178B4a⟧",
    "https://github_pat_+⟦11ABCDEFG0abcdefghij_kLmNoPqRsTuVwXyZ⟧ is odd",
    "glpat-+⟦x7Ab-cdEfGhijKlmNopQ⟧ lacks the scope",
    "AKIA+⟦IOSFODNN7EXAMPLE⟧ is not authorized to perform s3:GetObject",
    "slack: xoxb-+⟦2345678901-abcdefGHIJ⟧: channel_not_found",
    "POST https://hooks.slack.com/services/+⟦T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX⟧: 404",
    "error sending request for url (https://api.telegram.org/bot+⟦110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw⟧/getMe)",
    "maps: AIza+⟦SyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY⟧ over quota",
    "openai: sk-proj-+⟦abcDEF123456789012345678⟧ is inactive",
    "webhook secret whsec_+⟦MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw⟧ mismatch",
    "npm ERR! npm_+⟦a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8⟧",
    "mail: SG.+⟦ngeVfQFYQlKU0ufo8x5d1A.TwL2iGABf9DHoTf-09kqeF8tAmbihYzrnopKc-1s5cr⟧ refused",
    // Private keys.
    "key: -----BEGIN RSA PRIVATE +KEY-----\n⟦MIIEpAIBAAKCAQEA04up8hoqzS1\nwnNXl9hUVm⟧\n-----END RSA PRIVATE KEY-----\nthen",
    "-----BEGIN PRIVATE +KEY-----\\n⟦MIIEvgIBADANBgkqhkiG9w0⟧ (cut off",
    // Links.
    "connect to postgres://⟦app⟧:⟦hunter2⟧@db.internal:5432/orders: refused",
    "redis://:⟦s3cr3t⟧@cache:6379/0 timed out",
    "mongodb+srv://⟦usr⟧:⟦p@ss⟧@cluster0.example.net/?retryWrites=true",
    "amqp://⟦svc⟧:⟦pa/ss?w#d⟧@mq/vhost",
    "clone https://⟦x-access-token⟧:⟦opaqueopaque⟧@github.com/o/r.git failed",
    "sentry dsn https://⟦0123456789abcdef⟧@o1.ingest.example.io/2",
    "dial app:⟦hunter2⟧@tcp(127.0.0.1:3306)/orders: refused",
    r#"{"link":"https:\/\/app:⟦hunter2⟧@localhost\/x"}"#,
    r"connect to amqp:\/\/app:⟦hunter2⟧@mq.internal\/x failed",
    "GET /in?next=https%3A%2F%2Fapp%3A⟦hunter2⟧%40db%2Fx&page=2: 404",
    "jump to postgres%3a%2f%2fapp%3a⟦hunter2⟧%40db.internal, please",
    "GET https://example.org/cb?code=⟦4%2F0AX4XfWh⟧&state=⟦af0ifjsldkj⟧ 400",
    "GET /reset?token=⟦abc⟧ HTTP/1.1",
    "GET /x?page=2&Access%5FToken=⟦abc⟧ HTTP/1.1",
    "https://b.example/o?X-Amz-Credential=⟦AK%2Fx⟧&X-Amz-Signature=⟦fe5f80f7⟧&X-Amz-Expires=60",
    "https://maps.example/api?key=⟦abc⟧&q=Bern",
    "https://id.example/cb#access_token=⟦abc⟧&expires_in=3600",
    "https://a.example/login?next=https%3A%2F%2Fb.example%2F%3Ftoken%3D⟦abc⟧%26page%3D2",
    "body: code=⟦splxlOBeZQQYbYS6WxSbIA⟧&grant_type=authorization_code",
    "body: user=ada&password=⟦p%26ss⟧&remember=1",
    "user[password]=⟦hunter2⟧",
    "user=ada&password[]=⟦hunter2⟧&tokens[0]=1&token[17]=⟦abcdef⟧",
    "user=ada&password%5B%5D=⟦hunter2⟧&user%5Btoken%5D=⟦abcdef⟧",
    // Names and values.
    "password=⟦hunter2⟧",
    "login failed (user=ada, password=⟦hunter2⟧)",
    "DB_PASSWORD='⟦correct horse⟧' cargo run",
    "STRIPE_SECRET_KEY: ⟦opaque⟧",
    "aws_secret_access_key = ⟦wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY⟧",
    "Server=db;User Id=app;Password=⟦hunter2⟧;Encrypt=true",
    "host=db user=app pass=⟦hunter2⟧ dbname=orders",
    r#"Login { user: "ada", password: "⟦hunter2⟧" }"#,
    r#"Config { token: Some("⟦hunter 2⟧"), port: 80 }"#,
    r#"{"user":"ada","refresh_token":"⟦a\"b⟧","scope":"all"}"#,
    r#"payload: "{\"client_secret\":\"⟦hunter2⟧\",\"id\":7}""#,
    r#"{"pin":⟦4711⟧,"name":"Ada"}"#,
    r#"{"credentials": {"user": "⟦ada⟧", "x": ["⟦hunter2⟧"]}, "id": 7}"#,
    "{:password=>\"⟦hunter2⟧\"}",
    "newPassword: ⟦hunter2⟧, confirm: no",
    "mysqldump --password ⟦hunter2⟧ orders",
    "deploy --api-key=⟦abc⟧ --dry-run",
    "<user>ada</user><password>⟦hunter2⟧</password>",
    "<o:UsernameToken><o:Password Type=\"…#PasswordText\">⟦hunter2⟧</o:Password></o:UsernameToken>",
    "<password><![CDATA[⟦hunter2⟧]]></password>",
    "Cookie: ⟦theme=dark; sid=31d4d96e407aad42⟧\r\nHost: example.org",
    "Set-Cookie: ⟦id=a3fWa; Secure; HttpOnly⟧",
    r#"{"host": "a", "x-csrf-token": "⟦xyz⟧", "stripe-signature": "⟦t=1,v1=5257a869⟧"}"#,
    "cvv: ⟦123⟧, otp=⟦482913⟧",
    "panicked at src/main.rs:3:9: bad config: Config { api_key: \"⟦abc⟧\" }",
    // What only begins as a parser would.
    "password: ⟦invalid-horse⟧, page: 2",
    "password: ⟦invalid⟧ type: horse",
    "password: ⟦invalid⟧ digit found in strings of mine",
    "token: ⟦expected⟧ value of mine",
    "secret: ⟦missing⟧ field",
    "pwd: ⟦unknown⟧ field hunter2",
    "passphrase: ⟦EOF⟧ while parsing a list of mine",
    "X-Api-Key: ⟦invalid type: integer `5`, expected a string⟧",
    "password=⟦invalid⟧ type: integer `5`, expected a string",
    r#"{"password": "⟦missing field `id`⟧"}"#,
    // And what a parser quotes.
    r#"password: invalid type: string "⟦hun\"ter2⟧", expected u32 at line 1 column 22"#,
    "pin: invalid value: integer `⟦-4711⟧`, expected u32",
    "token: unknown variant `⟦hunter2⟧`, expected `a` or `b`",
    // People.
    "no such user a+⟦da.lovelace⟧@example.org",
    "mailto:a+⟦da⟧@example.org?subject=hi",
    "<a+⟦da⟧@example.org>: mailbox full",
    "sms to +⟦49 170 123⟧4567 failed",
    "sms to \\+⟦1 (555) 867-⟧5309 failed",
    "call ⟦(555) 867-⟧5309 or ⟦555-867-⟧5310",
    "phone=⟦0170123⟧4567",
    "card ⟦4111111111⟧111111 declined",
    "card ⟦5555 5555 5555 ⟧4444 declined",
    "card ⟦3782-822463-⟧10005 declined",
    // Homes.
    "no such file: /home/⟦ada-the-user⟧/orders.db",
    "no such file: /Users/⟦grace.hopper⟧/Library/orders.db (os error 2)",
    r"no such file: C:\Users\⟦alan-the-user⟧\orders.db",
    r#"Os { path: "C:\\Users\\⟦alan-the-user⟧\\orders.db" }"#,
    r"\\?\C:\Users\⟦Alan Turing⟧\AppData\Local: denied",
    r"c:\users\⟦o'brien⟧\x and \\files\Users\⟦grace-the-user⟧",
    "d:/USERS/⟦Alan Turing⟧/x, (C:/Users/⟦grace-the-user⟧)",
    "file:///home/⟦ada-the-user⟧/x, file:///C:/Users/⟦alan-the-user⟧/x",
    "'/home/⟦ada-the-user⟧': is a directory, in /home/⟦grace-the-user⟧.",
    "‘/home/⟦ada@corp.example⟧/x’, /home/⟦müller-groß⟧",
    "PATH=/usr/bin:/home/⟦ada-the-user⟧/bin:/Users/⟦grace-the-user⟧/bin",
    "--config=/home/⟦ada-the-user⟧/x scp db:/home/⟦grace-the-user⟧",
    r#"{"path":"\/home\/⟦ada-the-user⟧\/x","text":"line\n/home/⟦grace-the-user⟧"}"#,
    "//home//⟦ada-the-user⟧//x and /usr/home/⟦grace-the-user⟧/x",
    "/mnt/c/Users/⟦alan-the-user⟧/x, /c/Users/⟦grace-the-user⟧/x",
    "GET /x?file=%2Fhome%2F⟦ada-the-user⟧%2Fx: /var/home/⟦grace-the-user⟧",
    // Looks.
    "key material Zm9v+⟦9X2kQ7vT1pL4sW8dR3nB6yH5jC0aGmKe⟧= rejected",
    "GET /invite/+⟦q8Z3kLm1Xv7Bn2Rt9Wp4Ys6Dc0Hf5Gj-aKeU⟧/accept 410",
];

/// The text as it was met, and the parts that must go.
fn planted(text: &str) -> (String, Vec<String>) {
    // `+` parts a prefix that stays, so a sign that is meant is escaped where it would be lost.
    let joined = if text.contains("+⟦") && !text.contains("to +⟦") {
        text.replace("\\+", "\u{0}").replace("+⟦", "⟦").replace("PRIVATE +KEY", "PRIVATE KEY")
    } else {
        text.replace("PRIVATE +KEY", "PRIVATE KEY").replace("\\+", "\u{0}")
    };
    let joined = joined.replace('\u{0}', "+");
    let parts =
        joined.split('⟦').skip(1).filter_map(|part| Some(part.split_once('⟧')?.0.to_owned()));
    (joined.replace(['⟦', '⟧'], ""), parts.collect())
}

#[test]
fn no_planted_secret_survives() {
    let redact = Redact::default();
    let mut seen = Vec::new();
    for text in PLANTED {
        let (text, secrets) = planted(text);
        assert!(!secrets.is_empty());
        let shown = redact.text(&text, usize::MAX);
        if secrets.iter().any(|secret| shown.contains(secret.as_str())) {
            seen.push(format!("{text}\n  -> {shown}"));
        }
        assert_eq!(redact.text(&shown, usize::MAX), shown);
    }
    assert!(PLANTED.len() >= 60);
    assert!(seen.is_empty(), "{}", seen.join("\n"));
}

#[test]
fn no_cut_shows_half_a_secret() {
    let redact = Redact::default();
    for text in PLANTED {
        let (text, secrets) = planted(text);
        let long = secrets.into_iter().filter(|secret| secret.len() >= 6);
        let halves: Vec<_> = long.map(|secret| secret[..5].to_owned()).collect();
        for max_len in 0..text.len() + 8 {
            let shown = redact.text(&text, max_len);
            assert!(shown.len() <= max_len);
            assert!(
                !halves.iter().any(|half| shown.contains(half)),
                "{max_len}: {text} -> {shown}"
            );
            assert_eq!(redact.text(&shown, max_len), shown, "{max_len}: {text}");
        }
    }
}
