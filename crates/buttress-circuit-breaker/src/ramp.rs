use std::time::Duration;

/// Less than this share would tell nothing.
const LEAST: f64 = 0.1;

/// Which share of the calls passes, so long after it worked again; nothing, once all do.
pub(crate) fn share(elapsed: Duration, whole: Duration) -> Option<f64> {
    (elapsed < whole).then(|| (elapsed.as_secs_f64() / whole.as_secs_f64()).max(LEAST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_from_a_tenth_to_all() {
        let whole = Duration::from_secs(10);
        let at = |seconds| share(Duration::from_secs(seconds), whole);
        assert_eq!([0, 1, 5, 9, 10].map(at), [Some(0.1), Some(0.1), Some(0.5), Some(0.9), None]);
        assert_eq!(share(Duration::ZERO, Duration::ZERO), None, "no ramp");
    }
}
