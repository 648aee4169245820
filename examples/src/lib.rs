//! What the examples share: their command line, and the list of things to try.
//!
//! Each example lists its [`Try`]s once. It prints them as `curl` commands when it starts, and with
//! `--smoke` it tries them all by itself and stops at the first difference.

mod log;
mod options;
mod tries;

use std::error::Error;
use std::future::Future;

use tokio::net::TcpListener;

pub use self::log::Log;
pub use self::options::Options;
pub use self::tries::{Seen, Try, try_all};

/// The error of an example: anything that can be printed.
pub type Failure = Box<dyn Error + Send + Sync>;

/// Listens on `127.0.0.1`, says so, and tells what to try there.
///
/// # Errors
///
/// Fails if the port is taken.
pub async fn listen(options: Options, tries: &[Try]) -> Result<TcpListener, Failure> {
    let listener = TcpListener::bind(("127.0.0.1", options.port())).await.map_err(|error| {
        format!("port {} cannot be opened: {error}; choose another with --port", options.port())
    })?;
    let address = listener.local_addr()?;
    println!("listening on http://{address}, try:\n");
    for attempt in tries {
        println!("  # {}\n  {}\n", attempt.what(), attempt.curl(address));
    }
    Ok(listener)
}

/// Runs `server` until it ends by itself or the user interrupts it; with `--smoke`, until `smoke` is done.
///
/// # Errors
///
/// Fails if one of them does.
pub async fn run<E: Into<Failure>>(
    options: Options,
    server: impl Future<Output = Result<(), E>>,
    smoke: impl Future<Output = Result<(), Failure>>,
) -> Result<(), Failure> {
    let ends = async {
        if options.smoke() {
            return smoke.await;
        }
        tokio::signal::ctrl_c().await?;
        Ok(())
    };
    tokio::select! {
        ended = server => ended.map_err(Into::into),
        ended = ends => ended,
    }
}
