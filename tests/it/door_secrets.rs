//! What a secret opens: the door that it is for, and no other; and what senders may write where the database has an index.

use std::fs;

use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use customer360_tests::{Role, TestApp, TestDatabase, both};
use sea_orm::{EntityTrait, QueryOrder};
use serde_json::json;
use sha2::{Digest, Sha256};

use customer360_tests::app::token;

use crate::doors::post;

/// A public key, as anybody may read it: that of RFC 8032, 7.1, test 1.
const PUBLIC: &str = "whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
const WRITE_KEY: &str = "the-write-key-of-the-page";
const JOBS: &str = "the-token-of-the-nightly-jobs";
const HOOK: &str = "the-token-of-the-other-product";

/// A product that signs with Ed25519, a website, and a product with a token, each with nightly jobs of its own; and a plain source.
async fn app(database: TestDatabase, own: &[(&str, &str)]) -> TestApp {
    let folder = tempfile::tempdir().unwrap();
    for (key, text) in [
        (
            "ed",
            "mapping = \"csv-support\"\nsecrets = [\"public\"]\ntokens = [\"jobs\"]\nhook = { recipe = \"standard-webhooks-ed25519\" }\n",
        ),
        ("page", "mapping = \"segment\"\nsecrets = [\"write_key\"]\ntokens = [\"jobs\"]\n"),
        (
            "product",
            "mapping = \"csv-support\"\nsecrets = [\"hook\"]\ntokens = [\"jobs\"]\n[hook]\nrecipe = \"shared-token\"\nheader = \"x-ours\"\n",
        ),
        ("desk", "mapping = \"csv-support\"\nsecrets = [\"jobs\"]\n"),
    ] {
        fs::write(folder.path().join(format!("{key}.toml")), format!("key = \"{key}\"\n{text}")).unwrap();
    }
    let settings = [
        ("CUSTOMER360_INTAKE__SOURCES", folder.path().to_str().unwrap()),
        ("CUSTOMER360_SECRETS__PUBLIC", PUBLIC),
        ("CUSTOMER360_SECRETS__WRITE_KEY", WRITE_KEY),
        ("CUSTOMER360_SECRETS__JOBS", JOBS),
        ("CUSTOMER360_SECRETS__HOOK", HOOK),
    ];
    let settings: Vec<_> = settings.into_iter().chain(own.iter().copied()).collect();
    TestApp::over(database, &settings).await
}

async fn records(app: &TestApp) -> Vec<entity::record::Model> {
    let connection = app.database().connect().await;
    let records = entity::record::Entity::find().order_by_asc(entity::record::Column::IntakeNo).all(&connection).await;
    connection.close().await.unwrap();
    records.unwrap()
}

/// State and code of each record, in their order.
async fn states(app: &TestApp) -> Vec<(String, Option<String>)> {
    records(app).await.into_iter().map(|record| (record.state, record.reason_code)).collect()
}

fn basic(key: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{key}:")))
}

