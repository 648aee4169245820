//! Content types, and patterns of them: `*/*`, `text/*`, `application/*+json`.

/// Whether something could match this.
pub(crate) fn is_pattern(pattern: &str) -> bool {
    let Some((kind, subtype)) = pattern.split_once('/') else { return false };
    let is_subtype = match subtype.strip_prefix('*') {
        Some("") => true,
        Some(suffix) => suffix.strip_prefix('+').is_some_and(is_token),
        None => is_token(subtype),
    };
    is_subtype && (is_token(kind) || pattern == "*/*")
}

/// Whether `kind`, without its parameters, is of this pattern.
pub(crate) fn matches(pattern: &str, kind: &str) -> bool {
    let (Some((wanted, pattern)), Some((kind, subtype))) =
        (pattern.split_once('/'), kind.split_once('/'))
    else {
        return false;
    };
    if wanted != "*" && !wanted.eq_ignore_ascii_case(kind) {
        return false;
    }
    match pattern.strip_prefix('*') {
        Some("") => true,
        Some(suffix) => subtype.len().checked_sub(suffix.len()).is_some_and(|at| {
            at > 0 && subtype.get(at..).is_some_and(|end| end.eq_ignore_ascii_case(suffix))
        }),
        None => pattern.eq_ignore_ascii_case(subtype),
    }
}

fn is_token(text: &str) -> bool {
    let sign = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte);
    !text.is_empty() && text.bytes().all(sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_can_match() {
        for (pattern, kind) in [
            ("*/*", "text/html"),
            ("text/*", "Text/HTML"),
            ("application/*+json", "application/hal+JSON"),
            ("application/*+json", "application/vnd.api+json"),
            ("application/problem+json", "application/problem+json"),
            ("image/svg+xml", "IMAGE/svg+xml"),
        ] {
            assert!(is_pattern(pattern) && matches(pattern, kind), "{pattern} {kind}");
        }
        for (pattern, kind) in [
            ("*/*", ""),
            ("text/*", "application/json"),
            ("application/*+json", "application/json"),
            ("application/*+json", "application/+json"),
            ("application/*+json", "text/x+json"),
            ("application/*+json", "application/x+jsonx"),
            ("text/html", "text/htm"),
        ] {
            assert!(is_pattern(pattern) && !matches(pattern, kind), "{pattern} {kind}");
        }
    }

    #[test]
    fn what_could_never_match_is_none() {
        let never = [
            "",
            "*",
            "/",
            "text",
            "text/",
            "/html",
            "*/html",
            "*/*+json",
            "text/h*",
            "te*/html",
            "application/*json",
            "application/*+",
            "application/*+*",
            "a/b/c",
            "text/html; q=1",
        ];
        for pattern in never {
            assert!(!is_pattern(pattern), "{pattern}");
        }
    }
}
