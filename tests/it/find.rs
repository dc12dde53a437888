//! Finding a customer: by what is searched, by a phone number as dialled, in lists and their orders, from the other end of a
//! relation.

use api::ingest::lines::Origin;
use customer360_tests::{Role, TestApp, TestDatabase, both};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::{Value, json};

/// Takes rows of a source's stream, all of which must be good.
async fn take(app: &TestApp, source: &str, stream: &str, rows: impl IntoIterator<Item = Value>) {
    let origin = Origin::new(source);
    let envelopes = rows.into_iter().map(|row| origin.envelope(stream, None, row.to_string())).collect();
    let report = app.app().intake().flush(envelopes).await.expect("the rows are taken");
    assert_eq!(report.rejected, []);
}

/// A contact of crm with more fields than its number.
fn contact(number: &str, more: &Value) -> Value {
    let mut row = json!({ "customer_number": number, "updated_at": "2026-01-02T08:00:00Z" });
    row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    row
}

/// The customer numbers that a search finds, the best first.
async fn found(app: &TestApp, role: Role, text: &str) -> Value {
    let ask = "query($text: String!) { search(text: $text, first: 5) { hits { customer { customerNumber } } } }";
    let answer = app.query_as(role, ask, json!({ "text": text })).await;
    let hits = answer.data()["search"]["hits"].as_array().unwrap();
    hits.iter().map(|hit| hit["customer"]["customerNumber"].clone()).collect()
}

