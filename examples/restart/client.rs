//! Clients of the server that is replaced.

use std::net::SocketAddr;

use buttress_examples::Failure;
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

type Sender = http1::SendRequest<Empty<Bytes>>;

/// A connection that is kept until the server says that it closes. Until then each request is answered at once: only a
/// new connection may take a second try.
pub(crate) struct Kept {
    address: SocketAddr,
    sender: Option<Sender>,
}

impl Kept {
    pub(crate) async fn open(address: SocketAddr) -> Result<Self, Failure> {
        Ok(Self { address, sender: Some(connect(address).await?) })
    }

    /// Asks, and says how many second tries that took.
    pub(crate) async fn ask(&mut self) -> Result<u32, Failure> {
        if let Some(mut sender) = self.sender.take() {
            if over(&mut sender).await?.1 {
                self.sender = Some(sender);
            }
            return Ok(0);
        }
        let mut again = 0;
        loop {
            match self.anew().await {
                Ok(()) => return Ok(again),
                Err(error) if again > 0 => return Err(error),
                Err(_) => again += 1,
            }
        }
    }

    async fn anew(&mut self) -> Result<(), Failure> {
        let mut sender = connect(self.address).await?;
        if over(&mut sender).await?.1 {
            self.sender = Some(sender);
        }
        Ok(())
    }
}

async fn connect(address: SocketAddr) -> Result<Sender, Failure> {
    let stream = TokioIo::new(TcpStream::connect(address).await?);
    let (sender, connection) = http1::handshake(stream).await?;
    tokio::spawn(connection);
    Ok(sender)
}

/// The answer, and whether the connection stays.
async fn over(sender: &mut Sender) -> Result<(String, bool), Failure> {
    sender.ready().await?;
    let request = Request::get("/").header("host", "test").body(Empty::new())?;
    let response = sender.send_request(request).await?;
    let stays = response.headers().get("connection").is_none_or(|said| said != "close");
    let body = response.into_body().collect().await?;
    Ok((String::from_utf8(body.to_bytes().into())?, stays))
}

/// Over a connection of its own.
pub(crate) async fn ask(address: SocketAddr) -> Result<String, Failure> {
    Ok(over(&mut connect(address).await?).await?.0)
}
