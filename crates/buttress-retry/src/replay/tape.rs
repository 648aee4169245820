use std::fmt;

use buttress_core::sync::Lock;
use bytes::Bytes;
use http::HeaderMap;
use http_body::SizeHint;

use super::frames::{Frames, weight, weight_of_trailers};
use super::room::Room;
use super::upload::Progress;

/// What is kept of a body, so that it can be sent again.
///
/// The body lies here until somebody begins to read it: what was never touched is sent as it is. Its frames are noted
/// by its reader as they pass.
pub(crate) struct Tape<B> {
    slot: Lock<Slot<B>>,
    room: Room,
    /// What it said of its length before anybody read it: it is asked once, and under no lock, as it is foreign code.
    hint: SizeHint,
    pub(super) progress: Progress,
    /// Whether what has all its bytes is complete, as no trailers are announced.
    ends_with_its_bytes: bool,
}

enum Slot<B> {
    /// Nobody has begun to read it. This reader may, while there is one.
    Untouched(Option<u32>, B),
    /// It is being read, or was and broke off. So much was noted of it; this long it is, if that is known.
    Reading(Frames, Option<u64>),
    /// It was read to its end.
    Whole(Frames),
    /// It was more than there is room for.
    TooLarge,
    /// What was noted is not what it was.
    Spoilt,
}

/// Why a body cannot be sent again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Lost {
    /// It is still being read, or broke off.
    InFlight,
    /// It is larger than what is kept.
    TooLarge,
}

/// What can be sent again.
pub(super) enum Found {
    /// The body itself.
    Untouched,
    /// What was kept of it.
    Whole(Frames),
}

impl<B> Tape<B> {
    /// With a body that its first reader may begin to read.
    pub(super) fn new(body: B, hint: SizeHint, room: &Room, ends_with_its_bytes: bool) -> Self {
        let slot = Lock::new(Slot::Untouched(Some(1), body));
        let progress = Progress::default();
        Self { slot, room: room.clone(), hint, progress, ends_with_its_bytes }
    }

    /// How long it is, while nobody has read it.
    pub(super) const fn hint(&self) -> &SizeHint {
        &self.hint
    }

    /// Whether it can be sent again. What was answered, while somebody may still begin to read it, is as good as in
    /// flight; what nobody has taken is not.
    pub(super) fn look(&self, is_unprocessed: bool) -> Result<(), Lost> {
        match &*self.slot.lock() {
            Slot::Untouched(None, _) | Slot::Whole(_) => Ok(()),
            Slot::Untouched(Some(_), _) if is_unprocessed => Ok(()),
            Slot::Untouched(..) | Slot::Reading(..) | Slot::Spoilt => Err(Lost::InFlight),
            Slot::TooLarge => Err(Lost::TooLarge),
        }
    }

    /// Whether it was read to its end, so that two may send it at the same time.
    pub(super) fn is_whole(&self) -> bool {
        matches!(&*self.slot.lock(), Slot::Whole(_))
    }

    /// Notes a frame of data. Says whether there is more to note.
    pub(super) fn data(&self, data: &Bytes, is_over: bool) -> bool {
        let mut slot = self.slot.lock();
        let Slot::Reading(frames, _) = &mut *slot else { return false };
        if !self.room.take(weight(data), frames.weight()) {
            self.lose(&mut slot, Slot::TooLarge);
            return false;
        }
        frames.push(data.clone());
        if is_over {
            self.complete(&mut slot);
        }
        !is_over
    }

    /// Notes trailers, after which nothing comes.
    pub(super) fn trailers(&self, trailers: &HeaderMap) {
        let mut slot = self.slot.lock();
        let Slot::Reading(frames, _) = &mut *slot else { return };
        if !self.room.take(weight_of_trailers(trailers), frames.weight()) {
            return self.lose(&mut slot, Slot::TooLarge);
        }
        frames.push_trailers(trailers.clone());
        self.complete(&mut slot);
    }

    /// Notes that nothing more comes.
    pub(super) fn end(&self) {
        self.complete(&mut self.slot.lock());
    }

    /// Notes that its reader goes away. One that knows the length from the head stops as soon as it has all bytes,
    /// without a look whether anything follows: hyper does for HTTP/1.1.
    pub(super) fn left(&self) {
        let mut slot = self.slot.lock();
        if let Slot::Reading(frames, Some(length)) = &*slot
            && self.ends_with_its_bytes
            && frames.length() as u64 == *length
        {
            self.complete(&mut slot);
        }
    }

    /// Notes that this reader goes away, and has read nothing.
    pub(super) fn left_unread(&self, reader: u32) {
        if let Slot::Untouched(of, _) = &mut *self.slot.lock() {
            of.take_if(|of| *of == reader);
        }
    }

    /// Notes that it broke, so that nothing of it may be sent again.
    pub(super) fn spoil(&self) {
        self.lose(&mut self.slot.lock(), Slot::Spoilt);
    }

    fn complete(&self, slot: &mut Slot<B>) {
        let Slot::Reading(frames, length) = slot else { return };
        // A body that ends before it has all its bytes is broken, and so would be its repeat.
        if length.is_some_and(|length| length != frames.length() as u64) {
            self.lose(slot, Slot::Spoilt);
        } else {
            *slot = Slot::Whole(std::mem::take(frames));
        }
    }

    fn lose(&self, slot: &mut Slot<B>, to: Slot<B>) {
        if let Slot::Reading(frames, _) | Slot::Whole(frames) = slot {
            self.room.give_back(frames.weight());
        }
        *slot = to;
    }
}

impl<B> Tape<B> {
    /// Takes the body, if this reader is the one that may: an older one was given up.
    pub(super) fn take(&self, reader: u32) -> Option<B> {
        let mut slot = self.slot.lock();
        match &*slot {
            Slot::Untouched(of, _) if *of == Some(reader) => {}
            _ => return None,
        }
        let read = if self.room.may_hold(self.hint.lower()) {
            Slot::Reading(Frames::of(self.hint.exact()), self.hint.exact())
        } else {
            Slot::TooLarge
        };
        match std::mem::replace(&mut *slot, read) {
            Slot::Untouched(_, body) => Some(body),
            _ => None,
        }
    }

    /// What can be sent again. If nobody has begun to read it, only this reader may from now on.
    pub(super) fn find(&self, reader: u32) -> Result<Found, Lost> {
        match &mut *self.slot.lock() {
            Slot::Untouched(of, _) => {
                *of = Some(reader);
                Ok(Found::Untouched)
            }
            Slot::Whole(frames) => Ok(Found::Whole(frames.clone())),
            Slot::Reading(..) | Slot::Spoilt => Err(Lost::InFlight),
            Slot::TooLarge => Err(Lost::TooLarge),
        }
    }
}

impl<B> Drop for Tape<B> {
    fn drop(&mut self) {
        if let Slot::Reading(frames, _) | Slot::Whole(frames) = &*self.slot.lock() {
            self.room.give_back(frames.weight());
        }
    }
}

impl<B> fmt::Debug for Tape<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slot = match &*self.slot.lock() {
            Slot::Untouched(..) => "untouched",
            Slot::Reading(..) => "reading",
            Slot::Whole(_) => "whole",
            Slot::TooLarge => "too large",
            Slot::Spoilt => "spoilt",
        };
        f.debug_struct("Tape").field("slot", &slot).finish_non_exhaustive()
    }
}
