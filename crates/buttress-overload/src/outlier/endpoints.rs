use std::fmt;
use std::sync::Arc;

use buttress_core::sync::{Lock, Shared};

use super::Outliers;

/// Which endpoints an [`EndpointSet`](super::EndpointSet) has, to be changed while it works. Clones are the same list.
///
/// ```
/// use buttress_core::outcome::{Outcome, classify_fn};
/// use buttress_core::{Code, Problem};
/// use buttress_overload::outlier::EndpointSet;
/// use tower::{Service, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let endpoint = |name: &'static str| service_fn(move |()| async move { Ok::<_, Problem>(name) });
/// let judge = classify_fn(|result: Result<&&str, &Problem>| match result {
///     Ok(_) => Outcome::Success,
///     Err(_) => Outcome::Failure,
/// });
/// let set = EndpointSet::new([endpoint("a")], |outliers| outliers)?;
/// let mut set = set.as_error().classify(judge);
/// let list = set.endpoints().clone();
///
/// let b = list.add(endpoint("b")).map_err(drop).unwrap();
/// assert_eq!((b, list.len()), (1, 2));
/// assert!(list.remove(0));
/// assert_eq!(set.ready().await?.call(()).await?, "b");
///
/// assert!(list.remove(b));
/// let refused = set.ready().await?.call(()).await.unwrap_err();
/// assert_eq!(refused.code(), Code::UNAVAILABLE);
/// # Ok(())
/// # }
/// ```
///
/// To follow a registry or DNS, keep the number of each endpoint by its name there, and tell the list which came and
/// which went. The others keep their numbers and their history. The number of one that is gone is given to another one,
/// so do not use it any more.
///
/// # Guarantees
///
/// - A call that waits for an endpoint looks at the new list at once.
/// - One that is removed gets no further call, except from clones that were ready for it already. Calls that have begun
///   end undisturbed, and say nothing about the next holder of its number.
/// - There are 65,536 at most.
///
/// # Cost
///
/// A change copies the list. An unused clone of the set keeps removed endpoints until it is used or dropped.
pub struct Endpoints<S: 'static> {
    members: Shared<Lock<Members<S>>>,
    outliers: Outliers,
}

/// The services by their numbers, with gaps.
pub(super) type Members<S> = Arc<Vec<Option<Arc<S>>>>;

impl<S> Endpoints<S> {
    pub(super) fn new(services: Vec<S>, outliers: Outliers) -> Self {
        let members = services.into_iter().map(|service| Some(Arc::new(service))).collect();
        Self { members: Shared::new(Lock::new(Arc::new(members))), outliers }
    }

    /// Adds one, and says its number.
    ///
    /// # Errors
    ///
    /// Gives the service back if there are as many as there may be.
    pub fn add(&self, service: S) -> Result<usize, S> {
        let (mut service, mut number) = (Some(service), 0);
        // The list as it was: a service is somebody else's code, also when it goes, so it goes after the lock.
        let mut old = None;
        self.outliers.inner().add(|at| {
            number = at;
            old = Some(self.put(at, service.take().map(Arc::new)));
        });
        service.map_or(Ok(number), Err)
    }

    /// Removes the one with this number, if there is one.
    #[expect(clippy::must_use_candidate, reason = "it may be just what was meant")]
    pub fn remove(&self, at: usize) -> bool {
        // As with `add`.
        let mut old = None;
        self.outliers.inner().remove(at, || old = Some(self.put(at, None)))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.outliers.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.outliers.is_empty()
    }

    /// Who is left out.
    pub(super) const fn outliers(&self) -> &Outliers {
        &self.outliers
    }

    pub(super) fn members(&self) -> Members<S> {
        self.members.lock().clone()
    }

    /// Puts it there, and says what the list was before.
    fn put(&self, at: usize, service: Option<Arc<S>>) -> Members<S> {
        let old = self.members();
        let mut new = Vec::clone(&old);
        if new.len() <= at {
            new.resize(at + 1, None);
        }
        new[at] = service;
        std::mem::replace(&mut *self.members.lock(), Arc::new(new))
    }
}

impl<S> Clone for Endpoints<S> {
    fn clone(&self) -> Self {
        Self { members: self.members.clone(), outliers: self.outliers.clone() }
    }
}

impl<S> fmt::Debug for Endpoints<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoints").field("outliers", &self.outliers).finish_non_exhaustive()
    }
}
