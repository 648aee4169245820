//! Milliseconds of a file, or `"never"`: not every format has a `null`.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Deserialize, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema), schemars(inline))]
#[serde(untagged, expecting = "milliseconds, or `never`")]
pub(super) enum OrNever {
    Millis(u64),
    Word(Word),
}

#[derive(Deserialize, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "snake_case")]
pub(super) enum Word {
    Never,
}

/// Nothing is written as a word: left out, it would be read as the default.
#[expect(clippy::ref_option, reason = "serde calls it so")]
pub(super) fn serialize<S: Serializer>(millis: &Option<u64>, to: S) -> Result<S::Ok, S::Error> {
    millis.map_or(OrNever::Word(Word::Never), OrNever::Millis).serialize(to)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    Ok(match Option::deserialize(from)? {
        Some(OrNever::Millis(millis)) => Some(millis),
        Some(OrNever::Word(Word::Never)) | None => None,
    })
}
