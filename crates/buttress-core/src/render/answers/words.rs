use std::borrow::Cow;

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
    let message = redact.text(said, usize::MAX).into_owned();
    let mut details = details.unwrap_or_else(|| problem.details().to_vec());
    for detail in &mut details {
        detail.redact(redact);
    }
    (Some(message.into()), Some(details))
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
