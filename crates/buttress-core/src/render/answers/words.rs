use std::borrow::Cow;

use bytes::Bytes;
use http::Response;

use crate::render::{Format, Occasion, Render};
use crate::{Detail, Problem, Redact};

/// In which words problems are told, if not in their own.
#[derive(Default)]
pub(super) struct Words {
    pub(super) problem: Option<Say<Problem>>,
    pub(super) detail: Option<Say<Detail>>,
}

type Say<T> = Box<dyn Fn(&T, &str) -> Option<Text> + Send + Sync>;
type Text = Cow<'static, str>;

impl Words {
    /// Whether nobody says anything anew.
    pub(super) fn are_the_problems(&self) -> bool {
        self.problem.is_none() && self.detail.is_none()
    }

    /// The message and the details, if they are other ones than the problem's.
    pub(super) fn of(
        &self,
        problem: &Problem,
        languages: &str,
    ) -> (Option<Text>, Option<Vec<Detail>>) {
        let message = self.problem.as_ref().and_then(|say| say(problem, languages));
        let details = self.detail.as_ref().and_then(|say| anew(problem.details(), say, languages));
        (message, details)
    }
}

/// The same, of a problem that quotes somebody else, without what must not be told.
pub(super) fn redacted(
    problem: &Problem,
    (message, details): (Option<Text>, Option<Vec<Detail>>),
    redact: &Redact,
) -> (Option<Text>, Option<Vec<Detail>>) {
    let said = message.as_deref().unwrap_or_else(|| problem.message());
    let harmless = redact.text(said, usize::MAX);
    let message = if harmless == said { message } else { Some(harmless.into_owned().into()) };
    if problem.details().is_empty() {
        return (message, details);
    }
    let mut details = details.unwrap_or_else(|| problem.details().to_vec());
    for detail in &mut details {
        detail.redact(redact);
    }
    (message, Some(details))
}

/// The answer where no settings say more: whom a problem quotes, is redacted there too.
pub(crate) fn render_by_default(
    format: &Format,
    problem: &Problem,
    occasion: Occasion<'_>,
) -> Response<Bytes> {
    if !problem.quotes() {
        return format.render(problem, &occasion);
    }
    let said = redacted(problem, (None, None), Redact::shared());
    render_said(format, problem, occasion, &said)
}

/// The answer in these words.
pub(super) fn render_said(
    format: &Format,
    problem: &Problem,
    occasion: Occasion<'_>,
    (message, details): &(Option<Text>, Option<Vec<Detail>>),
) -> Response<Bytes> {
    let occasion = message.as_deref().map_or(occasion, |words| occasion.worded(words));
    let occasion = details.as_deref().map_or(occasion, |details| occasion.detailed(details));
    format.render(problem, &occasion)
}

/// All of them, copied, if one is said anew.
fn anew(details: &[Detail], say: &Say<Detail>, languages: &str) -> Option<Vec<Detail>> {
    let mut anew = None;
    for (at, detail) in details.iter().enumerate() {
        if let Some(message) = say(detail, languages) {
            anew.get_or_insert_with(|| details.to_vec())[at].reword(message);
        }
    }
    anew
}
