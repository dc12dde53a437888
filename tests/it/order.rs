//! Order and truth: in whatever order records come, and however often, they end in one state; what a source deleted stays
//! deleted, and what came too early waits.
#![expect(clippy::needless_pass_by_value, reason = "records are written where they are sent")]

use std::collections::BTreeSet;
use std::io::Cursor;
use std::path::Path;
use std::time::Duration;

use api::identity::decide::Rules;
use api::ingest::envelope::Envelope;
use api::ingest::import::{ImportOptions, Summary, import_singer};
use api::ingest::intake::{Intake, IntakeSettings};
use api::ingest::source::{Source, Sources};
use customer360_tests::{TestDatabase, both};
use sea_orm::{DatabaseConnection, EntityTrait};
use serde_json::{Value, json};

use crate::intake::{counts, envelope, open};

pub const MAPPING: &str = r#"
key = "desk"
silo = "support"

[[stream]]
name = "people"
key = "/id"
version = "/v"
delete = "/gone"
[[stream.profile]]
key = "/id"
kind = "PERSON"
identifiers = [{ kind = "EMAIL", strength = "STRONG", value = "/email" }]
attributes = { name = "/name", email = "/email", city = "/city" }
observed_at = { path = "/at", fn = ["time"] }

[[stream]]
name = "tickets"
key = "/id"
version = "/v"
delete = "/gone"
[[stream.profile]]
key = "/person"
attributes = { name = "/name", city = "/city", company = "/company" }
observed_at = { path = "/at", fn = ["time"] }
[[stream.row]]
table = "ticket"
when = { not = { path = "/draft", equals = "true" } }
[stream.row.fields]
number = "/id"
status = { value = "OPEN" }
subject = "/subject"
assignee = "/agent"
opened_at = "/at"

[[stream]]
name = "messages"
key = "/id"
version = "/v"
delete = "/gone"
[[stream.row]]
table = "ticket_message"
profile = false
[stream.row.fields]
ticket = { stream = "tickets", key = "/ticket" }
text = "/text"
staff = "/agent"
sent_at = "/at"

[[stream]]
name = "archive"
key = "/id"
delete = "/gone"
on_delete = "keep"
[[stream.profile]]
key = "/person"
[[stream.row]]
table = "ticket"
[stream.row.fields]
number = "/id"
status = { value = "CLOSED" }
subject = "/id"
opened_at = "/at"

[[stream]]
name = "staff"
key = "/key"
[[stream.row]]
table = "staff"
columns = true
"#;

/// An intake with these sources, each mapped as above.
pub async fn desk(database: &TestDatabase, keys: impl IntoIterator<Item = String>) -> Intake {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("desk.toml"), MAPPING).unwrap();
    let source = |key: String| {
        let text = format!("key = \"{key}\"\nmapping = \"desk.toml\"");
        Source::parse(&text, "desk.toml", folder.path()).unwrap()
    };
    let settings = IntakeSettings { flush_after: Duration::from_mins(1), ..IntakeSettings::default() };
    Intake::new(open(database).await, Sources::of(keys.into_iter().map(source)), Rules::default(), settings)
}

fn record(n: i64, stream: &str, payload: Value) -> Envelope {
    envelope(n, "desk", stream, &payload)
}

fn person(n: i64, v: i64, more: Value) -> Envelope {
    let mut payload = json!({ "id": "p1", "v": v, "at": format!("2026-05-0{v}T10:00:00Z") });
    payload.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    record(n, "people", payload)
}

fn ticket(n: i64, v: i64, more: Value) -> Envelope {
    let mut payload =
        json!({ "id": "t1", "v": v, "person": "p1", "subject": format!("as of {v}"), "at": "2026-05-01T10:00:00Z" });
    payload.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    record(n, "tickets", payload)
}

fn message(n: i64) -> Envelope {
    record(
        n,
        "messages",
        json!({ "id": "m1", "v": 1, "ticket": "t1", "text": "Hello", "agent": "kim", "at": "2026-05-02T10:00:00Z" }),
    )
}

fn kim(n: i64) -> Envelope {
    record(n, "staff", json!({ "key": "kim", "name": "Kim Lee" }))
}

async fn subjects(connection: &DatabaseConnection) -> Vec<String> {
    let rows = entity::ticket::Entity::find().all(connection).await.unwrap();
    rows.into_iter().map(|row| row.subject).collect()
}

