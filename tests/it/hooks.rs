//! Webhooks: what a product sends to `/hooks/{source}` becomes rows once, and nothing that is wrong with it is more than a
//! code or a rejected record.

mod again;
mod process;

use std::path::Path;
use std::sync::Arc;

use api::app::App;
use api::config::Config;
use api::http::Server;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{TimeDelta, Utc};
use customer360_tests::{Answer, TestApp, TestDatabase, both};
use hmac::{Hmac, KeyInit, Mac};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, PaginatorTrait};
use serde_json::{Value, json};
use sha2::Sha256;

const NEW: &str = "whsec_bmV3LXNlY3JldC1vZi10aGlzLXRlc3QtYWxvbmU=";
const OLD: &str = "whsec_b2xkLXNlY3JldC1vZi10aGlzLXRlc3QtYWxvbmU=";

/// Sources that take webhooks, each in its way.
fn sources() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder of its own");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a file in it");
    write("surveys.toml", "key = \"surveys-eu\"\nmapping = \"formbricks\"\nsecrets = [\"new\", \"old\"]\n");
    write("crm.toml", "key = \"crm\"\nmapping = \"csv-crm\"\nsecrets = [\"new\"]\n");
    write(
        "desk.toml",
        "key = \"desk\"\nmapping = \"csv-support\"\nsecrets = [\"new\"]\n[hook]\nrecipe = \"hubspot-v3\"\nstream = { value = \"tickets\" }\n",
    );
    write(
        "token.toml",
        "key = \"token\"\nmapping = \"csv-support\"\nsecrets = [\"new\"]\n[hook]\nrecipe = \"shared-token\"\nheader = \"x-ours\"\n\
         stream = { value = \"tickets\" }\n",
    );
    folder
}

