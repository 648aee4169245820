#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod account;
mod algorithm;
mod answer;
mod ban;
mod bans;
mod bill;
mod builder;
mod by_hand;
mod charge;
mod checks;
pub mod classes;
pub mod config;
#[cfg(feature = "conformance")]
#[cfg_attr(docsrs, doc(cfg(feature = "conformance")))]
pub mod conformance;
mod counting;
mod denial;
mod headers;
mod inner;
pub mod key;
mod keys;
mod layer;
mod limit;
mod live;
mod memo;
mod meters;
mod noting;
mod operator;
mod outbox;
mod parts;
mod penalty;
mod plan;
mod policy;
mod quota;
mod quota_text;
mod rate_limit;
mod record;
mod room;
mod rule;
mod shared_bans;
mod stage;
mod standing;
mod stopped;
pub mod store;
mod subject;
pub mod throttle;
mod usage;
mod verdict;
mod violations;
pub mod when;

pub use self::algorithm::Algorithm;
pub use self::answer::codes;
pub use self::ban::Ban;
pub use self::bill::Bill;
pub use self::builder::RateLimitBuilder;
pub use self::charge::{Charge, Charges, Limits, MOST_POLICIES};
pub use self::config::RateLimitSettings;
pub use self::headers::HeaderForm;
#[doc(no_inline)]
pub use self::key::{
    MissingKey, address, api_key, everyone, header, header_named, host, key_fn, label, principal,
    route, session, tenant,
};
pub use self::limit::Limit;
pub use self::memo::LimitMemo;
pub use self::meters::CATALOGUE;
pub use self::operator::Operator;
pub use self::penalty::Penalty;
pub use self::policy::Policy;
pub use self::quota::Quota;
pub use self::quota_text::InvalidQuota;
pub use self::rate_limit::RateLimit;
pub use self::shared_bans::SharedBans;
pub use self::stage::LimitStage;
pub use self::standing::{Source, Standing};
pub use self::subject::{NoSuchLimit, Subject};
pub use self::verdict::{Retry, Verdict};
#[doc(no_inline)]
pub use self::when::{
    Condition, DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT, addresses, method, methods, path,
    path_prefix, when_fn,
};
#[doc(no_inline)]
pub use buttress_core::engine::{Degrade, Step};
