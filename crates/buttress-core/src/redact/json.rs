use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::Redact;
use super::mask::{self, MASK};
use super::names::Names;

/// What lies deeper is hidden unseen, so that hostile nesting costs no stack.
const DEPTH: usize = 32;

/// Prints or serialises JSON without what is hidden; made by [`Redact::json`].
///
/// The value of a hidden field becomes `"***"`, whatever it was, except `null`. Other strings, and names of
/// fields, are redacted as [text](Redact::text) is. What is nested more than 32 deep is hidden.
///
/// ```
/// use buttress_core::Redact;
/// use serde_json::json;
///
/// let value = json!({ "user": { "name": "Ada", "passwd": 1815 } });
/// let shown = Redact::default().json(&value).to_string();
/// assert_eq!(shown, r#"{"user":{"name":"Ada","passwd":"***"}}"#);
/// ```
#[derive(Clone, Copy)]
#[must_use = "nothing is redacted before it is printed"]
pub struct Json<'a> {
    redact: &'a Redact,
    value: &'a Value,
    depth: usize,
}

impl<'a> Json<'a> {
    pub(super) const fn new(redact: &'a Redact, value: &'a Value) -> Self {
        Self { redact, value, depth: DEPTH }
    }

    fn within(self, value: &'a Value) -> Self {
        Self { value, depth: self.depth - 1, ..self }
    }
}

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.value {
            Value::Array(_) | Value::Object(_) if self.depth == 0 => serializer.serialize_str(MASK),
            Value::Array(items) => {
                serializer.collect_seq(items.iter().map(|item| self.within(item)))
            }
            Value::Object(fields) => serializer.collect_map(fields.iter().map(|(name, value)| {
                (self.redact.whole(name), Field { name, json: self.within(value) })
            })),
            Value::String(text) => serializer.serialize_str(&self.redact.whole(text)),
            // A card number is one also when it was sent as a number.
            Value::Number(number) => {
                let text = number.to_string();
                let shown = self.redact.whole(&text);
                if shown == text {
                    number.serialize(serializer)
                } else {
                    serializer.serialize_str(&shown)
                }
            }
            Value::Null | Value::Bool(_) => self.value.serialize(serializer),
        }
    }
}

impl fmt::Display for Json<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Json<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

struct Field<'a> {
    name: &'a str,
    json: Json<'a>,
}

impl Serialize for Field<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.json.value {
            Value::Null => serializer.serialize_unit(),
            _ if self.json.redact.hides_field(self.name) => serializer.serialize_str(MASK),
            Value::String(number) if Names::phone(self.name) && mask::long_enough(number) => {
                serializer.serialize_str(&mask::phone(number))
            }
            _ => self.json.serialize(serializer),
        }
    }
}
