use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener as StdListener};
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;

use super::{KEY, certificate};

/// Ends TLS, and passes on to the server what was in it.
#[derive(Debug)]
pub(in crate::redis) struct Front {
    address: SocketAddr,
    task: JoinHandle<()>,
}

/// What becomes of those who do not speak TLS.
#[derive(Clone, Copy, Debug)]
pub(in crate::redis) enum Plain {
    Refused,
    /// They are passed on: servers that were built without TLS, and look for each other here.
    Passed,
}

/// What a handshake begins with, and no command.
const HANDSHAKE: u8 = 0x16;

impl Front {
    pub(in crate::redis) fn before(server: SocketAddr, plain: Plain) -> Self {
        let listener = StdListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        listener.set_nonblocking(true).expect("a listener that is told to");
        let listener = TcpListener::from_std(listener).expect("a runtime");
        let address = listener.local_addr().expect("a listener has an address");
        Self { address, task: tokio::spawn(accept(listener, server, plain)) }
    }

    pub(in crate::redis) const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, server: SocketAddr, plain: Plain) {
    let acceptor = TlsAcceptor::from(Arc::new(config()));
    while let Ok((stream, _)) = listener.accept().await {
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            // The end of either is the end of both, whatever the reason.
            let _ = match plain {
                Plain::Passed if !shakes_hands(&stream).await => pass(stream, server).await,
                Plain::Passed | Plain::Refused => match acceptor.accept(stream).await {
                    Ok(stream) => pass(stream, server).await,
                    Err(error) => Err(error),
                },
            };
        });
    }
}

async fn shakes_hands(stream: &TcpStream) -> bool {
    let mut first = [0];
    stream.peek(&mut first).await.is_ok_and(|count| count == 1) && first == [HANDSHAKE]
}

async fn pass(
    mut client: impl AsyncRead + AsyncWrite + Unpin,
    server: SocketAddr,
) -> io::Result<()> {
    let mut server = TcpStream::connect(server).await?;
    copy_bidirectional(&mut client, &mut server).await.map(drop)
}

fn config() -> ServerConfig {
    let key = PrivateKeyDer::from_pem_slice(KEY.as_bytes());
    ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider has what the versions ask for")
        .with_no_client_auth()
        .with_single_cert(vec![certificate()], key.expect("the file is a key"))
        .expect("the key is that of the certificate")
}
