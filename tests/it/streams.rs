//! Taps through the binary: the captured streams, states only after their records are kept, `kill -9` at full speed.

use std::fs;
use std::path::Path;

use customer360_tests::process::Finished;
use customer360_tests::scan::assert_clean;
use customer360_tests::{Db, Role, TestApp, TestDatabase, both};
use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::{Value, json};

use crate::command::{Desk, SOME_REJECTED};

fn captured(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/streams").join(name);
    fs::read(path).expect("a captured stream")
}

fn import(desk: &Desk, source: &str, lines: impl Into<Vec<u8>>) -> Finished {
    let finished = desk.program(&["import", "--singer", "--source", source]).input(lines).finish();
    assert_clean(&finished.stderr, &["anna@example.org", "Anna Schmidt"]);
    finished
}

/// The states that came out, as JSON.
fn states(finished: &Finished) -> Vec<Value> {
    finished.stdout.lines().map(|line| serde_json::from_str(line).expect("a state is JSON")).collect()
}

/// The states of a stream, as JSON.
fn states_of(lines: &[u8]) -> Vec<Value> {
    let lines = std::str::from_utf8(lines).unwrap().lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|line| line["type"] == "STATE").map(|line| line["value"].clone()).collect()
}

/// Lines of a tap: tickets from `from` on, with a state that counts them after each.
fn tickets(from: usize, to: usize) -> String {
    let mut all =
        format!("{}\n", json!({"type": "SCHEMA", "stream": "tickets", "schema": {}, "key_properties": ["id"]}));
    for n in from..to {
        let record = json!({"id": format!("T{n}"), "status": "OPEN", "subject": "Printer", "opened_at": "2026-05-01",
            "email": format!("p{}@example.org", n % 40)});
        for line in [
            json!({"type": "RECORD", "stream": "tickets", "record": record}),
            json!({"type": "STATE", "value": {"done": n + 1}}),
        ] {
            all += &line.to_string();
            all.push('\n');
        }
    }
    all
}

async fn count_tickets(database: &TestDatabase) -> usize {
    let connection = database.connect().await;
    let count = entity::ticket::Entity::find().count(&connection).await.unwrap();
    connection.close().await.unwrap();
    usize::try_from(count).unwrap()
}

