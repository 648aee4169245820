/// By which rule an endpoint is left out.
///
/// ```
/// use buttress_overload::outlier::Ejected;
///
/// assert_eq!(Ejected::ALL.map(Ejected::as_str), ["in_a_row", "success_rate", "failure_percent"]);
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Ejected {
    /// It failed too often in a row.
    InARow,
    /// Its success rate is far below that of the others.
    SuccessRate,
    /// Too many of its calls failed.
    FailurePercent,
}

impl Ejected {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::InARow, Self::SuccessRate, Self::FailurePercent];

    /// The name, for metrics and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InARow => "in_a_row",
            Self::SuccessRate => "success_rate",
            Self::FailurePercent => "failure_percent",
        }
    }
}
