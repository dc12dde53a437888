//! The binary as a target, to the letter: keys and schemas, states, BATCH files, Airbyte's lines, SIGTERM, bad lines.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use customer360_tests::process::{Finished, PATIENCE};
use customer360_tests::scan::assert_clean;
use customer360_tests::{TestDatabase, both};
use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::{Value, json};

use crate::command::{Desk, SOME_REJECTED};

fn captured(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/streams").join(name);
    fs::read_to_string(path).expect("a captured stream")
}

fn lines(messages: &[Value]) -> String {
    messages.iter().map(|message| format!("{message}\n")).collect::<Vec<_>>().concat()
}

fn schema(stream: &str, keys: &[&str]) -> Value {
    json!({"type": "SCHEMA", "stream": stream, "key_properties": keys,
        "schema": {"type": "object", "properties": {"id": {"type": "string"}}}})
}

fn record(stream: &str, record: &Value) -> Value {
    json!({"type": "RECORD", "stream": stream, "record": record})
}

fn ticket(id: &str) -> Value {
    json!({"id": id, "status": "OPEN", "subject": "Printer", "opened_at": "2026-05-01", "email": format!("{id}@example.org")})
}

fn state(done: usize) -> Value {
    json!({"type": "STATE", "value": {"done": done}})
}

fn states(finished: &Finished) -> Vec<Value> {
    finished.stdout.lines().map(|line| serde_json::from_str(line).expect("a state is JSON")).collect()
}

fn import(desk: &Desk, lines: impl Into<Vec<u8>>) -> Finished {
    let finished = desk.program(&["import", "--singer", "--source", "csv-support"]).input(lines).finish();
    assert_clean(&finished.stderr, &[]);
    finished
}

async fn tickets(database: &TestDatabase) -> usize {
    let connection = database.connect().await;
    let count = entity::ticket::Entity::find().count(&connection).await.unwrap();
    connection.close().await.unwrap();
    usize::try_from(count).unwrap()
}

/// What was refused, as `code` in the order of the intake.
async fn refused(database: &TestDatabase) -> Vec<String> {
    let connection = database.connect().await;
    let rows = entity::record::Entity::find().all(&connection).await.unwrap();
    connection.close().await.unwrap();
    rows.into_iter().filter_map(|row| row.reason_code).collect()
}

fn gzip(path: &Path, text: &str) {
    let plain = path.with_extension("plain");
    fs::write(&plain, text).unwrap();
    let packed = std::process::Command::new("gzip").arg("-c").arg(&plain).output().expect("gzip runs");
    fs::File::create(path).unwrap().write_all(&packed.stdout).unwrap();
    fs::remove_file(plain).unwrap();
}

