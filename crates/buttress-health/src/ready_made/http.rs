use std::io;
use std::sync::Arc;

use buttress_core::Health;
use http::Uri;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::connect::Destination;
use super::head::AnswerHead;
use super::tcp::refused;
use crate::Check;
use crate::hops::{Hops, VIA};

impl Check {
    /// Asks `http://host[:port]/path` with `GET`: up if the answer is a 2xx.
    ///
    /// ```
    /// use buttress_health::{Check, HealthChecks};
    ///
    /// let health = HealthChecks::builder()
    ///     .service("shop")
    ///     .check(Check::http("stock", "http://stock.internal:8080/ready").degrading())
    ///     .check(Check::http("bank", "https://bank.example/ready"))
    ///     .build();
    /// let error = health.unwrap_err().to_string();
    /// assert!(error.starts_with("wrong setting checks.bank: must be `http://host[:port]/path`"));
    /// ```
    ///
    /// It is HTTP/1.1 over a connection of its own each time, reads the head alone and follows no redirect.
    /// A name is looked up as for [`tcp`](Self::tcp). For `https`, or what else a client can, use a closure with the
    /// client that the service has anyway.
    ///
    /// # Circles
    ///
    /// It says who asks, in `X-Health-Via`, and hears who was reached, in `X-Health-Through`, where a
    /// [`HealthStage`](crate::HealthStage) answers. Two services that ask each other would otherwise never come
    /// back once both were down: each waits for the other to be ready first. So a service asked by
    /// another leaves out, for that one's answer, the checks that lead back to it. No request makes another one:
    /// all are answered from memory. For that to work in a fleet, give the
    /// [service](crate::HealthChecksBuilder::service) one name in all its instances, which no other service has: an
    /// answer with this service's own name is ignored, whatever its status is.
    pub fn http(name: impl Into<String>, url: impl AsRef<str>) -> Self {
        let (name, url) = (name.into(), url.as_ref());
        let Some(target) = Target::read(url) else {
            let reason = "other schemes are for a closure with a client of yours";
            return Self::wrong(name, format!("must be `http://host[:port]/path`; {reason}"));
        };
        let (target, hops) = (Arc::new(target), Arc::new(Hops::default()));
        let check = Self::of(name, {
            let hops = hops.clone();
            move || ask(target.clone(), hops.clone())
        });
        Self { hops: Some(hops), ..check }
    }
}

/// Where an HTTP check goes.
#[derive(Debug)]
struct Target {
    destination: Destination,
    authority: String,
    path: String,
}

impl Target {
    fn read(url: &str) -> Option<Self> {
        let uri: Uri = url.parse().ok()?;
        let authority = uri.authority()?;
        let is_plain = uri.scheme_str() == Some("http") && !authority.as_str().contains('@');
        if !is_plain || authority.host().is_empty() || url.contains('#') {
            return None;
        }
        let port = match authority.port() {
            Some(port) => port.as_u16(),
            // A colon without a port, or with none that there is.
            None if authority.as_str() != authority.host() => return None,
            None => 80,
        };
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        Some(Self {
            destination: Destination::new(authority.host(), port),
            authority: authority.as_str().to_owned(),
            path: if path.starts_with('/') { path.to_owned() } else { format!("/{path}") },
        })
    }

    fn request(&self, hops: &Hops) -> String {
        let via = hops.own().map(|own| format!("{VIA}: {}\r\n", own.as_str()));
        format!(
            "GET {} HTTP/1.1\r\nhost: {}\r\nuser-agent: buttress-health/{}\r\naccept: */*\r\n\
             connection: close\r\n{}\r\n",
            self.path,
            self.authority,
            env!("CARGO_PKG_VERSION"),
            via.unwrap_or_default(),
        )
    }
}

async fn ask(target: Arc<Target>, hops: Arc<Hops>) -> Health {
    let mut asking = Asking { hops: &hops, answered: false };
    let head = match exchange(&target, &hops).await {
        Ok(head) => head,
        Err(error) => return refused("no answer", &error),
    };
    asking.answered = true;
    let status = head.status();
    hops.reach(head.into_through());
    match status {
        200..300 => Health::up(),
        _ => Health::down(format!("answered {status}")),
    }
}

/// One question. Dropped without an answer, as at the deadline, nobody was reached.
struct Asking<'h> {
    hops: &'h Hops,
    answered: bool,
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        if !self.answered {
            self.hops.miss();
        }
    }
}

async fn exchange(target: &Target, hops: &Hops) -> io::Result<AnswerHead> {
    let mut stream = target.destination.connect().await?;
    stream.write_all(target.request(hops).as_bytes()).await?;
    let mut read = Vec::with_capacity(1_024);
    loop {
        let mut room = [0; 1_024];
        let count = stream.read(&mut room).await?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        read.extend_from_slice(&room[..count]);
        while let Some((head, length)) = AnswerHead::parse(&read).map_err(io::Error::other)? {
            // What is only said in between: the answer comes after it.
            if head.status() >= 200 || head.status() == 101 {
                return Ok(head);
            }
            read.drain(..length);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_or_refused() {
        let of = |url| {
            let Target { destination: to, authority, path } = Target::read(url)?;
            Some((to.host.to_string(), to.port, authority, path))
        };
        let read = |host: &str, port, authority: &str, path: &str| {
            Some((host.to_owned(), port, authority.to_owned(), path.to_owned()))
        };
        assert_eq!(of("http://a"), read("a", 80, "a", "/"));
        assert_eq!(of("http://a.b:81/c?d=e"), read("a.b", 81, "a.b:81", "/c?d=e"));
        assert_eq!(of("http://[::1]:8080/"), read("::1", 8080, "[::1]:8080", "/"));
        for wrong in [
            "",
            "a",
            "/a",
            "https://a/",
            "http://",
            "http:///a",
            "http://u:p@a/",
            "http://a:99999/",
            "http://a/ b",
            "http://a/#b",
            "ftp://a/",
        ] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn nothing_gets_into_the_request_but_what_belongs_there() {
        let target = Target::read("http://stock:8080/ready?full").unwrap();
        let request = target.request(&Hops::default());
        assert!(
            request.starts_with("GET /ready?full HTTP/1.1\r\nhost: stock:8080\r\n"),
            "{request}"
        );
        assert!(request.ends_with("connection: close\r\n\r\n"), "{request}");
    }
}
