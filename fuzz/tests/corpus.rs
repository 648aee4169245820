//! Replays every committed input, in the ordinary run of the tests.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "these are tests")]

use buttress_fuzz::{TARGETS, corpus, replay};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

#[test]
fn every_target_survives_its_corpus() {
    for (target, run) in TARGETS {
        let inputs = replay(*run, &corpus(target)).expect(target);
        assert!(inputs > 0, "{target} has no inputs");
    }
}

/// A target that is not in the list is not replayed; one without a binary is not fuzzed.
#[test]
fn targets_binaries_and_corpora_are_the_same() {
    let listed: BTreeSet<_> = TARGETS.iter().map(|(target, _)| (*target).to_owned()).collect();
    assert_eq!(names_in("src/bin"), listed);
    assert_eq!(names_in("corpus"), listed);
}

fn names_in(folder: &str) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let name = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
    fs::read_dir(folder).into_iter().flatten().map(|entry| name(&entry.unwrap().path())).collect()
}
