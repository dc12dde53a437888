//! The feed of changes: each told once, none skipped, whatever order writers end in; and only to those who may know of it.

use std::collections::BTreeSet;

use api::ingest::envelope::{Envelope, Op};
use chrono::Utc;
use customer360_tests::{Db, Role, TestApp, both};
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement, TransactionTrait};
use serde_json::{Value, json};

use crate::access::world::{World, settle};

const FEED: &str =
    "query($after: String) { changes(first: 7, after: $after) { nodes { entity entityId customerId op changedAt }
    edges { cursor node { entityId } } pageInfo { hasNextPage endCursor } headCursor } }";

/// Asks until nothing new is there; gives the changes and where the reader stands then.
async fn follow(app: &TestApp, role: Role, mut after: Option<String>) -> (Vec<Value>, Option<String>) {
    let mut all = Vec::new();
    loop {
        let answer = app.query_as(role, FEED, json!({ "after": after })).await;
        let page = &answer.data()["changes"];
        all.extend(page["nodes"].as_array().unwrap().iter().cloned());
        after = page["pageInfo"]["endCursor"].as_str().map(str::to_owned);
        if page["pageInfo"]["hasNextPage"] == false {
            return (all, after);
        }
    }
}

fn ticket(n: usize, turn: usize) -> Envelope {
    let payload = json!({ "id": format!("T{n}"), "number": format!("{n}"), "customer_number": format!("C-{}", n % 50), "status": "OPEN",
        "subject": format!("turn {turn}"), "opened_at": "2026-05-01T10:00:00Z" });
    Envelope {
        source: "csv-support".into(),
        stream: "tickets".into(),
        key: None,
        op: Op::Upsert,
        payload: payload.to_string().into(),
        occurred_at: None,
        received_at: Utc::now(),
        dedupe_key: None,
        sync: None,
    }
}

/// A record of a preset's stream, at a second of its own.
fn record(second: i64, source: &str, stream: &str, op: Op, payload: &Value) -> Envelope {
    Envelope { op, ..crate::intake::envelope(second, source, stream, payload) }
}

/// The ids that the feed of whoever holds the token tells of this kind, with what was done.
async fn told(app: &TestApp, token: &str, entity: &str) -> Vec<(String, String)> {
    let (mut all, mut after) = (Vec::new(), Value::Null);
    loop {
        let answer = app.query_by(token, FEED, json!({ "after": after })).await;
        let page = answer.data()["changes"].clone();
        all.extend(page["nodes"].as_array().unwrap().iter().filter(|change| change["entity"] == entity).map(
            |change| (change["entityId"].as_str().unwrap().to_owned(), change["op"].as_str().unwrap().to_owned()),
        ));
        after = page["pageInfo"]["endCursor"].clone();
        if page["pageInfo"]["hasNextPage"] == false {
            return all;
        }
    }
}

async fn count(database: &DatabaseConnection) -> usize {
    let backend = database.get_database_backend();
    let row = database
        .query_one_raw(Statement::from_string(backend, "SELECT count(*) AS n FROM change"))
        .await
        .unwrap()
        .unwrap();
    usize::try_from(row.try_get::<i64>("", "n").unwrap()).unwrap()
}

