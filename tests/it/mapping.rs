//! `customer360 mapping …`: a mapping looked at before its first import, by the real binary and with no database anywhere.

use std::fs;
use std::path::Path;

use api::ingest::mapping::schema::schema;
use api::ingest::preset;
use customer360_tests::process::{Finished, Program};
use serde_json::{Value, json};

fn run(folder: &Path, arguments: &[&str]) -> Finished {
    let program = Program::new(["mapping"].iter().chain(arguments)).folder(folder);
    // Whoever asked a database would fail here.
    program.env("DATABASE_URL", "postgres://nobody@127.0.0.1:1/nothing").finish()
}

const DESK: &str = r#"key = "desk"
silo = "support"
version = 4
[constants]
subdomain = { about = "before .desk.example", optional = true }
[lookup.status]
open = "OPEN"
[[stream]]
name = "tickets"
key = "/id"
version = { path = "/at", fn = ["time"] }
delete = { cel = "record.gone" }
[[stream.profile]]
key = "/who"
identifiers = [{ kind = "EMAIL", strength = "STRONG", value = "/mail" }]
[[stream.row]]
table = "ticket"
[stream.row.fields]
status = { path = "/status", fn = [{ lookup = "status" }] }
subject = "/subject"
opened_at = "/at"
source_url = { template = "https://{@source.subdomain}.desk.example/{/id}" }
"#;

const RECORDS: &str = r#"{"id":1,"at":"2026-11-21T22:46:41Z","who":"p1","mail":" Ada@Example.ORG ","status":"open","subject":"Printer"}
{"id":2,"at":"2026-11-21T22:46:41Z","who":"p2","status":"lost","subject":"Secret text"}
"#;

fn desk() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("sources/maps/desk.toml", DESK);
    write("sources/desk.toml", "key = \"desk-eu\"\nmapping = \"maps/desk.toml\"\n[constants]\nsubdomain = \"acme\"\n");
    write("tickets.jsonl", RECORDS);
    write("all.json", &format!("[{}]", RECORDS.trim_end().replace('\n', ",")));
    folder
}

#[test]
fn a_sample_shows_what_would_be_written() {
    let folder = desk();
    let shown = run(folder.path(), &["try", "desk-eu", "--sample", "tickets.jsonl"]);
    assert_eq!(shown.status.code(), Some(3), "{shown:#?}");
    for line in [
        "record 1 of tickets: UPSERT key 1, version 2026-11-21T22:46:41.000000Z",
        "  profile p1 (person or company unknown)",
        "    EMAIL ada@example.org STRONG",
        "  ticket of p1",
        "    status = OPEN",
        "    source_url = https://acme.desk.example/1",
    ] {
        assert!(shown.stdout.contains(line), "{line}: {shown:#?}");
    }
    assert!(shown.stdout.contains("record 2 of tickets: rejected, UNKNOWN_VALUE: `status` (/status)"), "{shown:#?}");
    assert!(shown.stderr.contains("2 records: 1 would be taken, 1 rejected. Nothing was written."), "{shown:#?}");
    assert!(!shown.stderr.contains("Secret text"));

    let list = ["try", "sources/desk.toml", "--sample", "all.json", "--stream", "tickets", "--json"];
    let told = run(folder.path(), &list);
    let lines: Vec<Value> = told.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["taken"]["rows"][0]["fields"]["status"], "OPEN");
    assert_eq!(lines[0]["taken"]["profiles"][0]["identifiers"][0]["value"], "ada@example.org");
    assert_eq!((&lines[1]["rejected"]["code"], &lines[1]["record"]), (&json!("UNKNOWN_VALUE"), &json!(2)));

    let csv = "id,status,subject,opened_at,email\nT1,OPEN,Printer,2026-05-01,a@example.org\n";
    fs::write(folder.path().join("tickets.csv"), csv).unwrap();
    let preset = run(folder.path(), &["try", "csv-support", "--sample", "tickets.csv"]);
    assert!(preset.status.success() && preset.stdout.contains("ticket of a@example.org"), "{preset:#?}");
}

