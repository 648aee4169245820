use http::{HeaderMap, HeaderName, HeaderValue};

/// Headers beside those of a format. Most problems have none, and nearly all others one or two: for these there is room
/// in place, without an allocation.
#[derive(Clone, Default)]
pub(super) struct Extra {
    first: [Option<(HeaderName, HeaderValue)>; 2],
    more: Option<Box<HeaderMap>>,
}

/// What frames or describes the body is decided by the format.
const OF_THE_FORMAT: [&str; 16] = [
    "connection",
    "content-digest",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-length",
    "content-location",
    "content-md5",
    "content-type",
    "digest",
    "grpc-message",
    "grpc-status",
    "repr-digest",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

impl Extra {
    /// Adds a header, unless it is one of the format's.
    pub(super) fn add(&mut self, name: HeaderName, value: HeaderValue) {
        if OF_THE_FORMAT.contains(&name.as_str()) {
            return;
        }
        match self.first.iter_mut().find(|place| place.is_none()) {
            Some(place) => *place = Some((name, value)),
            None => {
                self.more.get_or_insert_default().append(name, value);
            }
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
        let first = self.first.iter().flatten().map(|(name, value)| (name, value));
        first.chain(self.more.iter().flat_map(|more| more.iter()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_kept_also_those_of_one_name() {
        let mut extra = Extra::default();
        let names = ["a", "b", "a", "c", "a"];
        for (name, value) in names.iter().zip(["1", "2", "3", "4", "5"]) {
            extra.add(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let mut kept: Vec<_> = extra
            .iter()
            .map(|(name, value)| format!("{name}{}", value.to_str().unwrap()))
            .collect();
        kept.sort();
        assert_eq!(kept, ["a1", "a3", "a5", "b2", "c4"]);
    }
}
