use std::sync::Arc;

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
        }
    }

    /// The connection at this place, or another one if that is down.
    pub(crate) fn link(&self, place: usize) -> Option<Arc<Link>> {
        let (Self::Alone(node) | Self::Followed { node, .. }) = self;
        node.link(place)
    }

    /// Returns as soon as there is a connection.
    pub(crate) async fn connected(&self) {
        let (Self::Alone(node) | Self::Followed { node, .. }) = self;
        node.connected().await;
    }
}
