use std::collections::VecDeque;

use redis::Value;
use tokio::sync::oneshot;

use super::batch::Batch;
use super::decode::Garbled;

/// Who waits for answers, in the order in which they come.
#[derive(Debug, Default)]
pub(super) struct Owed {
    callers: VecDeque<oneshot::Sender<Value>>,
    /// How many of them wait for each answer.
    shares: VecDeque<usize>,
}

impl Owed {
    pub(super) fn len(&self) -> usize {
        self.callers.len()
    }

    /// Waits for what a batch is answered.
    pub(super) fn expect(&mut self, batch: &mut Batch) {
        self.callers.extend(batch.callers.drain(..));
        self.shares.extend(batch.shares.drain(..));
    }

    /// Tells whoever is next. Of calls that were one the answer is a list of theirs, or an error that goes for all of
    /// them.
    pub(super) fn answer(&mut self, value: Value) -> Result<(), Garbled> {
        // An answer to nothing is none.
        match (self.shares.pop_front().ok_or(Garbled)?, value) {
            (1, value) => self.tell(value),
            (share, Value::Array(values)) if values.len() == share => {
                for value in values {
                    self.tell(value);
                }
            }
            (share, Value::ServerError(error)) => {
                for _ in 0..share {
                    self.tell(Value::ServerError(error.clone()));
                }
            }
            _ => return Err(Garbled),
        }
        Ok(())
    }

    /// Whoever has gone does not hear it.
    fn tell(&mut self, value: Value) {
        if let Some(caller) = self.callers.pop_front() {
            let _ = caller.send(value);
        }
    }
}

#[cfg(test)]
#[cfg(not(buttress_loom))]
mod tests {
    use super::*;

    /// Those who wait for answers with these shares.
    fn owed(shares: &[usize]) -> (Owed, Vec<oneshot::Receiver<Value>>) {
        let mut batch = Batch::default();
        batch.shares.extend(shares);
        let callers = (0..shares.iter().sum()).map(|_| {
            let (caller, told) = oneshot::channel();
            batch.callers.push(caller);
            told
        });
        let told = callers.collect();
        let mut owed = Owed::default();
        owed.expect(&mut batch);
        (owed, told)
    }

    fn refusal() -> Value {
        redis::parse_redis_value(b"-NOSCRIPT none\r\n").unwrap()
    }

    #[test]
    fn each_hears_his_part_in_turn() {
        let (mut owed, told) = owed(&[1, 3, 1, 2]);
        let numbers =
            |numbers: &[i64]| Value::Array(numbers.iter().copied().map(Value::Int).collect());
        assert_eq!(owed.answer(numbers(&[9])), Ok(()));
        assert_eq!(owed.answer(numbers(&[1, 2, 3])), Ok(()));
        assert_eq!(owed.len(), 3);
        assert_eq!(owed.answer(Value::Int(4)), Ok(()));
        assert_eq!(owed.answer(refusal()), Ok(()));
        assert_eq!(owed.answer(Value::Int(5)), Err(Garbled), "to nothing");
        let told: Vec<_> = told.into_iter().map(|mut told| told.try_recv().unwrap()).collect();
        let mut expected = vec![numbers(&[9])];
        expected.extend([1, 2, 3, 4].map(Value::Int));
        expected.extend([refusal(), refusal()]);
        assert_eq!(told, expected);
    }

    #[test]
    fn what_is_no_list_of_theirs_is_no_answer() {
        let list = |length| Value::Array(vec![Value::Int(1); length]);
        for wrong in [list(0), list(2), list(4), Value::Int(3), Value::Nil, Value::Okay] {
            let (mut owed, told) = owed(&[3]);
            assert_eq!(owed.answer(wrong.clone()), Err(Garbled), "{wrong:?}");
            drop(owed);
            assert!(told.into_iter().all(|mut told| told.try_recv().is_err()), "nobody hears it");
        }
    }

    /// One of them may be told an error of its own.
    #[test]
    fn whoever_has_gone_is_passed_over() {
        let (mut owed, mut told) = owed(&[3]);
        drop(told.remove(1));
        assert_eq!(
            owed.answer(Value::Array(vec![refusal(), Value::Int(2), Value::Int(3)])),
            Ok(())
        );
        let told: Vec<_> = told.into_iter().map(|mut told| told.try_recv().unwrap()).collect();
        assert_eq!(told, [refusal(), Value::Int(3)]);
    }
}
