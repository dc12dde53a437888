//! Real Singer taps from PyPI before the running binary: one that writes its records into files beside its lines (BATCH), and
//! one that reads a PostgreSQL. Each in an environment of its own: together they do not resolve.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use customer360_tests::process::{Finished, Program};
use customer360_tests::{Db, TestDatabase};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

/// Installs a tap; where its program is.
fn tap(folder: &Path, requirement: &str, program: &str) -> PathBuf {
    let environment = folder.join(program);
    let run = |command: &mut Command, what: &str| {
        let output = command.stdin(Stdio::null()).output().unwrap_or_else(|e| panic!("{what} does not run: {e}"));
        assert!(output.status.success(), "{what} failed:\n{}", String::from_utf8_lossy(&output.stderr));
    };
    run(Command::new("python3").args(["-m", "venv"]).arg(&environment), "python3 -m venv (package python3-venv)");
    let pip = environment.join("bin/pip");
    run(Command::new(pip).args(["install", "--quiet", "--disable-pip-version-check", requirement]), "pip");
    environment.join("bin").join(program)
}

/// What the tap prints with these arguments.
fn lines(tap: &Path, folder: &Path, arguments: &[&str]) -> String {
    let output =
        Command::new(tap).args(arguments).current_dir(folder).stdin(Stdio::null()).output().expect("the tap runs");
    assert!(output.status.success(), "the tap failed:\n{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("a tap prints text")
}

fn import(folder: &Path, source: &str, lines: &str) -> Finished {
    let program = Program::new(["import", "--singer", "--source", source]).folder(folder);
    let database = format!("sqlite://{}", folder.join("customers.sqlite").display());
    let batches = folder.join("batches").display().to_string();
    program.env("DATABASE_URL", &database).env("CUSTOMER360_INTAKE__BATCH_FOLDER", &batches).input(lines).finish()
}

fn last_state(finished: &Finished) -> Value {
    let line = finished.stdout.lines().last().unwrap_or_else(|| panic!("no state: {finished:#?}"));
    serde_json::from_str(line).expect("a state is JSON")
}

#[test]
fn tap_jsonl_hands_its_records_over_in_batches() {
    let folder = tempfile::tempdir().expect("a folder of its own");
    let tap = tap(folder.path(), "tap-jsonl==0.3.1", "tap-jsonl");
    fs::create_dir(folder.path().join("batches")).expect("a folder of batches");
    let tickets: String = (0..50)
        .map(|n| {
            json!({"id": format!("T{n}"), "status": "OPEN", "subject": "Printer", "opened_at": "2026-05-01",
            "email": format!("p{n}@example.org")})
        })
        .map(|ticket| format!("{ticket}\n"))
        .collect::<Vec<_>>()
        .concat();
    fs::write(folder.path().join("tickets.jsonl"), tickets).expect("records");
    let root = format!("file://{}", folder.path().join("batches").display());
    let config = json!({"path": folder.path().join("*.jsonl"), "stream_name": "tickets", "primary_keys": ["id"],
        "batch_config": {"encoding": {"format": "jsonl", "compression": "gzip"}, "storage": {"root": root, "prefix": "b-"}}});
    fs::write(folder.path().join("config.json"), config.to_string()).expect("its settings");
    let sent = lines(&tap, folder.path(), &["--config", "config.json"]);
    assert!(sent.contains("\"BATCH\"") && !sent.contains("\"RECORD\""), "{sent}");
    let finished = import(folder.path(), "csv-support", &sent);
    assert!(finished.status.success(), "{finished:#?}");
    assert!(finished.stderr.contains("tickets: 50 taken"), "{}", finished.stderr);
    assert!(last_state(&finished)["bookmarks"]["tickets"].is_object());
    // From outside the folder nothing is read, and the tap is not told that it was.
    fs::rename(folder.path().join("batches"), folder.path().join("elsewhere")).expect("it can be renamed");
    fs::create_dir(folder.path().join("batches")).expect("a folder of batches");
    let refused = import(folder.path(), "csv-support", &sent.replace("/batches/", "/elsewhere/"));
    assert_eq!((refused.status.code(), refused.stdout.as_str()), (Some(1), ""), "{refused:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tap_postgres_reads_a_company_s_own_tables() {
    let folder = tempfile::tempdir().expect("a folder of its own");
    let tap = tap(folder.path(), "meltanolabs-tap-postgres==0.10.0", "tap-postgres");
    let company = TestDatabase::create_empty(Db::Postgres).await;
    let connection = company.connect().await;
    for sql in [
        "CREATE TABLE contacts (id INTEGER PRIMARY KEY, email TEXT, full_name TEXT, owner TEXT, lifetime_value NUMERIC(12, 2), \
         tags JSONB, updated_at TIMESTAMPTZ)",
        "INSERT INTO contacts VALUES (1, 'ada@example.org', 'Ada Ray', 'kim', 1234.50, '[\"vip\"]', '2026-05-01T10:00:00Z'), \
         (2, 'bo@example.org', 'Bo Lee', NULL, NULL, NULL, '2026-05-02T10:00:00Z')",
    ] {
        connection.execute_unprepared(sql).await.expect("a table of theirs");
    }
    // The tap's own driver does not know all of what our addresses say.
    let url = company.url().split('?').next().expect("an address").replacen("postgres://", "postgresql://", 1);
    let config = json!({"sqlalchemy_url": url, "filter_schemas": ["public"]});
    fs::write(folder.path().join("config.json"), config.to_string()).expect("its settings");
    let found = lines(&tap, folder.path(), &["--config", "config.json", "--discover"]);
    let mut catalogue: Value = serde_json::from_str(&found).expect("a catalogue");
    for stream in catalogue["streams"].as_array_mut().expect("streams") {
        stream["replication_method"] = json!("INCREMENTAL");
        stream["replication_key"] = json!("updated_at");
        for part in stream["metadata"].as_array_mut().expect("metadata") {
            part["metadata"]["selected"] = json!(true);
            if part["breadcrumb"] == json!([]) {
                part["metadata"]["replication-method"] = json!("INCREMENTAL");
                part["metadata"]["replication-key"] = json!("updated_at");
            }
        }
    }
    fs::write(folder.path().join("catalogue.json"), catalogue.to_string()).expect("its catalogue");
    let first = lines(&tap, folder.path(), &["--config", "config.json", "--catalog", "catalogue.json"]);
    let finished = import(folder.path(), "postgres-contacts", &first);
    assert!(finished.status.success(), "{finished:#?}");
    assert!(finished.stderr.contains("public-contacts: 2 taken"), "{}", finished.stderr);
    // The next run goes on from the state that came out.
    fs::write(folder.path().join("state.json"), last_state(&finished).to_string()).expect("its state");
    let change =
        "INSERT INTO contacts VALUES (3, 'cy@example.org', 'Cy Wu', 'kim', 0.10, NULL, '2026-05-03T10:00:00Z')";
    connection.execute_unprepared(change).await.expect("a change of theirs");
    connection.close().await.expect("it closes");
    let arguments = ["--config", "config.json", "--catalog", "catalogue.json", "--state", "state.json"];
    let finished = import(folder.path(), "postgres-contacts", &lines(&tap, folder.path(), &arguments));
    assert!(finished.status.success(), "{finished:#?}");
    assert!(finished.stderr.contains("public-contacts: 1 taken, 1 repeated"), "{}", finished.stderr);
}
