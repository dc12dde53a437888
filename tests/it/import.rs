//! Imports: captured streams, refused records, strictness, bulk, entries by staff.

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use api::error::Error;
use api::identity::decide::Rules;
use api::ingest::envelope::Envelope;
use api::ingest::import::{ImportOptions, Summary, import_files, import_singer};
use api::ingest::intake::{Intake, IntakeSettings};
use api::ingest::rejected::{Bounds, Selection, list, replay};
use api::ingest::source::Sources;
use api::ingest::staff::StaffEntry;
use customer360_tests::{Db, TestDatabase, both};
use sea_orm::EntityTrait;
use serde_json::{Value, json};

use crate::intake::{at, counts, envelope, graph, history, intake, open, ticket};

fn stream(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/streams").join(name);
    fs::read(path).expect("a captured stream")
}

fn options(source: &str) -> ImportOptions {
    ImportOptions { source: source.into(), ..ImportOptions::default() }
}

async fn singer(intake: &Intake, source: &str, name: &str) -> (Summary, Vec<String>) {
    let mut states = Vec::new();
    let input = Cursor::new(stream(name));
    let summary = import_singer(
        intake,
        &options(source),
        input,
        |state| {
            states.push(state.to_owned());
            Ok(())
        },
        |_| {},
    )
    .await
    .unwrap();
    (summary, states)
}

fn numbers(summary: &Summary) -> (usize, usize, usize, usize) {
    (summary.taken, summary.repeated, summary.superseded, summary.rejected)
}

/// The messages that SDKs of Segment sent, each as an envelope.
fn segment() -> Vec<Envelope> {
    let text = String::from_utf8(stream("segment-sdk-requests.jsonl")).unwrap();
    let requests = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let messages = requests.flat_map(|request| match &request["body"]["batch"] {
        Value::Array(batch) => batch.clone(),
        _ => vec![request["body"].clone()],
    });
    messages
        .enumerate()
        .map(|(n, message)| envelope(i64::try_from(n).unwrap(), "segment", "events", &message))
        .collect()
}

/// A source file and its mapping in a folder: tickets whose status `waiting` the first version does not know.
fn folder(knows_waiting: bool) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let more = if knows_waiting { "waiting = \"PENDING\"\n" } else { "" };
    let mapping = format!(
        "key = \"desk\"\nsilo = \"support\"\n[lookup.status]\nopen = \"OPEN\"\n{more}\n[[stream]]\nname = \"tickets\"\nkey = \"/id\"\n\
         [[stream.profile]]\nkey = \"/email\"\nkind = \"PERSON\"\nidentifiers = [{{ kind = \"EMAIL\", strength = \"STRONG\", value = \"/email\" }}]\n\
         [stream.profile.attributes]\nemail = \"/email\"\n[[stream.row]]\ntable = \"ticket\"\n[stream.row.fields]\n\
         status = {{ path = \"/status\", fn = [{{ lookup = \"status\" }}] }}\nsubject = \"/subject\"\nopened_at = \"/opened_at\"\n"
    );
    fs::write(folder.path().join("desk.toml"), "key = \"desk\"\nmapping = \"maps/desk.toml\"\n").unwrap();
    fs::create_dir(folder.path().join("maps")).unwrap();
    fs::write(folder.path().join("maps/desk.toml"), mapping).unwrap();
    folder
}

async fn desk(database: &TestDatabase, knows_waiting: bool) -> Intake {
    let folder = folder(knows_waiting);
    let sources = Sources::load(folder.path()).unwrap();
    Intake::new(open(database).await, sources, Rules::default(), IntakeSettings::default())
}

fn desk_ticket(n: i64, status: &str) -> Envelope {
    let payload = json!({ "id": format!("T{n}"), "email": format!("p{n}@example.org"), "status": status,
        "subject": "Printer", "opened_at": "2026-05-01T10:00:00Z" });
    envelope(n, "desk", "tickets", &payload)
}

