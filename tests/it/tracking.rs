//! `/v1/*`: tracking events as the SDKs of Segment and RudderStack send them: each once in its effect, at its right time, and
//! people and companies come of them.

use std::path::Path;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use customer360_tests::{Answer, Role, TestApp, TestDatabase, both};
use sea_orm::{EntityTrait, PaginatorTrait, QueryOrder};
use serde_json::{Value, json};

use crate::doors::{app, gzip, post};

const WEB: &str = "the-write-key-of-the-web";

fn basic(key: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{key}:")))
}

/// Sends a body with the website's write key.
async fn send(app: &TestApp, path: &str, body: impl Into<Body>) -> Answer {
    post(app, path, &[("authorization", &basic(WEB))], body).await
}

fn taken(answer: &Answer) {
    assert_eq!((answer.status, answer.text.as_str()), (StatusCode::OK, "{\"success\":true}"), "{}", answer.text);
}

async fn events(app: &TestApp) -> Vec<entity::web_event::Model> {
    let connection = app.database().connect().await;
    let events = entity::web_event::Entity::find()
        .order_by_asc(entity::web_event::Column::OccurredAt)
        .all(&connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    events
}

async fn records(app: &TestApp) -> Vec<entity::record::Model> {
    let connection = app.database().connect().await;
    let records =
        entity::record::Entity::find().order_by_asc(entity::record::Column::IntakeNo).all(&connection).await.unwrap();
    connection.close().await.unwrap();
    records
}

fn track(id: &str) -> Value {
    json!({"type": "track", "event": "Clicked", "messageId": id, "userId": "u1", "timestamp": "2026-03-01T10:00:00Z"})
}

both! {
    async fn what_four_sdks_sent_becomes_a_customer(database: TestDatabase) {
        let app = app(database, &[]).await;
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/streams/segment-sdk-requests.jsonl");
        let captured = std::fs::read_to_string(path).unwrap();
        for _ in 0..2 {
            for line in captured.lines().filter(|line| !line.is_empty()) {
                let request: Value = serde_json::from_str(line).unwrap();
                let head = &request["headers"];
                let body = request["body"].to_string();
                let packed = head["content-encoding"] == "gzip";
                let mut headers = vec![("authorization", basic(WEB)), ("content-type", head["content-type"].as_str().unwrap().to_owned())];
                if packed {
                    headers.push(("content-encoding", "gzip".to_owned()));
                }
                let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
                let body = if packed { gzip(body) } else { body.into_bytes() };
                taken(&post(&app, request["path"].as_str().unwrap(), &headers, body).await);
            }
        }
        let ask = "{ customer(by: {email: \"anna@example.org\"}) { name company analytics { eventCount events(first: 10) { nodes { kind name } } } } }";
        let anna = app.query_as(Role::Sales, ask, json!({})).await;
        let customer = &anna.data()["customer"];
        assert_eq!((&customer["name"], &customer["analytics"]["eventCount"]), (&json!("Anna Schmidt"), &json!(4)), "{customer:#}");
        let company = app.query_as(Role::Sales, "{ customer(by: {external: {source: \"web\", key: \"group:acme\"}}) { kind name people(first: 5) { nodes { person { name } } } } }", json!({})).await;
        let company = company.data()["customer"].clone();
        assert_eq!((&company["kind"], &company["name"]), (&json!("COMPANY"), &json!("Acme")), "{company:#}");
        assert!(company["people"].to_string().contains("Anna Schmidt"), "{company:#}");
        assert_eq!(records(&app).await.len(), 9, "each message is kept once");
    }

    async fn both_ids_bring_a_visitor_to_its_user(database: TestDatabase) {
        let app = app(database, &[]).await;
        let alone = json!({"anonymousId": "v1", "name": "Pricing", "messageId": "1"});
        taken(&send(&app, "/v1/page", alone.to_string()).await);
        taken(&send(&app, "/v1/t", json!({"userId": "former", "event": "Ordered", "messageId": "2"}).to_string()).await);
        let identify = json!({"anonymousId": "v1", "userId": "u1", "traits": {"email": "ada@example.org"}, "messageId": "3"});
        taken(&send(&app, "/v1/identify", identify.to_string()).await);
        taken(&send(&app, "/v1/alias", json!({"previousId": "former", "userId": "u1", "messageId": "4"}).to_string()).await);
        let ask = "{ customer(by: {email: \"ada@example.org\"}) { analytics { events(first: 10) { nodes { name } } } } }";
        let ada = app.query_as(Role::Sales, ask, json!({})).await;
        let names = ada.data()["customer"]["analytics"]["events"]["nodes"].to_string();
        assert!(names.contains("Pricing") && names.contains("Ordered"), "{names}");
    }

    async fn every_address_and_every_way_to_say_the_key(database: TestDatabase) {
        let app = app(database, &[]).await;
        for call in ["identify", "track", "page", "screen", "group", "alias", "i", "t", "p", "s", "g", "a"] {
            let body = json!({"userId": "u1", "event": "x", "groupId": "g", "previousId": "p", "name": "n", "messageId": call});
            taken(&send(&app, &format!("/v1/{call}"), body.to_string()).await);
        }
        for call in ["batch", "b", "import"] {
            taken(&send(&app, &format!("/v1/{call}"), json!({"batch": [track(call)]}).to_string()).await);
        }
        assert_eq!(events(&app).await.len(), 9, "track, page, screen, each twice, and three batches");
        // In the body, as browsers do with text/plain; the former key holds beside the new one.
        for (n, key) in [WEB, "the-former-write-key-of-the-web"].into_iter().enumerate() {
            let body = json!({"writeKey": key, "batch": [track(&format!("body{n}"))]}).to_string();
            taken(&post(&app, "/v1/batch", &[("content-type", "text/plain")], body).await);
        }
        // Packed and not said so.
        taken(&send(&app, "/v1/batch", gzip(json!({"batch": [track("packed")]}).to_string())).await);
        assert_eq!(events(&app).await.len(), 12);
        // The shop's key brings the shop's events.
        let shop = post(&app, "/v1/track", &[("authorization", &basic("the-write-key-of-the-shop"))], track("body0").to_string()).await;
        taken(&shop);
        assert_eq!(events(&app).await.len(), 13);
        assert!(records(&app).await.iter().any(|record| record.source == "shop"));
    }

    async fn a_repetition_has_no_effect_whatever_it_adds(database: TestDatabase) {
        let app = app(database, &[]).await;
        let mut message = track("m1");
        message["originalTimestamp"] = json!("2026-03-01T10:00:00Z");
        for sent_at in ["2026-03-01T10:00:01Z", "2026-03-01T10:07:00Z"] {
            message["sentAt"] = json!(sent_at);
            taken(&send(&app, "/v1/batch", json!({"batch": [message, message]}).to_string()).await);
        }
        assert_eq!(events(&app).await.len(), 1);
        // Without an id of the sender's the text is the id.
        let unnamed = json!({"event": "Clicked", "anonymousId": "a", "timestamp": "2026-03-01T10:00:00Z"}).to_string();
        for _ in 0..2 {
            taken(&send(&app, "/v1/track", unnamed.clone()).await);
        }
        assert_eq!(events(&app).await.len(), 2);
    }

    async fn a_wrong_clock_is_corrected_and_the_text_stays(database: TestDatabase) {
        let app = app(database, &[]).await;
        // The sender's clock is years behind; the event waited ten seconds to be sent.
        let message = r#"{"type":"track", "event":"x","messageId":"m1","anonymousId":"a","timestamp":"2011-01-01T00:00:00.000Z","properties":{"revenue":42.50}}"#;
        let body = format!("{{\"sentAt\":\"2011-01-01T00:00:10.000Z\",\"batch\":[{message}]}}");
        let before = Utc::now();
        taken(&send(&app, "/v1/batch", body).await);
        let record = records(&app).await.remove(0);
        assert_eq!(record.payload, message);
        let expected = record.received_at - TimeDelta::seconds(10);
        assert_eq!(record.occurred_at, Some(expected), "what a rebuild reads");
        assert!(record.received_at >= before - TimeDelta::milliseconds(1));
        let occurred: DateTime<Utc> = events(&app).await[0].occurred_at;
        assert_eq!(occurred, expected);
    }

    async fn an_event_that_cannot_be_taken_is_kept_beside_the_good(database: TestDatabase) {
        let app = app(database, &[]).await;
        let deep = format!("{}1{}", "[".repeat(70), "]".repeat(70));
        let large = "x".repeat(40_000);
        let bad = [
            "7".to_owned(),
            "{\"type\":\"track\",\"event\":\"x\",\"messageId\":\"b1\"}".to_owned(),
            format!("{{\"type\":\"track\",\"event\":\"x\",\"messageId\":\"b2\",\"userId\":\"u\",\"properties\":{deep}}}"),
            "{\"type\":\"track\",\"event\":\"a\\u0000b\",\"messageId\":\"b3\",\"userId\":\"u\"}".to_owned(),
            format!("{{\"type\":\"track\",\"event\":\"x\",\"messageId\":\"b4\",\"userId\":\"u\",\"properties\":{{\"x\":\"{large}\"}}}}"),
            "{\"type\":\"track\",\"event\":\"x\",\"messageId\":\"b5\",\"userId\":\"u\",\"timestamp\":\"0000-01-01T00:00:00Z\"}".to_owned(),
            "{\"type\":\"track\",\"event\":\"x\",\"messageId\":\"b6\",\"userId\":\"u\",\"timestamp\":\"9999-12-31T23:59:59Z\",\"sentAt\":\"2026-01-01T00:00:00Z\"}".to_owned(),
            "{\"type\":\"track\",\"event\":\"x\",\"messageId\":\"b7\",\"userId\":\"u\",\"properties\":{\"revenue\":1e400}}".to_owned(),
        ];
        let body = format!("{{\"batch\":[{},{},{}]}}", track("g1"), bad.join(","), track("g2"));
        taken(&send(&app, "/v1/batch", body).await);
        assert_eq!(events(&app).await.len(), 2, "the good ones are there");
        let rejected: Vec<_> = records(&app).await.into_iter().filter(|record| record.state == "REJECTED").collect();
        let codes: Vec<&str> = rejected.iter().map(|record| record.reason_code.as_deref().unwrap()).collect();
        assert_eq!(codes, ["BROKEN_JSON", "MISSING_FIELD", "TOO_DEEP", "NUL_CHARACTER", "TOO_LARGE", "OUT_OF_RANGE", "OUT_OF_RANGE", "OUT_OF_RANGE"]);
        assert!(rejected[4].payload.len() > 40_000, "it is kept whole, so that it can be replayed");
    }

    async fn what_is_no_request_is_refused(database: TestDatabase) {
        let app = app(database, &[("CUSTOMER360_DOORS__TRACKING_EVENTS", "10")]).await;
        let good = json!({"batch": [track("m1")]}).to_string();
        let many = json!({"batch": vec![track("m1"); 11]}).to_string();
        let web = basic(WEB);
        let bodies: [Wrong<'_>; 15] = [
            ("no key", vec![], "/v1/batch", good.clone().into(), 401),
            ("a wrong key", vec![("authorization", "Basic d3Jvbmc6")], "/v1/batch", good.clone().into(), 401),
            ("no Basic", vec![("authorization", "Basic ???")], "/v1/batch", good.clone().into(), 401),
            ("the secret of a source without events", vec![("authorization", "Basic dGhlLXNlY3JldC1vZi10aGUtZGVzazo=")], "/v1/batch", good.clone().into(), 401),
            ("a wrong key in the body", vec![], "/v1/batch", json!({"writeKey": 7, "batch": []}).to_string().into(), 401),
            ("no such address", vec![("authorization", &web)], "/v1/tracks", good.clone().into(), 404),
            ("no JSON", vec![("authorization", &web)], "/v1/batch", b"batch=1".to_vec(), 400),
            ("nothing", vec![("authorization", &web)], "/v1/track", Vec::new(), 400),
            ("no batch", vec![("authorization", &web)], "/v1/batch", b"{}".to_vec(), 400),
            ("no UTF-8", vec![("authorization", &web)], "/v1/batch", b"{\"batch\":[\"\xff\"]}".to_vec(), 400),
            ("a NUL byte", vec![("authorization", &web)], "/v1/batch", b"{\"batch\":[\"\0\"]}".to_vec(), 400),
            ("broken gzip", vec![("authorization", &web)], "/v1/batch", gzip(&good)[..20].to_vec(), 400),
            ("gzip that is none", vec![("authorization", &web), ("content-encoding", "gzip")], "/v1/batch", good.clone().into(), 400),
            ("another packing", vec![("authorization", &web), ("content-encoding", "br")], "/v1/batch", good.clone().into(), 415),
            ("too many events", vec![("authorization", &web)], "/v1/batch", many.into(), 413),
        ];
        for (what, headers, path, body, status) in bodies {
            let answer = post(&app, path, &headers, body).await;
            assert_eq!(answer.status, status, "{what}: {}", answer.text);
            assert_eq!(answer.codes().len(), 1, "{what}: {}", answer.text);
        }
        let large = json!({"batch": [{"x": "x".repeat(600_000)}]}).to_string();
        let without_length = Body::from_stream(pieces(&large));
        for (what, body) in [("a large body", Body::from(large)), ("a large body of unknown length", without_length), ("a bomb", gzip(vec![b' '; 5 << 20]).into())] {
            let answer = send(&app, "/v1/batch", body).await;
            assert_eq!((answer.status, answer.codes()), (StatusCode::PAYLOAD_TOO_LARGE, vec!["BAD_USER_INPUT"]), "{what}: {}", answer.text);
        }
        assert!(records(&app).await.is_empty(), "nothing of it was taken");
    }

    async fn a_page_of_any_origin_may_send(database: TestDatabase) {
        let app = app(database, &[]).await;
        let preflight = Request::builder().method("OPTIONS").uri("/v1/batch").header("origin", "https://shop.example.com")
            .header("access-control-request-method", "POST").header("access-control-request-headers", "authorization,anonymousid,content-type");
        let answer = app.send(preflight.body(Body::empty()).unwrap()).await;
        assert_eq!((answer.status, &answer.headers["access-control-allow-origin"]), (StatusCode::NO_CONTENT, &"*".parse().unwrap()));
        assert_eq!(answer.headers["access-control-allow-headers"], "authorization,anonymousid,content-type");
        assert!(!answer.headers.contains_key("access-control-allow-credentials"));
        let answer = post(&app, "/v1/track", &[("origin", "https://shop.example.com"), ("authorization", &basic(WEB))], track("m1").to_string()).await;
        taken(&answer);
        assert_eq!(answer.headers["access-control-allow-origin"], "*");
        // No other door is open to pages.
        let closed = Request::builder().method("OPTIONS").uri("/ingest/desk").header("origin", "https://shop.example.com")
            .header("access-control-request-method", "POST");
        let closed = app.send(closed.body(Body::empty()).unwrap()).await;
        assert!(!closed.headers.contains_key("access-control-allow-origin"));
    }
}

/// What is wrong, headers, address, body, status.
type Wrong<'a> = (&'a str, Vec<(&'a str, &'a str)>, &'a str, Vec<u8>, u16);

/// A body in pieces, whose length nobody knows before its end.
fn pieces(text: &str) -> impl futures_util::Stream<Item = Result<String, std::convert::Infallible>> + use<> {
    let pieces: Vec<_> =
        text.as_bytes().chunks(9_000).map(|piece| Ok(String::from_utf8_lossy(piece).into_owned())).collect();
    futures_util::stream::iter(pieces)
}

both! {
    async fn counts_hold_for_many_senders_at_once(database: TestDatabase) {
        let app = std::sync::Arc::new(app(database, &[]).await);
        let senders: Vec<_> = (0..8).map(|sender| {
            let app = app.clone();
            tokio::spawn(async move {
                for n in 0..10 {
                    // Each event comes from two senders.
                    let batch: Vec<Value> = (0..5).map(|k| track(&format!("{}-{n}-{k}", sender / 2))).collect();
                    taken(&send(&app, "/v1/batch", json!({"batch": batch}).to_string()).await);
                }
            })
        }).collect();
        for sender in senders {
            sender.await.unwrap();
        }
        let connection = app.database().connect().await;
        assert_eq!(entity::web_event::Entity::find().count(&connection).await.unwrap(), 200);
    }
}
