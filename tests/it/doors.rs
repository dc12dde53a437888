//! `POST /ingest/{source}`: who may bring records, what a stream may be, what is told of it; and that one source never
//! slows another.

use std::io::Write;

use api::http::Engine;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use customer360_tests::app::token;
use customer360_tests::{Answer, Db, Role, TestApp, TestDatabase, both};
use sea_orm::{ConnectionTrait, EntityTrait, PaginatorTrait, TransactionTrait};
use serde_json::{Value, json};

/// The secrets of the sources of [`folder`].
pub const SECRETS: [(&str, &str); 4] = [
    ("CUSTOMER360_SECRETS__DESK", "the-secret-of-the-desk"),
    ("CUSTOMER360_SECRETS__WEB", "the-write-key-of-the-web"),
    ("CUSTOMER360_SECRETS__WEB_OLD", "the-former-write-key-of-the-web"),
    ("CUSTOMER360_SECRETS__SHOP", "the-write-key-of-the-shop"),
];

/// The declarations of a desk, which sends tickets, and of a website and a shop, which send events.
pub fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (key, mapping, secrets) in [
        ("desk", "csv-support", "[\"desk\"]"),
        ("web", "segment", "[\"web\", \"web_old\"]"),
        ("shop", "segment", "[\"shop\"]"),
    ] {
        let text = format!("key = \"{key}\"\nmapping = \"{mapping}\"\nsecrets = {secrets}\n");
        std::fs::write(folder.path().join(format!("{key}.toml")), text).unwrap();
    }
    folder
}

/// The server with these sources, and with settings of the test's own.
pub async fn app(database: TestDatabase, own: &[(&str, &str)]) -> TestApp {
    let folder = folder();
    let sources = ("CUSTOMER360_INTAKE__SOURCES", folder.path().to_str().unwrap());
    let settings: Vec<(&str, &str)> = SECRETS.into_iter().chain([sources]).chain(own.iter().copied()).collect();
    TestApp::over(database, &settings).await
}

/// Posts a body with these headers.
pub async fn post(app: &TestApp, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
    let mut request = Request::post(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    app.send(request.body(body.into()).unwrap()).await
}

pub const DESK: (&str, &str) = ("authorization", "Bearer the-secret-of-the-desk");

const TICKETS: &str = "/ingest/desk?stream=tickets";

/// The lines of an answer.
fn lines(answer: &Answer) -> Vec<Value> {
    answer.text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
}

fn ticket(n: usize) -> String {
    json!({"id": format!("T{n}"), "status": "OPEN", "subject": "Printer", "opened_at": "2026-05-01", "email": format!("p{n}@example.org")})
        .to_string()
}

fn tickets(range: std::ops::Range<usize>) -> String {
    range.map(|n| ticket(n) + "\n").collect()
}

pub async fn count_tickets(app: &TestApp) -> u64 {
    let connection = app.database().connect().await;
    let count = entity::ticket::Entity::find().count(&connection).await.unwrap();
    connection.close().await.unwrap();
    count
}

pub fn gzip(text: impl AsRef<[u8]>) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(text.as_ref()).unwrap();
    packed.finish().unwrap()
}

fn sums(taken: usize, repeated: usize, rejected: usize) -> Value {
    let flushed = taken + repeated + rejected;
    json!({"done": true, "flushed": flushed, "taken": taken, "repeated": repeated, "superseded": 0, "rejected": rejected})
}