both! {
    async fn a_secret_opens_the_door_that_it_is_for(database: TestDatabase) {
        let app = app(database, &[]).await;
        let ticket = json!({"id": "t1", "status": "OPEN", "subject": "A", "opened_at": "2026-05-01", "email": "a@example.org"}).to_string();
        for (source, secret) in [("ed", PUBLIC), ("page", WRITE_KEY), ("product", HOOK)] {
            let stream = if source == "page" { "events" } else { "tickets" };
            let (lines, file) = (format!("/ingest/{source}?stream={stream}"), format!("/ingest/{source}/files?name={stream}.jsonl"));
            for path in [&lines, &file] {
                let own = format!("Bearer {secret}");
                let refused = post(&app, path, &[("authorization", &own)], ticket.clone()).await;
                assert_eq!((refused.status, refused.codes()), (StatusCode::UNAUTHORIZED, vec!["UNAUTHENTICATED"]), "{path}");
            }
            assert!(records(&app).await.is_empty());
            // What is for it opens it.
            let jobs = format!("Bearer {JOBS}");
            assert_eq!(post(&app, &lines, &[("authorization", &jobs)], "").await.status, StatusCode::OK, "{source}");
        }
        let jobs = format!("Bearer {JOBS}");
        assert_eq!(post(&app, "/ingest/desk?stream=tickets", &[("authorization", &jobs)], "").await.status, StatusCode::OK);
        // Nor does a token of the jobs track, or prove a webhook.
        let event = json!({"type": "track", "event": "x", "messageId": "m1", "userId": "u1"}).to_string();
        assert_eq!(post(&app, "/v1/track", &[("authorization", &basic(JOBS))], event.clone()).await.status, StatusCode::UNAUTHORIZED);
        assert_eq!(post(&app, "/v1/track", &[("authorization", &basic(WRITE_KEY))], event).await.status, StatusCode::OK);
        assert_eq!(post(&app, "/hooks/product", &[("x-ours", JOBS)], ticket.clone()).await.status, StatusCode::UNAUTHORIZED);
        assert_eq!(post(&app, "/hooks/product", &[("x-ours", HOOK)], ticket).await.status, StatusCode::OK);
    }

    async fn who_fails_shuts_out_nobody_and_is_counted_by_door(database: TestDatabase) {
        let app = app(database, &[("CUSTOMER360_RATE__FAILED_AUTH_PER_MINUTE", "2")]).await;
        let event = |id: &str| json!({"type": "track", "event": "x", "messageId": id, "userId": "u1"}).to_string();
        let mut answered = Vec::new();
        for _ in 0..3 {
            answered.push(post(&app, "/v1/t", &[("authorization", &basic("guessed"))], event("m1")).await.status.as_u16());
        }
        assert_eq!(answered, [401, 401, 429]);
        assert_eq!(post(&app, "/v1/t", &[("authorization", &basic(WRITE_KEY))], event("m1")).await.status, StatusCode::OK);
        // A page that sends wrong keys does not count against those who sign in from the same office.
        let wrong = post(&app, "/graphql", &[("authorization", "Bearer guessed"), ("content-type", "application/json")], "{}").await;
        assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
        for _ in 0..3 {
            post(&app, "/graphql", &[("authorization", "Bearer guessed"), ("content-type", "application/json")], "{}").await;
        }
        let good = format!("Bearer {}", token("somebody-new", &[Role::Service]));
        let asked = post(&app, "/graphql", &[("authorization", &good), ("content-type", "application/json")], "{\"query\":\"{ __typename }\"}").await;
        assert_eq!(asked.status, StatusCode::OK, "{}", asked.text);
    }

    async fn an_id_that_no_database_keeps_is_refused_alone(database: TestDatabase) {
        let app = app(database, &[]).await;
        let event = |id: &str| json!({"type": "track", "event": "x", "messageId": id, "userId": "u1"});
        let batch = json!({"batch": [event("m1"), event("a\0b"), event(&"m".repeat(5_000)), event("m2")]}).to_string();
        for _ in 0..2 {
            let answer = post(&app, "/v1/batch", &[("authorization", &basic(WRITE_KEY))], batch.clone()).await;
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        }
        let told = |state: &str, code: Option<&str>| (state.to_owned(), code.map(str::to_owned));
        let (good, nul, long) = (told("APPLIED", None), told("REJECTED", Some("NUL_CHARACTER")), told("REJECTED", Some("TOO_LARGE")));
        assert_eq!(states(&app).await, [good.clone(), nul.clone(), long, good.clone()]);
        // Of a tap, whose key the record is known by.
        let singer = [
            json!({"type": "SCHEMA", "stream": "tickets", "schema": {}, "key_properties": ["id"]}),
            json!({"type": "RECORD", "stream": "tickets", "version": 1, "record": {"id": "t\0", "status": "OPEN", "subject": "A"}}),
            json!({"type": "RECORD", "stream": "tickets", "record": {"id": "t1", "status": "OPEN", "subject": "A", "opened_at": "2026-05-01", "email": "a@example.org"}}),
        ];
        let lines = singer.map(|line| line.to_string()).join("\n");
        let answer = post(&app, "/ingest/desk", &[("authorization", &format!("Bearer {JOBS}"))], lines).await;
        assert!(answer.text.contains("\"done\":true"), "{}", answer.text);
        assert_eq!(states(&app).await[4..], [nul, good]);
    }

    async fn a_name_that_no_index_holds_is_refused_alone(database: TestDatabase) {
        let app = app(database, &[]).await;
        // Random, so that it does not pack: an index holds some 2,700 bytes.
        let long: String = (0..1_000_u32).map(|n| STANDARD.encode(Sha256::digest(n.to_be_bytes()))).collect();
        let ticket = json!({"id": "t1", "status": "OPEN", "subject": "A", "opened_at": "2026-05-01", "email": "a@example.org"});
        let event = |id: &str, kind: &str| json!({"specversion": "1.0", "id": id, "source": "s", "type": kind, "data": ticket});
        let batch = json!([event("1", &long), event("2", "tickets")]).to_string();
        let headers = [("x-ours", HOOK), ("content-type", "application/cloudevents-batch+json")];
        let answer = post(&app, "/hooks/product", &headers, batch).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        let kept = records(&app).await;
        let codes: Vec<_> = kept.iter().map(|record| record.reason_code.as_deref()).collect();
        assert!(codes.contains(&Some("UNKNOWN_STREAM")) && codes.contains(&None), "{codes:?}");
        assert!(kept.iter().all(|record| record.stream.len() <= 512));
        assert_eq!(kept.iter().filter(|record| record.state == "APPLIED").count(), 1);
    }
}
