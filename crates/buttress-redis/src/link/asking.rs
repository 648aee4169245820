use std::time::Duration;

use redis::{Cmd, Pipeline, Value};
use tokio::time::timeout;

use super::{Failed, Link, lost};
use crate::ErrorKind;

impl Link {
    /// The same as [`ask`](Self::ask); if `asking`, of a server that is about to take the slot over. That goes for one
    /// command, so nothing may come between: both are one write.
    pub(crate) async fn ask_as(
        &self,
        command: &Cmd,
        asking: bool,
        within: Duration,
    ) -> Result<Value, Failed> {
        if !asking {
            return self.ask(command, within).await;
        }
        let written = self.ready(within)?;
        let mut both = Pipeline::with_capacity(2);
        both.cmd("ASKING").add_command(command.clone());
        let mut connection = self.connection.clone();
        let answers = timeout(within, connection.send_packed_commands(&both, 0, 2)).await;
        let answer = answers.map(|answers| answers.map(|answers| answers.into_iter().nth(1)));
        match answer {
            Ok(Ok(Some(answer))) => self.judged(Ok(Ok(answer)), written),
            Ok(Ok(None)) => Err(lost(ErrorKind::Protocol, "an answer is missing")),
            Ok(Err(error)) => self.judged(Ok(Err(error)), written),
            Err(late) => self.judged(Err(late), written),
        }
    }
}
