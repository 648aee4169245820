//! Extractors for axum whose rejections are problems.
//!
//! They replace axum's own: import them from here instead. A rejection says where the mistake is: a JSON pointer, line
//! and column, the name of a parameter. It never says what was sent.
//!
//! ```
//! use axum::{Router, body::Body, routing::post};
//! use buttress_core::{Context, stage::Stage};
//! use buttress_error_envelope::extract::Json;
//! use http::Request;
//! # use tower::ServiceExt;
//!
//! #[derive(serde::Deserialize)]
//! struct Order {
//!     amount: u32,
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let order = |Json(order): Json<Order>| async move { order.amount.to_string() };
//! let app = Router::new().route("/orders", post(order)).layer(Context::default().layer());
//!
//! let request = Request::post("/orders")
//!     .header("content-type", "application/json")
//!     .body(Body::from(r#"{"amount": "hunter2"}"#))?;
//! let response = app.oneshot(request).await?;
//! assert_eq!(response.status(), 422);
//!
//! let body = axum::body::to_bytes(response.into_body(), 4_096).await?;
//! let body: serde_json::Value = serde_json::from_slice(&body)?;
//! let detail = &body["error"]["details"][0];
//! assert_eq!(detail["pointer"], "/amount");
//! assert_eq!(detail["code"], "invalid_type");
//! assert_eq!(detail["message"], "invalid type: string …, expected u32 (line 1, column 20)");
//! # Ok(())
//! # }
//! ```
//!
//! | what is wrong | status | code |
//! |---|---|---|
//! | the body is not JSON | 400 | `BAD_REQUEST`, with line and column |
//! | the body, the form or the query has a value that does not fit | 422 | `VALIDATION_FAILED`, with details |
//! | a part of the path does not fit | 400 | `BAD_REQUEST`, with details |
//! | the body is of another kind | 415 | `UNSUPPORTED_MEDIA_TYPE` |
//! | the body is too large | 413 | `PAYLOAD_TOO_LARGE` |
//! | the body broke off | 400 | `BAD_REQUEST` |
//! | the body broke off, and its error has a `Problem` behind it: the server was kept waiting | 408 | `REQUEST_TIMED_OUT` |

mod body;
mod fault;
mod form;
mod json;
mod path;
mod query;

pub use self::form::Form;
pub use self::json::Json;
pub use self::path::Path;
pub use self::query::Query;

/// What a wrapper of one value has.
macro_rules! wraps {
    ($($Wrapper:ident)*) => {$(
        impl<T> std::ops::Deref for $Wrapper<T> {
            type Target = T;

            fn deref(&self) -> &T {
                &self.0
            }
        }

        impl<T> std::ops::DerefMut for $Wrapper<T> {
            fn deref_mut(&mut self) -> &mut T {
                &mut self.0
            }
        }

        impl<T> From<T> for $Wrapper<T> {
            fn from(value: T) -> Self {
                Self(value)
            }
        }
    )*};
}

wraps!(Form Json Path Query);
