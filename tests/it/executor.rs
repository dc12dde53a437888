//! What the executor promises: keys in the order of the query, a fault that stays where it happened, and as many waits for
//! the database for fifty customers as for one.

use customer360_tests::app::token;
use customer360_tests::{Role, TestApp, TestDatabase, both};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use crate::access::world::World;
use crate::intake::{graph, history, intake};

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

    async fn a_database_that_is_away_is_waited_for_once(world: World) {
        let document = format!("{{ customers(first: 5) {{ nodes {{ id }} }} again: customers(last: 5) {{ nodes {{ {PROFILE} }} }} sources {{ totalCount }} }}");
        // The token is known from here on, so that what follows waits for the answer alone.
        world.app.query_as(Role::Privacy, &document, json!({})).await.data();
        world.app.app().database().close().await;
        let before = world.app.app().database().waits();
        let answer = world.app.query_as(Role::Privacy, &document, json!({})).await;
        assert_eq!(answer.codes(), ["UNAVAILABLE"; 3]);
        let mut paths: Vec<String> = answer.json["errors"].as_array().unwrap().iter().map(|error| error["path"].to_string()).collect();
        paths.sort();
        assert_eq!(paths, [r#"["again"]"#, r#"["customers"]"#, r#"["sources"]"#]);
        assert_eq!(world.app.app().database().waits() - before, 1);
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

    async fn what_is_written_at_once_is_what_the_library_resolves(world: World) {
        // Asked for twice, `viewer` has to be joined: that sends the whole document the library's way.
        let twice = "viewer { subject } viewer { roles }";
        let fragments = "fragment Who on Customer { id name email __typename kind }
            fragment Rows on SurveyResponse { id score comment touchpoint { key touchpoint { name } } kind }";
        let documents = [
            format!("customers(first: 5) {{ nodes {{ {PROFILE} }} edges {{ cursor node {{ id createdAt attributes {{ key value masked }} }} }} }}"),
            "customers(first: 5) { nodes { ...Who ...Who2: sales { notes { nodes { amount { amount currency } author text } } } } }"
                .replace("...Who2: ", "of: "),
            "customer(by: {customerNumber: \"K-1\"}) { ...Who name surveys { responses { nodes { ...Rows id } } } identifiers { kind value timesSeen } }".to_owned(),
            "customer(by: {customerNumber: \"K-1\"}) { ... on Customer { phone } ... on Node { id } ... { birthDate } access { masked hidden } crm { revenue { amount currency } profiles { nodes { productsHeld revenue { currency } } } } }".to_owned(),
            "customer(by: {customerNumber: \"K-1\"}) { a: name b: name id @include(if: true) email @skip(if: true) }".to_owned(),
        ];
        for role in [Role::Privacy, Role::Service, Role::Marketing, Role::Analyst] {
            for asked in &documents {
                let used = if asked.contains("...Who") { fragments } else { "" };
                let used = if asked.contains("...Rows") { used } else { used.split("fragment Rows").next().unwrap() };
                let by_library = format!("{{ {asked} {twice} }} {used}");
                let at_once = format!("{{ {asked} viewer {{ subject roles }} }} {used}");
                let mut answers = Vec::new();
                // The first time validates, from the second on the kept document is run.
                for document in [&by_library, &by_library, &at_once, &at_once] {
                    let mut answer = world.app.query_as(role, document, json!({})).await.json;
                    answer["extensions"].as_object_mut().unwrap().remove("cost");
                    answers.push(answer);
                }
                assert!(answers[0]["data"].is_object(), "{:#}", answers[0]);
                for other in &answers[1..] {
                    assert_eq!(answers[0], *other, "{role:?} {asked}");
                }
            }
        }
    }

    async fn a_customer_by_id_comes_with_all_that_hangs_on_the_id(world: World) {
        let of = "customer(by: {customerNumber: \"K-1\"}) { id }";
        let found = world.app.query_as(Role::Privacy, &format!("{{ {of} }}"), json!({})).await;
        let id = found.data()["customer"]["id"].clone();
        let document = format!("query($id: ID!) {{ customer(by: {{id: $id}}) {{ {PROFILE} identifiers {{ value }} }} }}");
        let by_number = format!("{{ customer(by: {{customerNumber: \"K-1\"}}) {{ {PROFILE} identifiers {{ value }} }} }}");
        let same = world.app.query_as(Role::Privacy, &by_number, json!({})).await;
        let before = world.app.app().database().waits();
        let answer = world.app.query_as(Role::Privacy, &document, json!({ "id": id })).await;
        assert_eq!(answer.data(), same.data());
        assert_eq!(world.app.app().database().waits() - before, 3, "the row with its lists, what these name, whom the row names");
        let flat = "query($id: ID!) { customer(by: {id: $id}) { name surveys { responses { nodes { score } } } identifiers { value } } }";
        let before = world.app.app().database().waits();
        world.app.query_as(Role::Privacy, flat, json!({ "id": id })).await.data();
        assert_eq!(world.app.app().database().waits() - before, 1);
        // Nobody: null, and no word of what was asked of them.
        let wrong = "query($id: ID!) { customer(by: {id: $id}) { name surveys { responses(first: 1000) { nodes { score } } } } }";
        let nobody = json!({ "id": "cus_01a1ee56000080008000000000000000" });
        let answer = world.app.query_as(Role::Privacy, wrong, nobody).await;
        assert_eq!(answer.json["data"], json!({ "customer": null }));
        assert_eq!(answer.json["errors"], Value::Null);
        let answer = world.app.query_as(Role::Privacy, wrong, json!({ "id": id })).await;
        assert_eq!(answer.codes(), ["BAD_USER_INPUT"]);
    }

    async fn a_retired_id_leads_to_the_customer_it_was_merged_into(database: TestDatabase) {
        intake(&database).await.flush(history()).await.unwrap();
        let customers = graph(&database).await.remove("customer").unwrap();
        let retired = customers.iter().find(|row| !row["merged_into"].is_null()).expect("a merge");
        let public = |id: &Value| format!("cus_{}", id.as_str().unwrap().replace('-', ""));
        let app = TestApp::over(database, &[]).await;
        let document = "query($id: ID!) { customer(by: {id: $id}) { id name support { tickets { nodes { subject } } } } }";
        let before = app.query_as(Role::Privacy, document, json!({ "id": public(&retired["id"]) })).await;
        let after = app.query_as(Role::Privacy, document, json!({ "id": public(&retired["merged_into"]) })).await;
        assert_eq!(before.data(), after.data());
        assert_eq!(after.data()["customer"]["support"]["tickets"]["nodes"].as_array().unwrap().len(), 3);
    }
}
