//! Pages that print commands, and their commands run as they stand: what the tests of the README and of the guides share.
//!
//! A comment right before a fenced block says what it is (`<!-- run -->`); the words are told where they are used. Blocks are
//! put into one shell script in their order, so that what one sets the next one has. `cargo run --` and `customer360` are the
//! binary that is already built, so that no test compiles.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use customer360_tests::process::binary;

/// The address and the database that pages name; a test puts its own in their place.
pub const ADDRESS: &str = "127.0.0.1:3600";
pub const POSTGRES: &str = "postgres://customer360@localhost/customer360";

/// One stream for all that is printed, and no server left behind. `next` ends what a block printed.
const PREAMBLE: &str = r#"set -euo pipefail
exec 2>&1
trap 'kill $(jobs -p) 2>/dev/null || true' EXIT
cargo() { while [ "$1" != -- ]; do shift; done; shift; customer360 "$@"; }
next() { printf '\036'; }
answering() { for _ in $(seq 100); do curl -fs -o /dev/null "$1" && return 0; sleep 0.1; done; return 1; }
"#;

/// A fenced block with the comment right before it, empty if there is none.
pub struct Block<'a> {
    pub mark: &'a str,
    /// What the fence says that it is: `sh`, `toml`.
    pub language: &'a str,
    pub code: String,
}

/// The fenced blocks of a page in their order. One within a list stands as far to the left as its fence.
pub fn blocks(page: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut mark = "";
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let Some(language) = line.trim_start().strip_prefix("```") else {
            let ours = ["run", "prints", "file ", "ask "].iter().any(|word| mark.starts_with(word));
            assert!(!ours, "a block must follow `<!-- {mark} -->`, not `{line}`");
            let comment = line.trim().strip_prefix("<!-- ").and_then(|rest| rest.strip_suffix(" -->"));
            mark = comment.unwrap_or_default();
            continue;
        };
        let indent = line.len() - line.trim_start().len();
        let inside = lines.by_ref().take_while(|line| line.trim() != "```");
        let code = inside.flat_map(|line| [line.get(indent..).unwrap_or_default(), "\n"]).collect();
        blocks.push(Block { mark, language, code });
        mark = "";
    }
    blocks
}

/// Whether a printed line is the page's; `…` there stands for anything.
pub fn fits(printed: &str, line: &str) -> bool {
    let mut rest = printed;
    line.trim().split('…').all(|piece| match rest.find(piece.trim()) {
        Some(at) => {
            rest = &rest[at + piece.trim().len()..];
            true
        }
        None => false,
    })
}

/// The part of a script that a block is: with the test's address, and waiting for a server that it starts (`&`).
pub fn part(code: &str, address: &str) -> String {
    let mut part = code.replace(ADDRESS, address);
    if code.lines().any(|line| line.trim_end().ends_with('&')) {
        part.push_str("answering http://");
        part.push_str(address);
        part.push_str("/healthz\n");
    }
    part + "next\n"
}

/// Runs a script of parts in a folder; what each of them printed.
pub fn run(script: &str, folder: &Path, temporary: &Path, address: &str) -> Vec<String> {
    let programs = binary().parent().expect("a program lies in a folder").display().to_string();
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new("bash");
    for (key, _) in std::env::vars_os() {
        if key.to_str().is_some_and(|key| key.starts_with("CUSTOMER360_") || key.starts_with("DATABASE_")) {
            command.env_remove(key);
        }
    }
    let output = command
        .args(["-c", &format!("{PREAMBLE}{script}")])
        .current_dir(folder)
        .env("PATH", format!("{programs}:{path}"))
        .env("TMPDIR", temporary)
        .env("CUSTOMER360_HTTP__LISTEN", address)
        .stdin(Stdio::null())
        .output()
        .expect("bash can be started");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "it broke off; it printed:\n{text}");
    text.split('\u{1e}').map(str::to_owned).collect()
}

/// Every line of a `<!-- prints -->` was printed.
pub fn assert_printed(printed: &str, expected: &str) {
    for line in expected.lines().filter(|line| !line.trim().is_empty()) {
        assert!(printed.lines().any(|printed| fits(printed, line)), "`{line}` was not printed, but:\n{printed}");
    }
}

/// The project's folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests lies in the workspace").to_path_buf()
}

/// The text of one of the project's files.
pub fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path} cannot be read: {error}"))
}

#[test]
fn a_block_has_the_comment_right_before_it() {
    let page = "<!-- run -->\n```sh\none\n```\ntext\n\n<!-- file a.toml -->\n   ```toml\n   two\n     three\n   ```\n<!-- words -->\n\n```\nfour\n```\n";
    let found: Vec<_> = blocks(page).into_iter().map(|block| (block.mark, block.language, block.code)).collect();
    let expected = [("run", "sh", "one\n"), ("file a.toml", "toml", "two\n  three\n"), ("", "", "four\n")];
    assert_eq!(found, expected.map(|(mark, language, code)| (mark, language, code.to_owned())));
}
