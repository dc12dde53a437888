//! Deliveries that a mistake in `[hook]` refused: once it is mended they are replayed, and may be sent again.

use std::sync::Arc;

use api::app::App;
use api::config::Config;
use api::http::Server;
use api::ingest::rejected::{Bounds, Selection, list, replay};
use axum::Router;
use customer360_tests::{TestDatabase, both};
use sea_orm::EntityTrait;
use serde_json::{Value, json};

use super::{NEW, request};

/// A server whose source reads its webhooks so.
async fn reading(database: &TestDatabase, hook: &str) -> (Arc<App>, Router) {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "key = \"desk\"\nmapping = \"csv-support\"\nsecrets = [\"new\"]\n[hook]\nrecipe = \"shared-token\"\nheader = \"x-ours\"\n\
         id = {{ header = \"x-id\" }}\n{hook}\n"
    );
    std::fs::write(folder.path().join("desk.toml"), text).unwrap();
    let settings = [
        ("CUSTOMER360_INTAKE__SOURCES", folder.path().to_str().unwrap()),
        ("CUSTOMER360_SECRETS__NEW", NEW),
        ("DATABASE_URL", database.url()),
    ];
    let config = Config::load_from(None, settings.map(|(name, value)| (name.to_owned(), value.to_owned()))).unwrap();
    let app = Arc::new(App::open(&config).await.unwrap());
    let router = Server::try_new(&config, app.clone()).unwrap().router();
    (app, router)
}

/// What was taken, was known, was refused.
async fn post(router: &Router, id: &str, body: &Value) -> [u64; 3] {
    let headers = [("x-ours", NEW.to_owned()), ("x-id", id.to_owned())];
    let asked = request("/hooks/desk", &headers, body.to_string());
    let answer = tower::ServiceExt::oneshot(router.clone(), asked).await.unwrap();
    let body = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    let answer: Value = serde_json::from_slice(&body).unwrap();
    ["taken", "repeated", "rejected"].map(|name| answer[name].as_u64().unwrap_or_else(|| panic!("{answer}")))
}

fn ticket(id: &str) -> Value {
    json!({"id": id, "status": "OPEN", "subject": "A", "opened_at": "2026-05-01T10:00:00Z", "email": format!("{id}@example.org")})
}

async fn tickets(database: &TestDatabase) -> usize {
    let connection = database.connect().await;
    let tickets = entity::ticket::Entity::find().all(&connection).await.unwrap().len();
    connection.close().await.unwrap();
    tickets
}

const MENDED: &str = "records = \"/items\"\nstream = { value = \"tickets\" }";

both! {
    async fn records_at_a_wrong_place_are_replayed_or_sent_again(database: TestDatabase) {
        let (app, router) = reading(&database, "records = \"/wrong\"\nstream = { value = \"tickets\" }").await;
        let (first, second) = (json!({"items": [ticket("t1"), ticket("t2")]}), json!({"items": [ticket("t3"), ticket("t4")]}));
        assert_eq!(post(&router, "d1", &first).await, [0, 0, 1]);
        assert_eq!(post(&router, "d2", &second).await, [0, 0, 1]);
        app.database().close().await;
        let (app, router) = reading(&database, MENDED).await;
        // Its id was not spent, and is now.
        assert_eq!(post(&router, "d1", &first).await, [2, 0, 0]);
        assert_eq!(post(&router, "d1", &first).await, [0, 1, 0]);
        let intake = app.intake();
        let report = replay(intake, &Selection::of_source("desk", None, None), Bounds::default()).await.unwrap();
        assert_eq!((report.tried, report.taken, report.rejected.len()), (2, 2, 0), "{report:?}");
        assert!(list(intake.database(), Some("desk"), 0, 10).await.unwrap().is_empty());
        assert_eq!(tickets(&database).await, 4);
        let again = replay(intake, &Selection::of_source("desk", None, None), Bounds::default()).await.unwrap();
        assert_eq!(again.tried, 0);
        app.database().close().await;
    }

    async fn a_record_that_no_rule_places_is_replayed_beside_those_that_were_taken(database: TestDatabase) {
        let rule = "records = \"/items\"\nstream = { path = \"@item/box\" }";
        let (app, router) = reading(&database, rule).await;
        let mut placed = ticket("t1");
        placed["box"] = json!("tickets");
        let body = json!({"event": "x", "items": [placed, ticket("t2")]});
        assert_eq!(post(&router, "d1", &body).await, [1, 0, 1]);
        assert_eq!(post(&router, "d1", &body).await, [0, 1, 0]);
        // Nothing is mended: it is refused as it was.
        let still = replay(app.intake(), &Selection::of_source("desk", None, None), Bounds::default()).await.unwrap();
        assert_eq!((still.taken, still.rejected.len()), (0, 1));
        assert_eq!(still.rejected[0].code.as_str(), "UNKNOWN_STREAM");
        app.database().close().await;
        let (app, _) = reading(&database, MENDED).await;
        let report = replay(app.intake(), &Selection::of_source("desk", None, None), Bounds::default()).await.unwrap();
        assert_eq!((report.taken, report.rejected.len()), (1, 0));
        assert_eq!(tickets(&database).await, 2);
        app.database().close().await;
    }
}
