//! Bounds and counts that are alike at every door: what comes through each is on `/metrics`, and all doors of a source share one
//! rate.
#![expect(clippy::float_cmp, reason = "counts, which Prometheus writes with a point")]

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use customer360_tests::app::token;
use customer360_tests::{Answer, Role, TestApp, TestDatabase, both};
use serde_json::{Value, json};

use crate::doors::{DESK, count_tickets, post};
use crate::watch::{metrics, parse};

const SCRAPER: &str = "scrape me if you can";
const HOOK: (&str, &str) = ("x-ours", "the-secret-of-the-desk");
const WEB: (&str, &str) = ("authorization", "Basic dGhlLXdyaXRlLWtleS1vZi10aGUtd2ViOg==");

/// A server with a desk, which streams, uploads and calls our hook, and a website, which tracks.
async fn server(database: TestDatabase, own: &[(&str, &str)]) -> TestApp {
    let folder = tempfile::tempdir().unwrap();
    let hook = "tokens = [\"desk\"]\n[hook]\nrecipe = \"shared-token\"\nheader = \"x-ours\"\nstream = { value = \"tickets\" }\n";
    for (key, mapping, more) in [("desk", "csv-support", hook), ("web", "segment", "")] {
        let text = format!("key = \"{key}\"\nmapping = \"{mapping}\"\nsecrets = [\"{key}\"]\n{more}");
        std::fs::write(folder.path().join(format!("{key}.toml")), text).unwrap();
    }
    let all = [
        ("CUSTOMER360_INTAKE__SOURCES", folder.path().to_str().unwrap()),
        ("CUSTOMER360_SECRETS__DESK", "the-secret-of-the-desk"),
        ("CUSTOMER360_SECRETS__WEB", "the-write-key-of-the-web"),
        ("CUSTOMER360_METRICS__TOKEN", SCRAPER),
    ];
    let all: Vec<_> = all.into_iter().chain(own.iter().copied()).collect();
    TestApp::over(database, &all).await
}

fn ticket(n: usize) -> String {
    json!({"id": format!("T{n}"), "status": "OPEN", "subject": "Printer", "opened_at": "2026-05-01", "email": "a@example.org"}).to_string()
}

fn csv(rows: std::ops::Range<usize>) -> String {
    let rows = rows.map(|n| format!("T{n},OPEN,Printer,2026-05-01,a@example.org\n"));
    format!("id,status,subject,opened_at,email\n{}", rows.collect::<String>())
}

async fn scrape(app: &TestApp) -> BTreeMap<String, f64> {
    parse(&metrics(app, Some(SCRAPER)).await.1)
}

fn is_slowed(answer: &Answer) {
    assert_eq!(
        (answer.status, answer.codes()),
        (StatusCode::TOO_MANY_REQUESTS, vec!["RATE_LIMITED"]),
        "{}",
        answer.text
    );
    assert!(answer.headers["retry-after"].to_str().unwrap().parse::<u64>().unwrap() >= 1);
}