#[test]
fn what_cannot_be_tried_says_so() {
    let folder = desk();
    let refused = |arguments: &[&str], code: &str, says: &str| {
        let told = run(folder.path(), arguments);
        assert_eq!(told.status.code(), Some(1), "{arguments:?}: {told:#?}");
        assert!(told.stderr.contains(code) && told.stderr.contains(says), "{arguments:?}: {told:#?}");
    };
    refused(&["try", "desk-eu", "--sample", "all.json"], "BAD_USER_INPUT", "no stream `all`; it has tickets");
    refused(
        &["try", "desk-eu", "--sample", "no.jsonl", "--stream", "tickets"],
        "BAD_USER_INPUT",
        "no.jsonl: it cannot be read",
    );
    refused(&["try", "nobody", "--sample", "tickets.jsonl"], "NOT_FOUND", "unknown source `nobody`");
    refused(&["check", "absent.toml"], "BAD_USER_INPUT", "absent.toml cannot be read: it is not there");
    fs::write(folder.path().join("bad.toml"), DESK.replace("record.gone", "rekord.gone")).unwrap();
    refused(
        &["check", "bad.toml"],
        "BAD_USER_INPUT",
        "bad.toml, line 12: this is not an expression: unknown name `rekord`",
    );
    fs::write(folder.path().join("xlsx.txt"), "").unwrap();
    refused(&["try", "desk-eu", "--sample", "xlsx.txt", "--stream", "tickets"], "BAD_USER_INPUT", "--format");
}

#[test]
fn a_check_tells_what_will_surprise() {
    let folder = desk();
    let fine = run(folder.path(), &["check", "desk-eu"]);
    assert!(fine.status.success(), "{fine:#?}");
    assert!(fine.stdout.starts_with("desk: loads, version 4, silo support, streams tickets\n"), "{fine:#?}");
    assert!(fine.stdout.contains("hint: ticket: shown and never filled: number, kind"), "{fine:#?}");
    assert!(!fine.stdout.contains("constant subdomain"), "{fine:#?}");
    fs::write(
        folder.path().join("loose.toml"),
        DESK.replace("version = {", "occurred_at = {").replace("key = \"/id\"\n", ""),
    )
    .unwrap();
    let loose = run(folder.path(), &["check", "loose.toml"]);
    assert_eq!(loose.status.code(), Some(3), "{loose:#?}");
    assert!(loose.stdout.contains("warning: stream tickets: no `key`"), "{loose:#?}");
    assert!(loose.stdout.contains("hint: constant subdomain (before .desk.example)"), "{loose:#?}");
    let list = run(folder.path(), &["list"]);
    assert!(list.stdout.contains("csv-support\tsupport\t"), "{list:#?}");
    assert_eq!(list.stdout.lines().count(), preset::all().count());
}

/// What a mapping file says, as JSON.
fn as_json(text: &str) -> Value {
    let value: toml::Value = toml::from_str(text).unwrap();
    serde_json::to_value(value).unwrap()
}

#[test]
fn the_schema_takes_every_preset_and_refuses_broken_ones() {
    let folder = desk();
    let printed = run(folder.path(), &["schema"]);
    assert_eq!(serde_json::from_str::<Value>(&printed.stdout).unwrap(), schema());
    let validator = jsonschema::draft202012::new(&schema()).unwrap();
    let faults = |text: &str| -> Vec<String> {
        validator.iter_errors(&as_json(text)).map(|error| format!("{}: {error}", error.instance_path())).collect()
    };
    for (key, text) in preset::all() {
        assert_eq!(faults(text), Vec::<String>::new(), "{key}");
    }
    assert_eq!(faults(DESK), Vec::<String>::new());
    for (from, to) in [
        ("silo = \"support\"", "silo = \"erp\""),
        ("version = 4", "verzion = 4"),
        ("table = \"ticket\"", "table = \"tickets\""),
        ("subject =", "subjekt ="),
        ("key = \"/id\"", "key = \"id\""),
        ("\"STRONG\"", "\"SOFT\""),
        ("lookup = \"status\"", "look = \"status\""),
        ("fn = [\"time\"]", "fn = [\"tyme\"]"),
        ("cel = \"record.gone\"", "cel = \"record.gone\", path = \"/gone\""),
        ("optional = true", "optional = \"yes\""),
        ("[[stream.profile]]\nkey", "[[stream.profile]]\nid"),
        ("name = \"tickets\"", "nam = \"tickets\""),
    ] {
        assert!(DESK.contains(from), "{from}");
        assert!(!faults(&DESK.replacen(from, to, 1)).is_empty(), "{to} passes the schema");
    }
}
