//! The rules of the house, read off the source: who may import whom, who may speak to which library, how a file opens.
//!
//! A rule is a line in one of the tables below; a new module takes its place in [`FLOORS`]. What fails names the file, the
//! line and the rule. Long because the tables and their reader belong together. Only text is read here, so the rules hold for code that does not compile yet just as well.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// The house, from the roof down. Imports go downwards only: a module may use those on lower floors, not its neighbours.
const FLOORS: &[&[&str]] = &[
    &["main"],
    &["command"],
    &["demo"],
    &["app"],
    &["http", "works"],
    &["schema", "ingest"],
    &["export"],
    &["customer", "segment", "followup", "privacy", "live"],
    &["silo", "metric"],
    &["silo/*"],
    &["catalogue", "auth"],
    &["identity"],
    &["access"],
    &["graph"],
    &["database"],
    &["config", "meter"],
    &["error"],
];

/// What may appear only in some files, and why.
const RESERVED: &[Reserved] = &[
    Reserved {
        words: &["async_graphql"],
        only_in: &[
            "app",
            "customer",
            "catalogue",
            "types",
            "query",
            "mutation",
            "schema",
            "graph",
            "error",
            "access/directive",
            "access/fault",
            "access/object",
            "access/page",
            "access/scope",
        ],
        why: "only types, query and mutation files, the folders of customer and catalogue, schema, app, graph, error and what access makes types with know async-graphql",
    },
    Reserved {
        words: &["axum"],
        only_in: &["http", "auth", "ingest", "app"],
        why: "only http, auth, ingest and app know axum",
    },
    Reserved {
        words: &["EntityTrait", "QueryFilter", "QuerySelect", "QueryOrder", "Statement", "QueryBuilder", "sea_query"],
        only_in: &["store", "metric", "database", "access"],
        why: "only store and metric files build queries; database writes batches, access starts the selects",
    },
];

/// Where SQL text may stand: stores and metrics build it, database writes batches, access starts the selects, and the batch
/// puts several into one statement.
const SQL_IN: &[&str] = &["store", "metric", "database", "access", "graph/batch"];

/// A file longer than this says in its `//!` why it is ("Long because …").
const LONG: usize = 400;

/// Words of a library, and the names of files or folders that may use them.
struct Reserved {
    words: &'static [&'static str],
    only_in: &'static [&'static str],
    why: &'static str,
}

#[test]
fn imports_go_downwards_only() {
    let mut broken = BTreeSet::new();
    for file in sources("api/src") {
        let Some(from) = file.module() else { continue };
        let Some(from_floor) = floor(&from) else {
            broken.insert(format!("{}: `{from}` has no place in the table of floors", file.name));
            continue;
        };
        for (line, target) in file.imports() {
            if target == from {
                continue;
            }
            let allowed = floor(&target).is_some_and(|to_floor| from_floor < to_floor);
            if !allowed {
                broken.insert(format!(
                    "{}:{line}: `{from}` must not import `{target}`: imports go downwards only",
                    file.name
                ));
            }
        }
    }
    report(broken);
}

#[test]
fn libraries_stay_where_they_belong() {
    let mut broken = BTreeSet::new();
    for file in sources("api/src") {
        let code = code_only(&file.text);
        for rule in RESERVED {
            if rule.only_in.iter().any(|name| file.lies_in(name)) {
                continue;
            }
            for (number, line) in code.lines().enumerate() {
                if let Some(word) = rule.words.iter().find(|word| has_word(line, word)) {
                    broken.insert(format!("{}:{}: `{word}`: {}", file.name, number + 1, rule.why));
                }
            }
        }
    }
    report(broken);
}

#[test]
fn sql_stands_in_stores() {
    let mut broken = BTreeSet::new();
    for file in sources("api/src").into_iter().filter(|file| !SQL_IN.iter().any(|name| file.lies_in(name))) {
        for (number, line) in file.text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
            let sql = ["\"SELECT ", "\"WITH ", "\"INSERT INTO ", "\"UPDATE ", "\"DELETE FROM ", " FROM \""];
            if sql.iter().any(|word| line.contains(word)) {
                broken.insert(format!("{}:{}: only store and metric files build queries", file.name, number + 1));
            }
        }
    }
    report(broken);
}

