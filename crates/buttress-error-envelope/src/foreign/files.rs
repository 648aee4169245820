//! Names of files, which are nobody's business outside.

use std::borrow::Cow;

/// Where files of a machine are, wherever in a word it stands.
const ROOTS: [&str; 17] = [
    "/Applications/",
    "/Library/",
    "/Users/",
    "/Volumes/",
    "/etc/",
    "/home/",
    "/mnt/",
    "/opt/",
    "/private/",
    "/proc/",
    "/root/",
    "/srv/",
    "/tmp/",
    "/usr/",
    "/var/",
    ":\\",
    "file:/",
];

/// The same, where a path begins: further back these are pages of the web.
const BEGINNINGS: [&str; 20] = [
    "../",
    "./",
    "/System/",
    "/app/",
    "/bin/",
    "/boot/",
    "/build/",
    "/code/",
    "/data/",
    "/dev/",
    "/lib/",
    "/media/",
    "/nix/",
    "/run/",
    "/sbin/",
    "/snap/",
    "/src/",
    "/sys/",
    "/workspace/",
    "~/",
];

/// How the files of a program end, its settings, its data and its keys.
const ENDINGS: [&str; 29] = [
    "bak", "cfg", "conf", "cpp", "crt", "cs", "db", "dll", "exe", "go", "ini", "java", "jks", "kt",
    "lock", "log", "lua", "p12", "pem", "pfx", "php", "py", "rb", "rs", "sqlite", "sqlite3",
    "toml", "yaml", "yml",
];

/// How many words without any sign of a file may stand within its name: `Ada King Lovelace/orders`.
const MOST_WORDS: usize = 3;

/// Leaves out the words that name a file.
pub(super) fn without_files(text: &str) -> Cow<'_, str> {
    if !text.split(' ').any(names_file) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    let mut words = text.split(' ').peekable();
    while let Some(word) = words.next() {
        if names_file(word) {
            shown.push('…');
            let more = more_of(word, words.clone());
            words.by_ref().take(more).for_each(drop);
        } else {
            shown.push_str(word);
        }
        if words.peek().is_some() {
            shown.push(' ');
        }
    }
    Cow::Owned(shown)
}

/// How many of the words that follow belong to the same name, which may have blanks in it: as far as there is a
/// separator within one of the next words, or an ending.
fn more_of<'t>(name: &'t str, words: impl Iterator<Item = &'t str>) -> usize {
    let (mut belong, mut last) = (0, name);
    for (at, word) in words.enumerate() {
        let is_over = last.ends_with([',', ';', ':', ')', '…']) || word.starts_with(['/', '\\']);
        if is_over || word.contains("://") || at - belong >= MOST_WORDS {
            break;
        }
        if word.contains(['/', '\\']) || is_file(word) {
            belong = at + 1;
        }
        last = word;
    }
    belong
}

fn names_file(word: &str) -> bool {
    ROOTS.iter().any(|root| word.contains(root))
        || BEGINNINGS.iter().any(|begin| {
            word.match_indices(begin).any(|(at, _)| !word[..at].ends_with(goes_before_a_name))
        })
        || is_of_windows(word)
        || is_file(word)
}

/// What stands before a separator within a path.
fn goes_before_a_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '~' | '%' | '*' | ']' | '}')
}

/// `\\host\share`, `Shop\keys`, `D:/shop`.
fn is_of_windows(word: &str) -> bool {
    let bytes = word.as_bytes();
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'\\');
    let separates = |three: &[u8]| is_name(three[0]) && three[1] == b'\\' && is_name(three[2]);
    bytes.windows(3).any(separates)
        || bytes.starts_with(b"\\\\")
        || bytes.windows(3).enumerate().any(|(at, three)| {
            let is_drive = three[0].is_ascii_alphabetic() && &three[1..] == b":/";
            let is_alone = at == 0 || !bytes[at - 1].is_ascii_alphanumeric();
            is_drive && is_alone && bytes.get(at + 3) != Some(&b'/')
        })
}

/// Whether the word ends as a file does, or with a line of one: `src/orders.rs`, `orders.ts:42:7`.
fn is_file(word: &str) -> bool {
    let word = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
    let name = without_number(word);
    let has_line = name.len() < word.len();
    let name = without_number(name);
    let Some((stem, ending)) = name.rsplit_once('.') else { return false };
    if !stem.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '-') {
        return false;
    }
    let is_ending = ending.len() <= 5 && ending.starts_with(|c: char| c.is_ascii_alphabetic());
    has_line && is_ending || ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known))
}

/// Without the `:42` at its end.
fn without_number(word: &str) -> &str {
    let name = word.trim_end_matches(|c: char| c.is_ascii_digit());
    if name.len() < word.len() { name.strip_suffix(':').unwrap_or(word) } else { word }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_are_left_out() {
        for file in [
            r"C:\Users\Alan Turing\orders.db",
            r"C:\Program Files\Shop\keys.pem",
            r"C:\Program Files (x86)\Shop\keys",
            r"D:\My Secret Keys.pem",
            "D:/shop/keys",
            r"\\host\share",
            r"Shop\keys",
            r"{C:\\Users\\Ada}",
            "/Users/Ada Lovelace/orders",
            "/Users/Ada King Lovelace/orders",
            "/app/config",
            "(/data/orders)",
            "path=/run/secrets/key",
            "file:///app/x",
            "/mnt/x",
            "/media/x",
            "/Library/Keys/x",
            "./orders",
            "../orders",
            "~/orders",
            "src/orders.rs",
            "src/orders.rs:42",
            "src/orders.rs:42:7:",
            "orders.ts:42",
            "keys.pem",
        ] {
            let text = format!("cannot open {file}, for /orders/7");
            assert!(matches!(&*without_files(&text), "cannot open … for /orders/7"), "{text}");
            let text = format!("cannot open {file}");
            assert_eq!(without_files(&text), "cannot open …", "{text}");
        }
    }

    #[test]
    fn what_is_no_file_stays() {
        for text in [
            "no route for /orders/7, nor /v1/app/7 or https://shop.example/data/7",
            "text/html and/or application/json; charset=utf-8",
            "must be 2026/11/30, or 12.5:30, e.g. 10.0.0.1:80",
            r"only .pem files, \d digits",
            "one. Two: three",
            "std::fmt::Error at line 1 column 2",
            "",
        ] {
            assert_eq!(without_files(text), text);
        }
        let text = "cannot open /tmp/x for https://shop.example/x";
        assert_eq!(without_files(text), "cannot open … for https://shop.example/x");
    }
}
