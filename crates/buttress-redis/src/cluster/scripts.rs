use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::time::timeout;

use crate::Script;
use crate::node::Node;

/// The scripts that were run: what a primary that is new to us is given, so that it has them before it is asked.
#[derive(Debug, Default)]
pub(crate) struct Scripts(ArcSwap<Vec<&'static str>>);

/// More are not remembered: those are brought when a server says that it does not have them.
const MOST: usize = 128;
/// So long a new primary is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

impl Scripts {
    /// Remembers a script. Costs next to nothing if it is known.
    pub(crate) fn note(&self, script: &Script) {
        let source = script.source();
        let is_in = |known: &[&str]| known.iter().any(|other| std::ptr::eq(*other, source));
        if is_in(&self.0.load()) {
            return;
        }
        self.0.rcu(|known| {
            let mut known = Vec::clone(known);
            if known.len() < MOST && !is_in(&known) {
                known.push(source);
            }
            known
        });
    }

    pub(crate) fn known(&self) -> Arc<Vec<&'static str>> {
        self.0.load_full()
    }
}

/// Gives a server all of it, once it is connected. What fails is of no weight: a server says what it does not have.
pub(crate) async fn load(node: Arc<Node>, sources: Arc<Vec<&'static str>>, within: Duration) {
    let Ok(link) = timeout(PATIENCE, node.connected()).await else { return };
    for source in &*sources {
        let mut command = redis::cmd("SCRIPT");
        command.arg("LOAD").arg(source);
        if link.ask(&command, within).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_remembered_once_and_not_too_many() {
        let scripts = Scripts::default();
        for number in 0..200 {
            let source: &'static str = Box::leak(format!("return {number}").into_boxed_str());
            let script = Script::new("s", 1, source);
            scripts.note(&script);
            scripts.note(&script);
            assert_eq!(scripts.known().len(), MOST.min(number + 1));
        }
    }
}
