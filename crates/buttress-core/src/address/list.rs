/// Room for two addresses and a long host name, and an end to what was made to waste time.
const LONGEST_ELEMENT: usize = 1024;

/// The elements of a list header, from the right. What is not asked for is not read.
///
/// An element that is too long comes out as `None`.
pub(super) struct FromRight<'a, L, F> {
    /// The lines to the left, the nearest first.
    lines: L,
    /// What is unread of the present line.
    rest: Option<&'a [u8]>,
    /// Finds the last comma that stands between elements.
    last_comma: F,
}

impl<'a, L, F> FromRight<'a, L, F>
where
    L: Iterator<Item = &'a [u8]>,
    F: FnMut(&[u8]) -> Option<usize>,
{
    pub(super) fn new(lines: L, last_comma: F) -> Self {
        Self { lines, rest: None, last_comma }
    }
}

impl<'a, L, F> Iterator for FromRight<'a, L, F>
where
    L: Iterator<Item = &'a [u8]>,
    F: FnMut(&[u8]) -> Option<usize>,
{
    type Item = Option<&'a [u8]>;

    fn next(&mut self) -> Option<Self::Item> {
        let list = self.rest.take().or_else(|| self.lines.next())?;
        // One more, for the comma.
        let unseen = list.len().saturating_sub(LONGEST_ELEMENT + 1);
        let Some(comma) = (self.last_comma)(&list[unseen..]) else {
            return Some((list.len() <= LONGEST_ELEMENT).then_some(list));
        };
        let (rest, element) = list.split_at(unseen + comma);
        self.rest = Some(rest);
        Some(Some(&element[1..]))
    }
}
