//! The graph computed once more from the records as they came: the same ids and values, what staff did included; what a mended
//! mapping says; and nothing lost of what comes meanwhile.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use api::database::Shadowed;
use api::error::Code;
use api::identity::decide::Rules;
use api::ingest::envelope::{Reject, RejectCode};
use api::ingest::intake::{Intake, IntakeSettings};
use api::ingest::lines::Rejected;
use api::ingest::rebuild::{Rebuilt, rebuild};
use api::ingest::rejected::{Bounds, Selection, replay};
use api::ingest::source::{Source, Sources};
use customer360_tests::{Role, TestApp, TestDatabase, both};
use sea_orm::{ConnectionTrait, DatabaseConnection, EntityTrait};
use serde_json::{Value, json};

use crate::intake::{envelope, graph, history, intake, open, settings, ticket};

async fn read_again(intake: &Intake, database: &TestDatabase, check: bool) -> Rebuilt {
    rebuild(intake, &settings(database), check, |_| {}).await.expect("the graph is computed anew")
}

async fn run(connection: &DatabaseConnection, statements: &[&str]) {
    for statement in statements {
        connection.execute_unprepared(statement).await.unwrap();
    }
}

/// A source of visitors, whose mapping knows a field only once it is mended.
fn visitors(mended: bool) -> Sources {
    let folder = tempfile::tempdir().unwrap();
    let known_by = if mended { "\"/mail\"" } else { "\"/email\"" };
    let mapping = format!(
        r#"
key = "visitors"
silo = "support"
version = {}
[[stream]]
name = "visits"
key = "/id"
[[stream.profile]]
key = "/person"
kind = "PERSON"
identifiers = [{{ kind = "EMAIL", strength = "STRONG", value = {known_by} }}]
[[stream.row]]
table = "ticket"
[stream.row.fields]
number = "/id"
status = {}
subject = "/id"
opened_at = "/at"
"#,
        if mended { 2 } else { 1 },
        if mended { "{ value = \"OPEN\" }" } else { "\"/state\"" },
    );
    std::fs::write(folder.path().join("visitors.toml"), mapping).unwrap();
    let text = "key = \"visitors\"\nmapping = \"visitors.toml\"";
    Sources::of([Source::parse(text, "visitors.toml", folder.path()).unwrap()])
}

