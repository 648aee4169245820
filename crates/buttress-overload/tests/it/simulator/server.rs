//! A dependency: so many workers, a queue without a bound, and no idea who still waits for an answer.

use std::collections::VecDeque;
use std::time::Duration;

use buttress_core::Dice;

/// The number of an attempt.
pub type Id = usize;

#[derive(Clone, Copy)]
pub struct Capacity {
    pub workers: usize,
    /// How long a worker works on a request, on average; exponentially distributed.
    pub mean: Duration,
    /// How many may wait; what comes then is turned away, and that costs a worker something, too.
    pub queue: usize,
    pub refusal: Duration,
}

impl Capacity {
    /// Requests in a second.
    pub fn rate(self) -> f64 {
        self.workers as f64 / self.mean.as_secs_f64()
    }
}

pub struct Server {
    pub capacity: Capacity,
    dice: Dice,
    /// Which hundredths of the distribution have not been drawn yet: so that each hundred requests are the same work,
    /// and one time can be compared with another.
    hundredths: Vec<u32>,
    busy: usize,
    queue: VecDeque<Id>,
    /// What refusals have cost since the last request was begun.
    owed: Duration,
}

pub enum Sent {
    /// A worker has begun, and will be done after this time.
    Begun(Duration),
    Queued,
    TurnedAway,
}

impl Server {
    pub fn new(capacity: Capacity, seed: u64) -> Self {
        let owed = Duration::ZERO;
        Self {
            capacity,
            dice: Dice::seeded(seed),
            hundredths: Vec::new(),
            busy: 0,
            queue: VecDeque::new(),
            owed,
        }
    }

    pub fn send(&mut self, id: Id) -> Sent {
        if self.busy < self.capacity.workers {
            self.busy += 1;
            return Sent::Begun(self.work());
        }
        if self.queue.len() < self.capacity.queue {
            self.queue.push_back(id);
            return Sent::Queued;
        }
        self.owed += self.capacity.refusal;
        Sent::TurnedAway
    }

    /// A worker is done, and begins with the next one, if there is one.
    pub fn done(&mut self) -> Option<(Id, Duration)> {
        self.busy -= 1;
        let next = self.queue.pop_front()?;
        self.busy += 1;
        Some((next, self.work()))
    }

    fn work(&mut self) -> Duration {
        if self.hundredths.is_empty() {
            self.hundredths = (0..100).collect();
        }
        let drawn = self.dice.below(self.hundredths.len() as u64) as usize;
        let hundredth = self.hundredths.swap_remove(drawn);
        let share = (f64::from(hundredth) + self.dice.share()) / 100.0;
        of_share(share, self.capacity.mean) + std::mem::take(&mut self.owed)
    }
}

pub fn exponential(dice: &Dice, mean: Duration) -> Duration {
    of_share(dice.share(), mean)
}

/// What that share of an exponential distribution is below.
fn of_share(share: f64, mean: Duration) -> Duration {
    mean.mul_f64(-(1.0 - share).ln())
}
