//! The chapter of the guide names a test for each fault, and that test is there.

use std::fs;
use std::path::Path;

#[test]
fn each_fault_of_the_guide_has_its_test() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let guide = fs::read_to_string(here.join("../../docs/fleet.md")).unwrap();
    let (_, table) = guide.split_once("| fault | what a caller sees | shown by |").unwrap();
    let lines: Vec<_> = table.lines().skip(2).take_while(|line| line.starts_with('|')).collect();
    assert!(lines.len() >= 14, "{lines:#?}");
    for line in lines {
        let tests = line.trim_end_matches(['|', ' ']).rsplit('|').next().unwrap();
        let tests: Vec<_> = tests.split('`').skip(1).step_by(2).collect();
        assert!(!tests.is_empty(), "{line}");
        for test in tests {
            let (module, name) = test.rsplit_once("::").unwrap();
            let file = here.join("tests/it").join(module.replace("::", "/"));
            let code = [file.with_extension("rs"), file.join("mod.rs")];
            let code = code.iter().find_map(|path| fs::read_to_string(path).ok()).expect(test);
            let (before, _) = code.split_once(&format!("async fn {name}()")).expect(test);
            let attribute = before.lines().last().unwrap();
            assert!(attribute.starts_with("#[tokio::test"), "{test}: {attribute}");
        }
    }
}
