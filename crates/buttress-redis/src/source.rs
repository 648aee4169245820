use std::future::pending;
use std::sync::Arc;

use tokio::sync::{Notify, watch};

use crate::address::Address;

/// Where a server is: what a keeper asks for each time before it connects.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    whence: Whence,
    /// Rung by whoever finds that it is not there.
    bell: Option<Arc<Notify>>,
}

#[derive(Clone, Debug)]
enum Whence {
    Fixed(Address),
    /// Somebody watches where it is.
    Followed(watch::Receiver<Option<Address>>),
}

impl Source {
    /// Always there.
    pub(crate) const fn fixed(address: Address) -> Self {
        Self { whence: Whence::Fixed(address), bell: None }
    }

    /// Rings when it is lost.
    pub(crate) fn with_bell(self, bell: Arc<Notify>) -> Self {
        Self { bell: Some(bell), ..self }
    }

    /// Wherever it is by the last news; `bell` calls for new ones.
    pub(crate) const fn followed(
        address: watch::Receiver<Option<Address>>,
        bell: Arc<Notify>,
    ) -> Self {
        Self { whence: Whence::Followed(address), bell: Some(bell) }
    }

    /// Where it is now. Waits until that is known.
    pub(crate) async fn address(&mut self) -> Address {
        let followed = match &mut self.whence {
            Whence::Fixed(address) => return address.clone(),
            Whence::Followed(followed) => followed,
        };
        let known = followed.wait_for(Option::is_some).await;
        match known.ok().and_then(|address| address.clone()) {
            Some(address) => address,
            // Nobody will ever know: the keeper is about to be stopped.
            None => pending().await,
        }
    }

    /// Returns when it is somewhere else than [`address`](Self::address) said last.
    pub(crate) async fn moved(&mut self) {
        if let Whence::Followed(followed) = &mut self.whence
            && followed.changed().await.is_ok()
        {
            return;
        }
        pending::<()>().await;
    }

    /// It is not there, or not what it was.
    pub(crate) fn lost(&self) {
        if let Some(bell) = &self.bell {
            bell.notify_one();
        }
    }
}
