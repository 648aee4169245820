use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper::server::conn::http1;
use hyper::service::service_fn;

use crate::serve::RequestBody;

/// The HTTP library with a service that reads every body, and nothing else.
pub(super) struct Library {
    connection: Pin<Box<dyn Future<Output = hyper::Result<()>>>>,
    bytes: Rc<RefCell<VecDeque<u8>>>,
    heads: Rc<Cell<u64>>,
}

impl Library {
    pub(super) fn new() -> Self {
        let (bytes, heads) = (Rc::<RefCell<VecDeque<u8>>>::default(), Rc::<Cell<u64>>::default());
        let count = heads.clone();
        let service = service_fn(move |request| {
            count.set(count.get() + 1);
            answer(request)
        });
        let mut library = http1::Builder::new();
        library.header_read_timeout(None);
        let connection = Box::pin(library.serve_connection(Memory(bytes.clone()), service));
        Self { connection, bytes, heads }
    }

    /// Takes the next byte. Says whether it goes on.
    pub(super) fn read(&mut self, byte: u8) -> bool {
        self.bytes.borrow_mut().push_back(byte);
        let mut cx = Context::from_waker(Waker::noop());
        // It may ask for another turn.
        (0..4).all(|_| self.connection.as_mut().poll(&mut cx).is_pending())
    }

    /// How many it has found.
    pub(super) fn heads(&self) -> u64 {
        self.heads.get()
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<RequestBody>, Infallible> {
    let mut body = request.into_body();
    while let Some(Ok(_)) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {}
    Ok(Response::new(RequestBody::from(Bytes::new())))
}

/// Has what it was given, and swallows what is written.
struct Memory(Rc<RefCell<VecDeque<u8>>>);

impl Read for Memory {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let Some(byte) = self.0.borrow_mut().pop_front() else { return Poll::Pending };
        buffer.put_slice(&[byte]);
        Poll::Ready(Ok(()))
    }
}

impl Write for Memory {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
