//! A server of each kind, on a free port of this machine.

use std::convert::Infallible;
use std::error::Error;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use axum::Router;
use buttress::PeerAddress;
use buttress::serve::{ServerBuilder, Shutdown};
use buttress::{Inbound, stage::Stage};
use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::{conn::auto, graceful::GracefulShutdown};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};
use tonic::transport::server::TcpIncoming;
use tonic_health::pb::health_server::{Health, HealthServer};
use tower::{Service, ServiceExt};

use super::soon;

pub(crate) type BoxError = Box<dyn Error + Send + Sync>;
type Stop = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A server that runs until it is [stopped](Self::stop).
pub(crate) struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<Result<(), BoxError>>,
}

impl Server {
    async fn start<F, E>(serve: impl FnOnce(TcpListener, Stop) -> F) -> Self
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<BoxError>,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let stopped = Box::pin(async move { drop(stopped.await) });
        let serving = serve(listener, stopped);
        let serving = tokio::spawn(async move { serving.await.map_err(Into::into) });
        Self { address, stop, serving }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more connections, and waits until those there are have ended.
    pub(crate) async fn stop(self) {
        self.stop.send(()).expect("the server runs until it is stopped");
        soon("the connections to end", self.serving).await.unwrap().unwrap();
    }
}

/// axum as its users start it, with the address of the peer.
pub(crate) async fn serve_axum(app: Router) -> Server {
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    Server::start(|listener, stop| async {
        axum::serve(listener, app).with_graceful_shutdown(stop).await
    })
    .await
}

/// With the defaults, but for the time in which a load balancer would look elsewhere.
pub(crate) fn prompt() -> ServerBuilder {
    buttress::serve::Server::builder().lead_time(Duration::ZERO)
}

/// Our own server. It ends when its handle says so, or with [`Server::stop`].
pub(crate) async fn serve_ours(builder: ServerBuilder, app: Router) -> (Server, Shutdown) {
    let server = builder.signals(false).build().unwrap();
    let (shutdown, handle) = (server.handle(), server.handle());
    let started = Server::start(|listener, stop| async move {
        let mut serving = Box::pin(server.serve(listener, app));
        let report = tokio::select! {
            report = &mut serving => report,
            () = stop => {
                handle.begin();
                serving.await
            }
        };
        report.into_result().map(drop)
    });
    (started.await, shutdown)
}

/// tonic with the wall as its layer.
pub(crate) async fn serve_tonic<T: Stage>(wall: Inbound<T>, health: impl Health) -> Server {
    let server = tonic::transport::Server::builder().layer(wall);
    let server = server.clone().add_service(HealthServer::new(health));
    Server::start(|listener, stop| {
        server.serve_with_incoming_shutdown(TcpIncoming::from(listener), stop)
    })
    .await
}

/// hyper alone, for HTTP/1.1 and HTTP/2.
pub(crate) async fn serve_hyper<S, B>(service: S) -> Server
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>,
    S: Clone + Send + 'static,
    S::Future: Send,
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    Server::start(|listener, stop| accept(listener, stop, service)).await
}

async fn accept<S, B>(listener: TcpListener, mut stop: Stop, service: S) -> io::Result<()>
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>,
    S: Clone + Send + 'static,
    S::Future: Send,
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    loop {
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => accepted?,
            () = &mut stop => break,
        };
        let service = service.clone().map_request(move |mut request: Request<_>| {
            request.extensions_mut().insert(PeerAddress::new(peer));
            request
        });
        connections.spawn(graceful.watch(connection(stream, service)));
    }
    graceful.shutdown().await;
    while let Some(ended) = connections.join_next().await {
        // Errors are the clients' doing. A panic is not.
        drop(ended?);
    }
    Ok(())
}

type Served<S> =
    auto::UpgradeableConnection<'static, TokioIo<TcpStream>, TowerToHyperService<S>, TokioExecutor>;

fn connection<S, B>(stream: TcpStream, service: S) -> Served<S>
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>,
    S: Clone + Send + 'static,
    S::Future: Send,
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    stream.set_nodelay(true).unwrap();
    let server = auto::Builder::new(TokioExecutor::new());
    let service = TowerToHyperService::new(service);
    server.serve_connection_with_upgrades(TokioIo::new(stream), service).into_owned()
}
