//! The intake from the envelope to the graph, on both databases.

use std::collections::BTreeMap;
use std::time::Duration;

use api::database::{Database, Settings};
use api::identity::decide::Rules;
use api::ingest::envelope::{Envelope, Op};
use api::ingest::intake::{Intake, IntakeSettings};
use api::ingest::report::FlushReport;
use api::ingest::source::Sources;
use chrono::{DateTime, TimeDelta, Utc};
use customer360_tests::{TestApp, TestDatabase, both};
use sea_orm::{EntityTrait, Iterable};
use serde_json::{Value, json};

/// How the server reaches the database.
pub fn settings(database: &TestDatabase) -> Settings {
    Settings {
        url: database.url().to_owned(),
        // Enough that a large flush is written in parts.
        pool_size: 6,
        acquire_timeout: Duration::from_secs(10),
        statement_timeout: Duration::from_secs(30),
    }
}

/// The database as the server opens it.
pub async fn open(database: &TestDatabase) -> Database {
    Database::open(&settings(database)).await.expect("the test database opens")
}

pub async fn intake(database: &TestDatabase) -> Intake {
    let settings = IntakeSettings { default_country: Some("DE".into()), ..IntakeSettings::default() };
    Intake::new(open(database).await, Sources::default(), Rules::default(), settings)
}

pub fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_000_000, 0).unwrap() + TimeDelta::seconds(seconds)
}

pub fn envelope(seconds: i64, source: &str, stream: &str, payload: &Value) -> Envelope {
    Envelope {
        source: source.into(),
        stream: stream.into(),
        key: None,
        op: Op::Upsert,
        payload: payload.to_string().into(),
        occurred_at: None,
        received_at: at(seconds),
        dedupe_key: None,
        sync: None,
    }
}

pub fn ticket(seconds: i64, id: &str, more: &Value) -> Envelope {
    let mut payload = json!({ "id": id, "status": "OPEN", "subject": format!("Subject of {id}"), "opened_at": "2026-05-01T10:00:00Z" });
    for (key, value) in more.as_object().unwrap() {
        payload[key] = value.clone();
    }
    envelope(seconds, "csv-support", "tickets", &payload)
}

fn message(seconds: i64, id: &str, ticket: &str) -> Envelope {
    let payload = json!({ "id": id, "ticket": ticket, "text": "Hello", "sent_at": "2026-05-02T10:00:00Z" });
    envelope(seconds, "csv-support", "messages", &payload)
}

/// Every row of every table, without what only the clock and the order of writing decide.
pub async fn graph(database: &TestDatabase) -> BTreeMap<&'static str, Vec<Value>> {
    let connection = database.connect().await;
    let mut all = BTreeMap::new();
    macro_rules! read {
        ($($entity:ident)+) => {$(
            let rows = entity::$entity::Entity::find().all(&connection).await.unwrap();
            let mut rows: Vec<Value> = rows.iter().map(|row| serde_json::to_value(row).unwrap()).collect();
            for row in &mut rows {
                for clock in ["updated_at", "changed_at"] {
                    if stringify!($entity) == "customer" || clock == "changed_at" {
                        row.as_object_mut().unwrap().remove(clock);
                    }
                }
            }
            rows.sort_by_key(Value::to_string);
            all.insert(stringify!($entity), rows);
        )+};
    }
    entity::for_each_entity!(read);
    for row in all.get_mut("source").unwrap() {
        row.as_object_mut().unwrap().remove("created_at");
    }
    // A change is told once for each flush that writes the row, and what came of deliveries is counted as they came.
    all.remove("change");
    all.remove("source_stream");
    all
}

pub fn counts(report: &FlushReport) -> (usize, usize, usize, usize) {
    (report.taken, report.repeated, report.superseded, report.rejected.len())
}

