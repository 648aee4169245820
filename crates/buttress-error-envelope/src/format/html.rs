use std::fmt::{self, Write};

use buttress_core::Problem;
use buttress_core::render::{Occasion, Render};
use bytes::Bytes;
use http::header::CONTENT_SECURITY_POLICY;
use http::{HeaderValue, Response};

/// A small page for a browser: no script, no style, nothing to load.
///
/// The phrase of the status is in English, and says so; in which language the message is, only its author knows. Every
/// text in it is escaped, and a content security policy forbids whatever might get through.
///
/// ```
/// use buttress_core::Problem;
/// use buttress_core::clock::Timestamp;
/// use buttress_core::render::{Occasion, Render};
/// use buttress_error_envelope::HtmlPage;
///
/// let problem = Problem::not_found().with_message("There is no <b>such</b> page.");
/// let answer = HtmlPage.render(&problem, &Occasion::at(Timestamp::EPOCH));
///
/// assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8");
/// let page = str::from_utf8(answer.body()).unwrap();
/// assert!(page.contains("<p>There is no &lt;b&gt;such&lt;/b&gt; page.</p>"));
/// ```
///
/// # Cost
///
/// Two allocations for a page of less than 512 bytes, two for the table of the headers.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "a value that is written as its name")]
pub struct HtmlPage;

const POLICY: &str =
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

impl Render for HtmlPage {
    fn render(&self, problem: &Problem, occasion: &Occasion<'_>) -> Response<Bytes> {
        let mut page = String::with_capacity(512);
        // Writing to a string does not fail.
        let _ = write(&mut page, problem, occasion);
        let mut answer = super::answer(problem, "text/html; charset=utf-8", Bytes::from(page));
        answer.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
        super::unsniffed(answer)
    }
}

fn write(page: &mut String, problem: &Problem, occasion: &Occasion<'_>) -> fmt::Result {
    let status = problem.status();
    let phrase = Escaped(super::phrase(status));
    let (number, message) = (status.as_u16(), Escaped(occasion.message(problem)));
    write!(
        page,
        "<!doctype html>\n<html>\n<meta charset=\"utf-8\">\n<title lang=\"en\">{number} {phrase}</title>\n\
         <h1 lang=\"en\">{number} {phrase}</h1>\n<p>{message}</p>\n"
    )?;
    let details = occasion.details(problem);
    if !details.is_empty() {
        page.write_str("<ul>\n")?;
        for detail in details {
            let (pointer, message) = (Escaped(detail.pointer()), Escaped(detail.message()));
            writeln!(
                page,
                "<li>{} <code>{pointer}</code>: {message}</li>",
                detail.place().as_str()
            )?;
        }
        page.write_str("</ul>\n")?;
    }
    if let Some(sources) = occasion.shown_sources() {
        writeln!(page, "<pre>{}</pre>", Escaped(sources))?;
    }
    let code = problem.code();
    match occasion.id() {
        Some(id) => {
            writeln!(page, "<p><code>{code}</code> <code>{}</code></p>\n</html>", Escaped(id))
        }
        None => writeln!(page, "<p><code>{code}</code></p>\n</html>"),
    }
}

/// Text that is no markup, whatever it contains.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        while let Some(at) = rest.find(['&', '<', '>', '"', '\'', '`']) {
            f.write_str(&rest[..at])?;
            f.write_str(match rest.as_bytes()[at] {
                b'&' => "&amp;",
                b'<' => "&lt;",
                b'>' => "&gt;",
                b'"' => "&quot;",
                b'\'' => "&#39;",
                _ => "&#96;",
            })?;
            rest = &rest[at + 1..];
        }
        f.write_str(rest)
    }
}