both! {
    async fn a_search_finds_by_name_number_and_contact_data(app: TestApp) {
        take(&app, "csv-crm", "contacts", [
            contact("K-7", &json!({ "name": "Jürgen Müller", "email": "jm@bau.example", "phone": "+49 30 9018273",
                "loyalty_number": "L 12" })),
            contact("K-1001", &json!({ "name": "Olga Stein", "email": "olga@stein.test" })),
        ]).await;
        // What another source says: another name, another number and address of the same customer.
        take(&app, "csv-support", "tickets", [json!({ "id": "t1", "customer_number": "K-1001", "status": "OPEN",
            "subject": "?", "customer_name": "Olga Kowalski", "email": "kowalski.o@example.net", "phone": "+49 171 2345678",
            "opened_at": "2026-05-01T10:00:00Z" })]).await;
        for text in ["mueller", "Müller", "Muller", "jürgen m", "K-7", "k7", "L12", "jm@bau.example", "030 9018273", "+49 (0)30 9018273"] {
            assert_eq!(found(&app, Role::Service, text).await, json!(["K-7"]), "{text}");
        }
        for text in ["K1001", "Kowalski", "kowalski.o@example.net", "KOWALSKI.O@example.net", "0171 2345678", "2345678"] {
            assert_eq!(found(&app, Role::Service, text).await, json!(["K-1001"]), "{text}");
        }
        // Marketing sees contact data masked, and finds by everything else.
        for text in ["Kowalski", "K1001"] {
            assert_eq!(found(&app, Role::Marketing, text).await, json!(["K-1001"]), "{text}");
        }
        for text in ["0171 2345678", "2345678", "jm@bau.example"] {
            assert_eq!(found(&app, Role::Marketing, text).await, json!([]), "{text}");
        }
        let short = app.query_as(Role::Service, "{ search(text: \"Li\") { more } }", json!({})).await;
        assert_eq!(short.codes(), ["BAD_USER_INPUT"]);
    }

    async fn among_equals_the_last_contact_comes_first(app: TestApp) {
        let contacts = (0..330).map(|n| contact(&format!("K-{n}"), &json!({ "name": "Maria Schmidt", "email": format!("m{n}@example.org") })));
        take(&app, "csv-crm", "contacts", contacts).await;
        let ticket = |n: i64, day: &str| json!({ "id": format!("t{n}"), "customer_number": format!("K-{n}"), "status": "OPEN",
            "subject": "?", "opened_at": format!("{day}T10:00:00Z") });
        take(&app, "csv-support", "tickets", [ticket(329, "2026-05-02"), ticket(7, "2026-05-01"), ticket(200, "2026-05-03")]).await;
        let first = found(&app, Role::Service, "maria schmidt").await;
        assert_eq!(first.as_array().unwrap()[..3], [json!("K-200"), json!("K-329"), json!("K-7")]);
    }

    async fn lists_keep_their_order_across_pages(app: TestApp) {
        take(&app, "csv-crm", "contacts", [
            contact("A", &json!({ "name": "Zoe Ärmel", "email": "c@example.org" })),
            contact("B", &json!({ "name": "Ägidius Bau", "email": "b@example.org" })),
            contact("C", &json!({ "name": "Bodo Arm" })),
            contact("D", &json!({ "email": "a@example.org" })),
        ]).await;
        let ticket = |number: &str, day: &str| json!({ "id": number, "customer_number": number, "status": "OPEN",
            "subject": "?", "opened_at": format!("{day}T10:00:00Z") });
        take(&app, "csv-support", "tickets", [ticket("C", "2026-05-02"), ticket("A", "2026-05-03")]).await;
        let ask = "query($by: CustomerOrder!, $after: String) { customers(orderBy: $by, first: 1, after: $after) {
            nodes { customerNumber } pageInfo { hasNextPage endCursor } } }";
        for (by, order) in [("NAME", ["B", "C", "A", "D"]), ("EMAIL", ["D", "B", "A", "C"]), ("LAST_INTERACTION_AT", ["A", "C", "", ""])] {
            let (mut after, mut numbers) = (Value::Null, Vec::new());
            for page in 1..=4 {
                let answer = app.query_as(Role::Service, ask, json!({ "by": by, "after": after })).await;
                let list = &answer.data()["customers"];
                numbers.push(list["nodes"][0]["customerNumber"].as_str().unwrap().to_owned());
                assert_eq!(list["pageInfo"]["hasNextPage"], json!(page < 4), "{by}");
                after = list["pageInfo"]["endCursor"].clone();
            }
            // Who has had no contact at all comes by when first known, which was one moment here.
            let told = order.iter().filter(|number| !number.is_empty()).count();
            assert_eq!(numbers[..told], order[..told], "{by}");
        }
    }

    async fn a_number_as_dialled_is_read_with_the_installations_country(database: TestDatabase) {
        let app = TestApp::over(database, &[("CUSTOMER360_IDENTITY__DEFAULT_COUNTRY", "GB")]).await;
        take(&app, "csv-crm", "contacts", [contact("K-1", &json!({ "name": "Ann Lee", "phone": "020 7946 0018" }))]).await;
        let answer = app.query_as(Role::Service, "{ customer(by: {phone: \"020 7946 0018\"}) { customerNumber phone } }", json!({})).await;
        assert_eq!(answer.data()["customer"], json!({ "customerNumber": "K-1", "phone": "+442079460018" }));
        assert_eq!(found(&app, Role::Service, "020 7946 0018").await, json!(["K-1"]));
    }

    async fn a_household_is_seen_from_both_ends(app: TestApp) {
        take(&app, "csv-crm", "contacts", [contact("K-1", &json!({ "name": "Ann Lee" })), contact("K-2", &json!({ "name": "Bob Lee" }))]).await;
        let relation = |id: &str, from: &str, to: &str| json!({ "id": id, "customer_number": from, "kind": "HOUSEHOLD", "to": to });
        take(&app, "csv-crm", "relations", [relation("r1", "K-1", "K-2")]).await;
        let ask = "query($n: String!) { customer(by: {customerNumber: $n}) { household { totalCount nodes { person { name } to { name } } } } }";
        let expect = |me: &str, other: &str| json!({ "totalCount": 1, "nodes": [{ "person": { "name": me }, "to": { "name": other } }] });
        for both_say_so in [false, true] {
            if both_say_so {
                take(&app, "csv-crm", "relations", [relation("r2", "K-2", "K-1")]).await;
            }
            for (number, me, other) in [("K-1", "Ann Lee", "Bob Lee"), ("K-2", "Bob Lee", "Ann Lee")] {
                let answer = app.query_as(Role::Service, ask, json!({ "n": number })).await;
                assert_eq!(answer.data()["customer"]["household"], expect(me, other), "{number}");
            }
        }
    }

    async fn who_has_left_brings_nothing_to_the_companys_timeline(app: TestApp) {
        take(&app, "csv-crm", "companies", [json!({ "customer_number": "F-1", "name": "Acme GmbH", "updated_at": "2026-01-01" })]).await;
        take(&app, "csv-crm", "contacts", [contact("K-1", &json!({ "name": "Ann Lee" }))]).await;
        take(&app, "csv-crm", "relations", [json!({ "id": "r1", "customer_number": "K-1", "kind": "WORKS_AT", "to": "F-1",
            "valid_from": "2015-01-01", "valid_to": "2019-06-30" })]).await;
        let ticket = |id: &str, day: &str| json!({ "id": id, "customer_number": "K-1", "status": "OPEN", "subject": "?",
            "opened_at": format!("{day}T10:00:00Z") });
        take(&app, "csv-support", "tickets", [ticket("before", "2014-12-31"), ticket("there", "2019-06-30"), ticket("gone", "2019-07-01")]).await;
        let ask = "{ customer(by: {customerNumber: \"F-1\"}) {
            timeline(includePeople: true, filter: {kind: [TICKET]}) { totalCount nodes { kind occurredAt } } } }";
        let answer = app.query_as(Role::Service, ask, json!({})).await;
        let there = json!({ "totalCount": 1, "nodes": [{ "kind": "TICKET", "occurredAt": "2019-06-30T10:00:00Z" }] });
        assert_eq!(answer.data()["customer"]["timeline"], there);
    }

    async fn hundreds_of_cookies_do_not_hide_an_address(app: TestApp) {
        take(&app, "csv-crm", "contacts", [contact("K-1", &json!({ "name": "Ann Lee", "email": "ann@example.org" }))]).await;
        let visit = |n: i64| json!({ "id": format!("e{n}"), "visitor": format!("visitor-{n}"), "customer_number": "K-1",
            "name": "Page", "kind": "PAGE", "occurred_at": "2026-05-01T10:00:00Z" });
        take(&app, "csv-analytics", "events", (0..260).map(visit)).await;
        take(&app, "csv-analytics", "events", (260..520).map(visit)).await;
        let ask = "{ customer(by: {customerNumber: \"K-1\"}) { identifiers { kind value } } }";
        let answer = app.query_as(Role::Service, ask, json!({})).await;
        let first = &answer.data()["customer"]["identifiers"].as_array().unwrap()[..2];
        assert_eq!(first, [json!({ "kind": "EMAIL", "value": "ann@example.org" }), json!({ "kind": "CUSTOMER_NUMBER", "value": "K1" })]);
    }

    async fn an_owner_who_becomes_known_is_a_change(app: TestApp) {
        take(&app, "csv-crm", "contacts", [contact("K-1", &json!({ "name": "Ann Lee", "owner": "kim" }))]).await;
        let ask = "{ customer(by: {customerNumber: \"K-1\"}) { updatedAt owner { name } } }";
        let before = app.query_as(Role::Service, ask, json!({})).await.data()["customer"].clone();
        assert_eq!(before["owner"], Value::Null);
        take(&app, "csv-crm", "staff", [json!({ "key": "kim", "name": "Kim Lee", "email": "kim@acme.test" })]).await;
        let after = app.query_as(Role::Service, ask, json!({})).await.data()["customer"].clone();
        assert_eq!(after["owner"]["name"], "Kim Lee");
        assert!(before["updatedAt"].as_str() < after["updatedAt"].as_str(), "{before} {after}");
        let connection = app.database().connect().await;
        let changes = entity::change::Entity::find().filter(entity::change::Column::Entity.eq("customer")).count(&connection).await;
        assert_eq!(changes.unwrap(), 2);
    }
}
