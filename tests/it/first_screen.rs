//! The parts of the README that a test writes: the first screen, the roles, the presets.
//!
//! Each stands between two comments and is compared with what the code says now; `UPDATE_README=1 cargo nextest run
//! -p customer360-tests first_screen` writes it anew. The first screen is the demo's scripted customer, taken in through
//! the real intake at a fixed moment and asked for as two roles. What a person writes is not here: that is the README.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use api::access::{Class, Policy, SiloKey};
use api::app::open_intake_of;
use api::config::Config;
use api::demo::Demo;
use api::ingest::mapping::Mapping;
use api::ingest::preset;
use api::ingest::source::Sources;
use chrono::{TimeZone, Utc};
use customer360_tests::{Db, Role, TestApp};
use serde_json::{Value, json};

/// The risk query of the demo, as much of it as fits a screen.
const QUESTION: &str = r#"{
  customer(by: { customerNumber: "K-1001" }) {
    name
    email
    phone
    owner { name }
    sales {
      contracts(first: 1) { nodes { number endsOn } }
      notes(first: 2) { nodes { promise { text dueAt } } }
    }
    surveys { responses(first: 1) { nodes { score comment } } }
    analytics { events(first: 3) { nodes { name } } }
    support {
      tickets(filter: { open: true }, first: 1) {
        nodes { kind subject messages(first: 1) { nodes { text internal } } }
      }
    }
  }
}"#;

/// How wide an answer may be, so that two fit side by side; longer texts are cut.
const WIDTH: usize = 68;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_screen_shows_what_the_demo_answers() {
    let app = TestApp::new(Db::Sqlite).await;
    let config = Config::load_from(None, [("DATABASE_URL".to_owned(), app.database().url().to_owned())]).unwrap();
    let now = Utc.with_ymd_and_hms(2026, 11, 23, 9, 0, 0).single().expect("a Monday morning");
    let demo = Demo::new(1, 1, now);
    let sources = Sources::of(demo.sources().unwrap());
    let intake = open_intake_of(&config, app.app().database().clone(), sources).unwrap();
    for envelopes in [demo.catalogue().collect(), demo.people(0..1)] {
        assert_eq!(intake.flush(envelopes).await.unwrap().rejected, []);
    }
    let mut answers = Vec::new();
    for role in [Role::Service, Role::Marketing] {
        let answer = app.query_as(role, QUESTION, json!({})).await;
        answers.push(show(&json!({ "customer": answer.data()["customer"] }), 0, 0));
    }
    let text = format!(
        "```graphql\n{QUESTION}\n```\n\n<table>\n<tr><th>as service</th><th>as marketing</th></tr>\n<tr>\n\
         <td valign=\"top\">\n\n```json\n{}\n```\n\n</td>\n<td valign=\"top\">\n\n```json\n{}\n```\n\n</td>\n</tr>\n</table>\n",
        answers[0], answers[1]
    );
    written("first screen", &text);
}

#[test]
fn the_roles_are_those_of_the_policy() {
    let policy = Policy::built_in().unwrap();
    let classes: Vec<Class> = Class::ALL.iter().copied().filter(|class| *class != Class::Open).collect();
    let mut text = String::from("| role | reads |");
    let mut below = String::new();
    for class in &classes {
        let _ = write!(text, " {class} |");
    }
    let _ = write!(text, "\n|---|---|{}\n", "---|".repeat(classes.len()));
    for (role, _) in policy.roles() {
        let rights = policy.rights([role]).unwrap();
        let read: Vec<&str> =
            SiloKey::ALL.iter().filter(|silo| rights.of(**silo).rows.is_some()).map(|silo| silo.name()).collect();
        let reads = if read.len() == SiloKey::ALL.len() { "everything".to_owned() } else { read.join(", ") };
        let _ = write!(text, "| `{role}` | {reads} |");
        // One column a class: only the silo `intake`, which holds no customers, may differ, and that is said below.
        let read: Vec<SiloKey> = SiloKey::ALL.iter().filter(|silo| rights.of(**silo).rows.is_some()).copied().collect();
        let seen = *read.iter().find(|silo| **silo != SiloKey::Intake).unwrap_or(&SiloKey::Intake);
        let mut differing = Vec::new();
        for class in &classes {
            for silo in read.iter().filter(|silo| **silo != SiloKey::Intake) {
                assert_eq!(rights.of(*silo).action(*class), rights.of(seen).action(*class), "{role}: {silo} {class}");
            }
            let action = format!("{:?}", rights.of(seen).action(*class)).to_lowercase();
            let _ = write!(text, " {action} |");
            let of_intake = rights.of(SiloKey::Intake).action(*class);
            if read.contains(&SiloKey::Intake) && of_intake != rights.of(seen).action(*class) {
                differing.push(format!("{class} {}", format!("{of_intake:?}").to_lowercase()));
            }
        }
        if !differing.is_empty() {
            let _ = write!(below, "In the silo `intake`, `{role}` has {}. ", differing.join(", "));
        }
        text.push('\n');
    }
    if !below.is_empty() {
        let _ = writeln!(text, "\n{}", below.trim_end());
    }
    written("roles", &text);
}

