//! Policies that most services want, to begin with.
//!
//! Each is an ordinary [`Policy`]: what does not suit is said anew.
//!
//! ```
//! use buttress_ratelimit::{Quota, RateLimit, classes, principal};
//!
//! let limits = RateLimit::builder()
//!     .policy("reads", classes::reads())
//!     .policy("mutations", classes::mutations().by(principal()))
//!     .policy("logins", classes::logins("/login"))
//!     .policy("uploads", classes::uploads().quota(Quota::per_hour(100).burst(20)))
//!     .build()?;
//! assert_eq!(limits.quota("reads").unwrap().to_string(), "20 a second, up to 60 at once");
//! # Ok::<_, buttress_core::BuildError>(())
//! ```

use std::time::Duration;

use buttress_core::engine::Degrade;
use buttress_core::key::address;
use buttress_core::stage::RequestHead;
use http::header::CONTENT_TYPE;

use crate::when::{Condition, DELETE, GET, HEAD, PATCH, POST, PUT, method, methods, path, when_fn};
use crate::{Penalty, Policy, Quota};

/// `GET` and `HEAD`: 20 a second for each address, up to 60 at once, as a page loads many things.
pub fn reads() -> Policy {
    Quota::per_second(20).burst(60).by(address()).when(methods([GET, HEAD]))
}

/// `POST`, `PUT`, `PATCH` and `DELETE`: 60 a minute for each address, up to 20 at once.
pub fn mutations() -> Policy {
    Quota::per_minute(60).burst(20).by(address()).when(mutating())
}

/// Files that are sent: 30 an hour for each address, up to 10 at once. What is a file is told by its type:
/// `multipart/form-data`, `application/octet-stream`, pictures, sounds and films.
pub fn uploads() -> Policy {
    Quota::per_hour(30).burst(10).by(address()).when(mutating().and(when_fn(is_file)))
}

/// `POST` to this path: 10 failures in a quarter of an hour for each address. Successes are not counted. An address
/// that goes on is banned: after 20 refusals within a minute for a quarter of an hour, and longer each time. From one
/// address 10 may log in at once, and more are refused, too: for offices behind one address say a larger quota.
///
/// While a shared store cannot be asked, nobody logs in: [`Degrade::Deny`]. Otherwise an attacker who makes it fail
/// could guess passwords without a limit.
pub fn logins(at: impl Into<String>) -> Policy {
    let quarter = Duration::from_secs(900);
    Quota::per(quarter, 10)
        .by(address())
        .when(method(POST).and(path(at)))
        .only_failures()
        .degrade(Degrade::Deny)
        .penalty(Penalty::after(20).lasts(quarter))
}

fn mutating() -> Condition {
    methods([POST, PUT, PATCH, DELETE])
}

fn is_file(request: &dyn RequestHead) -> bool {
    const FILES: [&str; 5] =
        ["multipart/form-data", "application/octet-stream", "image/", "audio/", "video/"];
    let kind = request.headers().get(CONTENT_TYPE).map(http::HeaderValue::as_bytes);
    kind.is_some_and(|kind| {
        FILES.iter().any(|file| {
            kind.get(..file.len()).is_some_and(|start| start.eq_ignore_ascii_case(file.as_bytes()))
        })
    })
}
