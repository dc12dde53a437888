//! The README keeps its word: its commands run, the paths it names exist, its lists are complete.
//!
//! * `<!-- run until TEXT -->`: the command of the block after it is started, waited for until it prints TEXT, and stopped.
//! * `<!-- run -->`: the blocks after these are one tour, run as one shell script in their order, from the project's folder.
//!   Whoever starts the server there (`&`) has it answering before the next block.
//! * `<!-- prints -->`: each line of the block after it was printed by the block before; `…` stands for anything.
//!
//! `cargo run --` and `customer360` are the binary that is already built, so that no test compiles. `./tests/run` is how these
//! tests are run: it only has to be there and executable. The parts that a test writes are in `first_screen`.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use customer360_tests::process::{Program, binary, free_port};
use customer360_tests::{Db, TestDatabase};

/// The address and the database that the README names; a test puts its own in their place.
const ADDRESS: &str = "127.0.0.1:3600";
const POSTGRES: &str = "postgres://customer360@localhost/customer360";

#[test]
fn what_it_starts_with_answers() {
    let folder = tempfile::tempdir().unwrap();
    let readme = readme();
    let started: Vec<Block> =
        blocks(&readme).into_iter().filter(|block| block.mark.starts_with("run until ")).collect();
    assert!(!started.is_empty(), "the README has no block marked `run until`");
    for block in started {
        let text = block.mark.trim_start_matches("run until ");
        let line = block.code.trim();
        let Some(arguments) = line.strip_prefix("cargo run -- ") else { panic!("`{line}` is not `cargo run -- …`") };
        // Its own port, so that tests beside this one and a server at work here are left alone.
        let address = format!("127.0.0.1:{}", free_port());
        let program = Program::new(arguments.split_whitespace()).folder(folder.path());
        let mut process = program.env("CUSTOMER360_HTTP__LISTEN", &address).start();
        process.wait_for_line(text, |printed| printed.contains(text));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_tour_can_be_taken() {
    let database = TestDatabase::create(Db::Postgres).await;
    let folder = tempfile::tempdir().unwrap();
    let readme = readme();
    let tour: Vec<Block> =
        blocks(&readme).into_iter().filter(|block| ["run", "prints"].contains(&block.mark)).collect();
    let address = format!("127.0.0.1:{}", free_port());

    let mut script = String::from(PREAMBLE);
    for block in tour.iter().filter(|block| block.mark == "run") {
        if block.code.trim() == "./tests/run" {
            assert!(is_executable(&root().join("tests/run")), "tests/run cannot be executed");
            script.push_str("next\n");
            continue;
        }
        let code = block.code.replace(ADDRESS, &address).replace(POSTGRES, database.url());
        script.push_str(&code);
        if code.lines().any(|line| line.trim_end().ends_with('&')) {
            let _ = writeln!(script, "answering http://{address}/healthz");
        }
        script.push_str("next\n");
    }
    let programs = binary().parent().expect("a program lies in a folder").display().to_string();
    let path = std::env::var("PATH").unwrap_or_default();
    let output = Command::new("bash")
        .args(["-c", &script])
        .current_dir(root())
        .env("PATH", format!("{programs}:{path}"))
        .env("TMPDIR", folder.path())
        .env("CUSTOMER360_HTTP__LISTEN", &address)
        .env_remove("DATABASE_URL")
        .stdin(Stdio::null())
        .output()
        .expect("bash can be started");
    let output_text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "the tour broke off; it printed:\n{output_text}");

    let mut printed = output_text.split('\u{1e}');
    let mut last = "";
    for block in &tour {
        if block.mark == "run" {
            last = printed.next().unwrap_or_default();
            continue;
        }
        for line in block.code.lines().filter(|line| !line.trim().is_empty()) {
            assert!(last.lines().any(|printed| fits(printed, line)), "`{line}` was not printed, but:\n{last}");
        }
    }
}

/// One stream for all that is printed, and no server left behind. `cargo run --` is the binary.
const PREAMBLE: &str = r#"set -euo pipefail
exec 2>&1
trap 'kill $(jobs -p) 2>/dev/null || true' EXIT
cargo() { while [ "$1" != -- ]; do shift; done; shift; customer360 "$@"; }
next() { printf '\036'; }
answering() { for _ in $(seq 100); do curl -fs -o /dev/null "$1" && return 0; sleep 0.1; done; return 1; }
"#;

/// Whether a printed line is the README's; `…` there stands for anything.
fn fits(printed: &str, line: &str) -> bool {
    let mut rest = printed;
    line.trim().split('…').all(|piece| match rest.find(piece.trim()) {
        Some(at) => {
            rest = &rest[at + piece.trim().len()..];
            true
        }
        None => false,
    })
}

#[test]
fn the_paths_it_names_exist() {
    let readme = readme();
    let ours = ["api/", "entity/", "migration/", "tests/", ".ci/", ".config/"];
    let links = readme.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    for path in inline_code(&readme)
        .into_iter()
        .chain(links)
        .filter(|text| ours.iter().any(|start| text.trim_start_matches("./").starts_with(start)))
    {
        // `api/src/silo/<silo>/store.rs` stands for many: what comes before the first of them must exist.
        let fixed = path.split(['<', '*', ' ', '#']).next().unwrap_or_default();
        let fixed =
            if fixed.len() < path.len() { fixed.rsplit_once('/').map_or("", |(folder, _)| folder) } else { fixed };
        assert!(root().join(fixed).exists(), "the README names {path}, and there is no {fixed}");
    }
}

#[test]
fn its_lists_are_complete() {
    let readme = readme();
    let code = inline_code(&readme);
    let error = read("api/src/error.rs");
    let codes = error.split("=> \"").skip(1).filter_map(|rest| rest.split('"').next());
    for word in codes.filter(|code| code.chars().all(|c| c.is_ascii_uppercase() || c == '_')) {
        assert!(code.contains(&word), "the README does not name the error code {word}");
    }
    let help = Program::new(["--help"]).finish().stdout;
    for line in help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty()) {
        let name = line.split_whitespace().next().unwrap_or_default();
        assert!(name == "help" || readme.contains(name), "the README does not name the command {name}");
    }
    for named in code.iter().filter_map(|text| text.strip_prefix("customer360 ")) {
        let name = named.split_whitespace().next().unwrap_or_default();
        assert!(help.contains(&format!("  {name} ")), "the README names `{named}`, which is no command");
    }
}

/// A fenced block with the comment right before it.
struct Block<'a> {
    mark: &'a str,
    code: String,
}

fn blocks(readme: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut lines = readme.lines();
    while let Some(line) = lines.next() {
        let comment = line.trim().strip_prefix("<!-- ").and_then(|rest| rest.strip_suffix(" -->"));
        let Some(mark) = comment.filter(|mark| mark.starts_with("run") || *mark == "prints") else { continue };
        let fence = lines.next().unwrap_or_default();
        assert!(fence.starts_with("```"), "a block must follow `{line}`, not `{fence}`");
        let code = lines.by_ref().take_while(|line| *line != "```").flat_map(|line| [line, "\n"]).collect();
        blocks.push(Block { mark, code });
    }
    blocks
}

/// What stands between single backticks, outside of fenced blocks.
fn inline_code(readme: &str) -> Vec<&str> {
    let outside = readme.split("```").step_by(2);
    outside.flat_map(|text| text.split('`').skip(1).step_by(2)).collect()
}

fn readme() -> String {
    read("README.md")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path} cannot be read: {error}"))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests lies in the workspace").to_path_buf()
}

fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|data| data.permissions().mode() & 0o111 != 0)
}