/// Files that read rows without a permit, and why they may.
const WITHOUT_PERMIT: &[(&str, &str)] = &[
    ("access/extract", "the pages of exports, which begin with a permit's select"),
    ("access/door", "what was answered to an idempotency key of the viewer's own"),
    ("catalogue/store", "who is behind a token, before there is a viewer; and which sources there are, for commands"),
    ("customer/store", "a note as it was written, after its row was read under a permit"),
    ("ingest/waiting", "kept records that are placed again"),
    ("ingest/store/refused", "what of these there is to try again"),
    ("ingest/store/waiting", "records that waited for others, to be placed again, and keys that were not seen"),
    ("ingest/store/watch", "whether a source is paused, for its doors"),
    ("ingest/store/delivery", "which deliveries of webhooks were taken before"),
    ("ingest/store/bulk", "whether a bulk import took indexes away"),
    ("ingest/store/shadow", "kept records that a rebuild reads, and whose they are"),
    ("ingest/rebuild", "what kept records say, to compute the graph from it"),
    ("ingest/store/progress", "how far a file of an import that did not end is written"),
    ("graph/batch", "the selects that permits made"),
];

#[test]
fn rows_are_read_through_a_permit() {
    let mut broken = BTreeSet::new();
    let mut reading = BTreeSet::new();
    for file in sources("api/src").into_iter().filter(|file| !file.lies_in("database")) {
        for (number, line) in code_only(&file.text).lines().enumerate() {
            if !["database.rows", "database().rows", "database.texts", "database().texts"]
                .iter()
                .any(|way| line.contains(way))
            {
                continue;
            }
            reading.insert(file.path().to_owned());
            if !WITHOUT_PERMIT.iter().any(|(name, _)| file.lies_in(name)) {
                broken.insert(format!(
                    "{}:{}: rows are read through a permit: start from `Permit::select`",
                    file.name,
                    number + 1
                ));
            }
        }
    }
    for (name, why) in WITHOUT_PERMIT {
        if !reading.contains(*name) {
            broken.insert(format!("{name} is listed to read rows ({why}) and does not"));
        }
    }
    report(broken);
}

#[test]
fn every_file_says_what_it_is_and_stays_short() {
    let mut broken = BTreeSet::new();
    for file in ["api/src", "entity/src", "migration/src", "tests"].into_iter().flat_map(sources) {
        if !file.text.starts_with("//!") {
            broken.insert(format!("{}: a file opens with `//!`: what it is and what must not be here", file.name));
        }
        let lines = file.text.lines().count();
        let head = file.text.lines().take_while(|line| line.starts_with("//!"));
        if lines > LONG && !head.into_iter().any(|line| line.contains("Long because")) {
            broken.insert(format!("{}: {lines} lines, over {LONG}: split it, or say `//! Long because …`", file.name));
        }
        for (number, line) in file.text.lines().enumerate() {
            // Put together here, so that this file does not find itself.
            if line.contains(concat!("TO", "DO")) || line.contains(concat!("FIX", "ME")) {
                broken.insert(format!("{}:{}: what is to be done stands in an issue", file.name, number + 1));
            }
        }
    }
    report(broken);
}

#[test]
fn silo_folders_have_the_same_file_names() {
    let known = [
        "mod.rs",
        "record.rs",
        "store.rs",
        "types.rs",
        "query.rs",
        "mutation.rs",
        "preset",
        "metric",
        "record",
        "store",
        "types",
    ];
    let mut broken = BTreeSet::new();
    for silo in fs::read_dir(root().join("api/src/silo")).into_iter().flatten().flatten() {
        for entry in fs::read_dir(silo.path()).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if !known.contains(&name.as_str()) {
                broken.insert(format!("{}: silo folders hold {}", entry.path().display(), known.join(", ")));
            }
        }
    }
    report(broken);
}

