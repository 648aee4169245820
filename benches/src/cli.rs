use std::io;
use std::process::ExitCode;

use crate::table::Table;
use crate::{Case, check, measure};

const USAGE: &str = "\
Measures what each layer costs, side by side.

  [NAME…]      only the groups whose name contains one of these
  --markdown   the table as Markdown
  --json       one JSON object a row, a line each
  --check      only compare instructions and allocations with the budgets; fails above one
  --list       only name the cases
";

enum Role<'a> {
    Table,
    Markdown,
    Json,
    Check,
    List,
    /// The child that measures time.
    Criterion,
    /// The child that callgrind watches.
    One(&'a str, u64),
}

/// Is the whole `main` of a program that measures `cases`.
#[must_use]
pub fn run(cases: &[Case]) -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((role, names)) = parse(&arguments) else {
        eprint!("{USAGE}");
        return ExitCode::from(2);
    };
    let wanted = |case: &&Case| {
        let is_meant = |name: &&str| case.group().contains(*name) || case.name() == *name;
        names.is_empty() || names.iter().any(is_meant)
    };
    let cases: Vec<&Case> = cases.iter().filter(wanted).collect();
    match play(&role, &cases) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn parse(arguments: &[String]) -> Option<(Role<'_>, Vec<&str>)> {
    if let [first, name, times] = arguments
        && first == "--one"
    {
        return Some((Role::One(name, times.parse().ok()?), vec![name]));
    }
    let mut role = Role::Table;
    let mut names = Vec::new();
    for argument in arguments {
        match argument.as_str() {
            "--markdown" => role = Role::Markdown,
            "--json" => role = Role::Json,
            "--check" => role = Role::Check,
            "--list" => role = Role::List,
            "--criterion" => role = Role::Criterion,
            name if !name.starts_with('-') => names.push(name),
            _ => return None,
        }
    }
    Some((role, names))
}

fn play(role: &Role<'_>, cases: &[&Case]) -> io::Result<ExitCode> {
    match *role {
        Role::Criterion => measure::run_criterion(cases)?,
        Role::One(name, times) => {
            let named = cases.iter().filter(|case| case.name() == name);
            named.for_each(|case| measure::run_counted(case, times));
        }
        Role::List => cases.iter().for_each(|case| println!("{}", case.name())),
        Role::Check => return Ok(check::budgets(cases)),
        Role::Table | Role::Markdown | Role::Json => {
            let measured = measure::all(cases);
            let table = Table::new(cases, &measured.figures);
            match role {
                Role::Json => table.json()?.iter().for_each(|row| println!("{row}")),
                Role::Markdown => table.print_markdown(),
                _ => table.print(),
            }
            measured.missing.iter().for_each(|line| eprintln!("{line}"));
        }
    }
    Ok(ExitCode::SUCCESS)
}
