use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, OnceLock};

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::parts::ArcSwapOption;

/// Who asks: sent by an HTTP check, read by the stage that answers it.
pub(crate) const VIA: HeaderName = HeaderName::from_static("x-health-via");
/// Who answers, and whom its own checks reach: sent by the stage to whoever said who they are.
pub(crate) const THROUGH: HeaderName = HeaderName::from_static("x-health-through");

/// More hops than these nobody follows.
const MOST: usize = 16;
/// A name is a word of this many bytes at most.
const LONGEST: usize = 64;

/// The name of a service among those that ask each other for their health.
#[derive(Clone, Eq, PartialEq)]
pub(crate) struct HopId(Arc<str>);

impl HopId {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let ours = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let fits = (1..=LONGEST).contains(&text.len()) && text.bytes().all(ours);
        fits.then(|| Self(text.into()))
    }

    /// A name that nobody else has.
    pub(crate) fn random() -> Self {
        Self(format!("{:016x}", RandomState::new().hash_one("who")).into())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for HopId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The names in a list header; what is no name is left out, and what is too much is not read.
pub(crate) fn names(headers: &HeaderMap, header: &HeaderName) -> Vec<HopId> {
    let texts = headers.get_all(header).iter().filter_map(|value| value.to_str().ok());
    let names = texts.flat_map(|text| text.split(','));
    names.take(MOST).filter_map(|name| HopId::parse(name.trim_ascii())).collect()
}

/// The same of one header line.
#[cfg(feature = "http")]
pub(crate) fn names_in(line: &str) -> Vec<HopId> {
    line.split(',').take(MOST).filter_map(|name| HopId::parse(name.trim_ascii())).collect()
}

/// What one HTTP check knows about the way that it goes: whose it is, and whom it reached.
#[derive(Debug, Default)]
pub(crate) struct Hops {
    own: OnceLock<HopId>,
    reached: ArcSwapOption<Vec<HopId>>,
}

#[cfg_attr(not(feature = "http"), expect(dead_code, reason = "only HTTP checks have hops"))]
impl Hops {
    pub(crate) fn own(&self) -> Option<&HopId> {
        self.own.get()
    }

    /// Notes what an answer said. One that says nothing is not one of ours.
    pub(crate) fn reach(&self, reached: Vec<HopId>) {
        self.reached.store(Some(Arc::new(reached)));
    }

    /// Notes that nobody answered: so it was not the one who asks, whoever answered before. The way through
    /// others is kept, as they may come back the same.
    pub(crate) fn miss(&self) {
        if self.own().is_some_and(|own| self.lead_home(own)) {
            self.reached.store(None);
        }
    }
}

impl Hops {
    pub(crate) fn belong_to(&self, own: &HopId) {
        // Whoever comes second shares the check with the first, whose name is as good.
        let _ = self.own.set(own.clone());
    }

    /// Whether the very service that was asked is the one that asks: through a load balancer, perhaps.
    pub(crate) fn lead_home(&self, own: &HopId) -> bool {
        self.reached.load().as_ref().is_some_and(|reached| reached.first() == Some(own))
    }

    /// Whether one of these is on the way.
    pub(crate) fn lead_to(&self, names: &[HopId]) -> bool {
        let reached = self.reached.load();
        reached.as_ref().is_some_and(|reached| reached.iter().any(|name| names.contains(name)))
    }

    fn for_each_reached(&self, mut visit: impl FnMut(&HopId)) {
        if let Some(reached) = &*self.reached.load() {
            reached.iter().for_each(&mut visit);
        }
    }
}

/// What is answered to one who said who they are: own name first, then all that are reached from here.
pub(crate) fn through<'a>(
    own: &HopId,
    hops: impl Iterator<Item = &'a Arc<Hops>>,
) -> Option<HeaderValue> {
    let mut names = vec![own.clone()];
    for hops in hops {
        if names.len() >= MOST {
            break;
        }
        hops.for_each_reached(|name| {
            if names.len() < MOST && !names.contains(name) {
                names.push(name.clone());
            }
        });
    }
    let names: Vec<_> = names.iter().map(HopId::as_str).collect();
    HeaderValue::try_from(names.join(", ")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &str) -> HopId {
        HopId::parse(name).unwrap()
    }

    #[test]
    fn a_name_is_a_short_word() {
        let long = "a".repeat(65);
        for wrong in ["", "a b", "a,b", "größe", "a\"", &long] {
            assert_eq!(HopId::parse(wrong), None, "{wrong}");
        }
        assert_eq!(HopId::parse("orders-1.eu_west").unwrap().as_str(), "orders-1.eu_west");
    }

    #[test]
    fn a_list_is_read_up_to_its_bound() {
        let mut headers = HeaderMap::new();
        headers.append(VIA, HeaderValue::from_static(" a , b,,c d"));
        headers.append(VIA, HeaderValue::from_static("e"));
        assert_eq!(names(&headers, &VIA), [id("a"), id("b"), id("e")]);

        let many = vec!["x"; 1_000].join(",");
        headers.insert(VIA, HeaderValue::try_from(many).unwrap());
        assert_eq!(names(&headers, &VIA).len(), MOST);
    }

    #[test]
    fn an_answer_names_all_that_are_on_the_way_once() {
        let (a, b) = (Arc::new(Hops::default()), Arc::new(Hops::default()));
        a.reached.store(Some(Arc::new(vec![id("stock"), id("prices")])));
        b.reached.store(Some(Arc::new(vec![id("prices"), id("orders")])));
        let value = through(&id("shop"), [&a, &b].into_iter()).unwrap();
        assert_eq!(value, "shop, stock, prices, orders");
        assert!(a.lead_to(&[id("prices")]) && !a.lead_to(&[id("orders")]));
        assert!(a.lead_home(&id("stock")) && !a.lead_home(&id("prices")));
    }
}
