use std::time::Duration;

use redis::{Cmd, Value};

use super::{Carrier, Failed, Link, full, lost};
use crate::ErrorKind;

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
        let Carrier::Calls(wire) = &self.carrier else {
            return Err(lost(ErrorKind::Refused, "this connection is for messages"));
        };
        let [_, answer] = wire.ask([&redis::cmd("ASKING"), command]).map_err(full)?;
        self.answered(answer, within).await
    }
}
