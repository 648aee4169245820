use std::time::Duration;

use redis::{Cmd, Value};

use super::{Failed, Link, full};
use crate::late::Late;

impl Link {
    /// The same as [`ask_or_late`](Self::ask_or_late); if `asking`, of a server that is about to take the slot over. That goes for one
    /// command, so nothing may come between: nothing is sent between them.
    pub(crate) async fn ask_as(
        &self,
        command: &Cmd,
        asking: bool,
        within: Duration,
        late: Option<&Late>,
    ) -> Result<Value, Failed> {
        if !asking {
            return self.ask_or_late(command, within, late).await;
        }
        self.ready(within)?;
        let [_, answer] = self.carrier.ask([&redis::cmd("ASKING"), command]).map_err(full)?;
        self.answered(answer.or_late(late), within).await
    }
}
