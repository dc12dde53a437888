//! What the executor promises: keys in the order of the query, a fault that stays where it happened, and as many waits for
//! the database for fifty customers as for one.

use customer360_tests::app::token;
use customer360_tests::{Role, both};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use crate::access::world::World;

/// A customer with all silos, as the page of a customer asks for it.
const PROFILE: &str = "id name email phone stage owner { name } lastInteractionAt
    surveys { responseCount latestNps responses(first: 3) { nodes { score comment survey { name } answers(first: 3) { nodes { text } } } } }
    sales { noteCount notes(first: 3) { nodes { text promise { text dueAt } staff { name } } }
        opportunities(first: 3) { nodes { name amount { amount currency } } } purchases(first: 3) { nodes { number } }
        contracts(first: 3) { nodes { number endsOn } } }
    analytics { sessionCount sessions(first: 3) { nodes { startedAt landingPage } } }
    support { openTicketCount freshness { stale } tickets(first: 3) { nodes { subject status messages(first: 3) { nodes { text } } } } }
    reviews { meanRating reviews(first: 3) { nodes { rating text } } }
    crm { revenue { amount } consents(first: 3) { nodes { purpose state } } } mayContact(purpose: SURVEY, channel: EMAIL) { allowed }
    timeline(first: 5) { nodes { kind occurredAt } }";

both! {
    async fn keys_come_in_the_order_of_the_query(world: World) {
        let document = "{ viewer { subject roles } customers(first: 1, filter: {stage: [RENEWAL]}) { totalCount nodes {
            support { ticketCount } phone lastInteractionAt id email surveys { responseCount } name } } again: viewer { roles subject } }";
        let answer = world.app.query_by(&token("tester", &[Role::Service]), document, json!({})).await;
        answer.data();
        let keys = ["viewer", "subject", "roles", "customers", "totalCount", "nodes", "support", "ticketCount", "phone",
            "lastInteractionAt", "id", "email", "surveys", "responseCount", "name", "again", "roles", "subject"];
        let mut rest = answer.text.as_str();
        for key in keys {
            let quoted = format!("\"{key}\":");
            let (_, after) = rest.split_once(&quoted).unwrap_or_else(|| panic!("{key} comes too early: {}", answer.text));
            rest = after;
        }
    }

    async fn a_fault_stays_where_it_happened(world: World) {
        let document = "{ customer(by: {customerNumber: \"K-1\"}) { name reviews { reviewCount reviews { nodes { text } } freshness { stale } }
            support { tickets { nodes { subject } } } } viewer { subject } }";
        let whole = world.app.query_as(Role::Service, document, json!({})).await;
        let connection = world.app.database().connect().await;
        connection.execute_unprepared("ALTER TABLE review RENAME TO broken").await.unwrap();
        let answer = world.app.query_as(Role::Service, document, json!({})).await;
        let mut expected = whole.data().clone();
        expected["customer"]["reviews"]["reviewCount"] = Value::Null;
        expected["customer"]["reviews"]["reviews"] = Value::Null;
        assert_eq!(answer.json["data"], expected);
        let mut paths: Vec<String> = answer.json["errors"].as_array().unwrap().iter().map(|error| error["path"].to_string()).collect();
        paths.sort();
        assert_eq!(paths, [r#"["customer","reviews","reviewCount"]"#, r#"["customer","reviews","reviews"]"#]);
        assert!(!answer.text.contains("no such table") && !answer.text.contains("relation"), "{}", answer.text);
    }

    async fn fifty_customers_wait_as_often_as_one(world: World) {
        world.add_customers(60).await;
        let one = format!("{{ customer(by: {{customerNumber: \"K-1\"}}) {{ {PROFILE} }} }}");
        let fifty = format!("{{ customers(first: 50) {{ nodes {{ {PROFILE} }} }} }}");
        let mut waits = Vec::new();
        for document in [&one, &one, &fifty] {
            let before = world.app.app().database().waits();
            let answer = world.app.query_as(Role::Privacy, document, json!({})).await;
            answer.data();
            waits.push(world.app.app().database().waits() - before);
        }
        // The first question of a token asks once more: who is behind it.
        assert_eq!(waits, [4, 3, 3]);
    }
}
