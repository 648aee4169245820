use buttress_core::{Health, Probe, ProbeFuture};

use crate::cluster::Cluster;
use crate::layout::Layout;
use crate::link::{Failed, Link};
use crate::sentinel::Watcher;
use crate::{Redis, RedisError};

/// Whether it answers, and what it is connected to. [Degraded](Health::degraded) if it answers and is not set up well,
/// no sentinel answers, so that a failover would not be heard of, or some primaries of a cluster cannot be
/// reached.
impl Probe for Redis {
    fn name(&self) -> &'static str {
        "redis"
    }

    fn check(&self) -> ProbeFuture<'_> {
        Box::pin(async {
            let layout = match self.layout() {
                Ok(layout) => layout,
                Err(error) => return Health::down(error.to_string()),
            };
            let answer = match layout.any() {
                Some(link) => self.ping(&link).await.map(|()| link),
                None => Err(layout.why_not()),
            };
            match layout {
                Layout::Alone(_) => judged(answer, None).with_detail("topology", "standalone"),
                Layout::Followed { watcher, .. } => followed(answer, watcher),
                Layout::Cluster(cluster) => clustered(answer, cluster),
            }
        })
    }
}

impl Redis {
    async fn ping(&self, link: &Link) -> Result<(), RedisError> {
        match link.ask(&redis::cmd("PING"), self.response_timeout()).await {
            Ok(_) => Ok(()),
            Err(Failed::Said { error, .. } | Failed::Lost(error)) => Err(error),
        }
    }
}

type Answer = Result<std::sync::Arc<Link>, RedisError>;

/// Down without an answer; degraded for what is wrong beside, or by what the server says of itself.
fn judged(answer: Answer, wrong: Option<String>) -> Health {
    let link = match answer {
        Ok(link) => link,
        Err(error) => return Health::down(error.to_string()),
    };
    let version = link.facts().version.clone().unwrap_or_else(|| "unknown".to_owned());
    let health = match wrong.or_else(|| link.facts().warnings().into_iter().next()) {
        Some(warning) => Health::degraded(warning),
        None => Health::up(),
    };
    health.with_detail("version", version)
}

fn followed(answer: Answer, watcher: &Watcher) -> Health {
    let standing = watcher.standing();
    let trouble = standing.trouble.map(|trouble| format!("no sentinel answers: {trouble}"));
    let health = match (&answer, &trouble) {
        (Err(_), Some(trouble)) => Health::down(trouble.clone()),
        _ => judged(answer, trouble),
    };
    let master = watcher.master().map_or_else(|| "unknown".to_owned(), |master| master.to_string());
    health
        .with_detail("topology", "sentinel")
        .with_detail("master", master)
        .with_detail("sentinels", format!("{} of {}", standing.answering, standing.known))
}

fn clustered(answer: Answer, cluster: &Cluster) -> Health {
    let trouble = cluster.trouble();
    let health = match (&answer, &trouble) {
        (Err(_), Some(trouble)) => Health::down(trouble.clone()),
        _ => judged(answer, trouble),
    };
    let (up, all) = cluster.primaries();
    health.with_detail("topology", "cluster").with_detail("primaries", format!("{up} of {all}"))
}
