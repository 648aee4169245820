//! Metrics: described once, bound at start-up, counted for nanoseconds.
//!
//! *Describe* a [`Metric`] as a constant, *bind* it through [`Metrics`], count through the *handle*.
//! [`Metrics::none`], which is the default, counts nothing; the feature `metrics` adds
//! `Metrics::facade()`, which reports to the [`metrics`](https://docs.rs/metrics) crate; whatever
//! implements [`Recorder`] is a third way.
//!
//! ```
//! use buttress_core::metrics::{Counter, Family, Histogram, Metric, Metrics};
//! use std::time::Duration;
//!
//! const REFUSED: Metric<Counter, 2> =
//!     Metric::counter("shop_refused_total", "Requests that were turned away").labels(&["stage", "code"]);
//! const WAIT: Metric<Histogram> = Metric::histogram("shop_wait_seconds", "Time spent in the queue");
//!
//! struct Shop {
//!     wait: Histogram,
//!     refused: Family<Counter, 2>,
//! }
//!
//! impl Shop {
//!     fn new(metrics: &Metrics) -> Self {
//!         Self { wait: metrics.bind(&WAIT, []), refused: metrics.family(&REFUSED) }
//!     }
//! }
//!
//! let shop = Shop::new(&Metrics::none());
//! shop.wait.record_duration(Duration::from_millis(3));
//! shop.refused.with(["limit", "RATE_LIMITED"]).increment(1);
//!
//! assert_eq!(REFUSED.description().labels(), ["stage", "code"]);
//! ```
//!
//! # Cost
//!
//! To bind allocates, and may take a lock of the recorder: do it when a layer is built. To count through
//! a handle is one call through a pointer and what the recorder does then; through a handle that counts
//! nothing, a branch. A [`Family`] adds one keyed hash of the label values. None of them allocates, and
//! none takes a lock.

mod description;
#[cfg(feature = "metrics")]
mod facade;
mod family;
mod handle;
mod recorder;
mod table;

pub use self::description::{Description, Kind, Metric, Unit};
pub use self::family::Family;
pub use self::handle::{Counter, Gauge, Handle, Histogram};
pub use self::recorder::{CounterSink, GaugeSink, HistogramSink, Metrics, Recorder};
