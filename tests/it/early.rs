//! Records that came before what they belong to: seen, tried again, put aside; and placed in the end, whatever ended or failed
//! between the transaction that brought what they waited for and the one that was to place them.

use api::ingest::envelope::Envelope;
use api::ingest::overdue::Looked;
use customer360_tests::process::{Program, free_port};
use customer360_tests::{Db, Role, TestApp, TestDatabase, both};
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseConnection, EntityTrait, QueryFilter};
use serde_json::{Value, json};

use crate::intake::envelope;
use crate::order::{MAPPING, desk};

fn ticket(n: i64, version: i64, person: &str) -> Envelope {
    let at = "2026-05-01T10:00:00Z";
    envelope(
        n,
        "desk",
        "tickets",
        &json!({ "id": "t1", "v": version, "person": person, "subject": "Heating", "at": at }),
    )
}

fn message(n: i64, version: i64, ticket: &str) -> Envelope {
    let payload = json!({ "id": "m1", "v": version, "ticket": ticket, "text": "CANARY", "at": "2026-05-02T10:00:00Z" });
    envelope(n, "desk", "messages", &payload)
}

async fn state(connection: &DatabaseConnection, stream: &str) -> Vec<String> {
    let rows = entity::record::Entity::find().filter(entity::record::Column::Stream.eq(stream));
    rows.all(connection).await.unwrap().into_iter().map(|row| row.state).collect()
}

async fn messages(connection: &DatabaseConnection) -> Vec<entity::ticket_message::Model> {
    entity::ticket_message::Entity::find().all(connection).await.unwrap()
}

/// No message can be written until [`mend`]: what a node that ends there, or a database that fails there, leaves behind.
async fn break_off(database: &TestDatabase) {
    let statements: &[&str] = match database.db() {
        Db::Sqlite => &["CREATE TRIGGER stuck BEFORE INSERT ON ticket_message BEGIN SELECT RAISE(ABORT, 'stuck'); END"],
        Db::Postgres => &[
            "CREATE FUNCTION stuck() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'stuck'; END $$",
            "CREATE TRIGGER stuck BEFORE INSERT ON ticket_message FOR EACH ROW EXECUTE FUNCTION stuck()",
        ],
    };
    for statement in statements {
        database.connect().await.execute_unprepared(statement).await.unwrap();
    }
}

async fn mend(database: &TestDatabase) {
    let on = if database.db() == Db::Sqlite { "" } else { " ON ticket_message" };
    database.connect().await.execute_unprepared(&format!("DROP TRIGGER stuck{on}")).await.unwrap();
}

/// The folder of the desk's source.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("maps")).unwrap();
    std::fs::write(folder.path().join("maps/desk.toml"), MAPPING).unwrap();
    std::fs::write(folder.path().join("desk.toml"), "key = \"desk\"\nmapping = \"maps/desk.toml\"\n").unwrap();
    folder
}

async fn send(app: &TestApp, document: &str, input: Value) -> Value {
    let answer = app.query_as(Role::Steward, document, json!({ "input": input })).await;
    answer.data().as_object().unwrap().values().next().unwrap().clone()
}

const STANDING: &str = "{ source(key: \"desk\") { status counts { taken rejected waiting early discarded } streams { name counts { early } } }
    rejectedRecords(filter: {state: WAITING}) { totalCount nodes { id stream state code reason content { shape } } } }";
const REPLAY: &str = "mutation($input: RejectedRecordsReplayInput!) { rejectedRecordsReplay(input: $input) {
    taken waiting superseded rejected remaining } }";
const DISCARD: &str = "mutation($input: RejectedRecordDiscardInput!) { rejectedRecordDiscard(input: $input) {
    changed rejectedRecords { state code } } }";
const RESTORE: &str = "mutation($input: RejectedRecordRestoreInput!) { rejectedRecordRestore(input: $input) {
    changed rejectedRecords { state } } }";

