//! What the code of an answer says of each charge.

use buttress_redis::RedisError;

use super::{Record, nonsense};
use crate::Charge;

/// What a script says of a record that it cannot read, and has left as it is.
const FOREIGN: i64 = -2;

/// Which charges were missed, and which leases were granted.
pub(super) fn masks(
    code: i64,
    charges: &[Charge],
    records: &[Record],
) -> Result<(u8, u8), RedisError> {
    if code == FOREIGN {
        return Err(RedisError::unexpected("a record of another version"));
    }
    if code == -1 {
        let optional = (0..).zip(charges.iter().zip(records));
        let missed = optional
            .filter(|(_, (charge, record))| charge.is_optional() && record.room.is_err())
            .fold(0, |mask, (at, _): (u32, _)| mask | 1_u8 << at);
        return Ok((missed, 0));
    }
    let [low, high] = u16::try_from(code).map_err(|_| nonsense())?.to_le_bytes();
    let optional = (0..).zip(charges).filter(|(_, charge)| charge.is_optional());
    let optional = optional.fold(0, |mask, (at, _): (u32, _)| mask | 1_u8 << at);
    // What has to be taken was not missed, and what is not theirs was not granted.
    let is_theirs = low & !optional == 0 && u32::from(high) >> charges.len() == 0;
    if is_theirs { Ok((low, high)) } else { Err(nonsense()) }
}
