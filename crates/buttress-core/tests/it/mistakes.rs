//! What a user reads after the likeliest mistakes.
//!
//! Each program in `tests/mistakes` makes one, and says in comments what its first error must tell:
//!
//! - `//~ error: …` is part of the first line,
//! - `//~ below: …` is part of the rest,
//! - `//~ at most 25 lines` is how long it may be.
//!
//! A program without such comments must compile. Only these parts are compared, so that another version
//! of the compiler may put the rest in other words.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// What the programs may use, beside the core itself.
const DEPENDENCIES: &str = r#"
axum = { version = "0.8", default-features = false }
bytes = "1"
http = "1"
http-body-util = { version = "0.1", default-features = false }
tower = { version = "0.5", default-features = false, features = ["util"] }
"#;

#[test]
fn every_mistake_is_told_in_few_words() {
    let programs = programs();
    let told = check(&programs);
    let wrong: Vec<_> = programs.iter().filter_map(|p| p.differs(&told[&p.name])).collect();

    assert!(programs.len() > 10, "ten mistakes, and one program without any");
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n\n"));
}

#[test]
fn a_difference_is_noticed() {
    let text = "//~ error: `Plain` is not\n//~ below: `Gate`\n//~ at most 2 lines\nfn main() {}";
    let mistake = Program::parse("plain".to_owned(), PathBuf::new(), text);
    let differs = |message: &str| mistake.differs(&Told::Error(message.to_owned())).is_some();

    assert!(!differs("`Plain` is not a stage\nimplement `Gate`"));
    assert!(differs("`Plain` is a stage\nimplement `Gate`"), "another first line");
    assert!(differs("mismatched types\n`Plain` is not a `Gate`"), "said too late");
    assert!(differs("`Plain` is not a `Gate`\nimplement `Stage`"), "no help below");
    assert!(differs("`Plain` is not a stage\nimplement\n`Gate`"), "too long");
    assert!(mistake.differs(&Told::Nothing).is_some(), "it compiled");

    let sound = Program::parse("sound".to_owned(), PathBuf::new(), "fn main() {}");
    assert!(sound.differs(&Told::Nothing).is_none());
    assert!(sound.differs(&Told::Error("mismatched types".to_owned())).is_some());
}

/// A program, and what the compiler should say to it: nothing, unless it tells.
#[derive(Default)]
struct Program {
    name: String,
    path: PathBuf,
    first: Vec<String>,
    below: Vec<String>,
    lines: usize,
}

impl Program {
    fn parse(name: String, path: PathBuf, text: &str) -> Self {
        let mut program = Self { name, path, ..Self::default() };
        for expected in text.lines().filter_map(|line| line.strip_prefix("//~ ")) {
            if let Some(part) = expected.strip_prefix("error: ") {
                program.first.push(part.to_owned());
            } else if let Some(part) = expected.strip_prefix("below: ") {
                program.below.push(part.to_owned());
            } else {
                let lines = expected.strip_prefix("at most ").and_then(|n| n.split(' ').next());
                program.lines = lines.and_then(|n| n.parse().ok()).expect("one of the three");
            }
        }
        program
    }

    fn differs(&self, told: &Told) -> Option<String> {
        let message = match told {
            Told::Nothing => "",
            Told::Error(message) => message.trim_end(),
        };
        let (first, below) = message.split_once('\n').unwrap_or((message, ""));
        let missing = |parts: &[String], text: &str| {
            parts.iter().find(|part| !text.contains(part.as_str())).cloned()
        };
        let lines = message.lines().count();
        let why = if let Some(part) = missing(&self.first, first) {
            format!("the first line lacks: {part}")
        } else if let Some(part) = missing(&self.below, below) {
            format!("below the first line there is no: {part}")
        } else if lines > self.lines {
            format!("{lines} lines are more than {}", self.lines)
        } else {
            return None;
        };
        Some(format!("{}: {why}\n{message}", self.name))
    }
}

fn programs() -> Vec<Program> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mistakes");
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths
        .filter(|path| path.extension() == Some(OsStr::new("rs")))
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let text = fs::read_to_string(&path).unwrap();
            Program::parse(name, path, &text)
        })
        .collect()
}

/// What the compiler said to a program.
#[derive(Debug)]
enum Told {
    Nothing,
    Error(String),
}

/// Compiles all programs as one package, with the versions that the workspace has locked: so nothing is
/// asked of the network, once those are here.
fn check(programs: &[Program]) -> BTreeMap<String, Told> {
    let package = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mistakes");
    fs::create_dir_all(&package).unwrap();
    fs::write(package.join("Cargo.toml"), manifest(programs)).unwrap();
    let locked = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.lock");
    fs::copy(locked, package.join("Cargo.lock")).unwrap();

    let output = Command::new(env!("CARGO"))
        .args(["check", "--keep-going", "--message-format=json", "--manifest-path"])
        .arg(package.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(package.join("target"))
        // Where all warnings are errors, one of them would stand before the error that counts.
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .output()
        .unwrap();

    let mut told = BTreeMap::new();
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let message: Value = serde_json::from_str(line).unwrap();
        let name = message["target"]["name"].as_str().unwrap_or_default();
        if let Some(program) = programs.iter().find(|program| program.name == name)
            && let Some(said) = said(&message)
        {
            told.entry(program.name.clone()).or_insert(said);
        }
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(told.len(), programs.len(), "some were not compiled:\n{stderr}");
    told
}

fn manifest(programs: &[Program]) -> String {
    let core = env!("CARGO_MANIFEST_DIR");
    let mut manifest = format!(
        "[package]\nname = 'mistakes'\nversion = '0.0.0'\nedition = '2024'\npublish = false\n\n\
         [workspace]\n\n[dependencies]\nbuttress-core.path = '{core}'{DEPENDENCIES}"
    );
    for Program { name, path, .. } in programs {
        writeln!(manifest, "\n[[bin]]\nname = '{name}'\npath = '{}'", path.display()).unwrap();
    }
    manifest
}

/// The first of these for a program is its first error, or that it compiled.
fn said(message: &Value) -> Option<Told> {
    if message["reason"] == "compiler-artifact" {
        return Some(Told::Nothing);
    }
    let rendered = message["message"]["rendered"].as_str()?;
    (message["message"]["level"] == "error").then(|| Told::Error(rendered.to_owned()))
}
