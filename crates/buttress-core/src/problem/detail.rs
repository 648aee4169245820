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
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<u32>,
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
        let (pointer, code, message) = (pointer.into(), code.into(), message.into());
        Self { pointer, place, code, message, line: None, column: None }
    }

    /// Says on which line of the body it was noticed, and in which column, in whatever words the reason is told.
    ///
    /// ```
    /// use buttress_core::Detail;
    ///
    /// let detail = Detail::body("/amount", "invalid_type", "must be a number").with_position(3, 14);
    /// assert_eq!(detail.with_message("muss eine Zahl sein").position(), Some((3, 14)));
    /// ```
    #[must_use]
    pub fn with_position(self, line: u32, column: u32) -> Self {
        Self { line: Some(line), column: Some(column), ..self }
    }

    /// Says the reason in other words, as in the language of the client.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<Text>) -> Self {
        self.reword(message.into());
        self
    }

    /// Leaves out of what it quotes whatever must not be told.
    pub(crate) fn redact(&mut self, redact: &Redact) {
        let pointer = match self.place {
            Place::Body => redact.pointer(&self.pointer, usize::MAX),
            _ => redact.text(&self.pointer, usize::MAX),
        };
        if let Cow::Owned(told) = pointer {
            self.pointer = told.into();
        }
        if let Cow::Owned(told) = redact.text(&self.message, usize::MAX) {
            self.message = told.into();
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

    /// On which line of the body it was noticed, and in which column.
    #[must_use]
    pub fn position(&self) -> Option<(u32, u32)> {
        self.line.zip(self.column)
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
