use std::sync::Arc;

/// What a specification calls a problem: its type, in the sense of RFC 9457, with its title and members of its own.
///
/// A format that has a place for it, as `application/problem+json`, says it instead of what would follow from the
/// [`Code`](super::Code) alone; others leave it out. Clones share it: make it once.
///
/// ```
/// use buttress_core::{Code, Problem, ProblemType};
///
/// let exceeded = ProblemType::new(
///     "https://iana.org/assignments/http-problem-types#quota-exceeded",
///     "Request cannot be satisfied as assigned quota has been exceeded",
/// )
/// .member("violated-policies", ["daily"]);
///
/// let problem = Problem::new(Code::RATE_LIMITED).with_type(&exceeded);
/// assert_eq!(problem.specified().unwrap().members().next(), Some(("violated-policies", &["daily".into()][..])));
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ProblemType(Arc<Specified>);

#[derive(Clone, Debug, Eq, PartialEq)]
struct Specified {
    uri: &'static str,
    title: &'static str,
    members: Vec<(&'static str, Box<[Arc<str>]>)>,
}

impl ProblemType {
    /// The type with this URI and this title.
    #[must_use]
    pub fn new(uri: &'static str, title: &'static str) -> Self {
        Self(Arc::new(Specified { uri, title, members: Vec::new() }))
    }

    /// Adds a member: a list of texts that a client may see.
    ///
    /// One with a name that RFC 9457 or the format itself gives a meaning to is written beside that: choose another
    /// one.
    #[must_use]
    pub fn member<I>(mut self, name: &'static str, texts: I) -> Self
    where
        I: IntoIterator<Item: Into<Arc<str>>>,
    {
        let texts = texts.into_iter().map(Into::into).collect();
        Arc::make_mut(&mut self.0).members.push((name, texts));
        self
    }

    /// The URI.
    #[must_use]
    pub fn uri(&self) -> &'static str {
        self.0.uri
    }

    /// The title, the same for each problem of this type.
    #[must_use]
    pub fn title(&self) -> &'static str {
        self.0.title
    }

    /// The members, in the order in which they were added.
    pub fn members(&self) -> impl Iterator<Item = (&'static str, &[Arc<str>])> {
        self.0.members.iter().map(|(name, texts)| (*name, &**texts))
    }
}
