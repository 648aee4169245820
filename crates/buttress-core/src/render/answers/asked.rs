use bytes::Bytes;
use http::{HeaderValue, Method, Response};

use super::{Answers, Asking, Who};
use crate::clock::Clock;
use crate::context::ID_HEADER;
use crate::render::{self, Format, Occasion};
use crate::stage::{RequestHead, ResponseHead};
use crate::{ClientAddress, PeerAddress, Problem, RequestId};

/// What a request says about its answer, where no context keeps it: made on the way in by
/// [`Answers::asked`], used on the way out.
///
/// # Cost
///
/// No allocation; one, where the settings tell clients apart or speak their languages. The id is made when there is
/// something to answer.
#[derive(Clone, Debug)]
pub struct Asked {
    format: Format,
    bodiless: bool,
    /// Apart: few ask for it, and all others would have to move it.
    more: Option<Box<More>>,
}

#[derive(Clone, Debug)]
struct More {
    languages: Option<HeaderValue>,
    client: Option<ClientAddress>,
}

impl Asked {
    fn about<'a>(&'a self, clock: &dyn Clock) -> Asking<'a> {
        let more = self.more.as_ref();
        let languages = more.and_then(|more| more.languages.as_ref());
        let client = more.and_then(|more| more.client);
        Asking { format: &self.format, languages, client, now: clock.now() }
    }
}

/// For layers that stand where there is no context.
impl Answers {
    /// Notes what the request says about its answer.
    #[must_use]
    pub fn asked(&self, request: &dyn RequestHead) -> Asked {
        if self.0.floods.leave_out() {
            self.tell_left_out(self.0.clock.get().now());
        }
        let more = self.0.asks.then(|| self.more(request)).map(Box::new);
        Asked { format: self.format(request), bodiless: request.method() == Method::HEAD, more }
    }

    fn more(&self, request: &dyn RequestHead) -> More {
        let counts = self.0.clients.is_some();
        let peer = counts.then(|| PeerAddress::find(request.extensions())).flatten();
        More { languages: self.languages(request), client: peer.map(ClientAddress::from) }
    }

    /// The whole answer to `problem`, told to the log and counted.
    #[must_use]
    pub fn answer(&self, problem: &Problem, asked: &Asked) -> Response<Bytes> {
        let mut answer = Response::new(Bytes::new());
        render::hand_over(&mut answer, problem.clone());
        self.settle(&mut answer, asked);
        answer
    }

    /// Does on the way out what a context would do: gives a problem that waits for it the right format and an
    /// id, which is sent as `x-request-id` too; tells the log of it, and counts it. Once, also if a context
    /// inside has done so. An id that the response has already stays.
    ///
    /// Leaves a response without a problem alone.
    pub fn settle(&self, response: &mut dyn ResponseHead, asked: &Asked) {
        let extensions = response.extensions();
        // One that was handed over since is another one.
        if extensions.get::<Told>().is_some() && !render::is_unsettled(extensions) {
            return;
        }
        let Some(problem) = render::found(response.extensions()) else { return };
        mark_told(response);
        let clock = self.0.clock.get();
        let (wall, asking) = (clock.wall(), asked.about(clock));
        let is_ours = render::unmark(response);
        // A context inside has named the request already. What stays as it is has no name, if nobody gave it one.
        let named = response.headers().get(ID_HEADER).and_then(RequestId::parse);
        let id = named.or_else(|| is_ours.then(|| RequestId::generate(wall)));
        if let Some(id) = id.as_ref().filter(|_| is_ours) {
            let occasion = Occasion::at(wall).correlation_id(id.as_str());
            render::settle_with(response, |problem| {
                let answer = self.encode(problem, occasion, &asking);
                if asked.bodiless { render::head_of(answer) } else { answer }
            });
            render::complete(response, self.challenge());
            // A map that is full carries no id: better than a panic.
            let _ = response.headers_mut().try_insert(ID_HEADER, id.header_value());
        }
        let id = id.as_ref().map(RequestId::as_str);
        // As it was sent: its status may have been set since it was made.
        let problem = render::found(response.extensions()).unwrap_or(problem);
        self.report(&problem, &Who { id, ..Who::default() }, asking.now);
    }
}

/// Marks a response whose problem was told to the log.
#[derive(Clone, Copy, Debug)]
struct Told;

/// Marks it: whoever stands outside does not tell of it again.
pub(crate) fn mark_told(response: &mut dyn ResponseHead) {
    response.extensions_mut().insert(Told);
}
