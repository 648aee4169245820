use std::borrow::Cow;

use serde::Serialize;

use crate::Redact;

/// One thing that is wrong with a request: where, and why.
///
/// ```
/// use buttress_core::{Code, Detail, Place, Problem};
///
/// let problem = Problem::new(Code::VALIDATION_FAILED)
///     .with_detail(Detail::body("/items/0/amount", "too_small", "must be at least 1"))
///     .with_detail(Detail::query("page", "not_a_number", "must be a number"));
///
/// assert_eq!(problem.details()[0].pointer(), "/items/0/amount");
/// assert_eq!(problem.details()[1].place(), Place::Query);
/// ```
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Detail {
    pointer: Cow<'static, str>,
    #[serde(rename = "in")]
    place: Place,
    code: Cow<'static, str>,
    message: Cow<'static, str>,
}

type Text = Cow<'static, str>;

impl Detail {
    /// Something about the body; `pointer` is a JSON pointer, empty for the body as a whole.
    pub fn body(pointer: impl Into<Text>, code: impl Into<Text>, message: impl Into<Text>) -> Self {
        Self::at(Place::Body, pointer, code, message)
    }

    /// Something about a parameter of the query.
    pub fn query(name: impl Into<Text>, code: impl Into<Text>, message: impl Into<Text>) -> Self {
        Self::at(Place::Query, name, code, message)
    }

    /// Something about a part of the path.
    pub fn path(name: impl Into<Text>, code: impl Into<Text>, message: impl Into<Text>) -> Self {
        Self::at(Place::Path, name, code, message)
    }

    /// Something about a header.
    pub fn header(name: impl Into<Text>, code: impl Into<Text>, message: impl Into<Text>) -> Self {
        Self::at(Place::Header, name, code, message)
    }

    /// Something about what stands at `pointer` in `place`.
    pub fn at(
        place: Place,
        pointer: impl Into<Text>,
        code: impl Into<Text>,
        message: impl Into<Text>,
    ) -> Self {
        Self { pointer: pointer.into(), place, code: code.into(), message: message.into() }
    }

    /// Says the reason in other words, as in the language of the client.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<Text>) -> Self {
        self.reword(message.into());
        self
    }

    /// Leaves out of what it quotes whatever must not be told.
    pub(crate) fn redact(&mut self, redact: &Redact) {
        for text in [&mut self.pointer, &mut self.message] {
            if let Cow::Owned(told) = redact.text(text, usize::MAX) {
                *text = told.into();
            }
        }
    }

    pub(crate) fn reword(&mut self, message: Text) {
        self.message = message;
    }

    /// A JSON pointer into the body, or the name of the parameter, path part or header.
    #[must_use]
    pub fn pointer(&self) -> &str {
        &self.pointer
    }

    /// Where in the request it stands.
    #[must_use]
    pub fn place(&self) -> Place {
        self.place
    }

    /// A stable, machine-readable reason.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The reason in words, safe for the client.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

/// A part of a request.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Place {
    /// The body.
    Body,
    /// The query string.
    Query,
    /// The path.
    Path,
    /// The headers.
    Header,
}

impl Place {
    /// The name, as it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Body => "body",
            Self::Query => "query",
            Self::Path => "path",
            Self::Header => "header",
        }
    }
}
