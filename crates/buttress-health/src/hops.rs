use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, OnceLock};

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::parts::ArcSwapOption;
use crate::parts::atomic::{AtomicBool, Ordering};

/// Who asks: sent by an HTTP check, read by the stage that answers it.
pub(crate) const VIA: HeaderName = HeaderName::from_static("x-health-via");
/// Who answers, and whom its own checks reach: sent by the stage to whoever said who they are.
pub(crate) const THROUGH: HeaderName = HeaderName::from_static("x-health-through");

/// More hops than these nobody follows.
const MOST: usize = 16;
/// A name is a word of this many bytes at most.
const LONGEST: usize = 64;

/// The name of a service among those that ask each other for their health.
#[derive(Clone, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct HopId(Arc<str>);

impl HopId {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        is_name(text.as_bytes()).then(|| Self(text.into()))
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

fn is_name(text: &[u8]) -> bool {
    let ours = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
    (1..=LONGEST).contains(&text.len()) && text.iter().all(ours)
}

/// Who asks, as a request says; what is no name is left out, and what is too much is not read. Anybody may send it,
/// so nothing is allocated for it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Via<'r> {
    names: [&'r str; MOST],
    count: usize,
}

impl<'r> Via<'r> {
    pub(crate) const MOST: usize = MOST;

    pub(crate) fn read(headers: &'r HeaderMap) -> Self {
        let mut via = Self::default();
        let lines = headers.get_all(VIA).iter().take(MOST).map(|line| readable(line.as_bytes()));
        for name in lines.flat_map(|line| line.split(|byte| *byte == b',')).take(MOST) {
            let name = name.trim_ascii();
            if is_name(name)
                && let (Ok(name), Some(place)) =
                    (str::from_utf8(name), via.names.get_mut(via.count))
            {
                *place = name;
                via.count += 1;
            }
        }
        via
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub(crate) fn names(&self) -> &[&'r str] {
        self.names.get(..self.count).unwrap_or_default()
    }
}

/// As much of a line as its names may take up, without the one that is cut.
fn readable(line: &[u8]) -> &[u8] {
    let Some(most) = line.get(..MOST * (LONGEST + 2)) else { return line };
    let end = most.iter().rposition(|byte| *byte == b',').unwrap_or_default();
    &most[..end]
}

/// The names in a line of what is answered.
#[cfg(feature = "http")]
pub(crate) fn names_in(line: &str) -> Vec<HopId> {
    line.split(',').take(MOST).filter_map(|name| HopId::parse(name.trim_ascii())).collect()
}

/// What one HTTP check knows about the way that it goes: whose it is, and whom it reached.
#[derive(Debug, Default)]
pub(crate) struct Hops {
    own: OnceLock<HopId>,
    reached: ArcSwapOption<Vec<HopId>>,
    /// Whether it leads elsewhere than when this was last asked.
    turned: AtomicBool,
}

#[cfg_attr(not(feature = "http"), expect(dead_code, reason = "only HTTP checks have hops"))]
impl Hops {
    pub(crate) fn own(&self) -> Option<&HopId> {
        self.own.get()
    }

    /// Notes what an answer said. One that says nothing is not one of ours.
    pub(crate) fn reach(&self, reached: Vec<HopId>) {
        let reached = Some(Arc::new(reached));
        if self.reached.swap(reached.clone()) != reached {
            self.turned.store(true, Ordering::Release);
        }
    }

    /// Notes that nobody answered: so it was not the one who asks, whoever answered before. The way through
    /// others is kept, as they may come back the same.
    pub(crate) fn miss(&self) {
        if self.own().is_some_and(|own| self.lead_home(own)) {
            self.reached.store(None);
            self.turned.store(true, Ordering::Release);
        }
    }
}

impl Hops {
    pub(crate) fn belong_to(&self, own: &HopId) {
        // A check has one owner: it is not cloned, and is given away as it is added.
        let _ = self.own.set(own.clone());
    }

    /// Whether it leads elsewhere since this was asked last.
    pub(crate) fn have_turned(&self) -> bool {
        self.turned.swap(false, Ordering::AcqRel)
    }

    /// Whether the very service that was asked is the one that asks: through a load balancer, perhaps.
    pub(crate) fn lead_home(&self, own: &HopId) -> bool {
        self.reached.load().as_ref().is_some_and(|reached| reached.first() == Some(own))
    }

    /// Whether one of these is on the way.
    pub(crate) fn lead_to(&self, via: &Via<'_>) -> bool {
        let (reached, names) = (self.reached.load(), via.names());
        let is_asking = |name: &HopId| names.contains(&name.as_str());
        reached.as_ref().is_some_and(|reached| reached.iter().any(is_asking))
    }

    pub(crate) fn for_each_reached(&self, mut visit: impl FnMut(&HopId)) {
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
        assert_eq!(Via::read(&headers).names(), ["a", "b", "e"]);

        let longest = "y".repeat(LONGEST);
        for (name, read) in [("x", MOST), (&*longest, MOST), (&*format!("{longest}y"), 0)] {
            let many = HeaderValue::try_from(vec![name; 1_000].join(",")).unwrap();
            headers.insert(VIA, many);
            assert_eq!(Via::read(&headers).names(), vec![name; read]);
        }
        headers.insert(VIA, HeaderValue::try_from(format!("a{}b", " ".repeat(9_000))).unwrap());
        assert!(Via::read(&headers).is_empty());
    }

    #[test]
    fn an_answer_names_all_that_are_on_the_way_once() {
        let (a, b) = (Arc::new(Hops::default()), Arc::new(Hops::default()));
        a.reached.store(Some(Arc::new(vec![id("stock"), id("prices")])));
        b.reached.store(Some(Arc::new(vec![id("prices"), id("orders")])));
        let value = through(&id("shop"), [&a, &b].into_iter()).unwrap();
        assert_eq!(value, "shop, stock, prices, orders");
        let mut headers = HeaderMap::new();
        let mut leads = |hops: &Hops, name| {
            headers.insert(VIA, HeaderValue::from_static(name));
            hops.lead_to(&Via::read(&headers))
        };
        assert!(leads(&a, "prices") && !leads(&a, "orders"));
        assert!(a.lead_home(&id("stock")) && !a.lead_home(&id("prices")));
    }
}