both! {
    async fn what_comes_through_each_door_is_counted_as_its(database: TestDatabase) {
        let app = server(database, &[("CUSTOMER360_DOORS__TRACKING_BODY_BYTES", "1000")]).await;
        let integration = format!("Bearer {}", token("loader", &[Role::Integration]));
        let event = json!({"type": "track", "event": "x", "messageId": "m1", "anonymousId": "a"}).to_string();
        let (stream, upload) = ("/ingest/desk?stream=tickets", "/ingest/desk/files?name=tickets.csv");
        let (lines, file) = (format!("{}\n{}\n", ticket(1), ticket(2)), csv(3..6));
        for (path, headers, body, status) in [
            ("/v1/track", vec![WEB], event.clone(), 200),
            ("/v1/track", vec![], event, 401),
            ("/v1/track", vec![WEB], "x".repeat(1_001), 413),
            ("/v1/nothing", vec![WEB], String::new(), 404),
            (stream, vec![DESK], lines.clone(), 200),
            (stream, vec![], lines.clone(), 401),
            (stream, vec![DESK, ("content-encoding", "br")], lines.clone(), 415),
            ("/ingest/nowhere?stream=tickets", vec![("authorization", integration.as_str())], lines.clone(), 404),
            (upload, vec![DESK], file.clone(), 200),
            (upload, vec![], file.clone(), 401),
            ("/hooks/desk", vec![HOOK], ticket(6), 200),
            ("/hooks/desk", vec![("x-ours", "nothing")], ticket(6), 401),
            ("/hooks/nowhere", vec![HOOK], ticket(6), 404),
        ] {
            let answer = post(&app, path, &headers, body).await;
            assert_eq!(answer.status, status, "{path}: {}", answer.text);
        }
        let paused = app.app().intake().pause("desk", "a test", "Its vendor migrates.").await.unwrap();
        assert!(paused);
        for (path, headers) in [(stream, vec![DESK]), (upload, vec![DESK]), ("/hooks/desk", vec![HOOK])] {
            assert_eq!(post(&app, path, &headers, ticket(7)).await.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        }
        assert_eq!(count_tickets(&app).await, 6);

        let counts = scrape(&app).await;
        let count = |series: &str| counts.get(&format!("customer360_intake_{series}")).copied().unwrap_or(-1.0);
        let long = |text: &str| f64::from(u32::try_from(text.len()).unwrap());
        for (door, source, records) in [("track", "web", 1.0), ("tap", "desk", 2.0), ("file", "desk", 3.0), ("hook", "desk", 1.0)] {
            let taken = format!("records_total{{door=\"{door}\",source=\"{source}\",outcome=\"taken\"}}");
            assert_eq!(count(&taken), records, "{door}: {counts:#?}");
            assert_eq!(count(&format!("flush_seconds_count{{door=\"{door}\"}}")), 1.0, "{door}");
        }
        for (door, status) in [
            ("track", 401), ("track", 413), ("track", 404), ("tap", 401), ("tap", 415), ("tap", 404), ("tap", 503),
            ("file", 401), ("file", 503), ("hook", 401), ("hook", 404), ("hook", 503),
        ] {
            let series = format!("refused_requests_total{{door=\"{door}\",status=\"{status}\"}}");
            assert_eq!(count(&series), 1.0, "{door} {status}: {counts:#?}");
        }
        assert_eq!(count("read_bytes_total{door=\"tap\",source=\"desk\"}"), long(&lines));
        assert_eq!(count("read_bytes_total{door=\"file\",source=\"desk\"}"), long(&file));
        // Also what came while it was paused: it was read before its signature could be held against it.
        assert!(count("read_bytes_total{door=\"hook\",source=\"desk\"}") >= long(&ticket(6)));
        assert!(!counts.keys().any(|series| series.contains("nowhere") || series.contains("other")), "{counts:#?}");
        for source in ["web", "desk"] {
            assert_eq!(count(&format!("queue_records{{source=\"{source}\"}}")), 0.0);
        }
    }

    async fn a_queue_that_grows_is_seen(database: TestDatabase) {
        use api::http::Engine;
        use sea_orm::{ConnectionTrait, TransactionTrait};
        let postgres = database.db() == customer360_tests::Db::Postgres;
        let app = std::sync::Arc::new(server(database, &[]).await);
        assert_eq!(post(&app, "/hooks/desk", &[HOOK], ticket(1)).await.status, 200);
        let connection = app.database().connect().await;
        let holding = connection.begin().await.unwrap();
        let sql = if postgres { "LOCK TABLE record_head IN EXCLUSIVE MODE" } else { "UPDATE record_head SET key = key" };
        holding.execute_unprepared(sql).await.unwrap();
        let sending = app.clone();
        let sending = tokio::spawn(async move { post(&sending, "/hooks/desk", &[HOOK], ticket(2)).await });
        let doors = app.app().doors().unwrap();
        while doors.lanes().waiting("desk") == 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(scrape(&app).await["customer360_intake_queue_records{source=\"desk\"}"], 1.0);
        holding.rollback().await.unwrap();
        assert_eq!(sending.await.unwrap().status, 200);
        assert_eq!(scrape(&app).await["customer360_intake_queue_records{source=\"desk\"}"], 0.0);
    }

    async fn all_doors_of_a_source_share_its_rate(database: TestDatabase) {
        let app = server(database, &[("CUSTOMER360_DOORS__RECORDS_PER_SECOND", "1")]).await;
        let ten: Vec<Value> = (0..10).map(|n| serde_json::from_str(&ticket(n)).unwrap()).collect();
        let hook = async |body: String| post(&app, "/hooks/desk", &[HOOK], body).await;
        assert_eq!(hook(json!(ten).to_string()).await.status, StatusCode::OK);
        is_slowed(&hook(ticket(11)).await);
        assert_eq!(count_tickets(&app).await, 10, "nothing of what was refused is taken");
        // Another source is not slowed by it.
        let event = json!({"type": "track", "event": "x", "messageId": "m1", "anonymousId": "a"}).to_string();
        assert_eq!(post(&app, "/v1/track", &[WEB], event).await.status, StatusCode::OK);
        let refused = scrape(&app).await["customer360_intake_refused_requests_total{door=\"hook\",status=\"429\"}"];
        assert_eq!(refused, 1.0);
    }

    async fn what_a_file_brings_counts_for_the_rate_of_its_source(database: TestDatabase) {
        let app = server(database, &[("CUSTOMER360_DOORS__RECORDS_PER_SECOND", "1")]).await;
        let request = Request::post("/ingest/desk/files?name=tickets.csv").header(DESK.0, DESK.1);
        // A file is taken whole, and slowed where it is longer than what is read ahead.
        let answer = app.send(request.body(Body::from(csv(0..30))).unwrap()).await;
        assert!(answer.text.contains("\"taken\":30"), "{}", answer.text);
        is_slowed(&post(&app, "/hooks/desk", &[HOOK], ticket(31)).await);
    }

    async fn many_deliveries_at_once_are_each_taken_once(database: TestDatabase) {
        let app = std::sync::Arc::new(server(database, &[]).await);
        let mut all = tokio::task::JoinSet::new();
        // Each comes twice, and all of them together.
        for n in 0..40_usize {
            let app = app.clone();
            all.spawn(async move { post(&app, "/hooks/desk", &[HOOK], ticket(n / 2)).await });
        }
        let answers = all.join_all().await;
        assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
        let sum = |word: &str| answers.iter().map(|answer| answer.json[word].as_u64().unwrap()).sum::<u64>();
        assert_eq!((sum("taken"), sum("repeated"), sum("rejected")), (20, 20, 0));
        assert_eq!(count_tickets(&app).await, 20);
    }
}
