//! `customer360 demo`: it stands, says where and how to ask, shows the customer at risk, and goes on where it was stopped.

use std::path::Path;

use api::identity::decide::Rules;
use api::ingest::envelope::Envelope;
use api::ingest::intake::{Intake, IntakeSettings};
use api::ingest::source::{Source, Sources};
use customer360_tests::process::{PATIENCE, Process, Program, free_port};
use customer360_tests::scan::assert_clean;
use customer360_tests::{TestDatabase, both};
use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::{Value, json};

use crate::intake::{open, ticket};

const RISK: &str = include_str!("../../api/src/demo/queries/risk.graphql");

fn demo(database: &TestDatabase, more: &[&str]) -> Process {
    let arguments = ["demo", "--customers", "320"].iter().chain(more);
    let listen = format!("127.0.0.1:{}", free_port());
    let program = Program::new(arguments).env("DATABASE_URL", database.url()).env("CUSTOMER360_HTTP__LISTEN", &listen);
    let mut process = program.start();
    process.wait_for_line("the last query", |line| line.contains("moeller\"}"));
    process.wait_for_word("that all are there", |line| line == "320 of 320 customers are there.");
    process
}

/// How many rows the tables hold that a second start could double.
async fn rows(database: &TestDatabase) -> [u64; 4] {
    let connection = database.connect().await;
    let counts = [
        entity::customer::Entity::find().count(&connection).await.unwrap(),
        entity::ticket::Entity::find().count(&connection).await.unwrap(),
        entity::interaction::Entity::find().count(&connection).await.unwrap(),
        entity::contact_note::Entity::find().count(&connection).await.unwrap(),
    ];
    connection.close().await.unwrap();
    counts
}

/// The token that was printed for a role.
fn token(process: &Process, role: &str) -> String {
    let printed = process.stdout();
    let line = printed.lines().find_map(|line| line.trim().strip_prefix(&format!("{role}: ")));
    line.unwrap_or_else(|| panic!("no token for {role} in:\n{printed}")).to_owned()
}

both! {
    async fn it_stands_is_asked_and_goes_on(database: TestDatabase) {
        let mut process = demo(&database, &["--fresh"]);
        let printed = process.stdout();
        assert_clean(&format!("{printed}\n{}", process.stderr()), &[]);
        for role in ["service", "sales", "marketing", "product", "analyst", "management", "steward", "privacy", "integration", "admin"] {
            assert_eq!(token(&process, role).split('.').count(), 3, "{role}");
        }
        let told = printed.lines().find(|line| line.contains("customer number ")).expect("the scripted customer");
        let number = told.split("customer number ").nth(1).and_then(|rest| rest.split(':').next()).unwrap().to_owned();
        let (name, _) = told.trim_start_matches("Look at ").split_once(',').unwrap();
        assert!(printed.contains(RISK.trim_end()) && printed.contains(&format!("{{\"number\": \"{number}\"}}")));
        let (status, page) = process.get("/");
        assert!(status == 200 && page.contains("<html"), "{page}");

        let asked = json!({ "query": RISK, "variables": { "number": number } });
        let service = token(&process, "service");
        let (status, body) = process.post("/graphql", &service, &asked);
        let seen: Value = serde_json::from_str(&body).unwrap();
        assert!(status == 200 && seen.get("errors").is_none(), "{seen:#}");
        let customer = &seen["data"]["customer"];
        assert_eq!(customer["name"], json!(name));
        assert!(customer["surveys"]["latestNps"].as_f64().is_some_and(|score| score <= 6.0), "a detractor: {customer:#}");
        assert!(customer["support"]["openTicketCount"].as_i64().is_some_and(|open| open >= 1), "{customer:#}");
        assert!(customer["analytics"]["sessions"]["nodes"].as_array().is_some_and(|all| all.len() >= 3), "{customer:#}");
        assert!(customer["sales"]["contracts"]["nodes"].as_array().is_some_and(|all| !all.is_empty()), "{customer:#}");
        let (_, body) = process.post("/graphql", &token(&process, "marketing"), &asked);
        let withheld: Value = serde_json::from_str(&body).unwrap();
        assert!(withheld["extensions"]["access"].is_object() || withheld["extensions"]["access"].is_array(), "{withheld:#}");
        assert_ne!(withheld["data"]["customer"]["email"], customer["email"], "marketing sees addresses masked");

        process.terminate();
        assert!(process.finish(PATIENCE).status.success());
        let before = rows(&database).await;
        // It goes on from its own first day: nothing comes twice.
        let again = demo(&database, &[]);
        assert!(again.stdout().contains(told), "the same customer with the same number");
        again.terminate();
        assert!(again.finish(PATIENCE).status.success());
        assert_eq!(rows(&database).await, before);
    }
}

both! {
    async fn it_leaves_the_database_of_others_alone(database: TestDatabase) {
        // A source that anyone may call so, the names of the demo's own silos included.
        let source = Source::parse("key = \"helpdesk\"\nmapping = \"csv-support\"", "helpdesk.toml", Path::new("")).unwrap();
        let settings = IntakeSettings::default();
        let intake = Intake::new(open(&database).await, Sources::of([source]), Rules::default(), settings);
        let ticket = ticket(1, "T1", &json!({ "email": "a@example.org" }));
        intake.flush(vec![Envelope { source: "helpdesk".into(), ..ticket }]).await.unwrap();
        for more in [&["demo"][..], &["demo", "--fresh"]] {
            let listen = format!("127.0.0.1:{}", free_port());
            let program = Program::new(more).env("DATABASE_URL", database.url()).env("CUSTOMER360_HTTP__LISTEN", &listen);
            let refused = program.finish();
            assert_eq!(refused.status.code(), Some(1), "{refused:#?}");
            assert!(refused.stderr.contains("CONFLICT: This database holds records of other sources"), "{}", refused.stderr);
        }
        assert_eq!(rows(&database).await[1], 1, "the ticket is still there");
    }
}

#[test]
fn it_serves_this_machine_only() {
    let folder = tempfile::tempdir().unwrap();
    let open = Program::new(["demo"]).folder(folder.path()).env("CUSTOMER360_HTTP__LISTEN", "0.0.0.0:0");
    let open =
        open.env("CUSTOMER360_AUTH__HS256_SECRET", "a secret of this test alone, long enough for anyone").finish();
    assert_eq!(open.status.code(), Some(1), "{open:#?}");
    assert!(open.stderr.contains("serves this machine only"), "{}", open.stderr);
    assert!(!folder.path().join("customer360-demo.sqlite").exists(), "nothing was made");
}