/// A small history in which records meet: joins, a merge, messages before and after, versions, a stage, staff.
pub fn history() -> Vec<Envelope> {
    let mut all = vec![
        envelope(0, "csv-support", "staff", &json!({ "key": "kim", "name": "Kim Lee", "email": "kim@acme.test" })),
        ticket(
            1,
            "T1",
            &json!({ "email": "anna@example.org", "customer_name": "Anna Schmidt", "assignee": "kim",
            "updated_at": "2026-05-01T10:00:00Z" }),
        ),
        ticket(2, "T2", &json!({ "phone": "030 901820", "customer_name": "Anna Schmidt" })),
        message(3, "M1", "T1"),
        // Both at once: the two are one.
        ticket(
            4,
            "T3",
            &json!({ "customer_number": "K-1", "email": "Anna@Example.org", "phone": "+4930901820",
            "customer_name": "Anna Schmidt" }),
        ),
        message(5, "M2", "T2"),
        ticket(
            6,
            "T1",
            &json!({ "email": "anna@example.org", "status": "SOLVED", "updated_at": "2026-05-03T10:00:00Z" }),
        ),
        ticket(7, "T4", &json!({ "email": "bob@example.org", "customer_name": "Bob Ray", "assignee": "lee" })),
        message(8, "M3", "nowhere"),
        ticket(9, "T5", &json!({ "email": "bob@example.org", "status": "STRANGE" })),
    ];
    for n in 0..20 {
        all.push(ticket(20 + n, &format!("N{n}"), &json!({ "email": format!("p{}@example.org", n % 7) })));
    }
    all
}

/// The rows of a table, without what is not asked about.
fn only(rows: &[Value], fields: &[&str]) -> Vec<Value> {
    rows.iter().map(|row| fields.iter().map(|field| row[*field].clone()).collect()).collect()
}

