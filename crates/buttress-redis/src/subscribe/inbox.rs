use std::sync::Arc;

use buttress_core::metrics::Counter;
use buttress_core::sync::Lock;
use redis::aio::{AsyncPushSender, SendError};
use redis::{PushInfo, PushKind, Value};
use tokio::sync::Notify;

use super::Event;
use super::queue::Queue;

/// Between the connection of the day and whoever waits for what it brings.
#[derive(Debug)]
pub(super) struct Inbox {
    channels: Box<[Channel]>,
    state: Lock<State>,
    came: Notify,
    gaps: Counter,
}

/// As the program calls it, and as the server does.
#[derive(Debug)]
pub(super) struct Channel {
    name: Arc<str>,
    full: String,
}

#[derive(Debug, Default)]
struct State {
    queue: Queue,
    /// Which connection is the present one: what an earlier one still brings is dropped.
    connection: u64,
    confirmed: usize,
}

impl Inbox {
    pub(super) fn new(channels: Vec<Channel>, gaps: Counter) -> Self {
        let channels = channels.into();
        Self { channels, state: Lock::default(), came: Notify::new(), gaps }
    }

    pub(super) fn channels(&self) -> Vec<&str> {
        self.channels.iter().map(|channel| &*channel.full).collect()
    }

    /// Begins anew, with another connection.
    pub(super) fn hear(self: &Arc<Self>) -> Heard {
        let mut state = self.state.lock();
        state.connection += 1;
        state.confirmed = 0;
        Heard { inbox: self.clone(), connection: state.connection }
    }

    /// May be dropped while it waits: what it did not return is still there.
    pub(super) async fn next(&self) -> Event {
        loop {
            let came = self.came.notified();
            if let Some(event) = self.pop() {
                return event;
            }
            came.await;
        }
    }

    pub(super) fn pop(&self) -> Option<Event> {
        let event = self.state.lock().queue.pop();
        if event == Some(Event::Gap) {
            self.gaps.increment(1);
        }
        event
    }
}

impl Channel {
    pub(super) fn new(prefix: &str, name: &str) -> Self {
        Self { name: name.into(), full: format!("{prefix}:{name}") }
    }
}

/// The ear of one connection.
#[derive(Debug)]
pub(crate) struct Heard {
    inbox: Arc<Inbox>,
    connection: u64,
}

impl Heard {
    fn heard(&self, pushed: PushInfo) {
        let Inbox { channels, state, came, .. } = &*self.inbox;
        let mut state = state.lock();
        if state.connection != self.connection {
            return;
        }
        match (pushed.kind, <[Value; 2]>::try_from(pushed.data)) {
            (PushKind::Subscribe, _) => {
                state.confirmed += 1;
                // Whoever asks for the state of things when told of the gap hears of every change after it.
                if state.confirmed == channels.len() {
                    state.queue.gap();
                }
            }
            (PushKind::Message, Ok([Value::BulkString(channel), Value::BulkString(payload)])) => {
                let known = channels.iter().find(|known| known.full.as_bytes() == channel);
                // Before the gap it would be told of too early.
                if let Some(known) = known.filter(|_| state.confirmed >= channels.len()) {
                    state.queue.message(&known.name, payload);
                }
            }
            _ => return,
        }
        drop(state);
        came.notify_one();
    }
}

impl AsyncPushSender for Heard {
    fn send(&self, pushed: PushInfo) -> Result<(), SendError> {
        self.heard(pushed);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inbox() -> Arc<Inbox> {
        let channels = ["a", "b"].map(|name| Channel::new("shop", name));
        Arc::new(Inbox::new(channels.into(), Counter::none()))
    }

    fn push(kind: PushKind, words: [&str; 2]) -> PushInfo {
        let data = words.map(|word| Value::BulkString(word.into()));
        PushInfo { kind, data: data.into() }
    }

    fn confirmed(heard: &Heard) {
        for channel in ["shop:a", "shop:b"] {
            let count = Value::Int(1);
            let data = vec![Value::BulkString(channel.into()), count];
            heard.heard(PushInfo { kind: PushKind::Subscribe, data });
        }
    }

    #[test]
    fn the_gap_comes_first_and_not_before_all_channels_are_heard() {
        let inbox = inbox();
        let heard = inbox.hear();
        heard.heard(push(PushKind::Message, ["shop:a", "too early"]));
        heard.heard(push(PushKind::Subscribe, ["shop:a", "1"]));
        heard.heard(push(PushKind::Message, ["shop:a", "still too early"]));
        assert_eq!(inbox.pop(), None);
        heard.heard(push(PushKind::Subscribe, ["shop:b", "2"]));
        heard.heard(push(PushKind::Message, ["shop:b", "x"]));
        heard.heard(push(PushKind::Message, ["shop:c", "never asked for"]));
        heard.heard(PushInfo { kind: PushKind::Message, data: vec![Value::Nil] });
        assert_eq!(inbox.pop(), Some(Event::Gap));
        let message = Event::Message { channel: "b".into(), payload: b"x".into() };
        assert_eq!((inbox.pop(), inbox.pop()), (Some(message), None));
    }

    #[test]
    fn an_earlier_connection_is_not_heard_any_more() {
        let inbox = inbox();
        let (first, second) = (inbox.hear(), inbox.hear());
        confirmed(&first);
        assert_eq!(inbox.pop(), None);
        confirmed(&second);
        first.heard(push(PushKind::Message, ["shop:a", "late"]));
        assert_eq!((inbox.pop(), inbox.pop()), (Some(Event::Gap), None));
    }
}
