#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod algorithm;
mod charge;
mod limit;
mod quota;
pub mod store;
mod verdict;

pub use self::algorithm::Algorithm;
pub use self::charge::{Charge, Charges, Limits, MOST_POLICIES};
pub use self::limit::Limit;
pub use self::quota::Quota;
pub use self::verdict::{Retry, Source, Standing, Verdict};