both! {
    async fn what_was_deleted_stays_deleted(database: TestDatabase) {
        let intake = desk(&database, ["desk".to_owned()]).await;
        let connection = database.connect().await;
        let name = json!({ "name": "Anna Schmidt", "email": "anna@example.org" });
        intake.flush(vec![kim(0), person(1, 1, name.clone()), ticket(2, 2, json!({})), message(3)]).await.unwrap();
        assert_eq!(entity::interaction::Entity::find().all(&connection).await.unwrap().len(), 2);

        let gone = intake.flush(vec![ticket(4, 3, json!({ "gone": true }))]).await.unwrap();
        assert_eq!(counts(&gone), (1, 0, 0, 0), "{gone:?}");
        assert!(subjects(&connection).await.is_empty());
        assert!(entity::interaction::Entity::find().all(&connection).await.unwrap().is_empty(), "and what belonged to it");
        let customer = entity::customer::Entity::find().one(&connection).await.unwrap().unwrap();
        assert_eq!(customer.last_interaction_at, None);
        let deletes = entity::change::Entity::find().all(&connection).await.unwrap();
        assert_eq!(deletes.iter().filter(|change| change.op == "DELETE").count(), 2);

        // A late word, even of the same version, and a delete that comes twice.
        let late = vec![ticket(5, 2, json!({ "subject": "late" })), ticket(6, 3, json!({})), ticket(7, 3, json!({ "gone": true }))];
        assert_eq!(counts(&intake.flush(late).await.unwrap()), (0, 1, 2, 0));
        assert!(subjects(&connection).await.is_empty());

        // Something newer brings it back, and its message with it.
        let back = intake.flush(vec![ticket(8, 4, json!({}))]).await.unwrap();
        assert_eq!((back.taken, back.woken), (1, 1));
        assert_eq!(subjects(&connection).await, ["as of 4"]);
        let messages = entity::ticket_message::Entity::find().all(&connection).await.unwrap();
        assert!(messages.len() == 1 && messages[0].staff_id.is_some(), "{messages:?}");
    }

    async fn what_is_deleted_and_back_in_one_delivery_is_there(database: TestDatabase) {
        let intake = desk(&database, ["desk".to_owned()]).await;
        let connection = database.connect().await;
        let all = vec![ticket(0, 1, json!({})), ticket(1, 2, json!({ "gone": true })), ticket(2, 3, json!({}))];
        assert_eq!(counts(&intake.flush(all).await.unwrap()), (3, 0, 0, 0));
        assert_eq!(subjects(&connection).await, ["as of 3"]);
    }

    async fn a_value_that_is_no_longer_said_has_no_provenance_either(database: TestDatabase) {
        let intake = desk(&database, ["desk".to_owned()]).await;
        let connection = database.connect().await;
        intake.flush(vec![person(0, 1, json!({ "name": "Anna Schmidt", "city": "Ulm" }))]).await.unwrap();
        intake.flush(vec![person(1, 2, json!({ "name": "Anna Schmidt" }))]).await.unwrap();
        let told = entity::golden_value::Entity::find().all(&connection).await.unwrap();
        let told: BTreeSet<String> = told.into_iter().map(|row| row.attribute).collect();
        assert!(told.contains("name") && !told.contains("city"), "{told:?}");
    }

    async fn what_others_say_of_somebody_counts_when_a_record_is_taken_back(database: TestDatabase) {
        let intake = desk(&database, ["desk".to_owned()]).await;
        let connection = database.connect().await;
        let shown = async || {
            let customer = entity::customer::Entity::find().one(&connection).await.unwrap().unwrap();
            [customer.name, customer.city, customer.company].map(Option::unwrap_or_default).join(", ")
        };
        let says = |n: i64, id: &str, v: i64, more: Value| ticket(n, v, {
            let mut all = json!({ "id": id, "at": format!("2026-05-1{id}T10:00:00Z") });
            all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            all
        });
        intake.flush(vec![person(1, 1, json!({ "name": "Anna Schmidt", "city": "Bonn" }))]).await.unwrap();
        intake.flush(vec![says(2, "1", 1, json!({ "name": "Anna S.", "company": "Acme" }))]).await.unwrap();
        intake.flush(vec![says(3, "2", 1, json!({ "name": "A. Schmidt", "city": "Ulm", "company": "Beta" }))]).await.unwrap();
        assert_eq!(shown().await, "A. Schmidt, Ulm, Beta");
        let words = entity::profile_word::Entity::find().all(&connection).await.unwrap();
        assert_eq!(words.len(), 2, "of the contact and of the first ticket: {words:?}");

        intake.flush(vec![says(4, "2", 2, json!({ "city": "Ulm" }))]).await.unwrap();
        assert_eq!(shown().await, "Anna S., Ulm, Acme", "one ticket says less");
        intake.flush(vec![says(5, "2", 3, json!({ "gone": true }))]).await.unwrap();
        assert_eq!(shown().await, "Anna S., Bonn, Acme", "and is gone");
        intake.flush(vec![says(6, "1", 2, json!({ "gone": true })), person(7, 2, json!({ "name": "Anna Weber", "city": "Bonn" }))]).await.unwrap();
        assert_eq!(shown().await, "Anna Weber, Bonn, ");
        let profile = entity::source_profile::Entity::find().one(&connection).await.unwrap().unwrap();
        assert_eq!(profile.deleted_at, None, "the contact is there");
        // Both in one flush, the one that is shown first.
        intake.flush(vec![says(8, "1", 3, json!({ "city": "Kiel" })), says(9, "2", 4, json!({ "city": "Ulm" }))]).await.unwrap();
        assert_eq!(shown().await, "Anna Weber, Ulm, ");
        intake.flush(vec![says(10, "2", 5, json!({ "gone": true })), says(11, "1", 4, json!({ "gone": true }))]).await.unwrap();
        assert_eq!(shown().await, "Anna Weber, Bonn, ");
        intake.flush(vec![person(12, 3, json!({ "gone": true }))]).await.unwrap();
        assert_eq!(shown().await, ", , ");
        assert!(entity::profile_word::Entity::find().all(&connection).await.unwrap().is_empty());
    }

    async fn a_message_comes_with_the_row_it_belongs_to(database: TestDatabase) {
        let intake = desk(&database, ["desk".to_owned()]).await;
        let connection = database.connect().await;
        let messages = async || entity::ticket_message::Entity::find().all(&connection).await.unwrap().len();
        let draft = json!({ "draft": true });
        // The key of the ticket is there, its row is not.
        intake.flush(vec![ticket(1, 1, draft.clone())]).await.unwrap();
        assert_eq!(intake.flush(vec![message(2)]).await.unwrap().waiting, 1);
        assert_eq!(intake.flush(vec![ticket(3, 2, json!({}))]).await.unwrap().woken, 1);
        assert_eq!(messages().await, 1);
        // It goes, and comes back.
        intake.flush(vec![ticket(4, 3, draft)]).await.unwrap();
        assert_eq!(messages().await, 0);
        assert_eq!(intake.flush(vec![ticket(5, 4, json!({}))]).await.unwrap().woken, 1);
        assert_eq!(messages().await, 1);
        assert_eq!(intake.flush(vec![ticket(6, 5, json!({}))]).await.unwrap().woken, 0, "nobody waits any more");
    }

    async fn a_version_that_comes_again_changes_nothing(database: TestDatabase) {
        let intake = desk(&database, ["desk".to_owned()]).await;
        let connection = database.connect().await;
        let (open, solved) = (json!({ "subject": "open" }), json!({ "subject": "solved" }));
        // Two changes of one second, and the first delivered again: alone, and in one flush with both.
        intake.flush(vec![ticket(1, 1, open.clone()), ticket(2, 1, solved.clone())]).await.unwrap();
        assert_eq!(counts(&intake.flush(vec![ticket(3, 1, open.clone())]).await.unwrap()), (0, 1, 0, 0));
        assert_eq!(subjects(&connection).await, ["solved"]);
        let all = vec![ticket(4, 2, open.clone()), ticket(5, 2, solved), ticket(6, 2, open)];
        assert_eq!(counts(&intake.flush(all).await.unwrap()), (2, 1, 0, 0));
        assert_eq!(subjects(&connection).await, ["solved"]);
    }

    async fn a_delete_without_a_version_does_not_last_for_ever(database: TestDatabase) {
        let intake = desk(&database, ["desk".to_owned()]).await;
        let connection = database.connect().await;
        let gone = record(1, "tickets", json!({ "id": "t1", "gone": true }));
        intake.flush(vec![gone]).await.unwrap();
        assert_eq!(counts(&intake.flush(vec![ticket(2, 2, json!({}))]).await.unwrap()), (0, 0, 1, 0), "it may be a late word");
        assert!(subjects(&connection).await.is_empty());
        assert_eq!(counts(&intake.flush(vec![ticket(3, 4, json!({}))]).await.unwrap()), (1, 0, 0, 0), "something newer is none");
        assert_eq!(subjects(&connection).await, ["as of 4"]);
        assert_eq!(counts(&intake.flush(vec![ticket(4, 3, json!({}))]).await.unwrap()), (0, 0, 1, 0));
    }

    async fn a_delete_before_its_record_counts(database: TestDatabase) {
        let intake = desk(&database, ["desk".to_owned()]).await;
        intake.flush(vec![ticket(1, 3, json!({ "gone": true }))]).await.unwrap();
        let late = intake.flush(vec![ticket(2, 2, json!({}))]).await.unwrap();
        assert_eq!(counts(&late), (0, 0, 1, 0));
        assert!(subjects(&database.connect().await).await.is_empty());
    }

    async fn what_a_source_no_longer_says_of_somebody_goes(database: TestDatabase) {
        let intake = desk(&database, ["desk".to_owned()]).await;
        let connection = database.connect().await;
        let shown = async || entity::customer::Entity::find().one(&connection).await.unwrap().unwrap();
        intake.flush(vec![person(1, 1, json!({ "name": "Anna Schmidt", "email": "anna@example.org", "city": "Bonn" }))]).await.unwrap();
        intake.flush(vec![person(2, 2, json!({ "name": "Anna Schmidt", "email": "anna@example.org" }))]).await.unwrap();
        let customer = shown().await;
        assert_eq!((customer.name.as_deref(), customer.city), (Some("Anna Schmidt"), None));

        intake.flush(vec![person(3, 3, json!({ "gone": true }))]).await.unwrap();
        let customer = shown().await;
        assert_eq!((customer.name, customer.email, customer.search_text.as_str()), (None, None, ""));
        let profile = entity::source_profile::Entity::find().one(&connection).await.unwrap().unwrap();
        assert!(profile.deleted_at.is_some() && profile.record_id.is_none());
        assert_eq!(profile.attributes, json!({}));
        // What it was known by stays with the profile: who is who does not change by a delete.
        assert_eq!(entity::profile_identifier::Entity::find().all(&connection).await.unwrap().len(), 1);

        intake.flush(vec![person(4, 4, json!({ "name": "Anna Weber", "email": "anna@example.org" }))]).await.unwrap();
        assert_eq!(shown().await.name.as_deref(), Some("Anna Weber"));
        assert_eq!(entity::source_profile::Entity::find().one(&connection).await.unwrap().unwrap().deleted_at, None);
    }

    async fn an_archive_keeps_what_its_source_deletes(database: TestDatabase) {
        let intake = desk(&database, ["desk".to_owned()]).await;
        let old = json!({ "id": "t9", "person": "p1", "at": "2020-05-01T10:00:00Z" });
        let mut gone = old.clone();
        gone["gone"] = json!(true);
        intake.flush(vec![record(1, "archive", old)]).await.unwrap();
        assert_eq!(intake.flush(vec![record(2, "archive", gone)]).await.unwrap().taken, 1);
        assert_eq!(entity::ticket::Entity::find().all(&database.connect().await).await.unwrap().len(), 1);
    }

    async fn what_comes_too_early_waits(database: TestDatabase) {
        let intake = desk(&database, ["desk".to_owned()]).await;
        let connection = database.connect().await;
        let early = intake.flush(vec![message(1)]).await.unwrap();
        assert_eq!((early.taken, early.waiting), (1, 1));
        let kept = entity::record::Entity::find().one(&connection).await.unwrap().unwrap();
        assert_eq!((kept.state.as_str(), kept.reason_code.as_deref()), ("WAITING", Some("WAITING")));
        assert_eq!(counts(&intake.flush(vec![message(2)]).await.unwrap()), (0, 1, 0, 0), "it waits still");
        let came = intake.flush(vec![ticket(3, 1, json!({ "agent": "kim" }))]).await.unwrap();
        assert_eq!((came.taken, came.woken), (1, 1));
        let hired = intake.flush(vec![kim(4)]).await.unwrap();
        assert_eq!((hired.taken, hired.woken), (1, 2), "the ticket and the message that name her");
        let ticket = entity::ticket::Entity::find().one(&connection).await.unwrap().unwrap();
        let message = entity::ticket_message::Entity::find().one(&connection).await.unwrap().unwrap();
        assert!(ticket.assignee_id.is_some() && message.staff_id == ticket.assignee_id);
        let states = entity::record::Entity::find().all(&connection).await.unwrap();
        assert!(states.iter().all(|record| record.state == "APPLIED"), "{states:?}");
        assert!(entity::record_waiting::Entity::find().all(&connection).await.unwrap().is_empty());
    }

    async fn what_vanished_from_a_table_is_deleted(database: TestDatabase) {
        let intake = desk(&database, ["desk".to_owned()]).await;
        let connection = database.connect().await;
        let schema = json!({ "type": "SCHEMA", "stream": "tickets", "schema": {}, "key_properties": ["id"] });
        let row = |id: &str, v: i64, at: &str| {
            let record = json!({ "id": id, "v": v, "person": "p1", "subject": format!("{id} as of {v}"), "at": at });
            json!({ "type": "RECORD", "stream": "tickets", "record": record })
        };
        let of = |sync: i64, mut line: Value| { line["version"] = json!(sync); line };
        let activate = |sync: i64| json!({ "type": "ACTIVATE_VERSION", "stream": "tickets", "version": sync });
        let state = json!({ "type": "STATE", "value": {} });
        let day = "2026-05-01T10:00:00Z";
        let sync = async |lines: &[Value]| singer(&intake, lines).await;

        sync(&[schema.clone(), activate(1), of(1, row("a", 1, day)), of(1, row("b", 1, day)), of(1, row("c", 1, day)), state.clone()]).await;
        assert_eq!(subjects(&connection).await.len(), 3);
        // Broken off in the middle: nothing is known of what did not come.
        let cut = sync(&[schema.clone(), activate(2), of(2, row("a", 1, day)), state.clone(), of(2, row("b", 2, day))]).await;
        assert!(cut.notices.iter().any(|notice| notice.text.contains("nothing was removed")), "{cut:?}");
        assert_eq!(subjects(&connection).await.len(), 3);
        // The next goes through: one vanished; one is broken, but there; one did not change.
        let whole = sync(&[schema.clone(), of(3, row("a", 1, day)), of(3, row("b", 3, "soon")), activate(3), state.clone()]).await;
        assert_eq!((whole.rejected, whole.repeated), (1, 1), "{whole:?}");
        assert_eq!(BTreeSet::from_iter(subjects(&connection).await), BTreeSet::from(["a as of 1".to_owned(), "b as of 2".to_owned()]));
        // Once more changes nothing, and what is there again comes back, though it did not change.
        let same = sync(&[schema.clone(), of(3, row("a", 1, day)), activate(3), state.clone()]).await;
        assert_eq!((same.taken, same.repeated), (0, 1), "{same:?}");
        sync(&[schema.clone(), of(4, row("a", 1, day)), of(4, row("b", 2, day)), of(4, row("c", 1, day)), activate(4), state.clone()]).await;
        assert_eq!(subjects(&connection).await.len(), 3);
        // A table that is empty now.
        sync(&[schema, activate(5), state]).await;
        assert!(subjects(&connection).await.is_empty());
    }

    async fn the_captured_deletes_are_taken(database: TestDatabase) {
        let intake = crate::intake::intake(&database).await;
        for name in ["singer-tap-postgres-full-incremental.jsonl", "singer-tap-postgres-logbased-deletes.jsonl"] {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/streams").join(name);
            let options = ImportOptions { source: "postgres-contacts".into(), ..ImportOptions::default() };
            let input = Cursor::new(std::fs::read(path).unwrap());
            let summary = import_singer(&intake, &options, input, |_| Ok(()), |_| {}).await.unwrap();
            assert_eq!(summary.rejected, 0, "{summary:?}");
        }
        let notes = entity::contact_note::Entity::find().all(&database.connect().await).await.unwrap();
        assert_eq!(notes.into_iter().map(|note| note.text).collect::<Vec<_>>(), ["cdc row"]);
    }
}

async fn singer(intake: &Intake, lines: &[Value]) -> Summary {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect::<Vec<_>>().concat();
    let options = ImportOptions { source: "desk".into(), ..ImportOptions::default() };
    import_singer(intake, &options, Cursor::new(text), |_| Ok(()), |_| {}).await.unwrap()
}
