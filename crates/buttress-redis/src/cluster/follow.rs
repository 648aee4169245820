//! Where a call goes that a server did not execute, because another one has the slot.

use std::sync::Arc;
use std::time::Duration;

use buttress_core::clock::{Clock, Moment};
use redis::Value;

use super::Cluster;
use crate::Script;
use crate::address::Address;
use crate::command::{Command, with_source};
use crate::late::Late;
use crate::link::{Failed, Link, pause};
use crate::said::Said;

/// A call that is sent on.
pub(crate) struct Redirected<'a> {
    pub(crate) script: &'a Script,
    pub(crate) command: &'a Command,
    pub(crate) slot: u16,
    pub(crate) place: usize,
    pub(crate) ends: Moment,
    pub(crate) late: Option<&'a Late>,
}

/// So many times a call is sent on.
const HOPS: u32 = 3;
/// So long a call waits that a server could not do yet.
const SHORT: Duration = Duration::from_millis(15);
/// So many times a call looks for the connection to a server that was just named for the first time.
const LOOKS: u32 = 6;

impl Cluster {
    /// Asks where the server says, as long as servers say that they did not do it; all of it within the time of the
    /// call. What may have run is not asked again.
    pub(crate) async fn follow(
        &self,
        call: Redirected<'_>,
        mut asked: Result<Value, Failed>,
    ) -> Result<Value, Failed> {
        let mut hops = 0;
        let mut from = self.shared.routes.load().address_of(call.slot).cloned();
        while let Err(Failed::Said { said, .. }) = &asked {
            let (to, asking) = match said {
                Said::Moved(to) | Said::Ask(to) if hops < HOPS => {
                    hops += 1;
                    let is_moved = matches!(said, Said::Moved(_));
                    let address = match &from {
                        Some(from) => to.address.clone().known_by(from),
                        None => to.address.clone(),
                    };
                    if is_moved {
                        self.shared.moved(to.slot, &address);
                    }
                    (Some(address), !is_moved)
                }
                Said::TryAgain if self.left(&call) > SHORT => {
                    pause(SHORT).await;
                    (None, false)
                }
                _ => return asked,
            };
            let Some(link) = self.link_to(to.as_ref(), &call).await else { return asked };
            asked = self.ask(&link, &call, asking).await;
            from = to.or(from);
        }
        asked
    }

    /// A connection to where it was sent; or to the server of the slot. One that was not known is connected to now,
    /// which takes a moment.
    async fn link_to(&self, to: Option<&Address>, call: &Redirected<'_>) -> Option<Arc<Link>> {
        let Some(to) = to else { return self.link(call.slot, call.place) };
        let node = self.shared.node_at(to);
        for _ in 0..LOOKS {
            if let Some(link) = node.link(call.place) {
                return Some(link);
            }
            if self.left(call) < SHORT {
                return None;
            }
            pause(SHORT).await;
        }
        None
    }

    /// Asks, and once more with the source if the server does not have the script.
    async fn ask(&self, link: &Link, call: &Redirected<'_>, asking: bool) -> Result<Value, Failed> {
        let asked = match link.ask_as(call.command, asking, self.left(call), call.late).await {
            Err(Failed::Said { said: Said::NoScript, .. }) => {
                let whole = with_source(call.script, call.command);
                link.ask_as(&whole, asking, self.left(call), call.late).await
            }
            asked => asked,
        };
        if let Err(Failed::Said { said: Said::NotPrimary, .. }) = &asked {
            link.condemn();
        }
        asked
    }

    fn left(&self, call: &Redirected<'_>) -> Duration {
        call.ends - self.shared.clock.now()
    }
}