both! {
    async fn captured_streams_come_through_the_binary(database: TestDatabase) {
        let desk = Desk::new(&database);
        for (source, name, status, rejected) in [
            ("postgres-contacts", "singer-tap-postgres-full-incremental.jsonl", Some(0), 0),
            ("formbricks", "singer-tap-formbricks-mock.jsonl", Some(0), 0),
            ("postgres-contacts", "singer-tap-postgres-logbased-deletes.jsonl", Some(0), 0),
        ] {
            let lines = captured(name);
            let finished = import(&desk, source, lines.clone());
            assert_eq!(finished.status.code(), status, "{name}: {finished:#?}");
            assert!(finished.stderr.contains(&format!(" {rejected} rejected.")), "{name}: {}", finished.stderr);
            let (came, sent) = (states(&finished), states_of(&lines));
            assert_eq!(came.last(), sent.last(), "{name}: the tap goes on from its last state");
            assert!(came.iter().all(|state| sent.contains(state)), "{name}: {came:?}");
        }
        let app = TestApp::over(database, &[]).await;
        // Decimals stay as they came: 1234.50, not 1234.5.
        let worth = app.query_as(Role::Sales, "{ customer(by: {email: \"anna@example.org\"}) { crm { lifetimeValue { amount currency } } } }", json!({})).await;
        assert_eq!(worth.data()["customer"]["crm"]["lifetimeValue"], json!({"amount": "1234.50", "currency": "EUR"}));
    }

    async fn what_is_not_taken_yet_is_told(database: TestDatabase) {
        let desk = Desk::new(&database);
        // The files of a batch are not read, so the tap must not be told that they are here.
        let batch = import(&desk, "postgres-contacts", captured("singer-tap-jsonl-batch.jsonl"));
        assert!(batch.stderr.contains("BATCH: ") && batch.stdout.is_empty(), "{batch:#?}");
    }

    async fn a_broken_tap_ends_after_what_was_good(database: TestDatabase) {
        let desk = Desk::new(&database);
        // A record without its schema: what came before it stays, its state is out, none after it.
        let cut = tickets(0, 3) + &json!({"type": "RECORD", "stream": "messages", "record": {"id": 1}}).to_string() + "\n" + &tickets(3, 5);
        let finished = import(&desk, "csv-support", cut);
        assert_eq!(finished.status.code(), Some(1), "{finished:#?}");
        assert!(finished.stderr.contains("BAD_USER_INPUT: Line 8: a RECORD of the stream `messages` came before its SCHEMA"), "{}", finished.stderr);
        assert!(finished.stderr.contains("tickets: 3 taken"), "what was good is counted: {}", finished.stderr);
        assert_eq!(states(&finished), [json!({"done": 3})]);
        assert_eq!(count_tickets(&database).await, 3);
        // Lines that are none: kept as rejected, the rest is taken.
        let mut odd = tickets(3, 4).into_bytes();
        odd.extend_from_slice(b"{\"type\":\"SCHEMA\",\"stream\":\"a\\u0000b\",\"schema\":{}}\n");
        odd.extend_from_slice(b"{\"type\": \"RECORD\", \n\xff\xfe\n[]\n{\"type\":\"RECORD\",\"stream\":\"tickets\"}\n{\"type\":\"RECORD\",\"stream\":\"tickets\",\"record\":7}\n{\"type\":\"NEWS\"}\n");
        odd.extend_from_slice(tickets(4, 5).as_bytes());
        let finished = import(&desk, "csv-support", odd);
        assert_eq!(finished.status.code(), SOME_REJECTED, "{finished:#?}");
        assert!(finished.stderr.contains("2 taken, 0 repeated, 0 superseded, 6 rejected."), "{}", finished.stderr);
        assert!(finished.stderr.contains("NEWS: This type of message is not known"), "{}", finished.stderr);
        assert_eq!(count_tickets(&database).await, 5);
    }

    async fn a_stream_may_be_named_anew(database: TestDatabase) {
        let desk = Desk::new(&database);
        let lines = tickets(0, 2).replace("\"tickets\"", "\"public-tickets\"") + "{\"type\": \"RECORD\", \n";
        let import = |stream: &str| {
            desk.program(&["import", "--singer", "--source", "csv-support", "--stream", stream]).input(lines.clone()).finish()
        };
        let misspelt = import("tikets");
        assert_eq!(misspelt.status.code(), Some(1), "{misspelt:#?}");
        assert!(misspelt.stderr.contains("no stream `tikets`"), "{}", misspelt.stderr);
        let named = import("tickets");
        assert_eq!(named.status.code(), SOME_REJECTED, "{named:#?}");
        assert!(named.stderr.contains("tickets: 2 taken, 0 repeated, 0 superseded, 1 rejected"), "{}", named.stderr);
    }

    async fn a_killed_import_keeps_what_it_acknowledged(database: TestDatabase) {
        const ALL: usize = 1_500;
        let desk = Desk::new(&database);
        let mut import = desk.program(&["import", "--singer", "--source", "csv-support"]).input(tickets(0, ALL)).held_open().start();
        import.wait_for_line("a state", |line| line.contains("done"));
        let killed = import.kill();
        assert_eq!(killed.status.code(), None);
        let acknowledged = states(&killed).last().and_then(|state| state["done"].as_u64()).unwrap();
        let acknowledged = usize::try_from(acknowledged).unwrap();
        let kept = count_tickets(&database).await;
        assert!(kept >= acknowledged, "{acknowledged} were acknowledged, {kept} are there");
        // From the start again: the rest comes, nothing twice.
        let again = self::import(&desk, "csv-support", tickets(0, ALL));
        assert!(again.status.success(), "{again:#?}");
        assert!(again.stderr.contains(&format!("{} taken, {kept} repeated, 0 superseded, 0 rejected.", ALL - kept)), "{}", again.stderr);
        assert_eq!(count_tickets(&database).await, ALL);
        let connection = database.connect().await;
        assert_eq!(entity::customer::Entity::find().count(&connection).await.unwrap(), 40);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_told_and_loses_nothing() {
    let database = TestDatabase::create(Db::Sqlite).await;
    let desk = Desk::new(&database);
    let import = ["import", "--singer", "--source", "csv-support"];
    let full = desk.program(&import).file_limit(1_200_000).input(tickets(0, 2_000)).finish();
    assert_clean(&full.stderr, &[]);
    assert_eq!(full.status.code(), Some(1), "{full:#?}");
    assert!(full.stderr.contains("UNAVAILABLE: The database's disk is full"), "{}", full.stderr);
    let acknowledged = states(&full).last().and_then(|state| state["done"].as_u64()).unwrap_or(0);
    let kept = count_tickets(&database).await;
    assert!(kept < 2_000 && kept as u64 >= acknowledged, "{acknowledged} were acknowledged, {kept} are there");
    // With room again, the next run takes the rest.
    let again = self::import(&desk, "csv-support", tickets(0, 600.max(kept)));
    assert!(again.status.success(), "{again:#?}");
    assert_eq!(count_tickets(&database).await, 600.max(kept));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_writer_that_was_rolled_back_goes_on() {
    use api::database::{Dialect, Sql};
    let database = TestDatabase::create(Db::Sqlite).await;
    let intake = crate::intake::intake(&database).await;
    let tickets = |from: i64, to: i64| {
        let one = |n: i64| crate::intake::ticket(n, &format!("T{n}"), &json!({ "email": format!("p{n}@example.org") }));
        (from..to).map(one).collect::<Vec<_>>()
    };
    intake.flush(tickets(0, 5)).await.unwrap();
    // What SQLite does of its own accord where the disk is full: it rolls back, and its driver does not learn of it.
    let mut tx = intake.database().begin().await.unwrap();
    let mut rollback = Sql::new(Dialect::Sqlite);
    rollback.push("ROLLBACK");
    tx.execute(rollback).await.unwrap();
    drop(tx);
    let report = intake.flush(tickets(5, 50)).await.unwrap();
    assert_eq!(report.taken, 45);
    assert_eq!(count_tickets(&database).await, 50);
}
