//! Seen from outside: how sources stand, what could not be taken in, trying it again and putting it aside, pauses, metrics. What
//! a rejected record says reaches nobody who may not see all of it.
#![expect(clippy::float_cmp, reason = "counts, which Prometheus writes with a point")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use api::identity::decide::Rules;
use api::ingest::envelope::Envelope;
use api::ingest::import::{ImportOptions, import_files};
use api::ingest::intake::{Intake, IntakeSettings};
use api::ingest::lines::Origin;
use api::ingest::source::{Source, Sources};
use axum::body::Body;
use axum::http::Request;
use chrono::{TimeDelta, Utc};
use customer360_tests::process::{Program, free_port};
use customer360_tests::{Role, TestApp, TestDatabase, both};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use crate::command::Desk;

/// Reads tickets; the status `waiting` only where it is told to.
fn mapping(knows_waiting: bool) -> String {
    let more = if knows_waiting { "waiting = \"PENDING\"\n" } else { "" };
    format!(
        "key = \"desk\"\nsilo = \"support\"\n[lookup.status]\nopen = \"OPEN\"\n{more}\n[[stream]]\nname = \"tickets\"\nkey = \"/id\"\n\
         occurred_at = \"/opened_at\"\n[[stream.profile]]\nkey = \"/email\"\nkind = \"PERSON\"\n\
         identifiers = [{{ kind = \"EMAIL\", strength = \"STRONG\", value = \"/email\" }}]\n\
         [[stream.row]]\ntable = \"ticket\"\n[stream.row.fields]\n\
         status = {{ path = \"/status\", fn = [{{ lookup = \"status\" }}] }}\nsubject = \"/subject\"\nopened_at = \"/opened_at\"\n"
    )
}

fn desk_source(knows_waiting: bool) -> Source {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("desk.toml"), mapping(knows_waiting)).unwrap();
    let source = "key = \"desk\"\nmapping = \"desk.toml\"\nexpected_every = \"1h\"\n";
    Source::parse(source, "source.toml", folder.path()).unwrap()
}

/// The intake of that desk, into the database of a server.
fn desk(app: &TestApp, knows_waiting: bool) -> Intake {
    let sources = Sources::of([desk_source(knows_waiting)]);
    Intake::new(app.app().database().clone(), sources, Rules::default(), IntakeSettings::default())
}

/// A server whose own declaration of the desk knows more than what came before it did.
async fn server(database: TestDatabase) -> (TestApp, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("maps")).unwrap();
    std::fs::write(folder.path().join("maps/desk.toml"), mapping(true)).unwrap();
    let source = "key = \"desk\"\nmapping = \"maps/desk.toml\"\nexpected_every = \"1h\"\n";
    std::fs::write(folder.path().join("desk.toml"), source).unwrap();
    let path = folder.path().to_str().unwrap().to_owned();
    let token = ("CUSTOMER360_METRICS__TOKEN", "scrape me if you can");
    (TestApp::over(database, &[("CUSTOMER360_INTAKE__SOURCES", &path), token]).await, folder)
}

fn ticket(n: usize, status: &str) -> Envelope {
    let payload = json!({ "id": format!("T{n}"), "email": format!("canary{n}@example.org"), "status": status,
        "subject": "CANARY-SUBJECT", "opened_at": "2026-05-01T10:00:00Z", "canary@key.example": 4711 });
    Origin::new("desk").envelope("tickets", Some(format!("canary-key-{n}@example.org")), payload.to_string())
}

async fn ask(app: &TestApp, role: Role, document: &str) -> Value {
    app.query_as(role, document, json!({})).await.data().clone()
}

const STANDING: &str = "{ source(key: \"desk\") { key status stale staleSince lagSeconds deliveryDelaySeconds mappingVersion
    counts { taken repeated superseded rejected waiting discarded since } lastError { code message at } pausedAt pausedBy pauseReason
    streams { name failingSince lastEventAt counts { taken rejected waiting discarded } } rowsWithoutTouchpoint { kind count more } } }";

const REPLAY: &str = "mutation($input: RejectedRecordsReplayInput!) { rejectedRecordsReplay(input: $input) {
    taken superseded rejected remaining next userErrors { code field message } } }";