both! {
    async fn records_stream_in_and_each_flush_is_told(database: TestDatabase) {
        let app = app(database, &[("CUSTOMER360_INTAKE__FLUSH_RECORDS", "40")]).await;
        let answer = post(&app, TICKETS, &[DESK], tickets(0..100)).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        let told = lines(&answer);
        let flushed: Vec<u64> = told[..told.len() - 1].iter().map(|line| line["flushed"].as_u64().unwrap()).collect();
        assert_eq!(flushed.iter().sum::<u64>(), 100);
        assert!(flushed.len() >= 3 && flushed.iter().all(|count| *count <= 40), "{flushed:?}");
        assert_eq!(told.last(), Some(&sums(100, 0, 0)));
        // Packed, and sent again by one who did not hear the answer; a token of a program may bring records too.
        let by_token = format!("Bearer {}", token("loader", &[Role::Integration]));
        for (packing, body) in [("gzip", gzip(tickets(0..110))), ("zstd", zstd::encode_all(tickets(0..120).as_bytes(), 1).unwrap())] {
            let known = if packing == "gzip" { 100 } else { 110 };
            let answer = post(&app, TICKETS, &[("authorization", &by_token), ("content-encoding", packing)], body).await;
            assert_eq!(lines(&answer).last(), Some(&sums(10, known, 0)), "{}", answer.text);
        }
        assert_eq!(count_tickets(&app).await, 120);
        assert_eq!(lines(&post(&app, TICKETS, &[DESK], "").await), [sums(0, 0, 0)]);
    }

    async fn singer_lines_bring_their_states_back(database: TestDatabase) {
        let app = app(database, &[("CUSTOMER360_INTAKE__FLUSH_RECORDS", "5")]).await;
        let mut body = json!({"type": "SCHEMA", "stream": "tickets", "schema": {}, "key_properties": ["id"]}).to_string() + "\n";
        for n in 0..12 {
            let record: Value = serde_json::from_str(&ticket(n)).unwrap();
            for line in [json!({"type": "RECORD", "stream": "tickets", "record": record}), json!({"type": "STATE", "value": {"done": n + 1}})] {
                body += &line.to_string();
                body.push('\n');
            }
        }
        let told = lines(&post(&app, "/ingest/desk", &[DESK], body.clone()).await);
        let mut committed = 0;
        let mut last = 0;
        for line in &told[..told.len() - 1] {
            if let Some(flushed) = line["flushed"].as_u64() {
                committed += flushed;
            } else {
                last = line["state"]["done"].as_u64().unwrap();
                assert!(last <= committed, "a state is told once all before it is committed: {told:?}");
            }
        }
        assert_eq!((last, told.last()), (12, Some(&sums(12, 0, 0))));
        // A record before its schema: what came before it is kept and told.
        let cut = body + &json!({"type": "RECORD", "stream": "messages", "record": {}}).to_string() + "\n" + &ticket(99);
        let told = lines(&post(&app, "/ingest/desk", &[DESK], cut).await);
        let last = told.last().unwrap();
        assert_eq!((&last["done"], &last["repeated"], &last["error"]["code"]), (&json!(false), &json!(12), &json!("BAD_USER_INPUT")));
        let nothing = post(&app, "/ingest/desk", &[DESK], json!({"type": "RECORD", "stream": "messages", "record": {}}).to_string()).await;
        assert_eq!((nothing.status, nothing.codes()), (StatusCode::BAD_REQUEST, vec!["BAD_USER_INPUT"]));
    }

    async fn a_bad_line_is_told_and_costs_no_other(database: TestDatabase) {
        let app = app(database, &[("CUSTOMER360_INTAKE__LINE_BYTES", "4096")]).await;
        let mut body = tickets(0..1).into_bytes();
        for bad in ["{\"id\": ".as_bytes(), b"\"\xff\xfe\"", b"{\"id\":\"a\\u0000b\"}", "7".as_bytes()] {
            body.extend_from_slice(bad);
            body.push(b'\n');
        }
        body.extend_from_slice(format!("{{\"id\":\"T\",\"subject\":\"{}\"}}\n", "x".repeat(5_000)).as_bytes());
        body.extend_from_slice(format!("{{\"id\":{}1{}}}\n", "[".repeat(80), "]".repeat(80)).as_bytes());
        for year in ["0000", "9999"] {
            body.extend_from_slice(ticket(7).replace("2026-05-01", &format!("{year}-05-01")).as_bytes());
            body.push(b'\n');
        }
        body.extend_from_slice(tickets(1..2).as_bytes());
        let told = lines(&post(&app, TICKETS, &[DESK], body).await);
        let codes: Vec<(u64, &str)> = told.iter().flat_map(|line| line["refused"].as_array().into_iter().flatten())
            .map(|one| (one["line"].as_u64().unwrap(), one["code"].as_str().unwrap())).collect();
        assert_eq!(codes, [(2, "BROKEN_JSON"), (3, "INVALID_UTF8"), (4, "NUL_CHARACTER"), (5, "BROKEN_JSON"), (6, "LINE_TOO_LONG"),
            (7, "TOO_DEEP"), (8, "OUT_OF_RANGE"), (9, "OUT_OF_RANGE")]);
        assert_eq!(told.last(), Some(&sums(2, 0, 8)));
        assert_eq!(count_tickets(&app).await, 2);
    }

    async fn what_cannot_come_in_is_refused(database: TestDatabase) {
        let app = app(database, &[]).await;
        let integration = format!("Bearer {}", token("loader", &[Role::Integration]));
        let service = format!("Bearer {}", token("tester", &[Role::Service]));
        let bearer = |token: &'static str| ("authorization", token);
        for (what, path, headers, status) in [
            ("no secret", TICKETS, vec![], 401),
            ("a wrong secret", TICKETS, vec![bearer("Bearer the-secret-of-the-desK")], 401),
            ("the secret of another source", TICKETS, vec![bearer("Bearer the-write-key-of-the-web")], 401),
            ("two secrets", TICKETS, vec![DESK, DESK], 401),
            ("a secret for no source", "/ingest/nowhere?stream=tickets", vec![DESK], 401),
            ("a role without the right", TICKETS, vec![("authorization", service.as_str())], 403),
            ("no such source", "/ingest/nowhere?stream=tickets", vec![("authorization", integration.as_str())], 404),
            ("the product's own source", "/ingest/staff?stream=contact_notes", vec![("authorization", integration.as_str())], 404),
            ("no such stream", "/ingest/desk?stream=tikets", vec![DESK], 400),
            ("another parameter", "/ingest/desk?stream=tickets&key=id", vec![DESK], 400),
            ("another packing", TICKETS, vec![DESK, ("content-encoding", "br")], 415),
            ("two packings", TICKETS, vec![DESK, ("content-encoding", "gzip"), ("content-encoding", "gzip")], 415),
            ("gzip that is none", TICKETS, vec![DESK, ("content-encoding", "gzip")], 400),
            ("zstd that is none", TICKETS, vec![DESK, ("content-encoding", "zstd")], 400),
        ] {
            let answer = post(&app, path, &headers, tickets(0..1)).await;
            assert_eq!(answer.status, status, "{what}: {}", answer.text);
            assert_eq!(answer.codes().len(), 1, "{what}: {}", answer.text);
            assert!(!answer.text.contains("the-"), "no secret is told: {}", answer.text);
        }
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packed.write_all(&vec![b'x'; 64 << 20]).unwrap();
        let bomb = packed.finish().unwrap();
        let bomb = post(&app, TICKETS, &[DESK, ("content-encoding", "gzip")], bomb).await;
        assert_eq!((bomb.status, bomb.codes()), (StatusCode::PAYLOAD_TOO_LARGE, vec!["TOO_COMPLEX"]));
        // What came whole before the packing broke is kept.
        let packed = zstd::encode_all(tickets(0..2_000).as_bytes(), 1).unwrap();
        let cut = post(&app, TICKETS, &[DESK, ("content-encoding", "zstd")], packed[..packed.len() - 9].to_vec()).await;
        let last = lines(&cut).pop().unwrap();
        assert_eq!(last["done"], json!(false), "{last}");
        assert_eq!(last["taken"].as_u64().unwrap(), count_tickets(&app).await);
        assert_eq!(last["rejected"], json!(0), "a line that was cut is no record");
    }

    async fn a_stuck_source_slows_no_other(database: TestDatabase) {
        let postgres = database.db() == Db::Postgres;
        let app = std::sync::Arc::new(app(database, &[("CUSTOMER360_DOORS__QUEUE_RECORDS", "1")]).await);
        assert_eq!(post(&app, TICKETS, &[DESK], tickets(0..1)).await.status, 200);
        // Another connection holds what the desk's next record needs; on SQLite that is the one writer.
        let connection = app.database().connect().await;
        let holding = connection.begin().await.unwrap();
        let sql = if postgres { "SELECT * FROM record_head WHERE source = 'desk' FOR UPDATE" } else { "UPDATE record_head SET key = key" };
        holding.execute_unprepared(sql).await.unwrap();
        let event = |n: usize| json!({"type": "track", "event": "x", "messageId": format!("m{n}"), "anonymousId": "a"}).to_string();
        let key = ("authorization", "Basic dGhlLXdyaXRlLWtleS1vZi10aGUtd2ViOg==");
        let changed = ticket(0).replace("Printer", "Scanner");
        let (stuck, body) = (app.clone(), changed.clone());
        let stuck = tokio::spawn(async move { post(&stuck, TICKETS, &[DESK], body).await });
        let lanes = app.app().doors().unwrap();
        while lanes.lanes().waiting("desk") == 0 {
            tokio::task::yield_now().await;
        }
        let through = app.clone();
        let others = tokio::spawn(async move {
            let mut answers = Vec::new();
            for n in 0..5 {
                answers.push(post(&through, "/v1/track", &[key], event(n)).await);
            }
            answers
        });
        if postgres {
            // The website's events are committed while the desk's record still waits.
            for answer in others.await.unwrap() {
                assert_eq!(answer.status, 200, "{}", answer.text);
            }
            assert!(!stuck.is_finished());
        } else {
            holding.rollback().await.unwrap();
            for answer in others.await.unwrap() {
                assert_eq!(answer.status, 200, "{}", answer.text);
            }
            let told = stuck.await.unwrap();
            assert_eq!(lines(&told).last(), Some(&sums(1, 0, 0)), "{}", told.text);
            return;
        }
        holding.rollback().await.unwrap();
        let told = stuck.await.unwrap();
        assert_eq!(lines(&told).last(), Some(&sums(1, 0, 0)), "{}", told.text);
    }

    async fn a_full_queue_is_told_and_its_source_alone(database: TestDatabase) {
        let app = std::sync::Arc::new(app(database, &[("CUSTOMER360_DOORS__QUEUE_RECORDS", "1")]).await);
        let web = ("authorization", "Basic dGhlLXdyaXRlLWtleS1vZi10aGUtd2ViOg==");
        let event = |id: &str| json!({"type": "track", "event": "x", "messageId": id, "anonymousId": "a"}).to_string();
        assert_eq!(post(&app, "/v1/track", &[web], event("first")).await.status, 200);
        let connection = app.database().connect().await;
        let holding = connection.begin().await.unwrap();
        let sql = if app.database().db() == Db::Postgres { "LOCK TABLE record_head IN EXCLUSIVE MODE" } else { "UPDATE record_head SET key = key" };
        holding.execute_unprepared(sql).await.unwrap();
        let (stuck, body) = (app.clone(), event("second"));
        let stuck = tokio::spawn(async move { post(&stuck, "/v1/track", &[web], body).await });
        let doors = app.app().doors().unwrap();
        while doors.lanes().waiting("web") == 0 {
            tokio::task::yield_now().await;
        }
        let full = post(&app, "/v1/track", &[web], event("third")).await;
        assert_eq!((full.status, full.codes()), (StatusCode::TOO_MANY_REQUESTS, vec!["RATE_LIMITED"]));
        assert_eq!(full.headers["retry-after"], "1");
        // The caller goes away: what was accepted is written all the same.
        stuck.abort();
        holding.rollback().await.unwrap();
        doors.lanes().drained().await;
        let connection = app.database().connect().await;
        assert_eq!(entity::web_event::Entity::find().count(&connection).await.unwrap(), 2);
        assert_eq!(post(&app, "/v1/track", &[web], event("third")).await.status, 200);
    }

    async fn a_source_that_brings_too_much_is_slowed(database: TestDatabase) {
        let app = app(database, &[("CUSTOMER360_DOORS__RECORDS_PER_SECOND", "1")]).await;
        let batch = |key: &str| {
            let events: Vec<Value> = (0..8).map(|n| json!({"type": "track", "event": "x", "messageId": format!("m{n}"), "anonymousId": "a"})).collect();
            json!({"writeKey": key, "batch": events}).to_string()
        };
        assert_eq!(post(&app, "/v1/batch", &[], batch("the-write-key-of-the-web")).await.status, 200);
        let slowed = post(&app, "/v1/batch", &[], batch("the-write-key-of-the-web")).await;
        assert_eq!((slowed.status, slowed.codes()), (StatusCode::TOO_MANY_REQUESTS, vec!["RATE_LIMITED"]));
        assert!(slowed.headers["retry-after"].to_str().unwrap().parse::<u64>().unwrap() >= 1);
        assert_eq!(post(&app, "/v1/batch", &[], batch("the-write-key-of-the-shop")).await.status, 200);
    }
}
