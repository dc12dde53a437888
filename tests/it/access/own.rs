//! Rows that are one's own: with a policy that gives sales its own rows only, other people's are nowhere.

use std::io::Write;

use api::auth::mint;
use api::config::Config;
use customer360_tests::app::token;
use customer360_tests::{Answer, Db, OnDatabase, Role, both};
use serde_json::{Value, json};

use super::document::Sdl;
use super::world::{OWNER, World};

/// The world under that policy.
struct Own {
    world: World,
    _policy: tempfile::NamedTempFile,
}

/// A role of one's own customers, and one of everybody's tickets without their words.
const MORE_ROLES: &str = r#"
[role.visits]
description = "One's own customers."
read = ["customer"]
rows = "own"
write = []
classes = { identity = "show" }

[role.desk]
description = "All tickets."
read = ["support"]
rows = "all"
write = []
classes = { free_text = "mask" }
"#;

impl OnDatabase for Own {
    async fn on(db: Db) -> Self {
        let built_in = include_str!("../../../api/src/access/policy.toml");
        let (before, sales) = built_in.split_once("[role.sales]").expect("sales has a role");
        let own = sales.replacen("rows = \"all\"", "rows = \"own\"", 1);
        let text = format!("{before}[role.sales]{own}\n{MORE_ROLES}");
        let mut policy = tempfile::NamedTempFile::new().expect("a file");
        policy.write_all(text.as_bytes()).expect("the policy is written");
        let path = policy.path().to_str().expect("a path").to_owned();
        Self { world: World::with(db, &[("CUSTOMER360_ACCESS__POLICY", &path)]).await, _policy: policy }
    }
}

impl Own {
    async fn ask(&self, document: &str) -> Answer {
        self.world.app.query_by(&token(OWNER, &[Role::Sales]), document, json!({})).await
    }

    async fn ask_as_service(&self, document: &str) -> Value {
        self.world.app.query_as(Role::Service, document, json!({})).await.data().clone()
    }
}