both! {
    async fn a_follower_sees_each_change_once_beside_many_writers(app: TestApp) {
        let mut writers = tokio::task::JoinSet::new();
        for writer in 0..4 {
            let intake = app.app().intake().clone();
            writers.spawn(async move {
                for turn in 0..6 {
                    // Writers meet in customers and tickets alike.
                    let batch = (0..8).map(|n| ticket((writer * 5 + n * 3 + turn) % 40, writer * 10 + turn)).collect();
                    intake.flush(batch).await.unwrap();
                }
            });
        }
        let (mut seen, mut after) = (Vec::new(), None);
        while !writers.is_empty() {
            while let Some(ended) = writers.try_join_next() {
                ended.unwrap();
            }
            let (new, stand) = follow(&app, Role::Privacy, after.clone()).await;
            seen.extend(new);
            after = stand;
        }
        settle(app.database()).await;
        seen.extend(follow(&app, Role::Privacy, after).await.0);
        let (whole, end) = follow(&app, Role::Privacy, None).await;
        assert_eq!(seen.len(), whole.len());
        assert_eq!(seen, whole, "the follower and one who comes later read the same");
        assert_eq!(whole.len(), count(&app.database().connect().await).await);
        let head = app.query_as(Role::Privacy, FEED, json!({ "after": end })).await;
        assert_eq!(head.data()["changes"]["headCursor"], json!(end));
        assert_eq!(head.data()["changes"]["nodes"], json!([]));
        assert_eq!(head.data()["changes"]["pageInfo"]["endCursor"], json!(end), "nothing new: stay where you are");
    }

    async fn what_is_told_can_be_asked_for(world: World) {
        let (changes, _) = follow(&world.app, Role::Privacy, None).await;
        let kinds: BTreeSet<&str> = changes.iter().map(|change| change["entity"].as_str().unwrap()).collect();
        assert!(kinds.len() > 12 && kinds.contains("customer") && kinds.contains("ticket"), "{kinds:?}");
        for change in changes.iter().filter(|change| !["relation", "customer"].contains(&change["entity"].as_str().unwrap())) {
            let answer = world.app.query_as(Role::Privacy, "query($id: ID!) { node(id: $id) { id } }", json!({ "id": change["entityId"] })).await;
            // A note that was taken back is told, and is not there any more.
            let found = &answer.data()["node"];
            assert!(*found == json!({ "id": change["entityId"] }) || (found.is_null() && change["entity"] == "contact_note"), "{change}: {answer:?}");
        }
    }

    async fn who_may_not_read_is_not_told(world: World) {
        for role in [Role::Integration, Role::Admin] {
            let answer = world.app.query_as(role, FEED, json!({})).await;
            assert_eq!(answer.codes(), ["FORBIDDEN"], "{}", role.as_str());
        }
        let ids = |changes: &[Value], entity: &str| -> BTreeSet<String> {
            let of = changes.iter().filter(|change| change["entity"] == entity);
            of.map(|change| change["entityId"].as_str().unwrap().to_owned()).collect()
        };
        let (all, _) = follow(&world.app, Role::Privacy, None).await;
        let (fewer, _) = follow(&world.app, Role::Marketing, None).await;
        for entity in ["ticket_message", "contact_note"] {
            let (all, fewer) = (ids(&all, entity), ids(&fewer, entity));
            assert!(fewer.len() < all.len() && fewer.is_subset(&all), "internal rows are not told: {entity} {} of {}", fewer.len(), all.len());
        }
        assert_eq!(ids(&all, "ticket"), ids(&fewer, "ticket"));
    }

    async fn what_was_internal_stays_so_when_it_is_gone(app: TestApp) {
        let intake = app.app().intake();
        let author = json!({ "key": "kim", "name": "Kim Lee", "email": "kim@ours.example", "department": "SERVICE" });
        let ticket = json!({ "id": "t1", "number": "1", "customer_number": "C-1", "status": "OPEN", "subject": "x", "opened_at": "2026-05-01T10:00:00Z" });
        let message = |id: &str, internal: bool| json!({ "id": id, "ticket": "t1", "staff": "kim", "text": "x", "internal": internal, "sent_at": "2026-05-01T11:00:00Z" });
        let note = |id: &str, visibility: &str| json!({ "id": id, "customer_number": "C-1", "text": "x", "visibility": visibility,
            "channel": "PHONE", "noted_at": "2026-05-01T11:00:00Z", "updated_at": "2026-05-01T11:00:00Z" });
        let (open, hidden) = (message("m-open", false), message("m-hidden", true));
        let (all, department) = (note("n-open", "ALL"), note("n-hidden", "DEPARTMENT"));
        let written = intake.flush(vec![
            record(0, "csv-support", "staff", Op::Upsert, &author), record(1, "csv-support", "tickets", Op::Upsert, &ticket),
            record(2, "csv-support", "messages", Op::Upsert, &open), record(3, "csv-support", "messages", Op::Upsert, &hidden),
            record(4, "csv-sales", "notes", Op::Upsert, &all), record(5, "csv-sales", "notes", Op::Upsert, &department),
        ]).await.unwrap();
        assert_eq!((written.taken, written.rejected.len()), (6, 0), "{:?}", written.rejected);
        settle(app.database()).await;
        let token = |role: Role| customer360_tests::app::token("tester", &[role]);
        let seeing = told(&app, &token(Role::Privacy), "ticket_message").await;
        let hidden_message = written.origins[3].unwrap().simple().to_string();
        let hidden_note = written.origins[5].unwrap().simple().to_string();
        assert!(seeing.iter().any(|(id, _)| id.ends_with(&hidden_message)), "{seeing:?}");

        let gone = |payload: &Value| { let mut payload = payload.clone(); payload["updated_at"] = json!("2026-05-02T11:00:00Z"); payload };
        let deleted = intake.flush(vec![
            record(6, "csv-support", "messages", Op::Delete, &open), record(7, "csv-support", "messages", Op::Delete, &hidden),
            record(8, "csv-sales", "notes", Op::Delete, &gone(&all)), record(9, "csv-sales", "notes", Op::Delete, &gone(&department)),
        ]).await.unwrap();
        assert_eq!((deleted.taken, deleted.rejected.len()), (4, 0), "{:?}", deleted.rejected);
        settle(app.database()).await;
        for role in Role::ALL.into_iter().filter(|role| !matches!(role, Role::Integration | Role::Admin)) {
            for (entity, hidden) in [("ticket_message", &hidden_message), ("contact_note", &hidden_note)] {
                let told = told(&app, &token(role), entity).await;
                let ops = |secret: bool| -> Vec<&str> {
                    told.iter().filter(|(id, _)| id.ends_with(hidden.as_str()) == secret).map(|(_, op)| op.as_str()).collect()
                };
                assert_eq!(ops(false), ["UPSERT", "DELETE"], "{}: {told:?}", role.as_str());
                let sees = matches!(role, Role::Service | Role::Privacy);
                assert_eq!(ops(true), if sees { vec!["UPSERT", "DELETE"] } else { vec![] }, "{}: {told:?}", role.as_str());
            }
        }
        // Whoever wrote it is told that it is gone.
        let author = customer360_tests::app::token("kim@ours.example", &[Role::Marketing]);
        let own = told(&app, &author, "ticket_message").await;
        assert_eq!(own.iter().filter(|(id, op)| id.ends_with(&hidden_message) && op == "DELETE").count(), 1, "{own:?}");

        // Back as a message for everyone it is told to everyone, and what was before is not.
        let mut returned = message("m-hidden", false);
        returned["sent_at"] = json!("2026-05-03T11:00:00Z");
        intake.flush(vec![record(10, "csv-support", "messages", Op::Upsert, &returned)]).await.unwrap();
        settle(app.database()).await;
        let back = told(&app, &token(Role::Marketing), "ticket_message").await;
        let back: Vec<_> = back.iter().filter(|(id, _)| id.ends_with(&hidden_message)).map(|(_, op)| op.as_str()).collect();
        assert_eq!(back, ["UPSERT"]);
    }

    async fn a_merge_is_told_with_who_ended_in_whom(app: TestApp) {
        let intake = app.app().intake();
        let ticket = |n: i64, of: Value| {
            let mut payload = json!({ "id": format!("t{n}"), "number": format!("{n}"), "status": "OPEN", "subject": "x", "opened_at": "2026-05-01T10:00:00Z" });
            payload.as_object_mut().unwrap().extend(of.as_object().unwrap().clone());
            record(n, "csv-support", "tickets", Op::Upsert, &payload)
        };
        intake.flush(vec![ticket(1, json!({ "customer_number": "C-1" })), ticket(2, json!({ "email": "anna@example.org" }))]).await.unwrap();
        settle(app.database()).await;
        let (before, stand) = follow(&app, Role::Privacy, None).await;
        let customers: BTreeSet<String> = before.iter().filter(|change| change["entity"] == "customer")
            .map(|change| change["entityId"].as_str().unwrap().to_owned()).collect();
        assert_eq!(customers.len(), 2);
        let contact = json!({ "customer_number": "C-1", "email": "anna@example.org", "name": "Anna Schmidt", "updated_at": "2026-05-02T10:00:00Z" });
        intake.flush(vec![record(3, "csv-crm", "contacts", Op::Upsert, &contact)]).await.unwrap();
        settle(app.database()).await;
        let (after, _) = follow(&app, Role::Privacy, stand).await;
        let merges: Vec<&Value> = after.iter().filter(|change| change["op"] == "MERGE").collect();
        let [merge] = merges[..] else { panic!("one merge: {after:?}") };
        let ids = [&merge["entityId"], &merge["customerId"]].map(|id| id.as_str().unwrap().to_owned());
        assert_eq!((&merge["entity"], BTreeSet::from(ids.clone())), (&json!("customer"), customers), "the loser, and the one that remains");
        assert!(!after.iter().any(|change| change["op"] != "MERGE" && change["entityId"] == ids[0]), "the loser is told once: {after:?}");
        let survivor = after.iter().filter(|change| change["entity"] == "customer" && change["entityId"] == ids[1]);
        assert_eq!(survivor.count(), 1);
        let asked = app.query_as(Role::Privacy, "query($id: ID!) { customer(by: {id: $id}) { id support { tickets { totalCount } } } }", json!({ "id": ids[0] })).await;
        assert_eq!(asked.data()["customer"], json!({ "id": ids[1], "support": { "tickets": { "totalCount": 2 } } }));
        let (whole, _) = follow(&app, Role::Privacy, None).await;
        assert_eq!(whole.len(), count(&app.database().connect().await).await);
    }

    async fn bad_cursors_are_refused(app: TestApp) {
        for after in ["", "x", "MS4yLjM"] {
            let answer = app.query_as(Role::Service, FEED, json!({ "after": after })).await;
            assert_eq!(answer.codes(), ["BAD_USER_INPUT"], "{after}");
        }
        let answer = app.query_as(Role::Service, "{ changes(first: 101) { nodes { entityId } } }", json!({})).await;
        assert!(!answer.codes().is_empty());
    }

    async fn own_rows_are_all_that_is_told(app: TestApp) {
        let policy = "[role.rep]\ndescription = 'own'\nread = ['customer', 'support']\nrows = 'own'\nwrite = []\nclasses = {}\n";
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), policy).unwrap();
        let world = World::with(app.database().db(), &[("CUSTOMER360_ACCESS__POLICY", file.path().to_str().unwrap())]).await;
        let config = api::config::Config::load_from(None, [("DATABASE_URL".to_owned(), "sqlite::memory:".to_owned())]).unwrap();
        let told = async |subject: &str| {
            let token = api::auth::mint(&config, subject, &["rep".to_owned()], 60).unwrap();
            let answer = world.app.query_by(&token, "{ changes(first: 100) { nodes { entity customerId } } }", json!({})).await;
            answer.data()["changes"]["nodes"].as_array().unwrap().clone()
        };
        assert_eq!(told("nobody").await, Vec::<Value>::new());
        let own = told(crate::access::world::OWNER).await;
        let kinds: BTreeSet<String> = own.iter().map(|change| change["entity"].to_string()).collect();
        assert_eq!(kinds, BTreeSet::from(["\"customer\"", "\"relation\"", "\"ticket\"", "\"ticket_message\""].map(str::to_owned)));
        let of = |value: &Value| value.as_str().unwrap().to_owned();
        let customers: BTreeSet<String> = own.iter().map(|change| of(&change["customerId"])).collect();
        let token = api::auth::mint(&config, crate::access::world::OWNER, &["rep".to_owned()], 60).unwrap();
        let listed = world.app.query_by(&token, "{ customers { nodes { id } } }", json!({})).await;
        let nodes = listed.data()["customers"]["nodes"].as_array().unwrap();
        let listed: BTreeSet<String> = nodes.iter().map(|node| of(&node["id"])).collect();
        assert_eq!(customers, listed, "a person and their company, and no other");
    }
}

