//! The README keeps its word: its commands run, the paths it names exist.
//!
//! A fenced block that is preceded by `<!-- run -->` is run line by line and must succeed; after
//! `<!-- run until TEXT -->` its last line is started, waited for until it prints TEXT, and stopped. `cargo run --` is taken
//! for the binary that is already built, so that no test compiles. `./tests/run` is how these tests are run: it only has to
//! be there and executable.

use std::fs;
use std::path::{Path, PathBuf};

use customer360_tests::process::{Program, binary, free_port};

#[test]
fn its_commands_run() {
    let folder = tempfile::tempdir().unwrap();
    let blocks = blocks(&readme());
    assert!(!blocks.is_empty(), "the README has no block marked to be run");
    let mut known = 0;
    for block in &blocks {
        for (number, line) in block.lines.iter().enumerate() {
            let mut words = line.split_whitespace();
            let Some(first) = words.next() else { continue };
            known += 1;
            if first == "./tests/run" {
                assert!(is_executable(&root().join("tests/run")), "{line}: it cannot be executed");
                continue;
            }
            let arguments: Vec<&str> = match (first, words.clone().next()) {
                ("cargo", Some("run")) => words.skip_while(|word| *word != "--").skip(1).collect(),
                ("customer360", _) => words.collect(),
                _ => panic!("the README's command `{line}` is neither customer360 nor ./tests/run"),
            };
            // Its own port, so that tests beside this one and a server at work here are left alone.
            let port = free_port().to_string();
            let program = Program::new(arguments).folder(folder.path()).env("CUSTOMER360_PORT", &port);
            let last = number + 1 == block.lines.len();
            match &block.until {
                Some(text) if last => {
                    let mut process = program.start();
                    process.wait_for_line(text, |printed| printed.contains(text.as_str()));
                }
                _ => {
                    let finished = program.finish();
                    assert!(finished.status.success(), "`{line}` failed: {finished:#?}");
                }
            }
        }
    }
    assert!(known > 0, "the marked blocks are empty; the binary would have been {}", binary().display());
}

#[test]
fn the_paths_it_names_exist() {
    let readme = readme();
    let code = readme.split('`').skip(1).step_by(2);
    let links = readme.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let ours = ["api/", "entity/", "migration/", "tests/", ".ci/", ".config/"];
    for path in
        code.chain(links).filter(|text| ours.iter().any(|start| text.trim_start_matches("./").starts_with(start)))
    {
        // `api/src/silo/<silo>/store.rs` stands for many: what comes before the first of them must exist.
        let fixed = path.split(['<', '*', ' ', '#']).next().unwrap_or_default();
        let fixed =
            if fixed.len() < path.len() { fixed.rsplit_once('/').map_or("", |(folder, _)| folder) } else { fixed };
        assert!(root().join(fixed).exists(), "the README names {path}, and there is no {fixed}");
    }
}

struct Block {
    lines: Vec<String>,
    until: Option<String>,
}

/// The fenced blocks whose comment says that they are to be run.
fn blocks(readme: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = readme.lines();
    while let Some(line) = lines.next() {
        let Some(comment) = line.trim().strip_prefix("<!-- run").and_then(|rest| rest.strip_suffix("-->")) else {
            continue;
        };
        let until = comment.trim().strip_prefix("until ").map(|text| text.trim().to_owned());
        let fence = lines.next().unwrap_or_default();
        assert!(fence.starts_with("```"), "a block must follow `{line}`, not `{fence}`");
        let block = lines.by_ref().take_while(|line| !line.starts_with("```"));
        let block = block.map(|line| line.split(" #").next().unwrap_or_default().trim().to_owned());
        blocks.push(Block { lines: block.filter(|line| !line.is_empty()).collect(), until });
    }
    blocks
}

fn readme() -> String {
    fs::read_to_string(root().join("README.md")).expect("the README is there")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests lies in the workspace").to_path_buf()
}

fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|data| data.permissions().mode() & 0o111 != 0)
}
