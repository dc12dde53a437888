//! One history, several ways in, one graph: in bulk or not, by one writer or by several.

use std::collections::BTreeMap;

use api::ingest::bulk;
use api::ingest::envelope::{Envelope, Op};
use api::ingest::intake::Intake;
use api::ingest::report::Became;
use customer360_tests::{TestDatabase, both};
use sea_orm::{EntityTrait, QueryOrder};
use serde_json::{Value, json};

use crate::intake::{envelope, graph, intake, ticket};

type Graph = BTreeMap<&'static str, Vec<Value>>;

/// Compared table by table, so that a difference is told by its first row and not by two graphs.
fn assert_same(a: &Graph, b: &Graph) {
    for (table, rows) in a {
        let difference = rows.iter().zip(&b[table]).find(|(a, b)| a != b);
        assert!(difference.is_none(), "{table}: {difference:#?}");
        assert_eq!(rows.len(), b[table].len(), "{table}");
    }
}

/// A thousand customers of three silos who meet: a contact, a ticket by e-mail in another spelling, a response, a second
/// ticket known by the phone alone, until, for some, a record knows both; here and there a number that two share.
fn thousand() -> Vec<Envelope> {
    let mut all = Vec::new();
    let mut add = |source: &str, stream: &str, payload: &Value| {
        let seconds = i64::try_from(all.len()).unwrap();
        all.push(envelope(seconds, source, stream, payload));
    };
    for n in 0..1_000 {
        let phone = format!("+4930{:06}", if n % 50 == 1 { n - 1 } else { n });
        let (given, family) = (["Jürgen", "Anna", "Özlem", "Max"][n % 4], format!("Groß{n}"));
        let stage = ["USAGE", "RENEWAL"][n % 2];
        let day = format!("2026-0{}-{:02}", n % 9 + 1, n % 28 + 1);
        add(
            "csv-crm",
            "contacts",
            &json!({ "customer_number": format!("K-{n}"), "name": format!("{given} {family}"),
            "email": format!("P.{n}@Example.org"), "stage": stage, "updated_at": format!("{day}T08:00:00Z") }),
        );
        add(
            "csv-support",
            "tickets",
            &json!({ "id": format!("a{n}"), "email": format!("p.{n}@example.org"), "status": "OPEN",
            "subject": "A question", "opened_at": format!("{day}T09:00:00Z") }),
        );
        add(
            "csv-surveys",
            "responses",
            &json!({ "id": format!("r{n}"), "email": format!("p.{n}@example.org"), "finished": "yes",
            "kind": "NPS", "score": (n % 11).to_string(), "answered_at": format!("{day}T10:00:00Z") }),
        );
        add(
            "csv-support",
            "tickets",
            &json!({ "id": format!("b{n}"), "phone": phone, "status": "OPEN", "subject": "Called",
            "opened_at": format!("{day}T11:00:00Z") }),
        );
        if n % 3 == 0 {
            add(
                "csv-support",
                "tickets",
                &json!({ "id": format!("c{n}"), "phone": phone, "email": format!("p.{n}@example.org"),
                "status": "SOLVED", "subject": "Both", "opened_at": format!("{day}T12:00:00Z") }),
            );
        }
        if n % 10 == 0 {
            // An older version, which must change nothing.
            add(
                "csv-crm",
                "contacts",
                &json!({ "customer_number": format!("K-{n}"), "name": "Older",
                "updated_at": "2025-01-01T08:00:00Z" }),
            );
        }
    }
    all
}

/// What came, in the order in which the database numbered it.
async fn taken(database: &TestDatabase) -> Vec<Envelope> {
    let connection = database.connect().await;
    let records = entity::record::Entity::find().order_by_asc(entity::record::Column::IntakeNo).all(&connection).await;
    let envelopes = records.unwrap().into_iter().map(|record| Envelope {
        source: record.source,
        stream: record.stream,
        key: None,
        op: Op::Upsert,
        payload: record.payload.into(),
        occurred_at: record.occurred_at,
        received_at: record.received_at,
        dedupe_key: None,
        sync: None,
    });
    envelopes.collect()
}

