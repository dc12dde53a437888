//! What a role must not see occurs nowhere in what the server can be made to say: lists however filtered and sorted, search
//! by the very text, every object by id, counts, and errors.

use std::collections::BTreeSet;
use std::fmt::Write;

use api::access::{Class, Policy, SiloKey};
use customer360_tests::app::token;
use customer360_tests::{Role, both};
use serde_json::{Value, json};

use super::document::Sdl;
use super::world::{CANARIES, OWNER, World, leaks};

/// All that a customer's own row says.
const PLAIN: &str = "id name givenName familyName email phone company street postalCode city birthDate owner { key name email }
    attributes { key value alternatives { value } } identifiers { kind value } sourceProfiles { edges { cursor node { key } } }";

both! {
    async fn lists_say_no_more_than_they_may(world: World) {
        let policy = Policy::built_in().unwrap();
        let ways = [
            "orderBy: CREATED_AT", "orderBy: LAST_INTERACTION_AT", "orderBy: NAME", "orderBy: EMAIL", "last: 2",
            "filter: {stage: [RENEWAL]}", "filter: {kind: PERSON}", "filter: {country: \"DE\"}", "filter: {segment: \"A\"}",
            "filter: {email: {startsWith: \"canary-email\"}}", "filter: {name: {startsWith: \"Quandora\"}}",
            "filter: {hasOpenTicket: true}", "filter: {createdAfter: \"2020-01-01T00:00:00Z\"}",
            "filter: {name: {startsWith: \"Q\"}}, orderBy: EMAIL", "filter: {kind: PERSON}, orderBy: NAME",
        ];
        for role in Role::ALL {
            let rights = policy.rights([role.as_str()]).unwrap();
            for way in ways {
                let document = format!("{{ customers({way}) {{ totalCount pageInfo {{ endCursor }} edges {{ cursor node {{ {PLAIN} }} }} }} }}");
                let answer = world.app.query_as(role, &document, json!({})).await;
                assert_eq!(leaks(&answer.text, &rights).next(), None, "{} {way}", role.as_str());
            }
        }
    }

    async fn what_is_withheld_by_row_is_told_by_its_key_in_the_answer(world: World) {
        let document = "{ customer(by: {customerNumber: \"K-1\"}) { identifiers { kind v: value ... on Identifier { again: value } } } }";
        let answer = world.app.query_as(Role::Marketing, document, json!({})).await;
        let told = answer.json["extensions"]["access"].as_array().unwrap().iter();
        let paths: BTreeSet<String> =
            told.filter(|one| one["dataClass"] == "contact").map(|one| one["path"].to_string()).collect();
        let expected = ["v", "again"].map(|key| format!("[\"customer\",\"identifiers\",\"{key}\"]"));
        assert_eq!(paths, BTreeSet::from(expected));
    }

    async fn search_answers_only_by_what_is_shown(world: World) {
        let policy = Policy::built_in().unwrap();
        for role in Role::ALL {
            let rights = policy.rights([role.as_str()]).unwrap();
            for canary in CANARIES {
                let document = format!("query($text: String!) {{ search(text: $text) {{ more hits {{ score customer {{ {PLAIN} }} }} }} }}");
                let answer = world.app.query_as(role, &document, json!({ "text": canary.text })).await;
                assert_eq!(leaks(&answer.text, &rights).next(), None, "{} {}", role.as_str(), canary.text);
            }
        }
    }

    async fn search_finds_by_contact_data_only_who_sees_them(world: World) {
        let policy = Policy::built_in().unwrap();
        for role in [Role::Service, Role::Sales, Role::Steward, Role::Privacy, Role::Marketing] {
            let rights = policy.rights([role.as_str()]).unwrap();
            let sees = rights.of(SiloKey::Customer).action(Class::Contact) == api::access::Action::Show;
            for text in ["zyxwv@example.net", "zyxwv", "030 9018273", "+49309018273", "9018273"] {
                let answer = world.app.query_as(role, &format!("{{ search(text: \"{text}\") {{ more hits {{ customer {{ customerNumber }} }} }} }}"), json!({})).await;
                let hits = if sees { json!([{ "customer": { "customerNumber": "K-3" } }]) } else { json!([]) };
                assert_eq!(answer.data()["search"], json!({ "more": false, "hits": hits }), "{} {text}", role.as_str());
            }
        }
    }

    async fn no_id_opens_more_than_its_list(world: World) {
        let (sdl, policy) = (Sdl::read(), Policy::built_in().unwrap());
        let ids = every_id(&world, &sdl).await;
        let kinds: BTreeSet<&str> = ids.iter().map(|id| &id[..3]).collect();
        assert_eq!(kinds.len(), sdl.possible["Node"].len() + NO_NODES.len(), "ids of every kind: {kinds:?}");
        let fragment = node_fragment(&sdl);
        let ids: Vec<String> = ids.into_iter().filter(|id| !NO_NODES.contains(&&id[..3])).collect();
        for role in Role::ALL {
            let rights = policy.rights([role.as_str()]).unwrap();
            for some in ids.chunks(10) {
                let mut document = "{ ".to_owned();
                for (n, id) in some.iter().enumerate() {
                    write!(document, "n{n}: node(id: \"{id}\") {{ ...All }} ").unwrap();
                }
                let answer = world.app.query_as(role, &format!("{document}}} {fragment}"), json!({})).await;
                assert!(answer.json["data"].is_object(), "{}: {:#}", role.as_str(), answer.json);
                assert_eq!(leaks(&answer.text, &rights).next(), None, "{} {some:?}", role.as_str());
            }
        }
    }

    async fn internal_rows_are_neither_seen_nor_counted(world: World) {
        let policy = Policy::built_in().unwrap();
        let document = "{ customer(by: {customerNumber: \"K-1\"}) {
            contactNotes { totalCount nodes { id } } sales { noteCount lastNotedAt notes { totalCount nodes { id } } }
            support { tickets(filter: {open: true}) { nodes { messages { totalCount nodes { id } } } } }
            lastInteractionAt timeline(first: 100) { totalCount nodes { id kind } } }
            customers(filter: {lastInteractionAfter: \"2026-07-01T00:00:00Z\"}) { totalCount } }";
        let full = world.app.query_as(Role::Privacy, document, json!({})).await;
        let notes: Vec<String> = ids_of(&full.data()["customer"]["contactNotes"]["nodes"]);
        let messages = ids_of(&full.data()["customer"]["support"]["tickets"]["nodes"][0]["messages"]["nodes"]);
        let whole = full.data()["customer"]["timeline"]["totalCount"].as_i64().unwrap();
        // The newest of both are the internal ones.
        let internal = [&notes[0], &messages[0]];
        for role in Role::ALL {
            let rights = policy.rights([role.as_str()]).unwrap();
            if rights.of(SiloKey::Customer).rows.is_none() {
                continue;
            }
            let sees = rights.of(SiloKey::Sales).action(Class::Internal) == api::access::Action::Show;
            let count = if sees { 2 } else { 1 };
            let answer = world.app.query_as(role, document, json!({})).await;
            let customer = &answer.data()["customer"];
            let counts = [
                &customer["contactNotes"]["totalCount"], &customer["sales"]["noteCount"],
                &customer["sales"]["notes"]["totalCount"],
                &customer["support"]["tickets"]["nodes"][0]["messages"]["totalCount"],
            ];
            assert_eq!(counts, [&json!(count); 4], "{}", role.as_str());
            assert_eq!(customer["timeline"]["totalCount"], json!(whole - if sees { 0 } else { 2 }), "{}", role.as_str());
            assert_eq!(customer["timeline"]["nodes"].as_array().unwrap().len(), customer["timeline"]["totalCount"]);
            // Nobody sees by a date that there are internal rows: they are no contact with the customer.
            assert_eq!(customer["lastInteractionAt"], "2026-06-01T10:00:00Z", "{}", role.as_str());
            assert_eq!(answer.data()["customers"]["totalCount"], 0, "{}", role.as_str());
            if !sees {
                assert_eq!(customer["sales"]["lastNotedAt"], "2026-03-01T10:00:00Z", "{}", role.as_str());
                for id in internal {
                    let (_, digits) = id.split_once('_').unwrap();
                    let nobody = id.replace(digits, &"0".repeat(32));
                    let [there, not_there] = [id, &nobody].map(|id| format!("{{ node(id: \"{id}\") {{ id }} }}"));
                    let there = world.app.query_as(role, &there, json!({})).await;
                    let not_there = world.app.query_as(role, &not_there, json!({})).await;
                    assert_eq!(there.text, not_there.text, "{}", role.as_str());
                    assert_eq!(there.data()["node"], Value::Null);
                }
            }
        }
    }

    async fn errors_repeat_nothing(world: World) {
        let documents = [
            "query($v: String!) { customer(by: {email: $v}) { id } }",
            "query($v: String!) { customer(by: {phone: $v}) { id } }",
            "query($v: ID!) { customer(by: {id: $v}) { id } }",
            "query($v: ID!) { node(id: $v) { id } }",
            "query($v: String!) { customers(after: $v) { totalCount } }",
            "query($v: ID!) { customers(filter: {owner: $v}) { totalCount } }",
            "query($v: DateTime!) { customers(filter: {updatedAfter: $v}) { totalCount } }",
            "query($v: CustomerOrder!) { customers(orderBy: $v) { totalCount } }",
            "query($v: String!) { search(text: \"Quandora\", first: 1000) { more } customer(by: {customerNumber: $v}) { id } }",
        ];
        for role in Role::ALL {
            for document in documents {
                for value in ["canary-email", "'; DROP TABLE customer; -- canary-email", "canary-email\u{0}"] {
                    let answer = world.app.query_as(role, document, json!({ "v": value })).await;
                    assert!(!answer.text.contains("canary-email"), "{} {document}: {}", role.as_str(), answer.text);
                    assert!(!answer.text.contains("SELECT") && !answer.text.contains("sqlx"), "{}", answer.text);
                }
            }
        }
    }
}

/// Prefixes of what has an id and is no node: interactions, relations, source profiles.
const NO_NODES: [&str; 3] = ["int", "rel", "spr"];

fn ids_of(nodes: &Value) -> Vec<String> {
    nodes.as_array().unwrap().iter().map(|node| node["id"].as_str().unwrap().to_owned()).collect()
}

/// Every id that anybody can come across.
async fn every_id(world: &World, sdl: &Sdl) -> BTreeSet<String> {
    let token = token(OWNER, &[Role::Privacy]);
    let mut ids = BTreeSet::new();
    for (name, way) in sdl.ways() {
        for customer in ["K-1", "K-2", "F-1"] {
            let answer = world.app.query_by(&token, &sdl.document(&name, &way, customer), json!({})).await;
            find_ids(&answer.json["data"], &mut ids);
        }
    }
    ids
}

fn find_ids(value: &Value, ids: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| find_ids(item, ids)),
        Value::Object(fields) => {
            for (name, value) in fields {
                match value.as_str() {
                    Some(id) if name == "id" => {
                        ids.insert(id.to_owned());
                    }
                    _ => find_ids(value, ids),
                }
            }
        }
        _ => {}
    }
}

/// All leaves of every type that is a node.
fn node_fragment(sdl: &Sdl) -> String {
    let node = &sdl.objects["Query"].iter().find(|field| field.name == "node").unwrap();
    let mut text = "fragment All on Node ".to_owned();
    sdl.leaves(node, &mut text);
    text
}