#[test]
fn the_presets_are_listed() {
    let mut text = String::from("| preset | silo | streams | file |\n|---|---|---|---|\n");
    for (key, toml) in preset::all() {
        let mapping = Mapping::parse(toml).unwrap();
        let path = format!("api/src/silo/{}/preset/{}.toml", mapping.silo, key.replace('-', "_"));
        assert!(root().join(&path).exists(), "the preset {key} is not in {path}");
        let streams: Vec<String> = mapping.streams().iter().map(|stream| format!("`{stream}`")).collect();
        let _ = writeln!(text, "| `{key}` | {} | {} | [{}]({path}) |", mapping.silo, streams.join(" "), mapping.name);
    }
    written("presets", &text);
}

/// Compares the README between the comments of that name with the text, or writes it there.
fn written(name: &str, text: &str) {
    let path = root().join("README.md");
    let readme = fs::read_to_string(&path).expect("the README is there");
    let start = format!("<!-- {name}: written by a test, do not edit -->\n");
    let (before, rest) = readme.split_once(&start).unwrap_or_else(|| panic!("the README has no `{}`", start.trim()));
    let end = format!("<!-- end of {name} -->");
    let (old, after) = rest.split_once(&end).unwrap_or_else(|| panic!("the README has no `{end}`"));
    let new = format!("\n{text}\n");
    if old == new {
        return;
    }
    assert!(
        std::env::var_os("UPDATE_README").is_some(),
        "the README's {name} is out of step: UPDATE_README=1 cargo nextest run -p customer360-tests first_screen -j 1\n{new}"
    );
    fs::write(&path, format!("{before}{start}{new}{end}{after}")).expect("the README can be written");
}

/// The JSON, an object or list on one line where it fits, with the fields in the order of the question. `before` is what
/// stands on the line already.
fn show(value: &Value, indent: usize, before: usize) -> String {
    let parts: Vec<(String, &Value)> = match value {
        Value::Array(items) => items.iter().map(|item| (String::new(), item)).collect(),
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| QUESTION.find(name.as_str()));
            fields.into_iter().map(|(name, field)| (format!("\"{name}\": "), field)).collect()
        }
        Value::String(text) => return cut(text, WIDTH.saturating_sub(indent + before + 4)),
        other => return other.to_string(),
    };
    let (open, close) = if value.is_array() { ("[", "]") } else { ("{", "}") };
    let all: Vec<String> = parts.iter().map(|(name, part)| format!("{name}{}", show(part, 0, 0))).collect();
    let line = format!("{open} {} {close}", all.join(", "));
    if parts.is_empty() || (indent + before + line.chars().count() < WIDTH && !line.contains('\n')) {
        return line;
    }
    let inner = indent + 2;
    let lines =
        parts.iter().map(|(name, part)| format!("{}{name}{}", " ".repeat(inner), show(part, inner, name.len())));
    format!("{open}\n{}\n{}{close}", lines.collect::<Vec<_>>().join(",\n"), " ".repeat(indent))
}

/// A text of at most that width; a time without its seconds.
fn cut(text: &str, width: usize) -> String {
    let is_time = text.len() >= 20 && text.as_bytes()[10] == b'T' && text.ends_with('Z');
    if is_time {
        return format!("\"{}Z\"", &text[..16]);
    }
    let shown = if text.chars().count() > width {
        let start: String = text.chars().take(width.saturating_sub(2)).collect();
        format!("{} …", start.trim_end())
    } else {
        text.to_owned()
    };
    Value::String(shown).to_string()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests lies in the workspace").to_path_buf()
}