const INSERT: &str = "INSERT INTO change (epoch, entity, entity_id, op, changed_at)
    VALUES (1, 'product', gen_random_uuid(), 'UPSERT', now()) RETURNING seq";

/// The transaction that draws its number first ends last: whoever reads between waits for it instead of passing it by.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_commit_is_not_skipped() {
    let app = TestApp::new(Db::Postgres).await;
    let insert = Statement::from_string(sea_orm::DbBackend::Postgres, INSERT);
    let (one, other) = (app.database().connect().await, app.database().connect().await);
    other.execute_raw(insert.clone()).await.unwrap();
    settle(app.database()).await;
    let (before, stand) = follow(&app, Role::Privacy, None).await;
    assert_eq!(before.len(), 1);
    let late = one.begin().await.unwrap();
    late.execute_raw(insert.clone()).await.unwrap();
    for _ in 0..3 {
        other.execute_raw(insert.clone()).await.unwrap();
        let (meanwhile, here) = follow(&app, Role::Privacy, stand.clone()).await;
        assert_eq!((meanwhile.len(), &here), (0, &stand), "what came after the late one is not told before it");
    }
    late.commit().await.unwrap();
    settle(app.database()).await;
    let (after, stand) = follow(&app, Role::Privacy, stand).await;
    assert_eq!(after.len(), 4);
    // A transaction that wrote nothing and stays open for long holds nobody up; one that gives up leaves no hole.
    let idle = one.begin().await.unwrap();
    idle.query_one_raw(Statement::from_string(sea_orm::DbBackend::Postgres, "SELECT 1 AS one")).await.unwrap();
    other.execute_raw(insert.clone()).await.unwrap();
    let gone = other.begin().await.unwrap();
    gone.execute_raw(insert.clone()).await.unwrap();
    gone.rollback().await.unwrap();
    other.execute_raw(insert).await.unwrap();
    settle(app.database()).await;
    assert_eq!(follow(&app, Role::Privacy, stand).await.0.len(), 2);
}

/// After a restore the numbers of transactions begin anew under the next epoch: what was before stays readable and first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_epoch_that_is_over_is_complete() {
    let app = TestApp::new(Db::Postgres).await;
    let database = app.database().connect().await;
    let execute = async |sql: &str| database.execute_unprepared(sql).await.unwrap();
    execute(
        &INSERT.replace("(epoch,", "(xid, epoch,").replace("(1,", "(900000000000, 1,").replace("'product'", "'survey'"),
    )
    .await;
    execute(&INSERT.replace("(1,", "(2,")).await;
    settle(app.database()).await;
    let (all, _) = follow(&app, Role::Privacy, None).await;
    let kinds: Vec<&str> = all.iter().map(|change| change["entity"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["survey", "product"]);
}
