use std::fmt;
use std::marker::PhantomData;

use crate::metrics::{Counter, Gauge, Histogram};

/// A metric of kind `H` with `N` labels, before anybody counts it: a constant of the crate that owns it.
///
/// Kind and number of labels are part of the type, so that nobody can bind a gauge as a counter, or
/// forget a label.
///
/// ```
/// use buttress_core::metrics::{Histogram, Kind, Metric, Unit};
///
/// const SIZE: Metric<Histogram, 1> = Metric::histogram("shop_body_bytes", "Size of a request body")
///     .unit(Unit::Bytes)
///     .labels(&["route"])
///     .max_series(40);
///
/// let size = SIZE.description();
/// assert_eq!((size.kind(), size.name()), (Kind::Histogram, "shop_body_bytes"));
/// assert_eq!((size.unit(), size.labels()), (Unit::Bytes, &["route"][..]));
/// assert_eq!(size.max_series(), 40);
/// ```
#[derive(Debug)]
#[must_use = "nothing is counted until the metric is bound"]
pub struct Metric<H, const N: usize = 0> {
    description: Description,
    handle: PhantomData<fn() -> H>,
}

impl Metric<Counter> {
    /// Describes a count that only grows.
    pub const fn counter(name: &'static str, help: &'static str) -> Self {
        Self::new(Kind::Counter, name, help)
    }
}

impl Metric<Gauge> {
    /// Describes a level that rises and falls.
    pub const fn gauge(name: &'static str, help: &'static str) -> Self {
        Self::new(Kind::Gauge, name, help)
    }
}

impl Metric<Histogram> {
    /// Describes a distribution of values.
    pub const fn histogram(name: &'static str, help: &'static str) -> Self {
        Self::new(Kind::Histogram, name, help)
    }
}

impl<H> Metric<H> {
    const fn new(kind: Kind, name: &'static str, help: &'static str) -> Self {
        let description =
            Description { name, help, kind, unit: Unit::Count, labels: &[], max_series: 128 };
        Self { description, handle: PhantomData }
    }

    /// Names the labels. Their values are given in the same order, when the metric is bound or used.
    pub const fn labels<const N: usize>(self, names: &'static [&'static str; N]) -> Metric<H, N> {
        let description = Description { labels: names, ..self.description };
        Metric { description, handle: PhantomData }
    }
}

impl<H, const N: usize> Metric<H, N> {
    /// Sets what is counted. The default is [`Unit::Count`].
    pub const fn unit(mut self, unit: Unit) -> Self {
        self.description.unit = unit;
        self
    }

    /// Sets how many sets of label values a [`Family`](crate::metrics::Family) tells apart. The default
    /// is 128.
    pub const fn max_series(mut self, most: u16) -> Self {
        self.description.max_series = most;
        self
    }

    /// What there is to read about it.
    #[must_use]
    pub const fn description(&self) -> &Description {
        &self.description
    }
}

// By hand: a derive would ask for `H: Copy`.
impl<H, const N: usize> Clone for Metric<H, N> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<H, const N: usize> Copy for Metric<H, N> {}

/// What a [`Metric`] says about itself: to a recorder, and to the catalogue in the docs.
///
/// ```
/// use buttress_core::metrics::{Counter, Description, Gauge, Metric};
///
/// const HITS: Metric<Counter> = Metric::counter("shop_hits_total", "Answers from the cache");
/// const OPEN: Metric<Gauge> = Metric::gauge("shop_open_baskets", "Baskets not yet paid");
/// const CATALOGUE: &[Description] = &[*HITS.description(), *OPEN.description()];
///
/// let lines: Vec<_> = CATALOGUE.iter().map(|d| format!("{} ({}): {}", d.name(), d.kind(), d.help())).collect();
/// assert_eq!(lines[1], "shop_open_baskets (gauge): Baskets not yet paid");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Description {
    name: &'static str,
    help: &'static str,
    kind: Kind,
    unit: Unit,
    labels: &'static [&'static str],
    max_series: u16,
}

impl Description {
    /// The name under which it is reported, as in `buttress_requests_total`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// What it counts, in a sentence.
    #[must_use]
    pub const fn help(&self) -> &'static str {
        self.help
    }

    /// How it is counted.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// What one of it is.
    #[must_use]
    pub const fn unit(&self) -> Unit {
        self.unit
    }

    /// The names of its labels.
    #[must_use]
    pub const fn labels(&self) -> &'static [&'static str] {
        self.labels
    }

    /// How many sets of label values a family of it tells apart.
    #[must_use]
    pub const fn max_series(&self) -> u16 {
        self.max_series
    }
}

/// How a metric is counted.
///
/// ```
/// use buttress_core::metrics::Kind;
///
/// assert_eq!(Kind::Counter.to_string(), "counter");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Kind {
    /// A count that only grows.
    Counter,
    /// A level that rises and falls.
    Gauge,
    /// A distribution of values.
    Histogram,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        })
    }
}

/// What one of a metric is.
///
/// ```
/// use buttress_core::metrics::Unit;
///
/// assert_eq!(Unit::Seconds.to_string(), "seconds");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Unit {
    /// Things that are counted one by one.
    Count,
    /// Seconds, with a fraction.
    Seconds,
    /// Bytes.
    Bytes,
    /// A share of the whole, from 0 to 1.
    Ratio,
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Count => "count",
            Self::Seconds => "seconds",
            Self::Bytes => "bytes",
            Self::Ratio => "ratio",
        })
    }
}