struct Source {
    /// Its path from the root, as one would type it.
    name: String,
    text: String,
}

impl Source {
    /// Its path below `api/src` without the ending: `silo/support/store`.
    fn path(&self) -> &str {
        self.name.trim_start_matches("api/src/").trim_end_matches(".rs").trim_end_matches("/mod")
    }

    /// The module it belongs to; `lib.rs` only lists the others.
    fn module(&self) -> Option<String> {
        let parts: Vec<&str> = self.path().split('/').collect();
        (parts != ["lib"]).then(|| module_of(&parts))
    }

    /// Whether one of the folders above it, or the file itself, has this name; with a slash in it, this path.
    fn lies_in(&self, name: &str) -> bool {
        if name.contains('/') {
            return self.path() == name;
        }
        self.path().split('/').any(|part| part == name)
    }

    /// The modules it names by `crate::`, `customer360::` or `super::`, with the line.
    fn imports(&self) -> Vec<(usize, String)> {
        let code = code_only(&self.text);
        let mut found = Vec::new();
        for start in ["crate::", "customer360::"] {
            for (at, _) in code.match_indices(start).filter(|(at, _)| is_start(&code, *at)) {
                for path in expand(&code[at + start.len()..]) {
                    found.push((line_of(&code, at), module_of(&path.iter().map(String::as_str).collect::<Vec<_>>())));
                }
            }
        }
        for (at, _) in code.match_indices("super::").filter(|(at, _)| is_start(&code, *at)) {
            let ups = code[at..].split("::").take_while(|part| *part == "super").count();
            let mut parts: Vec<&str> = self.path().split('/').collect();
            parts.truncate(parts.len().saturating_sub(ups));
            for path in expand(&code[at + ups * "super::".len()..]) {
                let whole: Vec<&str> = parts.iter().copied().chain(path.iter().map(String::as_str)).collect();
                // In a module within the file, `super` is the file itself: what that yields is no module of ours.
                if floor(&module_of(&whole)).is_some() {
                    found.push((line_of(&code, at), module_of(&whole)));
                }
            }
        }
        found.retain(|(_, module)| !module.is_empty());
        found
    }
}

/// The module that a path leads to: its first part, and below `silo` the silo.
fn module_of(parts: &[&str]) -> String {
    match parts {
        ["silo", one, ..] if root().join("api/src/silo").join(one).is_dir() => format!("silo/{one}"),
        // An exported macro stands at the root of the crate, but it belongs to the module that wrote it.
        [first, ..] if MACROS.contains_key(first.trim_end_matches('!')) => MACROS[first.trim_end_matches('!')].clone(),
        // A type at the root of the crate belongs to no floor.
        [first, ..] if first.starts_with(char::is_lowercase) && !first.ends_with('!') => (*first).to_owned(),
        _ => String::new(),
    }
}

/// The exported macros and the modules that define them.
static MACROS: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    let mut macros = BTreeMap::new();
    for file in sources("api/src") {
        for text in file.text.split("#[macro_export]").skip(1) {
            let name = text.split("macro_rules! ").nth(1).and_then(|rest| rest.split([' ', '{']).next());
            let first = file.path().split('/').next().unwrap_or_default();
            macros.extend(name.map(|name| (name.to_owned(), first.to_owned())));
        }
    }
    macros
});

fn floor(module: &str) -> Option<usize> {
    let name = if module.starts_with("silo/") { "silo/*" } else { module };
    FLOORS.iter().position(|floor| floor.contains(&name))
}

/// The paths at the beginning of the text, the first two parts of each: `a::{b::C, d}` gives `a b` and `a d`.
fn expand(text: &str) -> Vec<Vec<String>> {
    let text = text.trim_start();
    if let Some(group) = text.strip_prefix('{') {
        let mut depth = 0_usize;
        let mut start = 0;
        let mut paths = Vec::new();
        for (at, c) in group.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth > 0 => depth -= 1,
                ',' | '}' if depth == 0 => {
                    paths.extend(expand(&group[start..at]));
                    start = at + 1;
                    if c == '}' {
                        break;
                    }
                }
                _ => {}
            }
        }
        return paths;
    }
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '!')).unwrap_or(text.len());
    let (first, rest) = text.split_at(end);
    if first.is_empty() {
        return Vec::new();
    }
    let below = rest.strip_prefix("::").map(expand).unwrap_or_default();
    if below.is_empty() {
        return vec![vec![first.to_owned()]];
    }
    below.into_iter().map(|path| [first.to_owned()].into_iter().chain(path).take(2).collect()).collect()
}

