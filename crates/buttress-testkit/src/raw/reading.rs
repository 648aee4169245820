use super::Connection;
use super::response::{Fields, Framing, Response};

/// Reads one response, or nothing if the server closes before its first byte.
pub(super) async fn read_response(connection: &mut Connection, to_head: bool) -> Option<Response> {
    if !connection.has_more("a response").await {
        return None;
    }
    let mut response = parse_status_line(&connection.line("a status line").await);
    response.headers = read_fields(connection, "the header fields").await;
    response.framing = framing(&response, to_head);
    match response.framing {
        Framing::Nothing => {}
        Framing::Length => {
            let length = content_length(&response);
            response.body = connection.read(length).await;
        }
        Framing::Chunked => {
            response.body = read_chunks(connection).await;
            response.trailers = read_fields(connection, "the trailer fields").await;
        }
        Framing::UntilClose => response.body = connection.rest().await,
    }
    Some(response)
}

fn parse_status_line(line: &str) -> Response {
    let mut parts = line.splitn(3, ' ');
    let version = parts.next().unwrap_or_default().to_owned();
    let status = parts.next().and_then(|status| status.parse().ok());
    let Some(status) = status.filter(|_| version.starts_with("HTTP/")) else {
        panic!("not a status line: {}", shown(line.as_bytes()));
    };
    let reason = parts.next().unwrap_or_default().to_owned();
    Response { version, status, reason, ..Response::default() }
}

async fn read_fields(connection: &mut Connection, what: &str) -> Fields {
    let mut fields = Vec::new();
    loop {
        let line = connection.line(what).await;
        if line.is_empty() {
            return Fields(fields);
        }
        let Some((name, value)) = line.split_once(':') else {
            panic!("not a field: {}", shown(line.as_bytes()));
        };
        fields.push((name.to_owned(), value.trim().to_owned()));
    }
}

/// RFC 9112, section 6.3.
fn framing(response: &Response, to_head: bool) -> Framing {
    let is_empty = matches!(response.status, 100..=199 | 204 | 304);
    let codings = response.headers.all("transfer-encoding").last().unwrap_or_default();
    let last_coding = codings.rsplit(',').next().unwrap_or_default();
    if to_head || is_empty {
        Framing::Nothing
    } else if last_coding.trim().eq_ignore_ascii_case("chunked") {
        Framing::Chunked
    } else if codings.is_empty() && response.header("content-length").is_some() {
        Framing::Length
    } else {
        Framing::UntilClose
    }
}

fn content_length(response: &Response) -> usize {
    let lengths: Vec<_> = response.header_values("content-length").collect();
    let [length] = lengths[..] else {
        panic!("not one content length: {lengths:?}");
    };
    let Ok(length) = length.parse() else {
        panic!("not a content length: {length:?}");
    };
    length
}

async fn read_chunks(connection: &mut Connection) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let line = connection.line("the size of a chunk").await;
        let size = line.split(';').next().unwrap_or_default().trim();
        let Ok(size) = usize::from_str_radix(size, 16) else {
            panic!("not the size of a chunk: {}", shown(line.as_bytes()));
        };
        if size == 0 {
            return body;
        }
        body.append(&mut connection.read(size).await);
        let end = connection.line("the end of a chunk").await;
        assert!(end.is_empty(), "the chunk is longer than it says, by {}", shown(end.as_bytes()));
    }
}

/// The beginning of what was read, for messages.
pub(super) fn shown(bytes: &[u8]) -> String {
    match bytes {
        [] => "nothing".to_owned(),
        [start @ .., _] if start.len() >= 200 => {
            format!("{} bytes, beginning with `{}`", bytes.len(), start[..200].escape_ascii())
        }
        _ => format!("`{}`", bytes.escape_ascii()),
    }
}