both! {
    async fn lists_counts_and_look_ups_hold_own_customers(own: Own) {
        let answer = own.ask("{ customers(orderBy: NAME) { totalCount nodes { customerNumber } } viewer { reads { silo rows } } }").await;
        assert_eq!(
            answer.data()["customers"],
            json!({ "totalCount": 2, "nodes": [{ "customerNumber": "F-1" }, { "customerNumber": "K-1" }] })
        );
        assert_eq!(answer.data()["viewer"]["reads"][0], json!({ "silo": "customer", "rows": "OWN" }));
        for (theirs, nobodys) in [
            ("customer(by: {customerNumber: \"K-2\"})", "customer(by: {customerNumber: \"K-99\"})"),
            ("customer(by: {email: \"nora@example.org\"})", "customer(by: {email: \"none@example.org\"})"),
            ("customer(by: {ticket: \"T-2\"})", "customer(by: {ticket: \"T-99\"})"),
            ("customer(by: {purchase: \"B-2\"})", "customer(by: {purchase: \"B-99\"})"),
            ("customer(by: {external: {source: \"csv-crm\", key: \"K-2\"}})", "customer(by: {external: {source: \"csv-crm\", key: \"K-99\"}})"),
        ] {
            let [theirs, nobodys] = [theirs, nobodys].map(|field| format!("{{ {field} {{ id }} }}"));
            assert_eq!(own.ask(&theirs).await.text, own.ask(&nobodys).await.text, "{theirs}");
        }
        let answer = own.ask("{ customers(filter: {hasOpenTicket: true}) { totalCount } }").await;
        assert_eq!(answer.codes(), ["FORBIDDEN"], "whose tickets are not read is not asked by them");
        for text in ["Neighbour", "nora@example.org", "K-2", "T-2", "B-2", "Nils"] {
            let answer = own.ask(&format!("{{ search(text: \"{text}\") {{ more hits {{ customer {{ customerNumber }} }} }} }}")).await;
            assert!(!answer.text.contains("K-2") && !answer.text.contains("K-3"), "{text}: {}", answer.text);
        }
    }

    async fn ids_of_others_open_nothing(own: Own) {
        let theirs = own.ask_as_service("{ customer(by: {customerNumber: \"K-2\"}) { id
            support { tickets { nodes { id messages { nodes { id } } } } } contactNotes { nodes { id } }
            sales { purchases { nodes { id } } } crm { profiles { nodes { id } } } } }").await;
        let mut ids = Vec::new();
        collect(&theirs, &mut ids);
        assert_eq!(ids.len(), 6, "{ids:?}");
        for id in ids {
            let (_, digits) = id.split_once('_').unwrap();
            let nobodys = id.replace(digits, &"0".repeat(32));
            let [theirs, nobodys] = [&id, &nobodys].map(|id| format!("{{ node(id: \"{id}\") {{ id }} }}"));
            let answer = own.ask(&theirs).await;
            assert_eq!(answer.data()["node"], Value::Null, "{id}");
            assert_eq!(answer.text, own.ask(&nobodys).await.text, "{id}");
        }
    }

    async fn what_is_withheld_of_others_is_not_told(own: Own) {
        let theirs = own.ask_as_service("{ customer(by: {customerNumber: \"K-2\"}) { id support { ticketCount } } }").await;
        assert_ne!(theirs["customer"]["support"]["ticketCount"], json!(0));
        let config = Config::load_from(None, []).unwrap();
        let token = mint(&config, OWNER, &["visits".to_owned(), "desk".to_owned()], 60).unwrap();
        let ask = async |id: &str| {
            let document = format!("{{ customer(by: {{id: \"{id}\"}}) {{ name support {{ tickets {{ nodes {{ subject }} }} }} }} }}");
            own.world.app.query_by(&token, &document, json!({})).await
        };
        let answer = ask(theirs["customer"]["id"].as_str().unwrap()).await;
        assert_eq!(answer.data()["customer"], Value::Null);
        assert_eq!(answer.text, ask("cus_00000000000000000000000000000000").await.text);
        // Of one's own it is told.
        let mine = own.ask_as_service("{ customer(by: {customerNumber: \"K-1\"}) { id } }").await;
        let answer = ask(mine["customer"]["id"].as_str().unwrap()).await;
        assert_eq!(answer.json["extensions"]["access"][0]["coordinate"], json!("Ticket.subject"), "{:#}", answer.json);
    }

    async fn nothing_of_others_is_seen_from_one_s_own(own: Own) {
        let sdl = Sdl::read();
        for (name, way) in sdl.ways() {
            for customer in ["K-1", "F-1", "K-2"] {
                let answer = own.ask(&sdl.document(&name, &way, customer)).await;
                for text in ["Nora", "Nils", "nora@", "K-2", "T-2", "B-2"] {
                    assert!(!answer.text.contains(text), "{name} of {customer} shows {text}: {:#}", answer.json);
                }
            }
        }
        let company = "{ customer(by: {customerNumber: \"F-1\"}) {
            people { totalCount nodes { person { customerNumber } } }
            timeline(includePeople: true, first: 100) { totalCount nodes { customer { customerNumber } } } } }";
        let answer = own.ask(company).await;
        let people = &answer.data()["customer"]["people"];
        assert_eq!(people["totalCount"], json!(people["nodes"].as_array().unwrap().len()));
        let timeline = &answer.data()["customer"]["timeline"];
        assert_eq!(timeline["totalCount"], json!(timeline["nodes"].as_array().unwrap().len()));
        let whole = own.ask_as_service(company).await;
        assert!(whole.to_string().contains("K-2"), "service sees the neighbour at the company");
    }

    async fn who_is_nobody_here_owns_nothing(own: Own) {
        let document = "{ customers { totalCount } customer(by: {customerNumber: \"K-1\"}) { id } search(text: \"Quandora\") { hits { score } } }";
        let answer = own.world.app.query_by(&token("nobody", &[Role::Sales]), document, json!({})).await;
        assert_eq!(answer.data(), &json!({ "customers": { "totalCount": 0 }, "customer": null, "search": { "hits": [] } }));
    }

    async fn a_second_role_gives_all_rows_back(own: Own) {
        let token = token(OWNER, &[Role::Sales, Role::Service]);
        let answer = own.world.app.query_by(&token, "{ customers { totalCount } }", json!({})).await;
        assert_eq!(answer.data()["customers"]["totalCount"], 4);
    }
}

fn collect(value: &Value, ids: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, ids)),
        Value::Object(fields) => {
            for (name, value) in fields {
                if name == "id" {
                    ids.extend(value.as_str().map(str::to_owned));
                }
                collect(value, ids);
            }
        }
        _ => {}
    }
}
