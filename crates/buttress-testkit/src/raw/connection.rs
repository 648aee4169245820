use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, ToSocketAddrs};
use tokio::task::yield_now;
use tokio::time::timeout;

use super::Response;
use super::reading::{read_response, shown};

/// A connection to a server, for as many requests as it lives. See the [module](super) for an example.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    /// What was read and not yet asked for.
    buffer: Vec<u8>,
    deadline: Duration,
}

/// Sending.
impl Connection {
    /// Connects, and sends small pieces as they are.
    pub async fn connect(server: impl ToSocketAddrs) -> Self {
        let deadline = Duration::from_secs(5);
        let connecting = timeout(deadline, TcpStream::connect(server));
        let stream = connecting.await.expect("no connection in 5 s").expect("no connection");
        stream.set_nodelay(true).expect("a socket takes `TCP_NODELAY`");
        Self { stream, buffer: Vec::new(), deadline }
    }

    /// Waits this long for each thing that should come.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// The address that the server sees.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.stream.local_addr().expect("a connected socket has an address")
    }

    /// Sends `bytes`, whatever they are.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.try_send(bytes).await.expect("the server takes what is sent");
    }

    /// Sends `bytes` to a server that may close meanwhile.
    ///
    /// # Errors
    ///
    /// Fails if the server closed the connection.
    pub async fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        let (deadline, sending) = (self.deadline, self.stream.write_all(bytes.as_ref()));
        within(deadline, "the server to take what is sent", sending).await
    }

    /// Sends `bytes` in pieces of `size`, and lets other tasks run between them.
    pub async fn send_in_pieces(&mut self, bytes: impl AsRef<[u8]>, size: usize) {
        for piece in bytes.as_ref().chunks(size) {
            self.send(piece).await;
            yield_now().await;
        }
    }

    /// Closes the sending half; the server may still answer.
    pub async fn finish_sending(&mut self) {
        self.stream.shutdown().await.expect("the sending half is open");
    }
}

/// Receiving.
impl Connection {
    /// The next response, which may be an [interim](Response::is_interim) one.
    pub async fn response(&mut self) -> Response {
        read_response(self, false).await.expect("the server closed instead of answering")
    }

    /// The next response to a HEAD request, which has no body whatever its head says.
    pub async fn response_to_head(&mut self) -> Response {
        read_response(self, true).await.expect("the server closed instead of answering")
    }

    /// The next response, or nothing if the server closes without a word.
    pub async fn response_or_close(&mut self) -> Option<Response> {
        read_response(self, false).await
    }

    /// The next response that is not [interim](Response::is_interim).
    pub async fn final_response(&mut self) -> Response {
        loop {
            let response = self.response().await;
            if !response.is_interim() {
                return response;
            }
        }
    }

    /// The next `count` bytes, such as those of another protocol after an upgrade.
    pub async fn read(&mut self, count: usize) -> Vec<u8> {
        while self.buffer.len() < count {
            let what = format!("{count} bytes");
            assert!(self.fill(&what).await, "{}", self.cut_short(&what));
        }
        self.buffer.drain(..count).collect()
    }

    /// All that comes until the server closes.
    pub async fn rest(&mut self) -> Vec<u8> {
        while self.fill("the server to close").await {}
        std::mem::take(&mut self.buffer)
    }

    /// Waits for what comes next: whether it is the end, and not another byte.
    ///
    /// That a connection stays open cannot be waited for: send another request to see.
    pub async fn is_closed(&mut self) -> bool {
        self.buffer.is_empty() && !self.fill("the server to close").await
    }

    /// The next line, without its end. CR is optional.
    pub(super) async fn line(&mut self, what: &str) -> String {
        let end = loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                break end;
            }
            assert!(self.fill(what).await, "{}", self.cut_short(what));
        };
        let line: Vec<u8> = self.buffer.drain(..=end).collect();
        let line = line.strip_suffix(b"\n").unwrap_or(&line);
        String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).into_owned()
    }

    /// Whether there is another byte.
    pub(super) async fn has_more(&mut self, what: &str) -> bool {
        !self.buffer.is_empty() || self.fill(what).await
    }

    /// Reads what comes next into the buffer, or returns `false` at the end. A reset is an end.
    async fn fill(&mut self, what: &str) -> bool {
        let (deadline, so_far) = (self.deadline, shown(&self.buffer));
        let what = format!("{what} (so far: {so_far})");
        match within(deadline, &what, self.stream.read_buf(&mut self.buffer)).await {
            Ok(count) => count > 0,
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => false,
            Err(error) => panic!("waited for {what}, and the connection failed: {error}"),
        }
    }

    fn cut_short(&self, what: &str) -> String {
        format!("waited for {what}, and the server closed after {}", shown(&self.buffer))
    }
}

async fn within<T>(deadline: Duration, what: &str, future: impl Future<Output = T>) -> T {
    let Ok(output) = timeout(deadline, future).await else {
        panic!("waited {deadline:?} for {what}");
    };
    output
}