fn settings(folder: &Path) -> [(&'static str, String); 4] {
    [
        ("CUSTOMER360_INTAKE__SOURCES", folder.display().to_string()),
        ("CUSTOMER360_SECRETS__NEW", NEW.to_owned()),
        ("CUSTOMER360_SECRETS__OLD", OLD.to_owned()),
        ("CUSTOMER360_HTTP__PUBLIC_URL", "https://customers.example.com/".to_owned()),
    ]
}

async fn server(database: TestDatabase) -> TestApp {
    let folder = sources();
    let settings = settings(folder.path());
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    TestApp::over(database, &settings).await
}

fn hmac(key: &[u8], pieces: &[&[u8]]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
    for piece in pieces {
        mac.update(piece);
    }
    STANDARD.encode(mac.finalize().into_bytes())
}

/// The headers of Standard Webhooks.
fn signed(secret: &str, id: &str, at: i64, body: &[u8]) -> [(&'static str, String); 3] {
    let key = STANDARD.decode(secret.trim_start_matches("whsec_")).expect("base64");
    let signature = hmac(&key, &[format!("{id}.{at}.").as_bytes(), body]);
    [
        ("webhook-id", id.to_owned()),
        ("webhook-timestamp", at.to_string()),
        ("webhook-signature", format!("v1,{signature}")),
    ]
}

fn request(path: &str, headers: &[(&'static str, String)], body: impl Into<Body>) -> Request<Body> {
    let mut request = Request::post(path);
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    request.body(body.into()).expect("a request of known parts")
}

fn now() -> i64 {
    Utc::now().timestamp()
}

/// A delivery of Formbricks.
fn delivery(id: &str, body: &str) -> Request<Body> {
    request("/hooks/surveys-eu", &signed(NEW, id, now(), body.as_bytes()), body.to_owned())
}

/// What Formbricks sends of a response, in its own shape.
fn response(id: &str, score: i64, second: u32) -> String {
    json!({
        "webhookId": "w1", "event": "responseUpdated",
        "data": {
            "id": id, "surveyId": "s1", "finished": true, "createdAt": "2026-11-02T08:00:00.000Z",
            "updatedAt": format!("2026-11-02T08:00:{second:02}.000Z"), "data": { "nps": score, "why": "Grüße" },
            "contact": { "id": "c1" }, "language": "de", "tags": [], "survey": { "title": "Relation" }
        }
    })
    .to_string()
}

async fn responses(database: &TestDatabase) -> Vec<entity::survey_response::Model> {
    let connection = database.connect().await;
    entity::survey_response::Entity::find().all(&connection).await.expect("the table is there")
}

/// State and reason of the records kept.
async fn records(database: &TestDatabase) -> Vec<(String, Option<String>)> {
    let connection = database.connect().await;
    let rows = entity::record::Entity::find().all(&connection).await.expect("the table is there");
    rows.into_iter().map(|row| (row.state, row.reason_code)).collect()
}

fn counts(answer: &Answer) -> (u64, u64, u64) {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let count = |name: &str| answer.json[name].as_u64().expect("a count");
    (count("taken"), count("repeated"), count("rejected"))
}

both! {
    async fn a_webhook_becomes_a_response_once(database: TestDatabase) {
        let app = server(database).await;
        let first = response("r1", 9, 1);
        assert_eq!(counts(&app.send(delivery("d1", &first)).await), (1, 0, 0));
        assert_eq!(counts(&app.send(delivery("d1", &first)).await), (0, 1, 0));
        // The id counts, whatever comes with it; and an older version of a response changes nothing.
        assert_eq!(counts(&app.send(delivery("d1", &response("r1", 1, 9))).await), (0, 1, 0));
        assert_eq!(counts(&app.send(delivery("d2", &response("r1", 4, 5))).await), (1, 0, 0));
        assert_eq!(counts(&app.send(delivery("d3", &response("r1", 7, 3))).await), (0, 1, 0));
        assert_eq!(counts(&app.send(delivery("d4", "{\"event\":\"testEndpoint\"}")).await), (0, 0, 0));
        let rows = responses(app.database()).await;
        assert_eq!(rows.len(), 1);
        assert_eq!((rows[0].score, rows[0].comment.as_deref()), (Some(4), Some("Grüße")));
    }

    async fn what_proves_nothing_is_refused_alike(database: TestDatabase) {
        let settings = [("CUSTOMER360_RATE__FAILED_AUTH_PER_MINUTE", "1000")];
        let folder = sources();
        let own = self::settings(folder.path());
        let all: Vec<_> = own.iter().map(|(name, value)| (*name, value.as_str())).chain(settings).collect();
        let app = TestApp::over(database, &all).await;
        let body = response("r1", 9, 1);
        let good = signed(NEW, "d1", now(), body.as_bytes());
        let with = |headers: &[(&'static str, String)], body: &str| request("/hooks/surveys-eu", headers, body.to_owned());
        let mut texts = Vec::new();
        for refused in [
            with(&good, &body.replace('9', "8")),
            with(&good[..2], &body),
            with(&[good[0].clone(), good[2].clone()], &body),
            with(&[good[1].clone(), good[2].clone()], &body),
            with(&signed(NEW, "d1", now() - 310, body.as_bytes()), &body),
            with(&signed(NEW, "d1", now() + 310, body.as_bytes()), &body),
            with(&signed("whsec_bm90IG91cnM=", "d1", now(), body.as_bytes()), &body),
            with(&[good[0].clone(), good[1].clone(), ("webhook-signature", "v1,".into())], &body),
            with(&[("webhook-id", "other".into()), good[1].clone(), good[2].clone()], &body),
            request("/hooks/token", &[("x-ours", "wrong".into())], "{}"),
            request("/hooks/token", &[("x-webhook-token", NEW.into())], "{}"),
        ] {
            let answer = app.send(refused).await;
            assert_eq!((answer.status, answer.codes()), (StatusCode::UNAUTHORIZED, vec!["UNAUTHENTICATED"]));
            texts.push(answer.text);
        }
        texts.dedup();
        assert_eq!(texts.len(), 1, "{texts:?}");
        for (path, status) in [("none", 404), ("crm", 404), ("formbricks", 404), ("a/b", 404), ("", 404)] {
            let answer = app.send(request(&format!("/hooks/{path}"), &good, body.clone())).await;
            assert_eq!(answer.status.as_u16(), status, "{path}");
        }
        let get = Request::get("/hooks/surveys-eu").body(Body::empty()).unwrap();
        assert_eq!(app.send(get).await.status, StatusCode::METHOD_NOT_ALLOWED);
        let mut packed = with(&good, &body);
        packed.headers_mut().insert("content-encoding", "gzip".parse().unwrap());
        assert_eq!(app.send(packed).await.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
        let large = "x".repeat((1 << 20) + 1);
        let answer = app.send(with(&signed(NEW, "d1", now(), large.as_bytes()), &large)).await;
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
        assert!(records(app.database()).await.is_empty());
    }

    async fn what_is_signed_and_cannot_be_read_is_kept(database: TestDatabase) {
        let app = server(database).await;
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let unknown = json!({ "event": "contactCreated", "data": { "id": "x" } }).to_string();
        let nothing = json!({ "event": "responseCreated" }).to_string();
        let wrong = response("r1", 9, 1).replace("\"2026-11-02T08:00:01.000Z\"", "\"soon\"");
        for (index, (body, code)) in [
            (&b"{broken"[..], "BROKEN_JSON"),
            (b"{\"data\":\"\xff\"}", "INVALID_UTF8"),
            (b"{\"data\":\"\0\\u0000\"}", "NUL_CHARACTER"),
            (deep.as_bytes(), "TOO_DEEP"),
            (unknown.as_bytes(), "UNKNOWN_STREAM"),
            (nothing.as_bytes(), "MISSING_FIELD"),
            (wrong.as_bytes(), "WRONG_TYPE"),
        ].into_iter().enumerate() {
            let headers = signed(NEW, &format!("d{index}"), now(), body);
            let answer = app.send(request("/hooks/surveys-eu", &headers, body.to_vec())).await;
            assert_eq!(counts(&answer), (0, 0, 1), "{code}");
            let kept = records(app.database()).await;
            assert!(kept.len() == index + 1 && kept.contains(&("REJECTED".to_owned(), Some(code.to_owned()))), "{code}: {kept:?}");
        }
    }

    async fn a_paused_source_takes_nothing_until_it_is_resumed(database: TestDatabase) {
        let app = server(database).await;
        let intake = app.app().intake();
        assert!(intake.pause("surveys-eu", "tester", "a migration").await.unwrap());
        let body = response("r1", 9, 1);
        let answer = app.send(delivery("d1", &body)).await;
        assert_eq!((answer.status, answer.codes()), (StatusCode::SERVICE_UNAVAILABLE, vec!["UNAVAILABLE"]));
        // Who cannot prove a thing is not told that it is paused.
        let forged = signed("whsec_bm90IG91cnM=", "d1", now(), body.as_bytes());
        let answer = app.send(request("/hooks/surveys-eu", &forged, body.clone())).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert!(intake.resume("surveys-eu").await.unwrap());
        assert_eq!(counts(&app.send(delivery("d1", &body)).await), (1, 0, 0));
    }

    async fn the_old_secret_holds_beside_the_new_one(database: TestDatabase) {
        let app = server(database).await;
        for (id, secret) in [("d1", OLD), ("d2", NEW)] {
            let body = response(id, 9, 1);
            let headers = signed(secret, id, now(), body.as_bytes());
            assert_eq!(counts(&app.send(request("/hooks/surveys-eu", &headers, body)).await), (1, 0, 0));
        }
        // A sender in the middle of it signs with both.
        let body = response("d3", 9, 1);
        let [id, at, wrong] = signed("whsec_bm90IG91cnM=", "d3", now(), body.as_bytes());
        let [.., right] = signed(OLD, "d3", at.1.parse().unwrap(), body.as_bytes());
        let both = ("webhook-signature", format!("{} {}", wrong.1, right.1));
        assert_eq!(counts(&app.send(request("/hooks/surveys-eu", &[id, at, both], body)).await), (1, 0, 0));
    }

    async fn of_many_at_once_with_one_id_one_has_its_effect(database: TestDatabase) {
        let app = server(database).await;
        let nodes = [node(&app).await, node(&app).await];
        let mut all = Vec::new();
        for index in 0..8_u32 {
            // Each says something else: only the id tells that they are one.
            let request = delivery("same", &response(&format!("r{index}"), 9, index));
            let node = nodes[index as usize % 2].clone();
            all.push(tokio::spawn(async move {
                let answer = tower::ServiceExt::oneshot(node, request).await.unwrap();
                let body = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
                serde_json::from_slice(&body).unwrap()
            }));
        }
        let mut taken = 0;
        for one in all {
            let answer: Value = one.await.unwrap();
            assert_eq!(answer["taken"].as_u64().unwrap() + answer["repeated"].as_u64().unwrap(), 1, "{answer}");
            taken += answer["taken"].as_u64().unwrap();
        }
        assert_eq!((taken, responses(app.database()).await.len(), records(app.database()).await.len()), (1, 1, 1));
    }

    async fn who_fails_too_often_is_told_to_wait_and_shuts_out_nobody(database: TestDatabase) {
        let app = server(database).await;
        let body = response("r1", 9, 1);
        let forge = async || {
            let forged = signed("whsec_bm90IG91cnM=", "d1", now(), body.as_bytes());
            app.send(request("/hooks/surveys-eu", &forged, body.clone())).await
        };
        for _ in 0..20 {
            assert_eq!(forge().await.status, StatusCode::UNAUTHORIZED);
        }
        let answer = forge().await;
        assert_eq!((answer.status, answer.codes()), (StatusCode::TOO_MANY_REQUESTS, vec!["RATE_LIMITED"]));
        // Its address may be that of the product too: what holds is taken.
        assert_eq!(app.send(delivery("d1", &body)).await.status, StatusCode::OK);
        // Another source is not kept waiting for it.
        let ticket = json!({ "id": "t1", "status": "OPEN", "subject": "Invoice", "opened_at": "2026-05-01T10:00:00Z" });
        let answer = app.send(request("/hooks/token", &[("x-ours", NEW.into())], ticket.to_string())).await;
        assert_eq!(answer.status, StatusCode::OK);
    }

    async fn the_address_is_signed_as_the_sender_knows_it(database: TestDatabase) {
        let app = server(database).await;
        let body = "[{\"id\":\"t1\",\"status\":\"OPEN\",\"subject\":\"A\",\"opened_at\":\"2026-05-01T10:00:00Z\",\"email\":\"a@example.org\"},{\"id\":\"t2\"}]";
        let at = Utc::now().timestamp_millis().to_string();
        let headers = |uri: &str| {
            let signature = hmac(NEW.as_bytes(), &[b"POST", uri.as_bytes(), body.as_bytes(), at.as_bytes()]);
            [("x-hubspot-signature-v3", signature), ("x-hubspot-request-timestamp", at.clone())]
        };
        for uri in ["http://127.0.0.1:3600/hooks/desk", "https://customers.example.com/hooks/other"] {
            let answer = app.send(request("/hooks/desk", &headers(uri), body)).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        }
        let good = headers("https://customers.example.com/hooks/desk");
        let answer = app.send(request("/hooks/desk", &good, body)).await;
        // One bad record beside a good one.
        assert_eq!(counts(&answer), (1, 0, 1));
        // The delivery has no id: what was signed tells the repetition.
        assert_eq!(counts(&app.send(request("/hooks/desk", &good, body)).await), (0, 1, 0));
    }

    async fn cloud_events_are_taken_once_each(database: TestDatabase) {
        let app = server(database).await;
        let event = |id: &str, ticket: &str| json!({
            "specversion": "1.0", "id": id, "source": "/desk", "type": "tickets", "time": "2026-05-01T10:00:00Z",
            "data": { "id": ticket, "status": "OPEN", "subject": "A", "opened_at": "2026-05-01T10:00:00Z", "email": "a@example.org" }
        });
        let send = |media: &str, body: String| {
            request("/hooks/token", &[("x-ours", NEW.into()), ("content-type", media.to_owned())], body)
        };
        let batch = json!([event("1", "t1"), event("2", "t2"), event("1", "t3")]).to_string();
        let answer = app.send(send("application/cloudevents-batch+json", batch.clone())).await;
        assert_eq!(counts(&answer), (2, 1, 0));
        let answer = app.send(send("application/cloudevents-batch+json", batch)).await;
        assert_eq!(counts(&answer), (0, 3, 0));
        let answer = app.send(send("application/cloudevents+json", event("2", "t9").to_string())).await;
        assert_eq!(counts(&answer), (0, 1, 0));
        let mut binary = send("application/json", event("3", "t3")["data"].to_string());
        for (name, value) in [("ce-specversion", "1.0"), ("ce-id", "3"), ("ce-source", "/desk"), ("ce-type", "tickets")] {
            binary.headers_mut().insert(name, value.parse().unwrap());
        }
        assert_eq!(counts(&app.send(binary).await), (1, 0, 0));
        let connection = app.database().connect().await;
        assert_eq!(entity::ticket::Entity::find().count(&connection).await.unwrap(), 3);
    }

    async fn old_deliveries_are_forgotten_and_young_ones_are_not(database: TestDatabase) {
        let app = server(database).await;
        assert_eq!(counts(&app.send(delivery("young", &response("r1", 9, 1))).await), (1, 0, 0));
        let connection = app.database().connect().await;
        let old = entity::hook_delivery::Model {
            source: "surveys-eu".into(),
            id: "id:old".into(),
            received_at: Utc::now() - TimeDelta::days(8),
        };
        old.into_active_model().insert(&connection).await.unwrap();
        assert_eq!(app.app().intake().forget_deliveries(Utc::now()).await.unwrap(), 1);
        let left = entity::hook_delivery::Entity::find().all(&connection).await.unwrap();
        assert_eq!(left.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(), ["id:young"]);
    }
}

/// Another server over the same database.
async fn node(app: &TestApp) -> axum::Router {
    let folder = sources();
    let own = settings(folder.path()).map(|(name, value)| (name.to_owned(), value));
    let config = own.into_iter().chain([("DATABASE_URL".to_owned(), app.database().url().to_owned())]);
    let config = Config::load_from(None, config).expect("settings that hold");
    let app = Arc::new(App::open(&config).await.expect("the application opens"));
    Server::try_new(&config, app).expect("the server stands").router()
}