const DISCARD: &str = "mutation($input: RejectedRecordDiscardInput!) { rejectedRecordDiscard(input: $input) {
    changed remaining rejectedRecords { id state discardReason discardedBy discardedAt } userErrors { code field message } } }";

const RESTORE: &str = "mutation($input: RejectedRecordRestoreInput!) { rejectedRecordRestore(input: $input) {
    changed rejectedRecords { state discardReason } userErrors { code field } } }";

const LIST: &str = "{ rejectedRecords(orderBy: OLDEST) { totalCount nodes {
    id source stream code reason state receivedAt mappingVersion bytes discardedBy discardReason content { key text shape } } } }";

async fn ids(app: &TestApp) -> Vec<Value> {
    let list = ask(app, Role::Privacy, LIST).await;
    list["rejectedRecords"]["nodes"].as_array().unwrap().iter().map(|node| node["id"].clone()).collect()
}

async fn send(app: &TestApp, role: Role, document: &str, input: Value) -> Value {
    let answer = app.query_as(role, document, json!({ "input": input })).await;
    answer.data().as_object().unwrap().values().next().unwrap().clone()
}

both! {
    async fn a_source_tells_how_it_stands(database: TestDatabase) {
        let (app, _folder) = server(database).await;
        app.app().intake().declare().await.unwrap();
        let unseen = ask(&app, Role::Admin, STANDING).await;
        assert_eq!((&unseen["source"]["status"], &unseen["source"]["stale"]), (&json!("NEVER_SEEN"), &json!(true)));
        assert_eq!(unseen["source"]["counts"]["since"], Value::Null);
        let before = desk(&app, false);
        before.flush(vec![ticket(1, "open"), ticket(2, "waiting"), ticket(1, "open")]).await.unwrap();
        let well = ask(&app, Role::Analyst, STANDING).await["source"].clone();
        assert_eq!(well["status"], "OK", "one of them could be taken: {well}");
        let counts = json!([well["counts"]["taken"], well["counts"]["repeated"], well["counts"]["rejected"], well["counts"]["waiting"]]);
        assert_eq!(counts, json!([1, 1, 1, 1]));
        assert_eq!(well["lastError"]["code"], "UNKNOWN_VALUE");
        assert!(well["deliveryDelaySeconds"].as_i64().unwrap() > 86_400 && well["lagSeconds"].as_i64().unwrap() < 3_600);
        assert_eq!(well["rowsWithoutTouchpoint"], json!([{ "kind": "TICKET", "count": 1, "more": false }]));
        assert_eq!(well["streams"][0]["lastEventAt"], "2026-05-01T10:00:00Z");

        before.flush(vec![ticket(3, "waiting")]).await.unwrap();
        let failing = ask(&app, Role::Analyst, STANDING).await["source"].clone();
        assert_eq!(failing["status"], "FAILING");
        assert!(failing["streams"][0]["failingSince"].is_string());
        // A stream that nobody declared does not make a row under its name.
        let mut strange = [ticket(4, "open"), ticket(5, "open")];
        strange[0].stream = "made-up-1".into();
        strange[1].stream = "made-up-2".into();
        before.flush(strange.to_vec()).await.unwrap();
        let streams = ask(&app, Role::Analyst, STANDING).await["source"]["streams"].clone();
        let waiting: Vec<_> = streams.as_array().unwrap().iter().map(|one| (one["name"].clone(), one["counts"]["waiting"].clone())).collect();
        assert_eq!(waiting, [(json!(""), json!(2)), (json!("tickets"), json!(2))]);
        // What is discarded needs nobody any more.
        let done = send(&app, Role::Steward, DISCARD, json!({ "select": { "ofSource": { "source": "desk" } }, "reason": "Tests." })).await;
        assert_eq!((&done["changed"], &done["remaining"]), (&json!(4), &json!(0)));
        let after = ask(&app, Role::Analyst, STANDING).await["source"].clone();
        assert_eq!((&after["status"], &after["counts"]["discarded"]), (&json!("OK"), &json!(4)));

        let connection = app.database().connect().await;
        let long_ago = (Utc::now() - TimeDelta::hours(2)).format("%Y-%m-%dT%H:%M:%S.000000+00:00").to_string();
        connection.execute_unprepared(&format!("UPDATE source SET last_record_at = '{long_ago}' WHERE key = 'desk'")).await.unwrap();
        let stale = ask(&app, Role::Analyst, STANDING).await["source"].clone();
        assert_eq!((&stale["status"], &stale["stale"]), (&json!("STALE"), &json!(true)));
        assert!(stale["staleSince"].is_string());
        let text = metrics(&app, Some("scrape me if you can")).await.1;
        assert!(text.contains("customer360_source_stale{source=\"desk\"} 1\n"), "{text}");
        assert_eq!(ask(&app, Role::Analyst, "{ source(key: \"nothing\") { key } }").await["source"], Value::Null);
    }

    async fn rejected_records_are_tried_again_in_bounded_steps(database: TestDatabase) {
        let (app, _folder) = server(database).await;
        desk(&app, false).flush((0..5).map(|n| ticket(n, "waiting")).collect()).await.unwrap();
        let all = json!({ "ofSource": { "source": "desk" } });
        let refused = app.query_as(Role::Admin, REPLAY, json!({ "input": { "select": all } })).await;
        assert_eq!(refused.codes(), ["FORBIDDEN"]);
        assert_eq!(ids(&app).await.len(), 5);
        let first = send(&app, Role::Steward, REPLAY, json!({ "select": all, "first": 2 })).await;
        assert_eq!((&first["taken"], &first["remaining"]), (&json!(2), &json!(3)));
        let next = first["next"].clone();
        let second = send(&app, Role::Steward, REPLAY, json!({ "select": all, "first": 100, "after": next })).await;
        assert_eq!((&second["taken"], &second["next"]), (&json!(3), &Value::Null));
        let again = send(&app, Role::Steward, REPLAY, json!({ "select": all, "after": next })).await;
        assert_eq!((&again["taken"], &again["rejected"]), (&json!(0), &json!(0)));
        let counts = ask(&app, Role::Steward, STANDING).await["source"]["counts"].clone();
        assert_eq!((&counts["taken"], &counts["rejected"], &counts["waiting"]), (&json!(5), &json!(5), &json!(0)));
        for (input, field) in [
            (json!({ "select": { "ofSource": { "source": "nobody" } } }), "source"),
            (json!({ "select": { "ids": [] } }), "ids"),
            (json!({ "select": { "ids": ["rej_1"] } }), "ids"),
            (json!({ "select": all, "first": 0 }), "first"),
            (json!({ "select": all, "after": "x" }), "after"),
        ] {
            let done = send(&app, Role::Steward, REPLAY, input).await;
            assert_eq!(done["userErrors"][0]["field"], field, "{done}");
        }
    }

    async fn two_replays_at_once_take_each_record_once(database: TestDatabase) {
        let (app, _folder) = server(database).await;
        desk(&app, false).flush((0..40).map(|n| ticket(n, "waiting")).collect()).await.unwrap();
        let input = json!({ "select": { "ofSource": { "source": "desk" } } });
        let (one, other) = tokio::join!(
            send(&app, Role::Steward, REPLAY, input.clone()), send(&app, Role::Steward, REPLAY, input.clone()));
        assert_eq!(one["taken"].as_i64().unwrap() + other["taken"].as_i64().unwrap(), 40, "{one} {other}");
        assert_eq!(ids(&app).await, Vec::<Value>::new());
        let counts = ask(&app, Role::Steward, STANDING).await["source"]["counts"].clone();
        assert_eq!((&counts["taken"], &counts["superseded"]), (&json!(40), &json!(0)), "none of the taken is marked as overtaken");
    }

    async fn a_discarded_record_stays_to_be_seen_and_comes_back(database: TestDatabase) {
        let (app, _folder) = server(database).await;
        desk(&app, false).flush(vec![ticket(1, "waiting"), ticket(2, "waiting")]).await.unwrap();
        let ids = ids(&app).await;
        let input = json!({ "select": { "ids": [ids[0]] }, "reason": "A test of the vendor." });
        for role in [Role::Admin, Role::Service, Role::Integration, Role::Privacy] {
            assert_eq!(app.query_as(role, DISCARD, json!({ "input": input })).await.codes(), ["FORBIDDEN"]);
        }
        let done = send(&app, Role::Steward, DISCARD, input.clone()).await;
        assert_eq!((&done["changed"], &done["userErrors"]), (&json!(1), &json!([])));
        let record = &done["rejectedRecords"][0];
        assert_eq!((&record["state"], &record["discardReason"], &record["discardedBy"]),
            (&json!("DISCARDED"), &json!("A test of the vendor."), &json!("tester")));
        let again = send(&app, Role::Steward, DISCARD, json!({ "select": { "ids": [ids[0]] }, "reason": "Another." })).await;
        assert_eq!((&again["changed"], &again["rejectedRecords"][0]["discardReason"]), (&json!(0), &json!("A test of the vendor.")));
        let replayed = send(&app, Role::Steward, REPLAY, json!({ "select": { "ofSource": { "source": "desk" } } })).await;
        assert_eq!(replayed["taken"], 1, "the discarded one is left alone");
        let left = ask(&app, Role::Steward, "{ rejectedRecords(filter: {state: DISCARDED}) { totalCount } open: rejectedRecords(filter: {state: REJECTED}) { totalCount } }").await;
        assert_eq!(left, json!({ "rejectedRecords": { "totalCount": 1 }, "open": { "totalCount": 0 } }));
        let back = send(&app, Role::Steward, RESTORE, json!({ "ids": [ids[0]] })).await;
        assert_eq!(back, json!({ "changed": 1, "rejectedRecords": [{ "state": "REJECTED", "discardReason": null }], "userErrors": [] }));
        let replayed = send(&app, Role::Steward, REPLAY, json!({ "select": { "ids": [ids[0]] } })).await;
        assert_eq!(replayed["taken"], 1);
        let blank = send(&app, Role::Steward, DISCARD, json!({ "select": { "ids": [ids[0]] }, "reason": " " })).await;
        assert_eq!(blank["userErrors"][0]["field"], "reason");
    }

    async fn what_a_rejected_record_says_is_for_those_who_see_everything(database: TestDatabase) {
        let (app, _folder) = server(database).await;
        desk(&app, false).flush(vec![ticket(1, "waiting")]).await.unwrap();
        let id = ids(&app).await.remove(0);
        let node = format!("{{ node(id: {id}) {{ id ... on RejectedRecord {{ reason content {{ key text shape }} }} }} }}");
        for role in Role::ALL {
            let list = app.query_as(role, LIST, json!({})).await;
            let one = app.query_as(role, &node, json!({})).await;
            let sees = role == Role::Privacy;
            for answer in [&list, &one] {
                let found = answer.text.contains("canary") || answer.text.contains("CANARY") || answer.text.contains("4711");
                assert_eq!(found, sees, "{}: {}", role.as_str(), answer.text);
            }
            let content = &list.data()["rejectedRecords"]["nodes"][0]["content"];
            assert_eq!(content["text"].is_string(), sees, "{}", role.as_str());
            let shaped = sees || matches!(role, Role::Steward | Role::Integration);
            assert_eq!(content["shape"].is_string(), shaped, "{}", role.as_str());
            if shaped {
                let shape: Value = serde_json::from_str(content["shape"].as_str().unwrap()).unwrap();
                assert_eq!(shape, json!({ "id": "…", "email": "…", "status": "…", "subject": "…", "opened_at": "…", "…": 0 }));
            }
        }
        let text = metrics(&app, Some("scrape me if you can")).await.1;
        assert!(!text.to_lowercase().contains("canary"), "{text}");
    }

    async fn a_paused_source_takes_nothing(database: TestDatabase) {
        let (app, _folder) = server(database).await;
        let pause = "mutation($input: SourcePauseInput!) { sourcePause(input: $input) { source { status pausedAt pausedBy pauseReason } userErrors { code field } } }";
        let resume = "mutation($input: SourceResumeInput!) { sourceResume(input: $input) { source { status pausedAt } userErrors { code } } }";
        let input = json!({ "source": "desk", "reason": "The vendor sends rubbish." });
        for role in [Role::Steward, Role::Integration, Role::Privacy] {
            assert_eq!(app.query_as(role, pause, json!({ "input": input })).await.codes(), ["FORBIDDEN"]);
            assert_eq!(app.query_as(role, resume, json!({ "input": { "source": "desk" } })).await.codes(), ["FORBIDDEN"]);
        }
        let intake = app.app().intake();
        intake.refuse_if_paused("desk").await.unwrap();
        let done = send(&app, Role::Admin, pause, input.clone()).await;
        assert_eq!((&done["source"]["status"], &done["source"]["pauseReason"]), (&json!("PAUSED"), &json!("The vendor sends rubbish.")));
        let again = send(&app, Role::Admin, pause, json!({ "source": "desk", "reason": "Again." })).await;
        assert_eq!(again["source"], done["source"], "it stays as it was paused first");
        let refused = intake.refuse_if_paused("desk").await.unwrap_err();
        assert_eq!(refused.code.as_str(), "UNAVAILABLE");
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tickets.jsonl");
        std::fs::write(&file, ticket(1, "open").payload.as_bytes()).unwrap();
        let options = ImportOptions { source: "desk".into(), ..ImportOptions::default() };
        let error = import_files(intake, &options, vec![file.clone()], |_| {}).await.unwrap_err();
        assert_eq!(error.code.as_str(), "UNAVAILABLE");
        assert_eq!(ask(&app, Role::Admin, STANDING).await["source"]["counts"]["taken"], 0);
        assert!(metrics(&app, Some("scrape me if you can")).await.1.contains("customer360_source_paused{source=\"desk\"} 1\n"));

        let done = send(&app, Role::Admin, resume, json!({ "source": "desk" })).await;
        assert_eq!(done["source"]["pausedAt"], Value::Null);
        assert_eq!(import_files(intake, &options, vec![file], |_| {}).await.unwrap().taken, 1);
        for unknown in ["nobody", "staff"] {
            let done = send(&app, Role::Admin, pause, json!({ "source": unknown, "reason": "x" })).await;
            assert_eq!(done["userErrors"], json!([{ "code": "NOT_FOUND", "field": "source" }]));
        }
    }

    async fn metrics_are_well_formed_and_for_whoever_bears_the_token(database: TestDatabase) {
        let (app, _folder) = server(database).await;
        app.app().intake().flush(vec![ticket(1, "open"), ticket(2, "strange")]).await.unwrap();
        ask(&app, Role::Admin, "{ viewer { subject } }").await;
        for token in [None, Some("scrape me"), Some("")] {
            assert_eq!(metrics(&app, token).await.0, 401, "{token:?}");
        }
        let (status, text) = metrics(&app, Some("scrape me if you can")).await;
        assert_eq!(status, 200);
        let series = parse(&text);
        let records = |outcome: &str| {
            series.get(&format!("customer360_intake_records_total{{door=\"other\",source=\"desk\",outcome=\"{outcome}\"}}")).copied()
        };
        assert_eq!((records("taken"), records("rejected"), records("repeated")), (Some(1.0), Some(1.0), None));
        assert_eq!(series["customer360_intake_flush_seconds_count{door=\"other\"}"], 1.0);
        assert_eq!(series["customer360_graphql_requests_total{kind=\"query\",code=\"OK\"}"], 1.0);
        assert_eq!(series["customer360_http_answers_total{route=\"/metrics\",status=\"401\"}"], 3.0);
        assert_eq!(series["customer360_source_rejected_records{source=\"desk\"}"], 1.0);
        assert_eq!(series["customer360_database_up"], 1.0);
        assert!(series["customer360_database_connections_limit"] >= 1.0);
        // A path that a client made up is no label.
        app.send(Request::get("/canary-path").body(Body::empty()).unwrap()).await;
        let text = metrics(&app, Some("scrape me if you can")).await.1;
        assert!(!text.contains("canary") && text.contains("route=\"none\",status=\"404\""), "{text}");
    }

    async fn the_command_line_pauses_discards_and_lists(database: TestDatabase) {
        let desk = Desk::new(&database);
        desk.file("sources/maps/desk.toml", mapping(false));
        desk.file("sources/desk.toml", "key = \"desk\"\nmapping = \"maps/desk.toml\"\n");
        desk.file("tickets.jsonl", [ticket(1, "open"), ticket(2, "waiting")].map(|one| one.payload.to_string()).join("\n"));
        assert!(desk.run(&["pause", "desk", "--reason", "Migration"]).status.success());
        let refused = desk.run(&["import", "--source", "desk", "tickets.jsonl"]);
        assert!(refused.stderr.contains("UNAVAILABLE: The source `desk` is paused since"), "{}", refused.stderr);
        let listed = desk.run(&["sources"]).stdout;
        assert!(listed.lines().any(|line| line.starts_with("desk\tPAUSED\tsupport\t-\t0\t0\t")), "{listed}");
        assert!(desk.run(&["resume", "desk"]).status.success());
        assert_eq!(desk.run(&["import", "--source", "desk", "tickets.jsonl"]).status.code(), Some(3));
        let discarded = desk.run(&["discard", "--source", "desk", "--code", "UNKNOWN_VALUE", "--reason", "Not ours"]);
        assert!(discarded.stderr.contains("1 discarded"), "{}", discarded.stderr);
        assert!(desk.run(&["rejected"]).stderr.contains("Nothing was rejected, and nothing waits."));
        let sources = desk.run(&["sources"]).stdout;
        let line = sources.lines().find(|line| line.starts_with("desk\t")).unwrap();
        assert_eq!(line.split('\t').nth(4), Some("1"), "{line}");
        assert!(!desk.run(&["pause", "nobody", "--reason", "x"]).status.success());
    }
}