/// The text with comments and the contents of strings blanked out, line by line as before. Unit tests at the end of a file
/// may reach for anything.
fn code_only(text: &str) -> String {
    let text = text.split("\n#[cfg(test)]\nmod ").next().unwrap_or(text);
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = match c {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            'r' if is_raw_string(rest) && !ends_in_word(&code) => raw_string_length(rest),
            '"' => string_length(rest),
            '\'' if rest.starts_with("'\"'") => 3,
            '\'' if rest.starts_with("'\\") => rest[2..].find('\'').filter(|end| *end > 0).map_or(4, |end| end + 3),
            _ => 0,
        };
        if length == 0 {
            code.push(c);
            rest = &rest[c.len_utf8()..];
        } else {
            code.extend(rest[..length].chars().map(|c| if c == '\n' { c } else { ' ' }));
            rest = &rest[length..];
        }
    }
    code
}

fn is_raw_string(text: &str) -> bool {
    text[1..].trim_start_matches('#').starts_with('"')
}

fn raw_string_length(text: &str) -> usize {
    let hashes = text[1..].len() - text[1..].trim_start_matches('#').len();
    let end = format!("\"{}", "#".repeat(hashes));
    text[hashes + 2..].find(&end).map_or(text.len(), |at| at + hashes + 2 + end.len())
}

fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn ends_in_word(code: &str) -> bool {
    code.ends_with(|c: char| c.is_alphanumeric() || c == '_')
}

/// Whether a path starts here, rather than going on from `foo::` or `$`.
fn is_start(code: &str, at: usize) -> bool {
    !code[..at].ends_with(|c: char| c.is_alphanumeric() || "_:$".contains(c))
}

fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let after = line[at + word.len()..].chars().next();
        !ends_in_word(&line[..at]) && !after.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}

fn line_of(code: &str, at: usize) -> usize {
    code[..at].matches('\n').count() + 1
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests lies in the workspace")
}

fn sources(folder: &str) -> Vec<Source> {
    let mut files = Vec::new();
    collect(&root().join(folder), &mut files);
    files.sort();
    assert!(!files.is_empty(), "{folder} has no source files");
    let read = |path: PathBuf| {
        let name = path.strip_prefix(root()).expect("it was found below the root").display().to_string();
        Source { name, text: fs::read_to_string(&path).expect("a source file is text") }
    };
    files.into_iter().map(read).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let skipped = ["node_modules", "target"].iter().any(|name| path.ends_with(name));
        if path.is_dir() && !skipped {
            collect(&path, files);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
}

fn report(broken: BTreeSet<String>) {
    let list: Vec<String> = broken.into_iter().collect();
    assert!(list.is_empty(), "{} broken:\n{}", list.len(), list.join("\n"));
}

/// The reader itself is tried on a text, lest a rule hold because nothing is seen.
#[test]
fn the_reader_sees_what_it_must() {
    let text = "//! crate::no\nuse crate::{error::Error, silo::{Silo}, graph};\nlet s = \"crate::no\"; // crate::no\n\
                fn f() { crate::access::x(); super::Row }\nlet c = '\"'; use crate::config;\nlet r = r#\"crate::no\"#;";
    let source = Source { name: "api/src/customer/store.rs".into(), text: text.into() };
    let seen: Vec<(usize, String)> = source.imports();
    let named: Vec<(usize, &str)> = seen.iter().map(|(line, module)| (*line, module.as_str())).collect();
    assert_eq!(named, [(2, "error"), (2, "silo"), (2, "graph"), (4, "access"), (5, "config"), (4, "customer")]);
}
