use std::sync::Arc;

use crate::cluster::Cluster;
use crate::fleet::Fleet;
use crate::link::Link;
use crate::location::Location;
use crate::meters::Meters;
use crate::node::Node;
use crate::sentinel::Watcher;
use crate::settings::Checked;
use crate::source::Source;
use crate::way::Way;
use crate::{ErrorKind, RedisError, Tag};

/// The servers that there are. Dropping it ends all tasks.
#[derive(Debug)]
pub(crate) enum Layout {
    /// One server that does everything, and stays where it is.
    Alone(Arc<Node>),
    /// One server that does everything, wherever it is now.
    Followed { node: Arc<Node>, watcher: Arc<Watcher> },
    /// Many servers, each with a part of the keys.
    Cluster(Arc<Cluster>),
}

impl Layout {
    /// Begins to connect. Must be called where a tokio runtime runs.
    pub(crate) fn start(settings: &Arc<Checked>, meters: &Arc<Meters>) -> Self {
        match &settings.location.fleet {
            Fleet::Alone => {
                let source = Source::fixed(settings.location.address.clone());
                Self::Alone(Node::start(&source, settings, meters))
            }
            Fleet::Sentinels { name, seeds } => {
                let (watcher, source) = Watcher::start(name, seeds, settings);
                Self::Followed {
                    node: Node::start(&source, settings, meters),
                    watcher: Arc::new(watcher),
                }
            }
            Fleet::Cluster { seeds } => {
                Self::Cluster(Arc::new(Cluster::start(seeds, settings, meters)))
            }
        }
    }

    /// The connection for this tag at this place, or another one to the same server if that is down.
    pub(crate) fn link(&self, tag: Tag, place: usize) -> Option<Arc<Link>> {
        match self {
            Self::Alone(node) | Self::Followed { node, .. } => node.link(place),
            Self::Cluster(cluster) => cluster.link(tag.slot(), place),
        }
    }

    /// Any connection.
    pub(crate) fn any(&self) -> Option<Arc<Link>> {
        match self {
            Self::Alone(node) | Self::Followed { node, .. } => node.link(0),
            Self::Cluster(cluster) => cluster.any(),
        }
    }

    /// Why there is no connection, as far as that is known.
    pub(crate) fn why_not(&self) -> RedisError {
        let unreachable = |words| RedisError::new(ErrorKind::Unreachable, words);
        match self {
            Self::Alone(node) => node.why_not(),
            Self::Followed { node, watcher } => match watcher.standing().trouble {
                Some(trouble) => unreachable(format!("no sentinel answers: {trouble}")),
                None => node.why_not(),
            },
            Self::Cluster(cluster) => unreachable(cluster.trouble().unwrap_or_default()),
        }
    }

    /// The way for connections beside those that are shared.
    pub(crate) fn way(&self, location: &Location) -> Way {
        match self {
            Self::Alone(_) => Way::Fixed(location.address.clone()),
            Self::Followed { watcher, .. } => Way::Followed(watcher.clone()),
            Self::Cluster(cluster) => Way::Cluster(cluster.clone()),
        }
    }

    /// Returns as soon as there is a connection; in a cluster, one to each primary.
    pub(crate) async fn connected(&self) {
        match self {
            Self::Alone(node) | Self::Followed { node, .. } => drop(node.connected().await),
            Self::Cluster(cluster) => cluster.connected().await,
        }
    }
}
