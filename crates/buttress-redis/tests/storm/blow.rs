use std::time::Duration;

use buttress_testkit::redis::Server;

/// What befalls one server, whatever it is part of, and leaves it where it was.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Blow {
    Restarted,
    ScriptsFlushed,
    Paused { so_long: Duration },
    Full,
    Disconnects,
}

impl Blow {
    pub(crate) fn all(so_long: Duration) -> [Self; 5] {
        [
            Self::Restarted,
            Self::ScriptsFlushed,
            Self::Paused { so_long },
            Self::Full,
            Self::Disconnects,
        ]
    }

    pub(crate) async fn strike(self, server: &Server) {
        match self {
            Self::Restarted => server.restart().await,
            Self::ScriptsFlushed => server.flush_scripts().await,
            Self::Paused { so_long } => server.pause_clients(so_long).await,
            Self::Full => has_memory(server, "1").await,
            Self::Disconnects => {
                let words = ["CLIENT", "KILL", "TYPE", "normal"];
                let _ = server.command(words).await.accepted();
            }
        }
    }

    pub(crate) async fn mend(self, server: &Server) {
        if matches!(self, Self::Full) {
            has_memory(server, "0").await;
        }
    }
}

/// So many bytes it may use; 0 is all.
async fn has_memory(server: &Server, bytes: &str) {
    let _ = server.command(["CONFIG", "SET", "maxmemory", bytes]).await.accepted();
}
