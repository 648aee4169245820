use std::env;

use crate::Failure;

/// What an example was asked on its command line.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    port: u16,
    smoke: bool,
}

const USAGE: &str = "usage: [--port N] [--smoke]
  --port N   listen on this port; 0 picks a free one (default: $PORT, else 8080)
  --smoke    try everything by itself, and fail at the first difference";

impl Options {
    /// Reads `--port N`, `--smoke` and the variable `PORT`.
    ///
    /// # Errors
    ///
    /// Fails with the usage at anything else.
    pub fn from_command_line() -> Result<Self, Failure> {
        Self::read(env::args().skip(1), env::var("PORT").ok())
    }

    fn read(
        arguments: impl Iterator<Item = String>,
        variable: Option<String>,
    ) -> Result<Self, Failure> {
        let mut port = variable;
        let mut smoke = false;
        let mut arguments = arguments.peekable();
        while let Some(argument) = arguments.next() {
            match &*argument {
                "--smoke" => smoke = true,
                "--port" => port = Some(arguments.next().ok_or(USAGE)?),
                "--help" | "-h" => return Err(USAGE.into()),
                other => return Err(format!("what is `{other}`? {USAGE}").into()),
            }
        }
        // Without a wish, a smoke run must not stumble over a server that is there already.
        let default = if smoke { "0" } else { "8080" };
        let port = port.as_deref().unwrap_or(default);
        let port = port.parse().map_err(|_| format!("`{port}` is not a port\n{USAGE}"))?;
        Ok(Self { port, smoke })
    }

    /// The port to listen on; 0 for any.
    #[must_use]
    pub fn port(self) -> u16 {
        self.port
    }

    /// Whether to try everything and end.
    #[must_use]
    pub fn smoke(self) -> bool {
        self.smoke
    }
}
