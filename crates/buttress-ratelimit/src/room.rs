/// More than this no address space has.
const MOST: u64 = 1 << 47;

/// Whether the system has so many bytes to give: to ask for more than it has would end the process.
pub(crate) fn has_room(bytes: usize) -> bool {
    u64::try_from(bytes).is_ok_and(|bytes| bytes <= MOST)
        && Vec::<u8>::new().try_reserve_exact(bytes).is_ok()
}
