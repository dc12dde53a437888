//! The README keeps its word: its commands run, the paths it names exist, its lists are complete.
//!
//! * `<!-- run until TEXT -->`: the command of the block after it is started, waited for until it prints TEXT, and stopped.
//! * `<!-- run -->`: the blocks after these are one tour, run as one shell script in their order, from the project's folder.
//!   Whoever starts the server there (`&`) has it answering before the next block.
//! * `<!-- prints -->`: each line of the block after it was printed by the block before; `…` stands for anything.
//!
//! How blocks are run is in `printed`. `./tests/run` is how these tests are run: it only has to be there and executable. The
//! parts that a test writes are in `first_screen`.

use std::fs;
use std::path::Path;

use customer360_tests::process::{Program, free_port};
use customer360_tests::{Db, TestDatabase};

use super::printed::{Block, POSTGRES, assert_printed, blocks, part, read, root, run};

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

    let mut script = String::new();
    for block in tour.iter().filter(|block| block.mark == "run") {
        if block.code.trim() == "./tests/run" {
            assert!(is_executable(&root().join("tests/run")), "tests/run cannot be executed");
            script.push_str("next\n");
        } else {
            script.push_str(&part(&block.code.replace(POSTGRES, database.url()), &address));
        }
    }
    let printed = run(&script, &root(), folder.path(), &address);
    let mut printed = printed.iter();
    let mut last = "";
    for block in &tour {
        if block.mark == "run" {
            last = printed.next().map_or("", String::as_str);
        } else {
            assert_printed(last, &block.code);
        }
    }
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

/// What stands between single backticks, outside of fenced blocks.
fn inline_code(readme: &str) -> Vec<&str> {
    let outside = readme.split("```").step_by(2);
    outside.flat_map(|text| text.split('`').skip(1).step_by(2)).collect()
}

fn readme() -> String {
    read("README.md")
}

fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|data| data.permissions().mode() & 0o111 != 0)
}
