use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use buttress_core::sync::Lock;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy, split};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use super::pem;

/// Ends TLS before a server, as `localhost`, with a client's certificate or none; and knows what was said in it.
pub(crate) struct Front {
    pub(crate) address: SocketAddr,
    heard: Arc<Lock<Vec<u8>>>,
    task: JoinHandle<()>,
}

impl Front {
    pub(crate) async fn before(server: SocketAddr, ask_for_certificates: bool) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let heard = Arc::new(Lock::new(Vec::new()));
        let acceptor = TlsAcceptor::from(config(ask_for_certificates));
        let task = tokio::spawn(accept(listener, acceptor, server, heard.clone()));
        Self { address, heard, task }
    }

    /// Everything that clients said once a handshake was done.
    pub(crate) fn heard(&self) -> String {
        String::from_utf8_lossy(&self.heard.lock()).into_owned()
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    server: SocketAddr,
    heard: Arc<Lock<Vec<u8>>>,
) {
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, heard) = (acceptor.clone(), heard.clone());
        tokio::spawn(async move {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let (mut client, mut back) = split(stream);
            let (mut replies, mut requests) =
                TcpStream::connect(server).await.unwrap().into_split();
            let mut bytes = vec![0; 4_096];
            let there = async {
                while let Ok(count @ 1..) = client.read(&mut bytes).await {
                    heard.lock().extend_from_slice(&bytes[..count]);
                    requests.write_all(&bytes[..count]).await.unwrap();
                }
            };
            tokio::select! {
                () = there => {}
                _ = copy(&mut replies, &mut back) => {}
            }
        });
    }
}

fn config(ask_for_certificates: bool) -> Arc<ServerConfig> {
    let provider = Arc::new(default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone());
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    let builder = if ask_for_certificates {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(pem("ca.pem")).unwrap()).unwrap();
        let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
        builder.with_client_cert_verifier(verifier.build().unwrap())
    } else {
        builder.with_no_client_auth()
    };
    let certificate = CertificateDer::from_pem_file(pem("server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(pem("server-key.pem")).unwrap();
    Arc::new(builder.with_single_cert(vec![certificate], key).unwrap())
}