both! {
    async fn captured_streams_come_in(database: TestDatabase) {
        let intake = intake(&database).await;
        let (full, states) = singer(&intake, "postgres-contacts", "singer-tap-postgres-full-incremental.jsonl").await;
        assert_eq!(numbers(&full).3, 0, "{full:?}");
        assert!(full.taken > 0 && !states.is_empty(), "{full:?} {states:?}");
        let (again, _) = singer(&intake, "postgres-contacts", "singer-tap-postgres-full-incremental.jsonl").await;
        assert_eq!((again.taken, again.rejected), (0, 0), "{again:?}");
        for (source, name) in [
            ("postgres-contacts", "singer-tap-postgres-logbased.jsonl"),
            ("postgres-contacts", "singer-tap-postgres-logbased-deletes.jsonl"),
            ("postgres-contacts", "singer-tap-postgres-activate-version.jsonl"),
            ("formbricks", "singer-tap-formbricks-mock.jsonl"),
        ] {
            let (summary, _) = singer(&intake, source, name).await;
            println!("{name}: {:?} {:?} {:?}", numbers(&summary), summary.reasons, summary.notices);
            assert_eq!(summary.rejected, 0, "{name}: {:?}", summary.reasons);
        }
        let report = intake.flush(segment()).await.unwrap();
        println!("segment: {:?} {:?}", counts(&report), report.rejected);
        assert!(report.rejected.is_empty());
        let graph = graph(&database).await;
        // The tap's Anna and the SDK's Anna are one by her e-mail address.
        let annas = graph["customer"].iter().filter(|row| row["email"] == "anna@example.org").count();
        assert_eq!(annas, 1);
        assert!(!graph["survey_response"].is_empty() && !graph["web_event"].is_empty());
    }

    async fn a_state_that_nobody_can_read_ends_the_import(database: TestDatabase) {
        let intake = intake(&database).await;
        let input = Cursor::new(stream("singer-tap-postgres-full-incremental.jsonl"));
        let full = |_: &str| Err(Error::unavailable("no room").with_message("The state cannot be written."));
        let summary = import_singer(&intake, &options("postgres-contacts"), input, full, |_| {}).await.unwrap();
        assert_eq!(summary.fault.map(|fault| fault.message).as_deref(), Some("The state cannot be written."));
        assert!(summary.taken > 0, "what was taken before is told");
    }

    async fn an_anonymous_visitor_keeps_the_history(database: TestDatabase) {
        let intake = intake(&database).await;
        let event = |n: i64, message: Value| envelope(n, "segment", "events", &message);
        let page = json!({ "type": "page", "messageId": "m1", "anonymousId": "c-1", "name": "Cancel",
            "timestamp": "2026-05-01T10:00:00Z" });
        intake.flush(vec![event(1, page)]).await.unwrap();
        let identify = json!({ "type": "identify", "messageId": "m2", "anonymousId": "c-1", "userId": "u-1",
            "traits": { "email": "anna@example.org", "name": "Anna Schmidt" }, "timestamp": "2026-05-01T10:05:00Z" });
        intake.flush(vec![event(2, identify)]).await.unwrap();
        let graph = graph(&database).await;
        let live: Vec<_> = graph["customer"].iter().filter(|row| row["merged_into"].is_null()).collect();
        assert_eq!(live.len(), 1, "{:#?}", graph["customer"]);
        assert_eq!(graph["web_event"][0]["customer_id"], live[0]["id"]);
        assert_eq!(live[0]["name"], "Anna Schmidt");
    }

    async fn refused_records_are_kept_and_replayed(database: TestDatabase) {
        let before = desk(&database, false).await;
        let records: Vec<_> = (0..4).map(|n| desk_ticket(n, if n % 2 == 0 { "open" } else { "waiting" })).collect();
        let report = before.flush(records.clone()).await.unwrap();
        assert_eq!(counts(&report), (2, 0, 0, 2));
        // The same lines again are not refused twice.
        before.flush(records).await.unwrap();
        let page = list(before.database(), Some("desk"), 0, 10).await.unwrap();
        assert_eq!(page.len(), 2, "{page:?}");
        assert!(!page[0].reason.contains("waiting"), "a reason quotes no value: {}", page[0].reason);

        let after = desk(&database, true).await;
        let one = replay(&after, &Selection::records(vec![page[0].id]), Bounds::default()).await.unwrap();
        assert_eq!(one.taken, 1);
        let rest = replay(&after, &Selection::of_source("desk", None, None), Bounds::default()).await.unwrap();
        assert_eq!((rest.taken, rest.rejected.len()), (1, 0));
        assert!(list(after.database(), None, 0, 10).await.unwrap().is_empty());
        let graph = graph(&database).await;
        assert_eq!((graph["ticket"].len(), graph["record"].len()), (4, 4));
        assert!(graph["record"].iter().all(|row| row["state"] == "APPLIED" && row["reason"].is_null()));
        let replayed = graph["ticket"].iter().find(|row| row["status"] == "PENDING").unwrap();
        assert!(graph["record"].iter().any(|row| row["id"] == replayed["record_id"]));
    }

    async fn what_is_not_kept_whole_is_not_tried_again(database: TestDatabase) {
        let intake = desk(&database, true).await;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tickets.jsonl");
        let whole = desk_ticket(1, "waiting").payload.into_string();
        let with_nul = whole.replace("Printer", "Prin\0ter");
        let too_long = whole.replace("Printer", &"x".repeat(1 << 20));
        fs::write(&file, [with_nul, too_long].join("\n")).unwrap();
        let summary = import_files(&intake, &options("desk"), vec![file], |_| {}).await.unwrap();
        assert_eq!(numbers(&summary), (0, 0, 0, 2), "{summary:?}");
        let before = list(intake.database(), None, 0, 10).await.unwrap();
        let codes: Vec<_> = before.iter().map(|record| record.code.as_str()).collect();
        assert_eq!(codes, ["NUL_CHARACTER", "LINE_TOO_LONG"]);
        let report = replay(&intake, &Selection::of_source("desk", None, None), Bounds::default()).await.unwrap();
        assert_eq!((report.taken, report.rejected.len()), (0, 2), "{report:?}");
        let after = list(intake.database(), None, 0, 10).await.unwrap();
        assert!(after.iter().zip(&before).all(|(after, before)| (&after.code, &after.reason) == (&before.code, &before.reason)));
    }

    async fn a_replayed_record_does_not_overwrite_a_later_one(database: TestDatabase) {
        let before = desk(&database, false).await;
        let on_monday = desk_ticket(1, "waiting");
        let on_tuesday = Envelope { received_at: at(2), ..desk_ticket(1, "open") };
        assert_eq!(counts(&before.flush(vec![on_monday]).await.unwrap()), (0, 0, 0, 1));
        assert_eq!(counts(&before.flush(vec![on_tuesday]).await.unwrap()), (1, 0, 0, 0));
        let after = desk(&database, true).await;
        let report = replay(&after, &Selection::of_source("desk", None, None), Bounds::default()).await.unwrap();
        assert_eq!((report.taken, report.superseded), (0, 1), "{report:?}");
        let graph = graph(&database).await;
        assert_eq!(graph["ticket"][0]["status"], "OPEN");
        assert_eq!(graph["record"].iter().filter(|row| row["state"] == "SUPERSEDED").count(), 1);
    }

    async fn a_record_without_its_version_does_not_freeze_the_key(database: TestDatabase) {
        let folder = folder(false);
        let mapping = fs::read_to_string(folder.path().join("maps/desk.toml")).unwrap();
        let mapping = mapping.replace("key = \"/id\"\n", "key = \"/id\"\nversion = \"/rev\"\noccurred_at = \"/opened_at\"\n");
        fs::write(folder.path().join("maps/desk.toml"), mapping).unwrap();
        let sources = Sources::load(folder.path()).unwrap();
        let intake = Intake::new(open(&database).await, sources, Rules::default(), IntakeSettings::default());
        for (subject, rev) in [("first", json!(7)), ("second", Value::Null), ("third", json!(8)), ("old", json!(6))] {
            let payload = json!({ "id": "T1", "email": "p@example.org", "status": "open", "subject": subject,
                "opened_at": "2026-05-01T10:00:00Z", "rev": rev });
            intake.flush(vec![envelope(1, "desk", "tickets", &payload)]).await.unwrap();
        }
        assert_eq!(graph(&database).await["ticket"][0]["subject"], "third");
    }

    async fn strict_stops_and_writes_nothing_of_the_flush(database: TestDatabase) {
        let intake = intake(&database).await;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tickets.csv");
        let mut text = "id;status;subject;opened_at;email\n1;OPEN;Printer;2026-05-01;a@example.org\n".to_owned();
        text.push_str("2;STRANGE;Printer;2026-05-01;b@example.org\n3;OPEN;too;many;cells;here\n");
        fs::write(&file, text).unwrap();
        let strict = ImportOptions { strict: true, ..options("csv-support") };
        let summary = import_files(&intake, &strict, vec![file.clone()], |_| {}).await.unwrap();
        assert!(summary.stopped.is_some());
        assert!(graph(&database).await["record"].is_empty());
        let summary = import_files(&intake, &options("csv-support"), vec![file], |_| {}).await.unwrap();
        assert_eq!(numbers(&summary), (1, 0, 0, 2), "{summary:?}");
        let missing = import_files(&intake, &options("csv-support"), vec![PathBuf::from("tickets.jsonl")], |_| {}).await;
        assert!(missing.unwrap_err().message.contains("no such file"));
    }

    async fn bulk_gives_the_same_graph(database: TestDatabase) {
        let mut text = String::new();
        for record in history().into_iter().filter(|record| record.stream == "tickets") {
            text.push_str(&record.payload);
            text.push('\n');
        }
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tickets.jsonl");
        fs::write(&file, text).unwrap();
        let other = TestDatabase::create(database.db()).await;
        let (ordinary, bulk) = (intake(&database).await, intake(&other).await);
        let in_bulk = ImportOptions { bulk: true, ..options("csv-support") };
        let indexes = indexes(&other).await;
        let a = import_files(&ordinary, &options("csv-support"), vec![file.clone()], |_| {}).await.unwrap();
        let b = import_files(&bulk, &in_bulk, vec![file], |_| {}).await.unwrap();
        assert_eq!(numbers(&a), numbers(&b));
        assert_eq!(indexes, self::indexes(&other).await);
        let (mut a, mut b) = (graph(&database).await, graph(&other).await);
        // Ids carry the time of reading: which of two customers is the older, and so whose profiles move, and which of several
        // profiles a link names, may differ. That the values are the same is held in `same_graph`.
        for graph in [&mut a, &mut b] {
            graph.get_mut("membership").unwrap().retain(|row| row["valid_to"].is_null());
        }
        for (table, rows) in a.iter().filter(|(table, _)| **table != "match_link") {
            assert_eq!(rows.len(), b[table].len(), "{table}");
        }
    }

    async fn a_note_hangs_on_its_customer(database: TestDatabase) {
        let intake = intake(&database).await;
        intake.flush(history()).await.unwrap();
        let before = graph(&database).await;
        let anna = before["customer"].iter().find(|row| row["email"] == "anna@example.org").unwrap();
        let retired = before["customer"].iter().find(|row| !row["merged_into"].is_null()).unwrap();
        let entry = |stream, key: &str, customer: &Value, fields: Value| StaffEntry {
            stream,
            key: key.into(),
            customer: customer.as_str().unwrap().parse().unwrap(),
            fields: fields.as_object().unwrap().clone(),
            written_at: at(1_000),
            answered: None,
        };
        let note = intake.staff_entry(entry("notes", "n1", &anna["id"], json!({ "text": "Called" }))).await.unwrap();
        let same = intake.staff_entry(entry("notes", "n1", &anna["id"], json!({ "text": "Called back" }))).await.unwrap();
        assert_eq!(note, same);
        intake.staff_entry(entry("notes", "n2", &retired["id"], json!({ "text": "Old link" }))).await.unwrap();
        intake.staff_entry(entry("corrections", "c1", &anna["id"], json!({ "name": "Anna Schmitt" }))).await.unwrap();
        let nobody = json!(uuid_of_nobody());
        let error = intake.staff_entry(entry("notes", "n3", &nobody, json!({ "text": "?" }))).await.unwrap_err();
        assert_eq!(error.code.as_str(), "NOT_FOUND");
        let late = StaffEntry { written_at: at(900), ..entry("notes", "n1", &anna["id"], json!({ "text": "Too late" })) };
        assert_eq!(intake.staff_entry(late).await.unwrap_err().code.as_str(), "CONFLICT");
        let after = graph(&database).await;
        assert_eq!(after["contact_note"].len(), 2);
        let texts: Vec<_> = after["contact_note"].iter().map(|row| (&row["customer_id"], &row["text"])).collect();
        assert!(texts.contains(&(&anna["id"], &json!("Called back"))), "{texts:?}");
        assert!(texts.iter().all(|(customer, _)| **customer == anna["id"]), "{texts:?}");
        let shown = after["customer"].iter().find(|row| row["id"] == anna["id"]).unwrap();
        assert_eq!(shown["name"], "Anna Schmitt");
    }

    async fn what_a_newer_version_no_longer_says_goes(database: TestDatabase) {
        let intake = intake(&database).await;
        let contact = |seconds: i64, company: Option<&str>| {
            envelope(seconds, "csv-crm", "contacts", &json!({ "customer_number": "K-1", "name": "Anna Schmidt",
                "company_number": company, "updated_at": at(seconds).to_rfc3339() }))
        };
        let response = |seconds: i64, data: Value| {
            envelope(seconds, "formbricks", "responses", &json!({ "id": "r1", "surveyId": "s1", "finished": true,
                "createdAt": at(0).to_rfc3339(), "updatedAt": at(seconds).to_rfc3339(), "data": data,
                "contact": { "id": "c1", "userId": "u1" } }))
        };
        let both = json!({ "nps": 3, "why": "Too dear" });
        let report = intake.flush(vec![contact(1, Some("C-1")), response(1, both.clone())]).await.unwrap();
        assert_eq!(report.rejected, []);
        let before = graph(&database).await;
        assert_eq!((before["relation"].len(), before["survey_answer"].len()), (1, 2));
        let report = intake.flush(vec![contact(2, None), response(2, json!({ "nps": 9 }))]).await.unwrap();
        assert_eq!((counts(&report), &report.rejected[..]), ((2, 0, 0, 0), &[][..]));
        let after = graph(&database).await;
        assert_eq!((after["relation"].len(), after["survey_answer"].len(), after["survey_response"].len()), (0, 1, 1));
        let connection = database.connect().await;
        let changes = entity::change::Entity::find().all(&connection).await.unwrap();
        let deleted: Vec<_> = changes.iter().filter(|change| change.op == "DELETE").map(|change| change.entity.as_str()).collect();
        assert_eq!(deleted, ["relation", "survey_answer"]);
        // Both versions in one flush end the same.
        let other = TestDatabase::create(database.db()).await;
        let at_once = self::intake(&other).await;
        let all = vec![contact(1, Some("C-1")), response(1, both), contact(2, None), response(2, json!({ "nps": 9 }))];
        at_once.flush(all).await.unwrap();
        let at_once = self::graph(&other).await;
        for table in ["relation", "survey_answer", "survey_response", "interaction"] {
            assert_eq!(after[table], at_once[table], "{table}");
        }
    }

    async fn a_note_taken_back_is_off_the_timeline_however_flushes_are_cut(database: TestDatabase) {
        let intake = intake(&database).await;
        intake.flush(history()).await.unwrap();
        let customer = graph(&database).await["customer"].iter().find(|row| row["email"] == "anna@example.org").unwrap()["id"].clone();
        let note = |seconds: i64, removed: bool| {
            let removed_at = removed.then(|| at(seconds).to_rfc3339());
            envelope(seconds, "staff", "notes", &json!({ "key": "n1", "customer": customer, "text": "Called",
                "removed_at": removed_at, "written_at": at(seconds).to_rfc3339() }))
        };
        let mut shown = Vec::new();
        for flush in [vec![note(100, false), note(101, true)], vec![note(102, false)], vec![note(103, true), note(104, false)]] {
            intake.flush(flush).await.unwrap();
            let timeline = &graph(&database).await["interaction"];
            shown.push(timeline.iter().filter(|row| row["kind"] == "CONTACT_NOTE").count());
        }
        assert_eq!(shown, [0, 1, 1]);
    }

    async fn a_value_the_database_cannot_keep_refuses_one_record(database: TestDatabase) {
        let intake = intake(&database).await;
        let mut records = vec![ticket(1, "T1", &json!({ "email": "a@example.org" }))];
        records.push(ticket(2, &"k".repeat(5_000), &json!({ "email": "b@example.org" })));
        let long = format!("{}@example.org", "x".repeat(9_000));
        records.push(ticket(3, "T3", &json!({ "customer_number": "K-1", "email": long, "customer_name": "y".repeat(9_000) })));
        let report = intake.flush(records).await.unwrap();
        assert_eq!(counts(&report), (2, 0, 0, 1), "{:?}", report.rejected);
        // Too much for an index of PostgreSQL, and no more to SQLite than a long text. Nothing repeats, so nothing is packed.
        let number: String = (0..10_000_u64).map(|n| char::from(b'!' + u8::try_from((n * n * 31 + n * 7) % 8_191 % 90).unwrap())).collect();
        let more: Vec<_> = (4..9).map(|n| {
            let number = if n == 6 { number.clone() } else { format!("N{n}") };
            ticket(n, &format!("T{n}"), &json!({ "email": "a@example.org", "number": number }))
        }).collect();
        let strict = intake.flush_strictly(more.iter().cloned().map(Ok).collect()).await.unwrap();
        let tickets = graph(&database).await["ticket"].len();
        if database.db() == Db::Sqlite {
            assert_eq!((counts(&strict), tickets), ((5, 0, 0, 0), 7));
            return;
        }
        assert_eq!((counts(&strict), tickets), ((0, 0, 0, 1), 2), "{:?}", strict.rejected);
        assert_eq!((strict.rejected[0].position, strict.rejected[0].code.as_str()), (2, "TOO_LARGE"));
        let report = intake.flush(more).await.unwrap();
        assert_eq!(counts(&report), (4, 0, 0, 1), "{:?}", report.rejected);
        assert_eq!(graph(&database).await["ticket"].len(), 6);
    }
}

fn uuid_of_nobody() -> String {
    "01a1ee56-0000-8000-8000-000000000000".to_owned()
}

/// The names of the indexes that there are, and of tables and triggers (SQLite) or foreign keys (PostgreSQL).
pub async fn indexes(database: &TestDatabase) -> Vec<String> {
    use sea_orm::{ConnectionTrait, DbBackend, Statement};
    let connection = database.connect().await;
    let sql = match connection.get_database_backend() {
        DbBackend::Sqlite => "SELECT name FROM sqlite_master WHERE type IN ('index', 'trigger', 'table') ORDER BY name",
        _ => {
            "SELECT indexname::text AS name FROM pg_indexes WHERE schemaname = 'public' UNION ALL \
              SELECT conname::text FROM pg_constraint WHERE contype = 'f' ORDER BY name"
        }
    };
    let rows = connection.query_all_raw(Statement::from_string(connection.get_database_backend(), sql)).await.unwrap();
    let names = rows.iter().map(|row| row.try_get::<String>("", "name").unwrap());
    names.filter(|name| !name.starts_with("sqlite_stat")).collect()
}
