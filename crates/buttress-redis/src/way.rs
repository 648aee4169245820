use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use crate::Tag;
use crate::address::Address;
use crate::cluster::Cluster;
use crate::link::pause;
use crate::sentinel::Watcher;

/// The way to the right server, for a connection beside the shared ones. As long as it lives, it is followed.
#[derive(Clone, Debug)]
pub(crate) enum Way {
    /// It stays where it is.
    Fixed(Address),
    /// To the master, wherever it is.
    Followed(Arc<Watcher>),
    /// To the primary of a tag, or to any that is connected.
    Cluster(Arc<Cluster>),
}

/// So often it is looked for a primary that is connected.
const SOON: Duration = Duration::from_millis(10);
/// So often it is seen whether a primary still is one.
const NOW_AND_THEN: Duration = Duration::from_secs(1);

impl Way {
    /// Where to connect to. Waits until that is known. By chance, so that not all choose the same.
    pub(crate) async fn address(&self, tag: Option<Tag>, random: u64) -> Address {
        match self {
            Self::Fixed(address) => address.clone(),
            Self::Followed(watcher) => watcher.known().await,
            Self::Cluster(cluster) => loop {
                if let Some(address) = cluster.address(tag.map(|tag| tag.slot()), random) {
                    return address;
                }
                pause(SOON).await;
            },
        }
    }

    /// Whether it is still right to be connected there.
    pub(crate) fn leads_to(&self, address: &Address) -> bool {
        match self {
            Self::Fixed(_) => true,
            Self::Followed(watcher) => watcher.master().as_ref() == Some(address),
            Self::Cluster(cluster) => cluster.is_primary(address),
        }
    }

    /// Returns when it is not.
    pub(crate) async fn left(&self, address: &Address) {
        match self {
            Self::Fixed(_) => pending().await,
            Self::Followed(watcher) => watcher.left(address).await,
            Self::Cluster(_) => {
                while self.leads_to(address) {
                    pause(NOW_AND_THEN).await;
                }
            }
        }
    }

    /// Calls for news: it is not there, or not what it was.
    pub(crate) fn lost(&self) {
        match self {
            Self::Fixed(_) => {}
            Self::Followed(watcher) => watcher.ring(),
            Self::Cluster(cluster) => cluster.ring(),
        }
    }
}
