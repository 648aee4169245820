use std::fmt;

/// The work of a case, done as many times as asked.
pub type Run = Box<dyn Fn(u64) + Send + Sync>;

/// One thing to measure, from one side. See the [crate docs](crate).
///
/// ```
/// use buttress_benches::Case;
/// use std::hint::black_box;
///
/// let squares = Case::ours("a square", Box::new(|n| (0..n).for_each(|i| drop(black_box(i * i)))));
/// assert_eq!(squares.name(), "a square/ours");
/// ```
#[must_use]
pub struct Case {
    group: &'static str,
    side: &'static str,
    run: Run,
    budget: Option<Budget>,
    two_threads: bool,
}

impl Case {
    /// The side of Buttress.
    pub fn ours(group: &'static str, run: Run) -> Self {
        Self::peer(group, "ours", run)
    }

    /// The same work without what is measured: what the other sides add is their distance from it.
    pub fn bare(group: &'static str, run: Run) -> Self {
        Self::peer(group, "bare", run)
    }

    /// Another way: somebody else's, the classical one, or a variant of ours.
    pub fn peer(group: &'static str, side: &'static str, run: Run) -> Self {
        Self { group, side, run, budget: None, two_threads: false }
    }

    /// Fails `--check` when the case costs more than `budget`.
    pub fn within(self, budget: Budget) -> Self {
        Self { budget: Some(budget), ..self }
    }

    /// Also measures how the throughput grows when a second thread shares the value.
    pub fn on_two_threads(self) -> Self {
        Self { two_threads: true, ..self }
    }

    /// What is measured.
    #[must_use]
    pub fn group(&self) -> &'static str {
        self.group
    }

    /// Whose way it is.
    #[must_use]
    pub fn side(&self) -> &'static str {
        self.side
    }

    /// Group and side: unique among all cases.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}/{}", self.group, self.side)
    }

    pub(crate) fn run(&self, times: u64) {
        (self.run)(times);
    }

    pub(crate) fn budget(&self) -> Option<Budget> {
        self.budget
    }

    pub(crate) fn wants_two_threads(&self) -> bool {
        self.two_threads
    }

    pub(crate) fn is_bare(&self) -> bool {
        self.side == "bare"
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Case").field(&self.name()).finish()
    }
}

/// What a case may cost each time, beyond the bare side of its group if there is one.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    pub(crate) instructions: u32,
    pub(crate) allocations: u32,
}

impl Budget {
    /// As many instructions, give or take the few percent that a compiler's release moves them, and
    /// not one allocation more than said.
    #[must_use]
    pub fn new(instructions: u32, allocations: u32) -> Self {
        Self { instructions, allocations }
    }
}
