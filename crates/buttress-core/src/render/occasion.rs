use crate::clock::Timestamp;
use crate::{Detail, Problem};

/// What an answer says beside the problem: when it was, and by which id to find it in the logs; and how
/// much of the problem it says, in which words.
///
/// A format of your own asks the occasion for [message](Self::message) and [details](Self::details), and so
/// heeds both.
///
/// ```
/// use buttress_core::clock::Timestamp;
/// use buttress_core::render::Occasion;
/// use buttress_core::{Code, Detail, Problem};
///
/// let problem = Problem::validation([Detail::query("page", "not_a_number", "must be a number")]);
/// let occasion = Occasion::at(Timestamp::EPOCH).worded("Das geht so nicht.");
/// assert_eq!(occasion.message(&problem), "Das geht so nicht.");
/// assert_eq!(occasion.details(&problem).len(), 1);
///
/// let brief = occasion.briefly();
/// assert_eq!(brief.message(&problem), Code::VALIDATION_FAILED.default_message());
/// assert!(brief.details(&problem).is_empty());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Occasion<'a> {
    time: Timestamp,
    correlation_id: Option<&'a str>,
    words: Option<&'a str>,
    details: Option<&'a [Detail]>,
    sources: Option<&'a str>,
    brief: bool,
}

impl<'a> Occasion<'a> {
    /// A refusal at this time.
    #[must_use]
    pub fn at(time: Timestamp) -> Self {
        Self { time, correlation_id: None, words: None, details: None, sources: None, brief: false }
    }

    /// Names the request.
    #[must_use]
    pub fn correlation_id(self, id: &'a str) -> Self {
        Self { correlation_id: Some(id), ..self }
    }

    /// Says it in these words instead of the problem's, as in the language of the client.
    #[must_use]
    pub fn worded(self, words: &'a str) -> Self {
        Self { words: Some(words), ..self }
    }

    /// Tells these details instead of the problem's, as in the language of the client.
    #[must_use]
    pub fn detailed(self, details: &'a [Detail]) -> Self {
        Self { details: Some(details), ..self }
    }

    /// Shows the client the errors behind the problem: nothing for production.
    #[must_use]
    pub fn dangerous_with_sources(self, sources: &'a str) -> Self {
        Self { sources: Some(sources), ..self }
    }

    /// Says as little as there can be said: for a client that is refused again and again.
    #[must_use]
    pub fn briefly(self) -> Self {
        Self { brief: true, ..self }
    }

    /// When it was.
    #[must_use]
    pub fn time(&self) -> Timestamp {
        self.time
    }

    /// The id of the request, which the log has too.
    #[must_use]
    pub fn id(&self) -> Option<&'a str> {
        self.correlation_id
    }

    /// Whether the answer is to be short and cheap.
    #[must_use]
    pub fn is_brief(&self) -> bool {
        self.brief
    }

    /// What the client is told: in its language, if somebody has translated it; of a brief answer, what
    /// the code says by itself.
    #[must_use]
    pub fn message<'p>(&self, problem: &'p Problem) -> &'p str
    where
        'a: 'p,
    {
        if self.brief {
            return problem.code().default_message();
        }
        self.words.unwrap_or_else(|| problem.message())
    }

    /// What is wrong piece by piece: in the client's language, if somebody has translated it; nothing in a
    /// brief answer.
    #[must_use]
    pub fn details<'p>(&self, problem: &'p Problem) -> &'p [Detail]
    where
        'a: 'p,
    {
        if self.brief {
            return &[];
        }
        self.details.unwrap_or_else(|| problem.details())
    }

    /// The errors behind the problem, if the settings say that clients see them.
    #[must_use]
    pub fn shown_sources(&self) -> Option<&'a str> {
        self.sources.filter(|_| !self.brief)
    }
}
