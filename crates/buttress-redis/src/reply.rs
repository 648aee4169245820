use redis::Value;

use crate::{ErrorKind, RedisError};

/// What a script answered.
///
/// It is read strictly: another shape than the one that was asked for is a [`Protocol`](ErrorKind::Protocol) error.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "the answer says what was decided"]
pub struct Reply(Value);

impl Reply {
    pub(crate) const fn new(value: Value) -> Self {
        Self(value)
    }

    /// Whether it is nothing: `false` or `nil` in Lua.
    #[must_use]
    pub const fn is_nil(&self) -> bool {
        matches!(self.0, Value::Nil)
    }

    /// A whole number.
    ///
    /// # Errors
    ///
    /// If it is something else.
    pub fn integer(&self) -> Result<i64, RedisError> {
        match &self.0 {
            Value::Int(number) => Ok(*number),
            _ => Err(unexpected("a number")),
        }
    }

    /// So many whole numbers.
    ///
    /// # Errors
    ///
    /// If it is something else, or another count.
    pub fn integers<const N: usize>(&self) -> Result<[i64; N], RedisError> {
        let mut numbers = [0; N];
        self.fill(&mut numbers)?;
        Ok(numbers)
    }

    /// As many whole numbers as there are places for them.
    ///
    /// # Errors
    ///
    /// If it is something else, or another count. What the places hold then is of no meaning.
    pub fn fill(&self, numbers: &mut [i64]) -> Result<(), RedisError> {
        let Value::Array(values) = &self.0 else { return Err(unexpected("numbers")) };
        if values.len() != numbers.len() {
            return Err(unexpected("another count of numbers"));
        }
        for (number, value) in numbers.iter_mut().zip(values) {
            let Value::Int(value) = value else { return Err(unexpected("numbers")) };
            *number = *value;
        }
        Ok(())
    }

    /// Bytes.
    ///
    /// # Errors
    ///
    /// If it is something else.
    pub fn bytes(&self) -> Result<&[u8], RedisError> {
        match &self.0 {
            Value::BulkString(bytes) => Ok(bytes),
            Value::SimpleString(text) => Ok(text.as_bytes()),
            _ => Err(unexpected("bytes")),
        }
    }

    /// The parts of a list.
    ///
    /// # Errors
    ///
    /// If it is something else.
    pub fn into_list(self) -> Result<Vec<Self>, RedisError> {
        match self.0 {
            Value::Array(values) => Ok(values.into_iter().map(Self).collect()),
            _ => Err(unexpected("a list")),
        }
    }
}

fn unexpected(expected: &'static str) -> RedisError {
    RedisError::new(ErrorKind::Protocol, format!("{expected} had been expected"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_strict() {
        let number = Reply::new(Value::Int(7));
        assert_eq!(number.integer().unwrap(), 7);
        assert_eq!(number.bytes().unwrap_err().kind(), ErrorKind::Protocol);
        assert!(number.into_list().is_err());
        let numbers = Reply::new(Value::Array(vec![Value::Int(1), Value::Int(2)]));
        assert_eq!(numbers.integers::<2>().unwrap(), [1, 2]);
        assert!(numbers.integers::<1>().is_err() && numbers.integer().is_err());
        let mut places = [0; 3];
        assert!(numbers.fill(&mut places).is_err() && numbers.fill(&mut places[..2]).is_ok());
        assert_eq!(places[..2], [1, 2]);
        assert_eq!(numbers.into_list().unwrap().len(), 2);
        let text = Reply::new(Value::BulkString(b"7".to_vec()));
        assert!(text.integer().is_err() && !text.is_nil());
        assert_eq!(text.bytes().unwrap(), b"7");
        assert!(Reply::new(Value::Nil).is_nil());
    }
}