both! {
    async fn sources_complete_each_others_staff_and_a_name_of_two_means_neither(database: TestDatabase) {
        let intake = intake(&database).await;
        let staff = |seconds, source, row| envelope(seconds, source, "staff", &row);
        let product = |seconds, source, row| envelope(seconds, source, "products", &row);
        let report = intake.flush(vec![
            staff(0, "csv-crm", json!({ "key": "c1", "name": "Kim Lee", "email": "kim@acme.test", "team": "North", "subject": "kim" })),
            product(1, "csv-crm", json!({ "key": "pump", "name": "Pump", "category": "Hardware" })),
            // Another source knows less of her, and in the same flush.
            staff(2, "csv-sales", json!({ "key": "s1", "name": "Kim Lee", "email": "kim@acme.test", "region": "DE" })),
            product(3, "csv-sales", json!({ "key": "pump", "name": "Pump" })),
            staff(4, "csv-sales", json!({ "key": "s2", "name": "Jo Ray" })),
            ticket(5, "T1", &json!({ "email": "a@example.org", "assignee": "Ann Fox" })),
        ]).await.unwrap();
        assert_eq!(counts(&report), (6, 0, 0, 0), "{:?}", report.rejected);
        let report = intake.flush(vec![
            staff(10, "csv-crm", json!({ "key": "c1", "name": "Kim Lee" })),
            // An e-mail that appears later makes nobody new.
            staff(11, "csv-sales", json!({ "key": "s2", "name": "Jo Ray", "email": "jo@acme.test" })),
            staff(12, "csv-support", json!({ "key": "h1", "name": "Ann Fox", "email": "fox1@acme.test" })),
            staff(13, "csv-support", json!({ "key": "h2", "name": "Ann Fox", "email": "fox2@acme.test" })),
            ticket(14, "T2", &json!({ "email": "a@example.org", "assignee": "Ann Fox" })),
            ticket(15, "T3", &json!({ "email": "a@example.org", "assignee": "h2" })),
        ]).await.unwrap();
        assert_eq!(counts(&report), (6, 0, 0, 0), "{:?}", report.rejected);
        // And so it stays.
        intake.flush(vec![
            staff(20, "csv-support", json!({ "key": "h1", "name": "Ann Fox", "team": "South" })),
            ticket(21, "T4", &json!({ "email": "a@example.org", "assignee": "Ann Fox" })),
        ]).await.unwrap();
        let graph = graph(&database).await;
        let mut staff = only(&graph["staff"], &["email", "team", "region", "subject"]);
        staff.sort_by_key(Value::to_string);
        assert_eq!(staff, [
            json!(["fox1@acme.test", "South", null, null]), json!(["fox2@acme.test", null, null, null]),
            json!(["jo@acme.test", null, null, null]), json!(["kim@acme.test", "North", "DE", "kim"]),
        ]);
        assert_eq!(only(&graph["product"], &["key", "category"]), [json!(["pump", "Hardware"])]);
        let of = |number: &str| graph["ticket"].iter().find(|row| row["subject"] == format!("Subject of {number}")).unwrap();
        assert!(["T1", "T2", "T4"].iter().all(|number| of(number)["assignee_id"].is_null()));
        let second = graph["staff"].iter().find(|row| row["email"] == "fox2@acme.test").unwrap();
        assert_eq!(of("T3")["assignee_id"], second["id"]);
    }

    async fn a_correction_that_moves_a_date_back_is_taken(database: TestDatabase) {
        let intake = intake(&database).await;
        let contract = |seconds, day| {
            let row = json!({ "id": "c", "number": "V-1", "customer_number": "K-1", "starts_on": day, "ends_on": "2020-12-31" });
            envelope(seconds, "csv-sales", "contracts", &row)
        };
        let report = intake.flush(vec![contract(0, "2020-05-01"), contract(1, "2020-04-01")]).await.unwrap();
        assert_eq!(counts(&report), (2, 0, 0, 0), "{:?}", report.rejected);
        let graph = graph(&database).await;
        // What the source did not say is not written down as if it had.
        assert_eq!(only(&graph["contract"], &["starts_on", "state"]), [json!(["2020-04-01", null])]);
    }

    async fn a_group_that_is_told_again_is_one_relation(database: TestDatabase) {
        let intake = intake(&database).await;
        let group = |seconds, id: &str| {
            let message = json!({ "type": "group", "messageId": id, "userId": "u1", "groupId": "acme", "traits": { "name": "Acme" },
                "timestamp": at(seconds).to_rfc3339() });
            envelope(seconds, "segment", "events", &message)
        };
        intake.flush(vec![group(0, "m1"), group(1, "m2")]).await.unwrap();
        intake.flush(vec![group(2, "m3")]).await.unwrap();
        assert_eq!(graph(&database).await["relation"].len(), 1);
    }

    async fn records_become_one_customer(database: TestDatabase) {
        let intake = intake(&database).await;
        let report = intake.flush(history()).await.unwrap();
        assert_eq!((counts(&report), report.waiting), ((29, 0, 0, 1), 1), "{:?}", report.rejected);
        let graph = graph(&database).await;
        let live: Vec<_> = graph["customer"].iter().filter(|row| row["merged_into"].is_null()).collect();
        assert_eq!(live.len(), 9);
        let anna = live.iter().find(|row| row["email"] == "anna@example.org").unwrap();
        assert_eq!((&anna["name"], &anna["phone"]), (&json!("Anna Schmidt"), &json!("+4930901820")));
        assert!(anna["search_text"].as_str().unwrap().contains("anna schmidt"), "{anna}");
        for table in ["ticket", "ticket_message", "interaction", "source_profile", "profile_identifier"] {
            for row in &graph[table] {
                assert!(live.iter().any(|customer| customer["id"] == row["customer_id"]), "{table} {row}");
            }
        }
        let of_anna = |table: &str| graph[table].iter().filter(|row| row["customer_id"] == anna["id"]).count();
        assert_eq!((of_anna("ticket"), of_anna("ticket_message"), of_anna("interaction")), (3, 2, 5));
        let first = graph["ticket"].iter().find(|row| row["subject"] == "Subject of T1").unwrap();
        assert_eq!(first["status"], "SOLVED");
        assert_eq!(graph["customer_redirect"].len(), 1);
        assert_eq!(graph["record"].iter().filter(|row| row["state"] == "REJECTED").count(), 1);
    }

    async fn repetition_changes_nothing(database: TestDatabase) {
        let intake = intake(&database).await;
        intake.flush(history()).await.unwrap();
        let before = graph(&database).await;
        let later: Vec<Envelope> = history()
            .into_iter()
            .map(|envelope| Envelope { received_at: envelope.received_at + TimeDelta::days(1), ..envelope })
            .collect();
        let report = intake.flush(later).await.unwrap();
        assert_eq!(counts(&report), (0, 29, 0, 1), "{report:?}");
        let after = graph(&database).await;
        for (table, rows) in &before {
            if *table != "source" {
                assert_eq!(rows, &after[table], "{table}");
            }
        }
    }

    async fn flushes_may_be_cut_anywhere(database: TestDatabase) {
        let at_once = intake(&database).await;
        at_once.flush(history()).await.unwrap();
        let other = TestDatabase::create(database.db()).await;
        let one_by_one = intake(&other).await;
        for envelope in history() {
            one_by_one.flush(vec![envelope]).await.unwrap();
        }
        let (a, b) = (graph(&database).await, graph(&other).await);
        for (table, rows) in &a {
            assert_eq!(rows, &b[table], "{table}");
        }
    }

    async fn a_shared_number_of_earlier_records_joins_nobody(database: TestDatabase) {
        let line = json!({ "phone": "030 901820" });
        let with = |seconds: i64, email: &str, more: &Value| {
            let mut who = json!({ "email": email });
            who.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            ticket(seconds, &format!("T{seconds}"), &who)
        };
        // Four names on a switchboard: nobody is joined by it any more. Two without a name carry it from then on.
        let earlier = ["Anna Beck", "Peter Koch", "Olga Stein", "Emil Graf"].iter().enumerate().map(|(n, name)| {
            let who = json!({ "phone": line["phone"], "customer_name": name });
            with(i64::try_from(n).unwrap(), &format!("named{n}@example.org"), &who)
        });
        let earlier: Vec<Envelope> = earlier.chain([with(10, "a@example.org", &line), with(11, "b@example.org", &line)]).collect();
        let later = vec![
            with(20, "a@example.org", &json!({ "customer_name": "Ada Lang" })),
            with(21, "b@example.org", &json!({})),
        ];
        let intake = intake(&database).await;
        intake.flush(earlier).await.unwrap();
        let before = graph(&database).await["identifier"].clone();
        intake.flush(later).await.unwrap();
        let graph = graph(&database).await;
        assert_eq!(graph["customer"].iter().filter(|row| !row["merged_into"].is_null()).count(), 0);
        assert_eq!(graph["identifier"], before);
        assert!(before.iter().any(|row| row["kind"] == "PHONE" && row["status"] == "SHARED"), "{before:?}");
    }

    async fn the_newest_word_wins_value_by_value(database: TestDatabase) {
        let intake = intake(&database).await;
        let say = |seconds: i64, opened_at: &str, more: Value| {
            let mut who = json!({ "email": "anna@example.org", "opened_at": opened_at });
            who.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            vec![ticket(seconds, &format!("T{seconds}"), &who)]
        };
        // The newest first, as many exports are written; and each value as old as the record that said it.
        intake.flush(say(1, "2026-02-01T00:00:00Z", json!({ "customer_name": "Anna Müller" }))).await.unwrap();
        intake.flush(say(2, "2020-01-01T00:00:00Z", json!({ "customer_name": "Anna Schmidt", "company": "Beck" }))).await.unwrap();
        intake.flush(say(3, "2026-06-01T00:00:00Z", json!({ "phone": "030 901820" }))).await.unwrap();
        let golden = async || -> BTreeMap<String, (String, String)> {
            let graph = graph(&database).await;
            let text = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
            let row = |row: &Value| (text(row, "attribute"), (text(row, "value"), text(row, "observed_at")[..10].to_owned()));
            graph["golden_value"].iter().map(row).collect()
        };
        let shown = golden().await;
        let is = |key: &str, value: &str, day: &str| assert_eq!(shown[key], (value.to_owned(), day.to_owned()));
        is("name", "Anna Müller", "2026-02-01");
        is("company", "Beck", "2020-01-01");
        is("phone", "+4930901820", "2026-06-01");
        // What lies ahead is known since it was told, and does not win for ever.
        intake.flush(say(4, "2031-01-01T00:00:00Z", json!({ "customer_name": "Anna Vogt" }))).await.unwrap();
        intake.flush(say(5, "2026-11-30T00:00:00Z", json!({ "customer_name": "Anna Wolf" }))).await.unwrap();
        assert_eq!(golden().await["name"].0, "Anna Wolf");
    }

    async fn what_joins_nobody_is_a_setting(database: TestDatabase) {
        let list = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(list.path(), "email = [\"desk@acme.test\"]").unwrap();
        let settings = [
            ("CUSTOMER360_IDENTITY__DEGREE_LIMITS__PHONE", "1"),
            ("CUSTOMER360_IDENTITY__DENY_LIST", list.path().to_str().unwrap()),
        ];
        let app = TestApp::over(database, &settings).await;
        let say = |seconds, who: Value| ticket(seconds, &format!("T{seconds}"), &who);
        let records = vec![
            say(1, json!({ "customer_number": "K1", "email": "desk@acme.test", "customer_name": "Anna Beck" })),
            say(2, json!({ "customer_number": "K2", "email": "desk@acme.test" })),
            say(3, json!({ "customer_number": "K3", "phone": "030 901820", "customer_name": "Emil Graf" })),
            say(4, json!({ "customer_number": "K4", "phone": "030 901820", "customer_name": "Olga Stein" })),
        ];
        let report = app.app().intake().flush(records).await.unwrap();
        assert_eq!(counts(&report), (4, 0, 0, 0));
        let graph = graph(app.database()).await;
        assert!(graph["customer"].iter().all(|row| row["merged_into"].is_null()));
        let status = |kind: &str| &graph["identifier"].iter().find(|row| row["kind"] == kind).unwrap()["status"];
        assert_eq!((status("EMAIL"), status("PHONE")), (&json!("BLOCKED"), &json!("SHARED")));
        let blocked = graph["identity_event"].iter().filter(|row| row["kind"] == "IDENTIFIER_BLOCKED").count();
        assert_eq!(blocked, 1, "each decision is an event");
    }

    async fn open_closed_open_is_three_records(database: TestDatabase) {
        let intake = intake(&database).await;
        let say = |seconds, status: &str| {
            vec![ticket(seconds, "T1", &json!({ "email": "a@example.org", "status": status }))]
        };
        for (seconds, status) in [(1, "OPEN"), (2, "CLOSED"), (3, "OPEN"), (4, "OPEN")] {
            intake.flush(say(seconds, status)).await.unwrap();
        }
        let graph = graph(&database).await;
        assert_eq!((graph["record"].len(), graph["ticket"].len()), (3, 1));
        assert_eq!(graph["ticket"][0]["status"], "OPEN");
    }
}

/// The list of tables that follow a merge is complete.
#[test]
fn every_table_with_a_customer_takes_part() {
    use api::identity::store::{FOLLOWING, STAYING};
    macro_rules! check {
        ($($entity:ident)+) => {$(
            let table = stringify!($entity);
            for column in entity::$entity::Column::iter() {
                let column = sea_orm::IdenStatic::as_str(&column).to_owned();
                if column.ends_with("customer_id") && !STAYING.contains(&table) {
                    assert!(FOLLOWING.contains(&(table, column.as_str())), "{table}.{column} does not follow a merge");
                }
            }
        )+};
    }
    entity::for_each_entity!(check);
}
