//! What a store says of how breakers stand in a fleet.

use buttress_circuit_breaker::fleet::read_tallies;

/// Whatever numbers come, there is a tally for each five of them, which says what they do; or none at all.
///
/// # Panics
///
/// If that does not hold.
pub fn run(data: &[u8]) {
    let numbers: Vec<_> = data.chunks(8).map(number).collect();
    let Some(tallies) = read_tallies(&numbers) else {
        let is_whole = numbers.len().is_multiple_of(5);
        let is_a_count = |number: &i64| u32::try_from(*number).is_ok();
        let is_right = |of: &[i64]| of[..2].iter().all(is_a_count) && of[3] >= 0;
        assert!(!is_whole || !numbers.chunks(5).all(is_right), "{numbers:?}");
        return;
    };
    assert_eq!(tallies.len() * 5, numbers.len());
    for (tally, of) in tallies.iter().zip(numbers.chunks(5)) {
        assert_eq!([tally.members(), tally.votes()].map(i64::from), of[..2]);
        assert_eq!(tally.has_voted(), of[2] == 1);
        // What a later release may order is no order for this one.
        assert_eq!(tally.order().is_some(), (1..=5).contains(&of[4]));
        if let Some(order) = tally.order() {
            assert_eq!(i64::try_from(order.version()), Ok(of[3]));
        }
    }
}

/// Of eight bytes, or of what there is.
fn number(bytes: &[u8]) -> i64 {
    let mut whole = [0; 8];
    whole[..bytes.len()].copy_from_slice(bytes);
    i64::from_le_bytes(whole)
}
