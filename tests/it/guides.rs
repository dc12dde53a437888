//! The guides keep their word: their commands run as printed, each guide in a folder of its own, from its first block to its last.
//!
//! * `<!-- run -->`: a block of commands. Whoever starts the server there (`&`) has it answering before the next block.
//! * `<!-- file PATH -->`: the block is written to that file.
//! * `<!-- ask ROLE -->`: the query is sent to the server in that role, and answered without an error.
//! * `<!-- prints -->`: each line of the block was printed by the block before; `…` stands for anything.
//! * `<!-- run by tests/clients -->`, `<!-- not run: REASON -->`: it is run elsewhere, or cannot be.
//!
//! Every block of commands or GraphQL has one of these. What a guide takes for granted (a tap, records, a declared source) is
//! `tests/data/guides/<guide>.sh`, which is run before its first block.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;

use customer360_tests::process::free_port;

use super::printed::{assert_printed, blocks, part, read, root, run};

/// A folder that a guide names, and no test may write to.
const TAPS: &str = "/var/lib/taps";

/// A test for each guide.
macro_rules! guides {
    ($($test:ident: $name:literal,)*) => {
        const GUIDES: &[&str] = &[$($name),*];
        $(#[test] fn $test() { follow($name); })*
    };
}

guides! {
    data_out: "data-out",
    doors: "doors",
    files_and_taps: "files-and-taps",
    hooks: "hooks",
    mappings: "mappings",
    operations: "operations",
    products: "products",
}

#[test]
fn each_guide_is_followed() {
    let files = fs::read_dir(root().join("api/guide")).expect("the guides lie there");
    let names = files.filter_map(|file| file.ok()?.file_name().to_str()?.strip_suffix(".md").map(str::to_owned));
    assert_eq!(names.collect::<BTreeSet<_>>(), GUIDES.iter().map(|&name| name.to_owned()).collect());
}

/// What a query of a guide is asked with.
const HELPERS: &str = r#"
token() { customer360 token --role "$1"; }
ask() {
    local answer
    answer=$(curl -s "http://$CUSTOMER360_HTTP__LISTEN/graphql" -H 'Content-Type: application/json' \
        -H "Authorization: Bearer $(token "$1")" -d @-)
    printf '%s\n' "$answer"
    case $answer in *'"errors"'*) return 1 ;; '{"data":'*) ;; *) return 1 ;; esac
}
"#;

fn follow(guide: &str) {
    let folder = tempfile::tempdir().expect("a folder of its own");
    let temporary = tempfile::tempdir().expect("a folder for what is temporary");
    let page = read(&format!("api/guide/{guide}.md"));
    let blocks = blocks(&page);
    let address = format!("127.0.0.1:{}", free_port());
    let before = fs::read_to_string(root().join(format!("tests/data/guides/{guide}.sh"))).unwrap_or_default();
    let mut script = format!("PROJECT='{}'\n{HELPERS}", root().display());
    let taps = folder.path().join("taps").display().to_string();
    script.push_str(&part(&before.replace(TAPS, &taps), &address));
    // What is to be printed by which part; the first is what was done before.
    let (mut parts, mut expected) = (0, Vec::new());
    for block in &blocks {
        let code = block.code.replace(TAPS, &taps);
        match block.mark.split_once(' ').unwrap_or((block.mark, "")) {
            ("run", "") => script.push_str(&part(&code, &address)),
            ("file", path) => {
                let _ = write!(script, "mkdir -p \"$(dirname '{path}')\"\ncat > '{path}' <<'END-OF-FILE'\n");
                let _ = write!(script, "{code}END-OF-FILE\nnext\n");
            }
            ("ask", role) => {
                let body = serde_json::json!({ "query": code, "variables": {} });
                let _ = write!(script, "ask {role} <<'END-OF-QUERY'\n{body}\nEND-OF-QUERY\nnext\n");
            }
            ("prints", "") => {
                expected.push((parts, code));
                continue;
            }
            ("run", "by tests/clients") => continue,
            ("not", reason) if reason.starts_with("run: ") => continue,
            _ => {
                let must = ["sh", "graphql"].contains(&block.language);
                assert!(!must, "{guide}.md does not say whether this is run:\n{}", block.code);
                continue;
            }
        }
        parts += 1;
    }
    let printed = run(&script, folder.path(), temporary.path(), &address);
    for (part, text) in expected {
        assert_printed(&printed[part], &text);
    }
}