both! {
    async fn one_bad_stream_costs_no_other_its_state(database: TestDatabase) {
        let desk = Desk::new(&database);
        let finished = import(&desk, lines(&[
            schema("tickets", &["id"]),
            // The mapping knows no such stream.
            schema("weather", &["id"]),
            record("weather", &json!({"id": "W1"})),
            record("tickets", &ticket("T1")),
            record("weather", &json!({"id": "W2"})),
            state(1),
        ]));
        assert_eq!(finished.status.code(), SOME_REJECTED, "{finished:#?}");
        assert_eq!(states(&finished), [json!({"done": 1})]);
        assert_eq!((tickets(&database).await, refused(&database).await), (1, vec!["UNKNOWN_STREAM".to_owned(); 2]));
    }

    async fn a_record_that_contradicts_its_schema_is_refused(database: TestDatabase) {
        let desk = Desk::new(&database);
        let mut null = ticket("T2");
        null["id"] = Value::Null;
        let mut number = ticket("T3");
        number["id"] = json!(7);
        let finished = import(&desk, lines(&[
            schema("tickets", &["id"]),
            record("tickets", &ticket("T1")),
            record("tickets", &json!({"status": "OPEN"})),
            record("tickets", &null),
            record("tickets", &number),
            record("tickets", &json!(["T4"])),
            state(1),
        ]));
        assert_eq!(finished.status.code(), SOME_REJECTED, "{finished:#?}");
        assert_eq!(refused(&database).await, ["MISSING_FIELD", "MISSING_FIELD", "WRONG_TYPE", "BROKEN_JSON"]);
        assert!(finished.stderr.contains("key property `id`"), "{}", finished.stderr);
        assert_eq!((tickets(&database).await, states(&finished)), (1, vec![json!({"done": 1})]));
    }

    async fn a_schema_may_come_again_and_a_state_is_said_once(database: TestDatabase) {
        let desk = Desk::new(&database);
        let mut sent = vec![json!({"type": "STATE", "value": {}})];
        for n in 0..5 {
            sent.push(schema("tickets", if n % 2 == 0 { &["id"] } else { &["id", "status"] }));
            sent.push(record("tickets", &ticket(&format!("T{n}"))));
            sent.push(json!({"type": "STATE", "value": {"bookmarks": {}}}));
        }
        let program = desk.program(&["import", "--singer", "--source", "csv-support"]);
        // Every second record is a transaction of its own.
        let finished = program.env("CUSTOMER360_INTAKE__FLUSH_RECORDS", "2").input(lines(&sent)).finish();
        assert!(finished.status.success(), "{finished:#?}");
        assert_eq!(tickets(&database).await, 5);
        assert_eq!(states(&finished), [json!({"bookmarks": {}})]);
    }

    async fn without_a_key_records_are_only_added(database: TestDatabase) {
        let desk = Desk::new(&database);
        let folder = desk.path().join("sources");
        fs::create_dir_all(folder.join("maps")).unwrap();
        fs::write(folder.join("visits.toml"), "key = \"visits\"\nmapping = \"maps/visits.toml\"\n").unwrap();
        fs::write(folder.join("maps/visits.toml"),
            "key = \"visits\"\nsilo = \"analytics\"\n[[stream]]\nname = \"visits\"\n[[stream.profile]]\nkey = \"/user\"\n\
             [[stream.row]]\ntable = \"web_session\"\n[stream.row.fields]\nstarted_at = \"/at\"\n").unwrap();
        let visit = |at: &str| record("visits", &json!({"user": "u1", "at": format!("2026-05-01T{at}:00Z")}));
        let sent = [schema("visits", &[]), visit("10:00"), visit("10:00"), visit("11:00"), state(3)];
        let import = || desk.program(&["import", "--singer", "--source", "visits"]).input(lines(&sent)).finish();
        let first = import();
        assert!(first.stderr.contains("3 taken, 0 repeated"), "{first:#?}");
        // What came before is known by its content.
        let again = import();
        assert!(again.stderr.contains("0 taken, 3 repeated"), "{again:#?}");
    }

    async fn batches_are_read_from_their_folder_only(database: TestDatabase) {
        let desk = Desk::new(&database);
        let folder = desk.path().join("batches");
        fs::create_dir(&folder).unwrap();
        gzip(&folder.join("one.json.gz"), &lines(&[ticket("T1"), ticket("T2")]));
        fs::write(folder.join("two.jsonl"), format!("{}{{broken\n", lines(&[ticket("T3")]))).unwrap();
        fs::write(desk.path().join("outside.jsonl"), lines(&[ticket("T9")])).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(desk.path().join("outside.jsonl"), folder.join("link.jsonl")).unwrap();
        let batch = |compression: &str, files: &[&str]| {
            let manifest: Vec<_> = files.iter().map(|file| format!("file://{}/{file}", folder.display())).collect();
            json!({"type": "BATCH", "stream": "tickets", "encoding": {"format": "jsonl", "compression": compression}, "manifest": manifest})
        };
        let import = |sent: &[Value]| {
            let program = desk.program(&["import", "--singer", "--source", "csv-support"]);
            let finished = program.env("CUSTOMER360_INTAKE__BATCH_FOLDER", folder.to_str().unwrap()).input(lines(sent)).finish();
            assert_clean(&finished.stderr, &[]);
            assert!(!finished.stderr.contains("outside.jsonl"), "no path is told: {}", finished.stderr);
            finished
        };
        let good = import(&[schema("tickets", &["id"]), batch("gzip", &["one.json.gz"]), state(2), batch("none", &["two.jsonl"]), state(3)]);
        assert_eq!(good.status.code(), SOME_REJECTED, "{good:#?}");
        assert_eq!((states(&good), tickets(&database).await), (vec![json!({"done": 3})], 3));
        // What cannot be read holds the states back, fails the whole, and stops nothing else.
        for bad in ["missing.jsonl", "link.jsonl", "../outside.jsonl", "..%2foutside.jsonl"] {
            let finished = import(&[schema("tickets", &["id"]), batch("none", &[bad]), record("tickets", &ticket("T4")), state(4)]);
            assert_eq!((finished.status.code(), finished.stdout.as_str()), (Some(1), ""), "{bad}: {finished:#?}");
            assert!(finished.stderr.contains("File 1 of the batch's manifest"), "{bad}: {}", finished.stderr);
            assert_eq!(tickets(&database).await, 4, "{bad}");
        }
    }

    async fn a_captured_batch_comes_in(database: TestDatabase) {
        let desk = Desk::new(&database);
        let folder = desk.path().join("batches");
        fs::create_dir_all(&folder).unwrap();
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/streams/singer-batch-1.json.gz");
        fs::copy(data, folder.join("b.json.gz")).unwrap();
        let sources = desk.path().join("sources");
        fs::create_dir_all(sources.join("maps")).unwrap();
        fs::write(sources.join("answers.toml"), "key = \"answers\"\nmapping = \"maps/answers.toml\"\n").unwrap();
        fs::write(sources.join("maps/answers.toml"),
            "key = \"answers\"\nsilo = \"surveys\"\n[[stream]]\nname = \"survey_responses\"\nkey = \"/id\"\n[[stream.profile]]\nkey = \"/email\"\n\
             identifiers = [{ kind = \"EMAIL\", strength = \"STRONG\", value = \"/email\" }]\n[[stream.row]]\ntable = \"survey_response\"\n\
             [stream.row.fields]\nanswered_at = \"/_sdc_last_modified\"\n").unwrap();
        let sent = captured("singer-tap-jsonl-batch.jsonl");
        let at = sent.find("file:///").expect("the address of its file");
        let end = at + sent[at..].find('"').unwrap();
        let sent = format!("{}file://{}/b.json.gz{}", &sent[..at], folder.display(), &sent[end..]);
        let program = desk.program(&["import", "--singer", "--source", "answers"]);
        let finished = program.env("CUSTOMER360_INTAKE__BATCH_FOLDER", folder.to_str().unwrap()).input(sent).finish();
        assert!(finished.status.success(), "{finished:#?}");
        assert!(finished.stderr.contains("survey_responses: 2 taken"), "{}", finished.stderr);
        assert_eq!(states(&finished).len(), 1);
    }

    async fn airbyte_lines_come_in(database: TestDatabase) {
        let desk = Desk::new(&database);
        let sources = desk.path().join("sources");
        fs::create_dir_all(sources.join("maps")).unwrap();
        fs::write(sources.join("faker.toml"), "key = \"faker\"\nmapping = \"maps/faker.toml\"\n").unwrap();
        fs::write(sources.join("maps/faker.toml"), FAKER).unwrap();
        let keys = |name: &str| json!({"stream": {"name": name}, "primary_key": [["id"]]});
        let catalogue = json!({"streams": [keys("users"), keys("products"), keys("purchases")]});
        desk.file("catalogue.json", catalogue.to_string());
        let sent = captured("airbyte-source-faker.jsonl");
        let import = |sent: &str| {
            let program = desk.program(&["import", "--airbyte", "--source", "faker", "--catalog", "catalogue.json"]);
            program.env("CUSTOMER360_INTAKE__FLUSH_RECORDS", "10").input(sent).finish()
        };
        let finished = import(&sent);
        assert!(finished.status.success(), "{finished:#?}");
        assert!(finished.stderr.contains("150 records") && finished.stderr.contains(" 150 taken, 0 repeated, 0 superseded, 0 rejected."), "{}", finished.stderr);
        // A state is the message's whole line, and the last of them is the last.
        let of_source: Vec<&str> = sent.lines().filter(|line| line.contains("\"type\":\"STATE\"")).collect();
        assert_eq!(of_source.len(), 5);
        assert_eq!(finished.stdout.lines().last(), of_source.last().copied());
        assert!(finished.stdout.lines().all(|line| of_source.contains(&line)), "{}", finished.stdout);
        let connection = database.connect().await;
        assert_eq!(entity::purchase::Entity::find().count(&connection).await.unwrap(), 50);
        assert_eq!(entity::customer::Entity::find().count(&connection).await.unwrap(), 50);
        connection.close().await.unwrap();
        // Again: nothing is there twice, and what its source says of an error is told without being quoted.
        let trace = json!({"type": "TRACE", "trace": {"type": "ERROR", "emitted_at": 1.5, "error": {"message": "anna@example.org", "failure_type": "system_error"}}});
        let again = import(&format!("{sent}{trace}\n"));
        assert_eq!(again.status.code(), Some(1), "{again:#?}");
        assert!(again.stderr.contains("150 repeated") && again.stderr.contains("system_error"), "{}", again.stderr);
        assert_clean(&again.stderr, &["anna@example.org"]);
        assert_eq!(again.stdout.lines().last(), of_source.last().copied());
        let wrong = desk.program(&["import", "--singer", "--source", "faker", "--catalog", "sources/faker.toml"]).input("").finish();
        assert_eq!(wrong.status.code(), Some(1), "{wrong:#?}");
        assert!(wrong.stderr.contains("The catalogue cannot be used"), "{}", wrong.stderr);
    }

    async fn sigterm_writes_what_was_read(database: TestDatabase) {
        let desk = Desk::new(&database);
        let mut sent = vec![schema("tickets", &["id"])];
        for n in 1..=15 {
            sent.extend([record("tickets", &ticket(&format!("T{n}"))), state(n)]);
        }
        // The first ten are a transaction, by whose state the rest is seen to be read; they wait for an hour.
        let program = desk.program(&["import", "--singer", "--source", "csv-support"]);
        let program = program.env("CUSTOMER360_INTAKE__FLUSH_RECORDS", "10").env("CUSTOMER360_INTAKE__FLUSH_MS", "3600000");
        let mut running = program.input(lines(&sent)).held_open().start();
        running.wait_for_line("a state", |line| line.contains("done"));
        running.terminate();
        let finished = running.finish(PATIENCE);
        assert_eq!(finished.status.code(), Some(0), "{finished:#?}");
        let done = states(&finished).last().unwrap()["done"].as_u64().unwrap();
        assert_eq!((done, tickets(&database).await), (15, 15));
    }

    async fn hostile_lines_are_refused_and_nothing_stops(database: TestDatabase) {
        let desk = Desk::new(&database);
        let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
        let mut sent = lines(&[schema("tickets", &["id"]), record("tickets", &ticket("T1"))]).into_bytes();
        let mut with = |id: &str, field: &str, value: &str| {
            let text = record("tickets", &ticket(id)).to_string().replace("\"status\"", &format!("\"{field}\":{value},\"status\""));
            sent.extend(text.bytes().chain([b'\n']));
        };
        with("D1", "deep", &deep);
        with("D2", "waiting_seconds", "1e999999999");
        with("D3", "waiting_seconds", &"9".repeat(400));
        with("D4", "resolved_at", "\"0000-01-01T00:00:00Z\"");
        with("D5", "resolved_at", "\"9999-12-31T23:59:59Z\"");
        with("D6", "number", "\"a\\u0000b\"");
        with("D7", "number", "\"\\ud800\"");
        sent.extend_from_slice(b"{\"type\":\"RECORD\",\"stream\":\"tickets\",\"record\":{\"id\":\"\xff\xfe\"}}\n\0\0\0\n");
        sent.extend(lines(&[record("tickets", &ticket("T2")), state(2)]).bytes());
        let finished = import(&desk, sent);
        assert_eq!(finished.status.code(), SOME_REJECTED, "{finished:#?}");
        assert_eq!(states(&finished), [json!({"done": 2})]);
        assert_eq!((tickets(&database).await, refused(&database).await.len()), (2, 9), "{}", finished.stderr);
    }
}

/// What `airbyte-source-faker` sends, in our words.
const FAKER: &str = r#"
key = "faker"
silo = "sales"

[[stream]]
name = "users"
[[stream.profile]]
key = "/id"
kind = "PERSON"
identifiers = [{ kind = "EMAIL", strength = "STRONG", value = "/email" }]
[stream.profile.attributes]
name = "/name"
email = "/email"

[[stream]]
name = "products"
[[stream.row]]
table = "product"
[stream.row.fields]
key = "/id"
name = "/model"

[[stream]]
name = "purchases"
[[stream.profile]]
key = "/user_id"
[[stream.row]]
table = "purchase"
[stream.row.fields]
product = "/product_id"
ordered_at = { first = ["/purchased_at", "/updated_at"] }
"#;