/// Without a token, a program of this machine is answered in development, and nobody through a proxy.
#[test]
fn without_a_token_only_this_machine_reads_the_metrics() {
    let folder = tempfile::tempdir().unwrap();
    let address = format!("127.0.0.1:{}", free_port());
    let file = format!("sqlite://{}?mode=rwc", Path::new(folder.path()).join("metrics.sqlite").display());
    let program = Program::new(["serve"]).folder(folder.path()).env("DATABASE_URL", &file);
    let mut process = program.env("CUSTOMER360_HTTP__LISTEN", &address).start();
    process.wait_for_word("that it listens", |line| line.starts_with("Listening on "));
    let get = |header: Option<(&str, &str)>| {
        let client: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let mut request = client.get(format!("http://{address}/metrics"));
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        let mut answer = request.call().unwrap();
        (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
    };
    let (status, text) = get(None);
    assert_eq!(status, 200);
    assert!(parse(&text)["customer360_process_resident_memory_bytes"] > 1_000_000.0);
    assert_eq!(get(Some(("x-forwarded-for", "192.0.2.1"))).0, 404);
    assert_eq!(get(Some(("host", "evil.example"))).0, 404);
    process.terminate();
}

pub async fn metrics(app: &TestApp, token: Option<&str>) -> (u16, String) {
    let mut request = Request::get("/metrics");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let answer = app.send(request.body(Body::empty()).unwrap()).await;
    (answer.status.as_u16(), answer.text)
}

/// Reads the text format as a scraper does: each family is explained once, before its samples; each sample is a number and stands
/// once; counters end in `_total`; the buckets of a histogram grow up to its count.
pub fn parse(text: &str) -> BTreeMap<String, f64> {
    let mut families: BTreeMap<&str, &str> = BTreeMap::new();
    let mut explained = BTreeSet::new();
    let mut series = BTreeMap::new();
    let mut bucket: Option<(String, f64)> = None;
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.last(), Some(&"# EOF"), "{text}");
    for line in &lines[..lines.len() - 1] {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').unwrap();
            assert!(explained.insert(name) && help.len() > 10, "{line}");
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert!(explained.contains(name) && families.insert(name, kind).is_none(), "{line}");
        } else if let Some(rest) = line.strip_prefix("# UNIT ") {
            let (name, unit) = rest.split_once(' ').unwrap();
            assert!(name.ends_with(unit), "{line}");
        } else {
            let (key, value) = line.rsplit_once(' ').unwrap();
            let value: f64 = value.parse().unwrap_or_else(|_| panic!("no number: {line}"));
            let name = key.split('{').next().unwrap();
            let (family, kind) =
                families.iter().rev().find(|(family, _)| name.starts_with(**family)).expect("explained before");
            let ending = &name[family.len()..];
            let allowed: &[&str] = match *kind {
                "counter" => &["_total"],
                "histogram" => &["_bucket", "_sum", "_count"],
                "info" => &["_info"],
                "gauge" => &[""],
                other => panic!("{other}: {line}"),
            };
            assert!(allowed.contains(&ending), "{line} of a {kind}");
            if ending == "_bucket" {
                let before = bucket.take().filter(|(of, _)| of == name && value > 0.0).map_or(0.0, |(_, count)| count);
                assert!(value >= before || key.contains("le=\"0.001\""), "{line}");
                bucket = Some((name.to_owned(), value));
            }
            assert!(series.insert(key.to_owned(), value).is_none(), "twice: {line}");
        }
    }
    series
}