both! {
    async fn what_waits_is_seen_tried_again_and_put_aside(database: TestDatabase) {
        let folder = folder();
        let sources = ("CUSTOMER360_INTAKE__SOURCES", folder.path().to_str().unwrap());
        let token = ("CUSTOMER360_METRICS__TOKEN", "scrape me if you can");
        let app = TestApp::over(database, &[sources, token]).await;
        let (intake, connection) = (app.app().intake().clone(), app.database().connect().await);
        intake.flush(vec![message(1, 1, "t1")]).await.unwrap();

        let standing = app.query_as(Role::Steward, STANDING, json!({})).await.data().clone();
        let counts = json!({ "taken": 1, "rejected": 0, "waiting": 0, "early": 1, "discarded": 0 });
        assert_eq!((&standing["source"]["status"], &standing["source"]["counts"]), (&json!("OK"), &counts));
        assert_eq!(standing["source"]["streams"], json!([{ "name": "messages", "counts": { "early": 1 } }]));
        let record = &standing["rejectedRecords"]["nodes"][0];
        assert_eq!((&record["state"], &record["code"], &record["stream"]), (&json!("WAITING"), &json!("WAITING"), &json!("messages")));
        assert!(record["reason"].as_str().unwrap().contains("has not come yet") && record["content"]["shape"].is_string());
        let scraped = axum::http::Request::get("/metrics").header("authorization", "Bearer scrape me if you can");
        let text = app.send(scraped.body(axum::body::Body::empty()).unwrap()).await.text;
        assert!(text.contains("customer360_source_waiting_records{source=\"desk\"} 1\n"), "{text}");
        assert!(text.contains("customer360_source_rejected_records{source=\"desk\"} 0\n"), "{text}");

        let all = json!({ "ofSource": { "source": "desk", "code": "WAITING" } });
        let tried = send(&app, REPLAY, json!({ "select": all })).await;
        assert_eq!(tried, json!({ "taken": 0, "waiting": 1, "superseded": 0, "rejected": 0, "remaining": 0 }), "its ticket is not there");
        let one = json!({ "ids": [record["id"]] });
        let aside = send(&app, DISCARD, json!({ "select": one, "reason": "A ticket of another desk." })).await;
        assert_eq!(aside, json!({ "changed": 1, "rejectedRecords": [{ "state": "DISCARDED", "code": "WAITING" }] }));
        assert_eq!(intake.flush(vec![ticket(2, 1, "p1")]).await.unwrap().woken, 0, "it waits no longer");
        assert_eq!(intake.place_overdue(&mut Looked::default()).await.unwrap().placed, 0);
        assert!(messages(&connection).await.is_empty());

        let back = send(&app, RESTORE, json!({ "ids": one["ids"] })).await;
        assert_eq!(back, json!({ "changed": 1, "rejectedRecords": [{ "state": "WAITING" }] }));
        let tried = send(&app, REPLAY, json!({ "select": all })).await;
        assert_eq!((&tried["taken"], &tried["waiting"]), (&json!(1), &json!(0)));
        assert_eq!(messages(&connection).await.len(), 1);
        let standing = app.query_as(Role::Steward, STANDING, json!({})).await.data().clone();
        assert_eq!(standing["rejectedRecords"]["totalCount"], 0);
        assert_eq!(standing["source"]["counts"]["taken"], 2, "each record is counted once");
        let again = send(&app, REPLAY, json!({ "select": one })).await;
        assert_eq!(again, json!({ "taken": 0, "waiting": 0, "superseded": 0, "rejected": 0, "remaining": 0 }));
    }

    async fn whoever_brings_what_was_waited_for_hears_nothing_of_a_fault(database: TestDatabase) {
        let (one, other) = (desk(&database, ["desk".to_owned()]).await, desk(&database, ["desk".to_owned()]).await);
        let connection = database.connect().await;
        one.flush(vec![message(1, 1, "t1")]).await.unwrap();
        break_off(&database).await;
        let brought = one.flush(vec![ticket(2, 1, "p1")]).await.unwrap();
        assert_eq!((brought.taken, brought.woken, brought.rejected.len()), (1, 0, 0));
        assert_eq!(state(&connection, "messages").await, ["WAITING"]);
        let looked = one.place_overdue(&mut Looked::default()).await.unwrap();
        assert_eq!((looked.placed, looked.failed), (0, 1));
        mend(&database).await;
        // Two nodes at once: it is placed once.
        let (mut here, mut there) = (Looked::default(), Looked::default());
        let (here, there) = tokio::join!(one.place_overdue(&mut here), other.place_overdue(&mut there));
        let (here, there) = (here.unwrap(), there.unwrap());
        assert_eq!((here.placed + there.placed, here.failed + there.failed), (1, 0), "{here:?} {there:?}");
        assert_eq!(state(&connection, "messages").await, ["APPLIED"]);
        let told = entity::change::Entity::find().filter(entity::change::Column::Entity.eq("ticket_message"));
        assert_eq!((messages(&connection).await.len(), told.all(&connection).await.unwrap().len()), (1, 1));
        assert!(entity::record_waiting::Entity::find().all(&connection).await.unwrap().is_empty());
        let counts = entity::source_stream::Entity::find().all(&connection).await.unwrap();
        assert!(counts.iter().all(|stream| (stream.taken, stream.rejected) == (1, 0)), "{counts:?}");
    }

    async fn what_hangs_on_a_row_that_moved_follows_it_in_the_end(database: TestDatabase) {
        let intake = desk(&database, ["desk".to_owned()]).await;
        let connection = database.connect().await;
        intake.flush(vec![ticket(1, 1, "p1"), message(2, 1, "t1")]).await.unwrap();
        break_off(&database).await;
        intake.flush(vec![ticket(3, 2, "p2")]).await.unwrap();
        mend(&database).await;
        let of_the_ticket = entity::ticket::Entity::find().one(&connection).await.unwrap().unwrap().customer_id;
        assert_ne!(messages(&connection).await[0].customer_id, of_the_ticket);
        assert_eq!(intake.place_overdue(&mut Looked::default()).await.unwrap().placed, 1);
        assert_eq!(messages(&connection).await[0].customer_id, of_the_ticket);
        assert_eq!(intake.place_overdue(&mut Looked::default()).await.unwrap().placed, 0, "and that is all");
    }

    async fn what_a_newer_word_overtook_waits_no_longer(database: TestDatabase) {
        let intake = desk(&database, ["desk".to_owned()]).await;
        let connection = database.connect().await;
        intake.flush(vec![ticket(1, 1, "p1"), message(2, 1, "never")]).await.unwrap();
        intake.flush(vec![message(3, 2, "t1")]).await.unwrap();
        intake.place_overdue(&mut Looked::default()).await.unwrap();
        let mut states = state(&connection, "messages").await;
        states.sort();
        assert_eq!(states, ["APPLIED", "SUPERSEDED"]);
        assert!(entity::record_waiting::Entity::find().all(&connection).await.unwrap().is_empty());
    }

    async fn a_look_goes_on_behind_what_waits_still(database: TestDatabase) {
        let intake = desk(&database, ["desk".to_owned()]).await;
        intake.flush(vec![message(1, 1, "t1")]).await.unwrap();
        break_off(&database).await;
        intake.flush(vec![ticket(2, 1, "p1")]).await.unwrap();
        mend(&database).await;
        // More than are read at a time wait before it for what never comes.
        let id = |n: i32| if database.db() == Db::Sqlite { format!("x'{n:032x}'") } else { format!("'{n:032x}'::uuid") };
        let notes: Vec<String> = (1..=4_100).map(|n| format!("({id}, {id}, {id})", id = id(n))).collect();
        let insert = format!("INSERT INTO record_waiting (awaited_id, record_id, row_id) VALUES {}", notes.join(", "));
        let connection = database.connect().await;
        connection.execute_unprepared(&insert).await.unwrap();
        assert_eq!(intake.place_overdue(&mut Looked::default()).await.unwrap().placed, 1);
        assert_eq!(messages(&connection).await.len(), 1);
        assert_eq!(entity::record_waiting::Entity::find().all(&connection).await.unwrap().len(), 4_100, "they wait still");
    }

    async fn a_record_that_cannot_be_placed_keeps_no_other_from_it(database: TestDatabase) {
        let intake = desk(&database, ["desk".to_owned()]).await;
        let more = |n: i64, text: &str| {
            let payload = json!({ "id": format!("m{n}"), "v": 1, "ticket": "t1", "text": text, "at": "2026-05-02T10:00:00Z" });
            envelope(n, "desk", "messages", &payload)
        };
        intake.flush(vec![more(1, "good"), more(2, "bad"), more(3, "good")]).await.unwrap();
        let statements: &[&str] = match database.db() {
            Db::Sqlite => &["CREATE TRIGGER stuck BEFORE INSERT ON ticket_message WHEN new.text = 'bad' BEGIN SELECT RAISE(ABORT, 'stuck'); END"],
            Db::Postgres => &[
                "CREATE FUNCTION stuck() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'stuck'; END $$",
                "CREATE TRIGGER stuck BEFORE INSERT ON ticket_message FOR EACH ROW WHEN (new.text = 'bad') EXECUTE FUNCTION stuck()",
            ],
        };
        let connection = database.connect().await;
        for statement in statements {
            connection.execute_unprepared(statement).await.unwrap();
        }
        assert_eq!(intake.flush(vec![ticket(4, 1, "p1")]).await.unwrap().woken, 2);
        let mut states = state(&connection, "messages").await;
        states.sort();
        assert_eq!(states, ["APPLIED", "APPLIED", "WAITING"]);
    }

    async fn a_server_that_starts_places_what_was_left_behind(database: TestDatabase) {
        let intake = desk(&database, ["desk".to_owned()]).await;
        intake.flush(vec![message(1, 1, "t1")]).await.unwrap();
        break_off(&database).await;
        intake.flush(vec![ticket(2, 1, "p1")]).await.unwrap();
        mend(&database).await;
        intake.database().close().await;
        let folder = folder();
        let address = format!("127.0.0.1:{}", free_port());
        let program = |arguments: &[&str]| {
            Program::new(arguments)
                .env("DATABASE_URL", database.url())
                .env("CUSTOMER360_LOG", "info")
                .env("CUSTOMER360_HTTP__LISTEN", &address)
                .env("CUSTOMER360_INTAKE__SOURCES", folder.path().to_str().unwrap())
        };
        let listed = program(&["rejected"]).finish();
        assert!(listed.stdout.contains("\tdesk\tmessages\tWAITING\t"), "{listed:?}");
        let standing = program(&["sources"]).finish();
        assert!(standing.stdout.starts_with("desk\tOK\tsupport\t") && standing.stdout.contains("\t2\t0\t1\t-\t"), "{standing:?}");
        let mut server = program(&["serve"]).start();
        server.wait_for_word("what it placed", |line| line.contains("records that had waited were placed"));
        assert!(!server.stderr().contains("CANARY"));
        server.kill();
        let connection = database.connect().await;
        assert_eq!((state(&connection, "messages").await, messages(&connection).await.len()), (vec!["APPLIED".to_owned()], 1));
        let listed = program(&["rejected"]).finish();
        assert!(listed.stdout.is_empty(), "{listed:?}");
    }
}
