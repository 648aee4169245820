//! How many came in. The shops of a fleet count together, in Redis; without it each counts its own.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use buttress::health::Check;
use buttress::redis::{Redis, Script};

static COUNT: Script = Script::new("guests", 1, "return redis.call('INCR', KEYS[1])");

#[derive(Clone, Debug, Default)]
pub(crate) struct Guests {
    redis: Option<Redis>,
    here: Arc<AtomicI64>,
}

impl Guests {
    /// Of the fleet that has this Redis, or of this shop alone.
    pub(crate) fn of(redis: Option<Redis>) -> Self {
        Self { redis, ..Self::default() }
    }

    /// The shop sells without Redis, too, so its loss makes nothing but the report worse.
    pub(crate) fn check(&self) -> Option<Check> {
        self.redis.clone().map(|redis| Check::new(redis).degrading())
    }

    /// One more: how many there are now, and of whom.
    pub(crate) async fn count(&self) -> (i64, &'static str) {
        if let Some(redis) = &self.redis
            && let Ok(reply) = redis.run(&COUNT, "all").send().await
            && let Ok(count) = reply.integer()
        {
            return (count, "the fleet");
        }
        (self.here.fetch_add(1, Ordering::Relaxed) + 1, "this shop")
    }
}

/// A server of our own, which comes after the shop, and is lost before it closes.
pub(crate) struct OwnRedis {
    process: Option<Child>,
    socket: PathBuf,
}

impl OwnRedis {
    /// Nothing, where `redis-server` is not installed.
    pub(crate) fn find() -> Option<Self> {
        let socket = std::env::temp_dir().join(format!("storefront-{}.sock", std::process::id()));
        let found = Command::new("redis-server").arg("--version").stdout(Stdio::null()).status();
        found.is_ok_and(|status| status.success()).then_some(Self { process: None, socket })
    }

    pub(crate) fn start(&mut self) -> std::io::Result<()> {
        let process = Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--unixsocket"])
            .arg(&self.socket)
            .stdout(Stdio::null())
            .spawn();
        self.process = Some(process?);
        Ok(())
    }

    pub(crate) fn url(&self) -> String {
        format!("unix:{}", self.socket.display())
    }
}

impl Drop for OwnRedis {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            // One that has ended already is gone, too.
            let _ = process.kill();
            let _ = process.wait();
        }
        let _ = std::fs::remove_file(&self.socket);
    }
}
