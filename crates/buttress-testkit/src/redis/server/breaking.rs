//! Breaking it.

use std::time::Duration;

use super::Server;
use crate::until::Patience;

impl Server {
    /// Kills it (SIGKILL), and returns when it is gone. What was not on disk is lost, and that is everything.
    pub fn kill(&self) {
        self.watchdog.kill();
    }

    /// Stops it (SIGSTOP): its sockets stay, and even take connections, but nobody answers.
    pub fn freeze(&self) {
        self.watchdog.signal("STOP");
    }

    /// Lets a frozen one go on, with what was sent to it meanwhile.
    pub fn thaw(&self) {
        self.watchdog.signal("CONT");
    }

    /// Starts it again on the same port, killing it first if it runs, and waits until it answers.
    ///
    /// # Panics
    ///
    /// If it does not within 20 s; the message has its log.
    pub async fn restart(&self) {
        self.kill();
        let patience = Patience::new();
        while self.begin().await.is_err() {
            if !patience.again().await {
                self.fail("it did not get its port back");
            }
        }
    }

    /// Forgets all scripts.
    pub async fn flush_scripts(&self) {
        let _ = self.command(["SCRIPT", "FLUSH"]).await.accepted();
    }

    /// Lets all clients wait for so long.
    pub async fn pause_clients(&self, duration: Duration) {
        let millis = duration.as_millis().to_string();
        let _ = self.command(["CLIENT", "PAUSE", &millis]).await.accepted();
    }
}
