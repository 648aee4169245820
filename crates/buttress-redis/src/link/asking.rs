use std::time::Duration;

use redis::{Cmd, Value};

use super::{Failed, Link, full};

impl Link {
    /// The same as [`ask`](Self::ask); if `asking`, of a server that is about to take the slot over. That goes for one
    /// command, so nothing may come between: nothing is sent between them.
    pub(crate) async fn ask_as(
        &self,
        command: &Cmd,
        asking: bool,
        within: Duration,
    ) -> Result<Value, Failed> {
        if !asking {
            return self.ask(command, within).await;
        }
        self.ready(within)?;
        let [_, answer] = self.carrier.ask([&redis::cmd("ASKING"), command]).map_err(full)?;
        self.answered(answer, within).await
    }
}
