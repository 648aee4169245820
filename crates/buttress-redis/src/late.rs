use std::fmt;
use std::sync::Arc;

use redis::Value;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::Reply;

/// Hears an answer for which nobody waits any more.
#[derive(Clone)]
pub(crate) struct Late(Arc<dyn Fn(&Reply) + Send + Sync>);

impl Late {
    pub(crate) fn new(hear: impl Fn(&Reply) + Send + Sync + 'static) -> Self {
        Self(Arc::new(hear))
    }

    /// Waits in the place of whoever has gone. It may have come already; if the connection ends, it never does.
    pub(crate) fn wait(self, told: oneshot::Receiver<Value>) {
        let Ok(runtime) = Handle::try_current() else { return };
        runtime.spawn(async move {
            match told.await {
                // It did not run.
                Ok(Value::ServerError(_)) | Err(_) => {}
                Ok(value) => (self.0)(&Reply::new(value)),
            }
        });
    }
}

impl fmt::Debug for Late {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Late").finish_non_exhaustive()
    }
}