both! {
    async fn what_staff_did_and_what_came_is_there_again(app: TestApp) {
        let intake = app.app().intake();
        for flush in history().chunks(3) {
            intake.flush(flush.to_vec()).await.unwrap();
        }
        // What a door refused as too large could be mapped, and is not: that takes a replay.
        let reject = Reject::new(RejectCode::TooLarge, "The event is too large.");
        let large = ticket(90, "L1", &json!({ "email": "large@example.org" }));
        intake.flush_items(vec![Err(Rejected { line: 1, envelope: large, reject })]).await.unwrap();
        let found = app.query_as(Role::Privacy, "{ customer(by: {customerNumber: \"K-1\"}) { id } }", json!({})).await;
        let id = found.data()["customer"]["id"].clone();
        for (mutation, input) in [
            ("contactNoteAdd(input: $input) { userErrors { code } }", json!({ "idempotencyKey": "n", "customer": id,
                "channel": "PHONE", "direction": "INBOUND", "text": "Rief an." })),
            ("customerUpdate(input: $input) { userErrors { code } }", json!({ "idempotencyKey": "u", "customer": id, "city": "Ulm" })),
        ] {
            let (role, kind) = if mutation.starts_with("contact") {
                (Role::Service, "ContactNoteAddInput")
            } else {
                (Role::Steward, "CustomerUpdateInput")
            };
            let ask = format!("mutation($input: {kind}!) {{ {mutation} }}");
            let written = app.query_as(role, &ask, json!({ "input": input })).await;
            let name = mutation.split('(').next().unwrap();
            assert_eq!(written.data()[name]["userErrors"], json!([]), "{name}");
        }
        let before = graph(app.database()).await;
        assert!(before["contact_note"].len() == 1 && before["customer_redirect"].len() == 1, "{:?}", before["customer_redirect"]);
        let rebuilt = read_again(intake, app.database(), false).await;
        assert_eq!(rebuilt.differences, []);
        assert_eq!(rebuilt.standing.read, before["record"].len() - 1);

        // What is damaged is whole again, and those who follow the changes are told of it.
        let connection = app.database().connect().await;
        let told = entity::change::Entity::find().all(&connection).await.unwrap().len();
        run(&connection, &[
            "DELETE FROM ticket_message", "UPDATE ticket SET subject = 'x'", "UPDATE customer SET city = 'y', last_interaction_at = NULL",
            "DELETE FROM interaction WHERE kind = 'CONTACT_NOTE'", "UPDATE golden_value SET value = 'z'",
        ]).await;
        let (tickets, messages) = (before["ticket"].len() as u64, before["ticket_message"].len() as u64);
        let checked = read_again(intake, app.database(), true).await;
        let rows = |name: &str| checked.differences.iter().find(|found| found.table == name).map(|found| (found.gone, found.changed, found.new));
        assert_eq!((rows("ticket"), rows("ticket_message")), (Some((0, tickets, 0)), Some((0, 0, messages))));
        assert_eq!(entity::ticket_message::Entity::find().all(&connection).await.unwrap().len(), 0, "a check changes nothing");
        let rebuilt = read_again(intake, app.database(), false).await;
        assert_eq!(rebuilt.differences, checked.differences);
        let after = graph(app.database()).await;
        for (table, rows) in &before {
            assert_eq!(rows, &after[table], "{table}");
        }
        let changes = entity::change::Entity::find().all(&connection).await.unwrap().split_off(told);
        let of = |name: &str| changes.iter().filter(|change| change.entity == name).count() as u64;
        assert_eq!((of("ticket"), of("ticket_message")), (tickets, messages));
    }

    async fn a_mended_mapping_is_read_back_to_the_first_record_and_old_ids_lead_on(database: TestDatabase) {
        let over = async |mended: bool| {
            Intake::new(open(&database).await, visitors(mended), Rules::default(), IntakeSettings::default())
        };
        let broken = over(false).await;
        let visit = |n: i64, person: &str, state: &str, mail: &str| {
            let row = json!({ "id": format!("v{n}"), "person": person, "state": state, "mail": mail, "at": "2026-05-01T10:00:00Z" });
            envelope(n, "visitors", "visits", &row)
        };
        let report = broken.flush(vec![
            visit(1, "a", "weird", "anna@example.org"), visit(2, "b", "OPEN", "anna@example.org"), visit(3, "a", "OPEN", "anna@example.org"),
        ]).await.unwrap();
        assert_eq!((report.taken, report.rejected.len()), (2, 1), "{:?}", report.rejected);
        let before = graph(&database).await;
        let ids: Vec<&Value> = before["customer"].iter().map(|row| &row["id"]).collect();
        assert_eq!(ids.len(), 2);

        let mended = over(true).await;
        read_again(&mended, &database, false).await;
        let after = graph(&database).await;
        assert!(after["record"].iter().all(|row| row["state"] == "APPLIED" && row["mapping_version"] == 2));
        assert_eq!(after["ticket"].len(), 3);
        for row in &before["ticket"] {
            assert!(after["ticket"].iter().any(|now| now["id"] == row["id"]), "a ticket keeps its id");
        }
        for row in &before["source_profile"] {
            assert!(after["source_profile"].iter().any(|now| now["id"] == row["id"]), "a profile keeps its id");
        }
        // Both are one person, and either id is theirs.
        let live: Vec<&Value> = after["customer"].iter().filter(|row| row["merged_into"].is_null()).map(|row| &row["id"]).collect();
        assert_eq!(live.len(), 1);
        let retired: Vec<&Value> = after["customer"].iter().filter(|row| !row["merged_into"].is_null()).collect();
        assert!(retired.len() == 1 && ids.contains(&&retired[0]["id"]) && ids.contains(&live[0]));
        assert_eq!(retired[0]["merged_into"], *live[0]);
        assert_eq!(after["customer_redirect"].len(), 1);
        assert_eq!(read_again(&mended, &database, true).await.differences, []);

        // And back: whoever was two is two again, under the ids that they had.
        read_again(&broken, &database, false).await;
        let back = graph(&database).await;
        assert_eq!(back["customer"], before["customer"]);
        assert_eq!(back["ticket"], before["ticket"]);
        assert_eq!(back["customer_redirect"], before["customer_redirect"]);
    }

    async fn what_was_replayed_keeps_its_ids(database: TestDatabase) {
        let over = async |mended: bool| {
            Intake::new(open(&database).await, visitors(mended), Rules::default(), IntakeSettings::default())
        };
        let (broken, mended) = (over(false).await, over(true).await);
        let visit = |n: i64, id: &str, person: &str, state: &str| {
            envelope(n, "visitors", "visits", &json!({ "id": id, "person": person, "state": state, "at": "2026-05-01T10:00:00Z" }))
        };
        // Refused first, and the person is known by a later record before it is tried again.
        broken.flush(vec![visit(1, "v1", "a", "weird")]).await.unwrap();
        broken.flush(vec![visit(2, "v2", "a", "OPEN")]).await.unwrap();
        let replayed = replay(&mended, &Selection::of_source("visitors", None, None), Bounds::default()).await.unwrap();
        assert_eq!(replayed.taken, 1);
        let before = graph(&database).await;
        read_again(&mended, &database, false).await;
        let after = graph(&database).await;
        for table in ["ticket", "source_profile", "customer", "interaction", "identifier"] {
            let ids = |rows: &[Value]| rows.iter().map(|row| row["id"].clone()).collect::<Vec<_>>();
            assert_eq!(ids(&before[table]), ids(&after[table]), "{table}");
        }
    }

    async fn equal_rows_that_were_refused_are_each_taken_by_a_replay(database: TestDatabase) {
        let over = async |mended: bool| {
            let folder = tempfile::tempdir().unwrap();
            let at = if mended { "/date" } else { "/datum" };
            let mapping = format!(
                "key = \"till\"\nsilo = \"sales\"\n[[stream]]\nname = \"sold\"\n[[stream.profile]]\nkey = \"/who\"\n[[stream.row]]\n\
                 table = \"purchase\"\n[stream.row.fields]\nordered_at = \"{at}\"\n"
            );
            std::fs::write(folder.path().join("till.toml"), mapping).unwrap();
            let source = Source::parse("key = \"till\"\nmapping = \"till.toml\"", "till.toml", folder.path()).unwrap();
            Intake::new(open(&database).await, Sources::of([source]), Rules::default(), IntakeSettings::default())
        };
        let (broken, mended) = (over(false).await, over(true).await);
        // Two of one customer on one day, three of another: nothing tells them apart.
        let sold = |n: i64, who: &str| envelope(n, "till", "sold", &json!({ "who": who, "date": "1997-01-01" }));
        let file = || vec![sold(1, "a"), sold(2, "a"), sold(3, "b"), sold(4, "b"), sold(5, "b")];
        assert_eq!(broken.flush(file()).await.unwrap().rejected.len(), 5);
        // The same file once more is a repetition.
        broken.flush(file()).await.unwrap();
        let records = async || graph(&database).await["record"].len();
        assert_eq!(records().await, 5);
        let replayed = replay(&mended, &Selection::of_source("till", None, None), Bounds::default()).await.unwrap();
        assert_eq!((replayed.taken, replayed.rejected.len()), (5, 0));
        assert_eq!(graph(&database).await["purchase"].len(), 5);
        let again = mended.flush(file()).await.unwrap();
        assert_eq!((again.taken, again.repeated, records().await), (0, 5, 5));
        assert_eq!(read_again(&mended, &database, true).await.differences, []);
    }

    async fn what_comes_meanwhile_is_neither_lost_nor_undone(database: TestDatabase) {
        let intake = intake(&database).await;
        for flush in history().chunks(4) {
            intake.flush(flush.to_vec()).await.unwrap();
        }
        let (ended, writer) = (Arc::new(AtomicBool::new(false)), intake.clone());
        let until = ended.clone();
        let writing = tokio::spawn(async move {
            let mut n = 0;
            while !until.load(Ordering::Relaxed) || n < 5 {
                n += 1;
                // Known by one, then by another, then by both: every third joins two customers.
                let (email, phone) = (format!("w{}@example.org", n / 3), format!("+4930{:06}", n / 3));
                let who = [json!({ "email": email }), json!({ "phone": phone }), json!({ "email": email, "phone": phone })];
                let row = ticket(100 + n, &format!("W{n}"), &who[usize::try_from(n % 3).unwrap()]);
                writer.flush(vec![row]).await.unwrap();
                // A source at its pace: else SQLite's one writer is never free.
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
            n
        });
        let rebuilt = read_again(&intake, &database, false).await;
        ended.store(true, Ordering::Relaxed);
        let written = writing.await.unwrap();
        assert_eq!(rebuilt.differences, []);
        let connection = database.connect().await;
        let tickets = entity::ticket::Entity::find().all(&connection).await.unwrap();
        assert_eq!(tickets.iter().filter(|row| row.number.as_ref().is_some_and(|number| number.starts_with('W')) || row.subject.contains("of W")).count(), usize::try_from(written).unwrap());
        assert_eq!(read_again(&intake, &database, true).await.differences, []);
    }

    async fn one_at_a_time_and_what_a_killed_one_left_is_no_hindrance(database: TestDatabase) {
        let intake = intake(&database).await;
        intake.flush(history()).await.unwrap();
        let left = Shadowed::make(&settings(&database)).await.unwrap();
        left.shadow.close().await;
        left.both.close().await;
        drop(left);
        let claim = intake.database().claim("rebuild").await.unwrap().expect("nobody has it");
        let refused = rebuild(&intake, &settings(&database), false, |_| {}).await.unwrap_err();
        assert_eq!(refused.code, Code::Conflict);
        drop(claim);
        assert_eq!(read_again(&intake, &database, false).await.differences, []);
        if let Some(file) = database.url().strip_prefix("sqlite://") {
            let file = file.split('?').next().unwrap();
            assert!(!Path::new(&format!("{file}-shadow")).exists());
        }
    }

    async fn a_source_that_is_no_more_is_told(database: TestDatabase) {
        let over = async |sources| Intake::new(open(&database).await, sources, Rules::default(), IntakeSettings::default());
        let row = json!({ "id": "v1", "person": "a", "state": "OPEN", "at": "2026-05-01T10:00:00Z" });
        over(visitors(false)).await.flush(vec![envelope(1, "visitors", "visits", &row)]).await.unwrap();
        let before = graph(&database).await;
        let refused = rebuild(&over(Sources::default()).await, &settings(&database), false, |_| {}).await.unwrap_err();
        assert!(refused.message.contains("1 records of the source \"visitors\""), "{}", refused.message);
        assert_eq!(graph(&database).await, before);
    }
}
