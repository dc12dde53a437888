//! A tap over HTTP: what vanished from its tables, and what it only names.

use axum::body::{Body, Bytes};
use customer360_tests::{Answer, TestApp, TestDatabase, both};
use futures_util::stream;
use sea_orm::EntityTrait;
use serde_json::{Value, json};

use crate::doors::{DESK, app, count_tickets, post};

fn schema() -> Value {
    json!({ "type": "SCHEMA", "stream": "tickets", "schema": {}, "key_properties": ["id"] })
}

fn row(sync: i64, id: &str) -> Value {
    let record =
        json!({ "id": id, "status": "OPEN", "subject": "x", "opened_at": "2026-05-01", "email": "a@example.org" });
    json!({ "type": "RECORD", "stream": "tickets", "version": sync, "record": record })
}

fn activate(sync: i64) -> Value {
    json!({ "type": "ACTIVATE_VERSION", "stream": "tickets", "version": sync })
}

fn state(run: i64) -> Value {
    json!({ "type": "STATE", "value": { "run": run } })
}

fn text(lines: &[Value]) -> String {
    let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
    lines.join("\n") + "\n"
}

async fn send(app: &TestApp, lines: &[Value]) -> Answer {
    post(app, "/ingest/desk", &[DESK], text(lines)).await
}

/// The lines of an answer.
fn told(answer: &Answer) -> Vec<Value> {
    answer.text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
}

fn last(answer: &Answer) -> Value {
    told(answer).pop().expect("a last line")
}

fn notices(answer: &Answer) -> Vec<String> {
    let lines = told(answer);
    let notices = lines.iter().flat_map(|line| line["notices"].as_array().cloned().unwrap_or_default());
    notices.map(|notice| notice["text"].as_str().unwrap().to_owned()).collect()
}

both! {
    async fn what_vanished_from_a_table_is_deleted_once_its_version_has_come(database: TestDatabase) {
        let app = app(database, &[("CUSTOMER360_INTAKE__FLUSH_RECORDS", "2")]).await;
        let first = send(&app, &[schema(), activate(1), row(1, "a"), row(1, "b"), row(1, "c"), state(1)]).await;
        assert_eq!((&last(&first)["taken"], count_tickets(&app).await), (&json!(3), 3));
        // A record after the last state: the tap was cut, and nobody knows what it had yet to say.
        let cut = send(&app, &[schema(), activate(2), row(2, "a"), state(2), row(2, "b")]).await;
        assert_eq!(last(&cut)["done"], json!(true));
        assert!(notices(&cut).iter().any(|text| text.contains("nothing was removed")), "{}", cut.text);
        assert_eq!(count_tickets(&app).await, 3);
        // Activated behind its records: at once, and before the state behind it is told.
        let behind = send(&app, &[schema(), row(3, "a"), row(3, "b"), activate(3), state(3)]).await;
        assert_eq!(last(&behind), json!({ "done": true, "flushed": 3, "taken": 1, "repeated": 2, "superseded": 0, "rejected": 0 }));
        assert_eq!(count_tickets(&app).await, 2);
        let lines = told(&behind);
        let deleted = lines.iter().position(|line| line["taken"] == 1).expect("the deletion is told");
        let stated = lines.iter().position(|line| line["state"]["run"] == 3).expect("its state comes back");
        assert!(deleted < stated, "{lines:?}");
        // Before its records, with a state behind them: at the end.
        send(&app, &[schema(), activate(4), row(4, "b"), row(4, "c"), state(4)]).await;
        assert_eq!(count_tickets(&app).await, 2, "one is gone, one is back");
        let deletes = entity::record::Entity::find().all(&app.database().connect().await).await.unwrap();
        assert_eq!(deletes.iter().filter(|record| record.op == "DELETE").count(), 2, "each is a record, so that a rebuild deletes it too");
        // A table that is empty now.
        send(&app, &[schema(), activate(5), state(5)]).await;
        assert_eq!(count_tickets(&app).await, 0);
    }

    async fn a_body_that_breaks_off_deletes_nothing(database: TestDatabase) {
        let app = app(database, &[]).await;
        send(&app, &[schema(), row(1, "a"), row(1, "b"), activate(1), state(1)]).await;
        let lines = text(&[schema(), activate(2), row(2, "a"), state(2)]);
        let parts = [Ok(Bytes::from(lines)), Err(std::io::Error::other("the line went dead"))];
        let broken = post(&app, "/ingest/desk", &[DESK], Body::from_stream(stream::iter(parts))).await;
        assert_eq!(last(&broken)["done"], json!(false), "{}", broken.text);
        assert_eq!(count_tickets(&app).await, 2);
    }

    async fn files_that_a_tap_names_are_not_read_over_http(database: TestDatabase) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tickets.jsonl");
        std::fs::write(&file, row(1, "secret")["record"].to_string()).unwrap();
        // Not even from the folder that taps of this machine write into: it may be another source's.
        let app = app(database, &[("CUSTOMER360_INTAKE__BATCH_FOLDER", folder.path().to_str().unwrap())]).await;
        let address = format!("file://{}", file.display());
        let batch = json!({ "type": "BATCH", "stream": "tickets", "encoding": { "format": "jsonl" }, "manifest": [address] });
        let answer = send(&app, &[schema(), row(1, "a"), state(1), batch, row(1, "b"), state(2)]).await;
        let end = last(&answer);
        assert_eq!((&end["done"], &end["taken"], &end["error"]["code"]), (&json!(false), &json!(1), &json!("BAD_USER_INPUT")), "{}", answer.text);
        let message = end["error"]["message"].as_str().unwrap();
        assert!(message.starts_with("Line 4: ") && message.contains("BATCH") && message.contains("/files"), "{message}");
        let states: Vec<i64> = told(&answer).iter().filter_map(|line| line["state"]["run"].as_i64()).collect();
        assert_eq!((states, count_tickets(&app).await), (vec![1], 1), "no state behind it, so that the tap sends its records again");
    }

    async fn a_stream_stops_where_its_source_is_paused(database: TestDatabase) {
        let app = app(database, &[("CUSTOMER360_INTAKE__FLUSH_RECORDS", "1")]).await;
        let intake = app.app().intake().clone();
        let (first, second) = (text(&[schema(), row(1, "a"), state(1)]), text(&[row(1, "b"), state(2)]));
        let pausing = async move {
            // The first record is there before the source is paused, the second comes after.
            while intake.standings().await.unwrap().iter().all(|source| source.taken == 0) {
                tokio::task::yield_now().await;
            }
            assert!(intake.pause("desk", "a test", "Its vendor migrates.").await.unwrap());
            Ok::<_, std::io::Error>(Bytes::from(second))
        };
        let parts = futures_util::StreamExt::chain(stream::iter([Ok(Bytes::from(first))]), stream::once(Box::pin(pausing)));
        let answer = post(&app, "/ingest/desk", &[DESK], Body::from_stream(parts)).await;
        let end = last(&answer);
        assert_eq!((&end["done"], &end["taken"], &end["error"]["code"]), (&json!(false), &json!(1), &json!("UNAVAILABLE")), "{}", answer.text);
        assert_eq!(count_tickets(&app).await, 1);
    }
}
