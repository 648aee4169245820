use std::sync::Arc;

use crate::Tag;
use crate::cluster::Cluster;
use crate::fleet::Fleet;
use crate::link::Link;
use crate::meters::Meters;
use crate::node::Node;
use crate::sentinel::Watcher;
use crate::settings::Checked;
use crate::source::Source;

/// The servers that there are. Dropping it ends all tasks.
#[derive(Debug)]
pub(crate) enum Layout {
    /// One server that does everything, and stays where it is.
    Alone(Arc<Node>),
    /// One server that does everything, wherever it is now.
    Followed { node: Arc<Node>, watcher: Watcher },
    /// Many servers, each with a part of the keys.
    Cluster(Cluster),
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
                Self::Followed { node: Node::start(&source, settings, meters), watcher }
            }
            Fleet::Cluster { seeds } => Self::Cluster(Cluster::start(seeds, settings, meters)),
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

    /// Returns as soon as there is a connection; in a cluster, one to each primary.
    pub(crate) async fn connected(&self) {
        match self {
            Self::Alone(node) | Self::Followed { node, .. } => drop(node.connected().await),
            Self::Cluster(cluster) => cluster.connected().await,
        }
    }
}