both! {
    async fn bulk_and_ordinary_give_the_same_thousand_customers(database: TestDatabase) {
        let all = thousand();
        let other = TestDatabase::create(database.db()).await;
        let (ordinary, in_bulk) = (intake(&database).await, intake(&other).await);
        for chunk in all.chunks(500) {
            ordinary.flush(chunk.to_vec()).await.unwrap();
        }
        let done = bulk::around(&in_bulk, true, async |intake: &Intake| {
            for chunk in all.chunks(5_000) {
                intake.flush(chunk.to_vec()).await?;
            }
            Ok(())
        });
        done.await.unwrap();
        let (a, b) = (graph(&database).await, graph(&other).await);
        let retired = a["customer"].iter().filter(|row| !row["merged_into"].is_null()).count();
        assert_eq!(a["record"].iter().filter(|row| row["state"] == "REJECTED").count(), 0);
        assert!(a["customer"].len() - retired >= 1_000 && retired > 200, "{} with {retired} retired", a["customer"].len());
        assert_same(&a, &b);
    }

    async fn a_large_flush_gives_the_graph_of_small_ones(database: TestDatabase) {
        let all = &thousand()[..1_500];
        let other = TestDatabase::create(database.db()).await;
        let (small, large) = (intake(&database).await, intake(&other).await);
        for chunk in all.chunks(100) {
            small.flush(chunk.to_vec()).await.unwrap();
        }
        // What became of each is told in the order that they were given in, be they written in parts.
        let report = large.flush(all.to_vec()).await.unwrap();
        let older = all.iter().map(|one| one.payload.contains("\"Older\""));
        let told = report.became.iter().map(|became| *became == Became::Superseded);
        assert!(older.eq(told));
        let again = large.flush(all.to_vec()).await.unwrap();
        assert_eq!((again.repeated, again.origins), (all.len(), report.origins));
        assert_same(&graph(&database).await, &graph(&other).await);
    }

    async fn a_contact_taken_back_after_a_merge_is_forgotten_in_bulk_too(database: TestDatabase) {
        let other = TestDatabase::create(database.db()).await;
        let (ordinary, in_bulk) = (intake(&database).await, intake(&other).await);
        let (mail, phone) = ("anna@example.org", "+4930901820");
        let both = json!({ "email": mail, "phone": phone, "opened_at": "2026-05-02T10:00:00Z" });
        let moved = json!({ "phone": phone, "opened_at": "2026-05-03T10:00:00Z", "updated_at": "2026-05-20T10:00:00Z" });
        let flushes = [
            vec![
                ticket(1, "T1", &json!({ "email": mail })),
                ticket(2, "T2", &json!({ "phone": phone, "opened_at": "2026-05-09T10:00:00Z" })),
            ],
            vec![ticket(3, "T3", &both)],
            vec![ticket(4, "T2", &moved)],
        ];
        for flush in &flushes {
            ordinary.flush(flush.clone()).await.unwrap();
        }
        let done = bulk::around(&in_bulk, true, async |intake: &Intake| {
            for flush in &flushes {
                intake.flush(flush.clone()).await?;
            }
            Ok(())
        });
        done.await.unwrap();
        let (a, b) = (graph(&database).await, graph(&other).await);
        let last: Vec<_> = a["customer"].iter().map(|row| row["last_interaction_at"].as_str()).collect();
        assert!(last.contains(&None) && last.iter().flatten().all(|at| at.starts_with("2026-05-03")), "{last:?}");
        assert_same(&a, &b);
    }

    async fn several_writers_end_in_the_graph_of_one(database: TestDatabase) {
        let writers: Vec<Intake> = vec![intake(&database).await, intake(&database).await, intake(&database).await];
        let mut tasks = Vec::new();
        for (number, writer) in writers.into_iter().enumerate() {
            let offset = i64::try_from(number).unwrap();
            tasks.push(tokio::spawn(async move {
                for round in 0..6_i64 {
                    let records = (0..10).map(|n| {
                        // Everyone writes about the same ten people, by e-mail or by phone, and of one both.
                        let person = (n + round) % 10;
                        let mut who = json!({ "customer_name": format!("Given{person} Family{person}") });
                        if (n + offset) % 2 == 0 || round == 5 {
                            who["email"] = json!(format!("p{person}@example.org"));
                        }
                        if (n + offset) % 2 == 1 || round == 5 {
                            who["phone"] = json!(format!("+49309018{person:02}0"));
                        }
                        ticket(offset * 1_000 + round * 10 + n, &format!("{offset}-{round}-{n}"), &who)
                    });
                    writer.flush(records.collect()).await.unwrap();
                }
            }));
        }
        for task in tasks {
            task.await.unwrap();
        }
        let at_once = graph(&database).await;
        assert_eq!(at_once["ticket"].len(), 180);
        let live: Vec<_> = at_once["customer"].iter().filter(|row| row["merged_into"].is_null()).collect();
        assert_eq!(live.len(), 10, "{:#?}", live.iter().map(|row| &row["name"]).collect::<Vec<_>>());
        for row in at_once["profile_identifier"].iter().chain(&at_once["interaction"]).chain(&at_once["source_profile"]) {
            assert!(live.iter().any(|customer| customer["id"] == row["customer_id"]));
        }
        let other = TestDatabase::create(database.db()).await;
        let alone = intake(&other).await;
        for one in taken(&database).await {
            alone.flush(vec![one]).await.unwrap();
        }
        assert_same(&at_once, &graph(&other).await);
    }
}
