use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::{env, fs};

use buttress_core::sync::Lock;

use crate::port::below;

/// A process in a folder of its own that does not outlive this one, not even if this one is killed or the process
/// is frozen: a shell between them starts it, and ends it when its orders end.
///
/// Orders are answered within a millisecond or two, for which the thread waits.
#[derive(Debug)]
pub(super) struct Watchdog {
    folder: PathBuf,
    shell: Lock<Option<Shell>>,
}

impl Watchdog {
    /// Watches over `command`, which is not started yet.
    pub(super) fn new<A: AsRef<OsStr>>(command: impl IntoIterator<Item = A>) -> Self {
        let folder = new_folder();
        let shell = Lock::new(Some(Shell::new(&folder, command)));
        Self { folder, shell }
    }

    /// Where the process runs, and where its `log` is.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// What the process wrote so far.
    pub(super) fn log(&self) -> String {
        let log = fs::read(self.folder.join("log")).unwrap_or_default();
        String::from_utf8_lossy(&log).into_owned()
    }

    /// What the process wrote last: enough to see why it failed.
    pub(super) fn end_of_log(&self) -> String {
        let log = self.log();
        let mut lines: Vec<_> = log.lines().rev().take(40).collect();
        lines.reverse();
        lines.join("\n")
    }

    /// Starts the process, which must not run, and tells its id.
    pub(super) fn start(&self) -> u32 {
        let pid = self.order("start");
        pid.parse().unwrap_or_else(|_| panic!("not a process id: `{pid}`"))
    }

    /// Whether the process runs, be it frozen.
    pub(super) fn is_alive(&self) -> bool {
        self.order("ask") == "alive"
    }

    /// Kills the process, and returns when it is gone.
    pub(super) fn kill(&self) {
        self.order("kill");
    }

    /// Sends a signal, by its name without `SIG`.
    pub(super) fn signal(&self, name: &str) {
        assert_eq!(self.order(name), "done", "the server has died:\n{}", self.end_of_log());
    }

    fn order(&self, order: &str) -> String {
        let mut shell = self.shell.lock();
        let shell = shell.as_mut().expect("it is there until the drop");
        shell.order(order).unwrap_or_else(|error| panic!("the watchdog has died: {error}"))
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        let shell = self.shell.lock().take();
        if let Some(Shell { mut child, orders, answers }) = shell {
            // In this order: it ends when no more orders can come.
            drop((orders, answers));
            let _ = child.wait();
        }
    }
}

#[derive(Debug)]
struct Shell {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Shell {
    fn new<A: AsRef<OsStr>>(folder: &Path, command: impl IntoIterator<Item = A>) -> Self {
        let mut child = Command::new("sh")
            .args(["-c", include_str!("watchdog.sh"), "watchdog"])
            .arg(folder)
            .args(command)
            // Whoever kills the whole group of the test must not kill the one who tidies up.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("there is a shell");
        let orders = child.stdin.take().expect("it was asked for");
        let answers = BufReader::new(child.stdout.take().expect("it was asked for"));
        Self { child, orders, answers }
    }

    fn order(&mut self, order: &str) -> std::io::Result<String> {
        writeln!(self.orders, "{order}")?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        Ok(answer.trim_end().to_owned())
    }
}

/// Short, since the path of a socket has room for a hundred bytes and macOS spends half of them.
fn new_folder() -> PathBuf {
    let mut folders = (0..1_000).map(|_| {
        let name = format!("bt-{:04x}{:04x}", below(u16::MAX), below(u16::MAX));
        env::temp_dir().join(name)
    });
    folders.find(|folder| fs::create_dir(folder).is_ok()).expect("a new temporary folder")
}
