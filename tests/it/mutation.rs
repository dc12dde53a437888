//! What staff write: notes, consents, corrections; once per idempotency key, with the right to it, on the customer's
//! timeline and in its golden values, and gone from both when taken back.

use api::ingest::lines::Origin;
use customer360_tests::app::token;
use customer360_tests::{Role, TestApp, both};
use serde_json::{Value, json};

/// A customer as crm knows her, and her public id.
async fn anna(app: &TestApp) -> Value {
    let row = json!({
        "customer_number": "K-7", "name": "Anna Schmidt", "given_name": "Anna", "family_name": "Schmidt",
        "email": "anna@example.com", "updated_at": "2026-01-02T08:00:00Z",
    });
    let envelope = Origin::new("csv-crm").envelope("contacts", None, row.to_string());
    let report = app.app().intake().flush(vec![envelope]).await.expect("the contact is taken");
    assert_eq!(report.rejected, []);
    let answer = app.query_as(Role::Privacy, "{ customer(by: {customerNumber: \"K-7\"}) { id } }", json!({})).await;
    answer.data()["customer"]["id"].clone()
}

const ADD: &str = "mutation($input: ContactNoteAddInput!) { contactNoteAdd(input: $input) {
    contactNote { id text department visibility promise { text dueAt } } userErrors { code field message } } }";

const NOTES: &str = "query($id: ID!) { customer(by: {id: $id}) {
    contactNotes(first: 10) { nodes { text } } timeline(first: 10) { nodes { kind } } lastInteractionAt } }";

both! {
    async fn a_note_is_left_once_changed_and_taken_back(app: TestApp) {
        let id = anna(&app).await;
        let input = json!({"input": {
            "idempotencyKey": "one", "customer": id, "channel": "PHONE", "direction": "INBOUND",
            "text": "Rief wegen der Rechnung an.", "promise": {"text": "Rückruf", "dueAt": "2026-12-01T10:00:00+01:00"},
        }});
        let first = app.query_as(Role::Service, ADD, input.clone()).await;
        let note = first.data()["contactNoteAdd"]["contactNote"].clone();
        assert_eq!(note["promise"], json!({"text": "Rückruf", "dueAt": "2026-12-01T09:00:00Z"}));
        assert_eq!(note["department"], json!("SERVICE"));
        let again = app.query_as(Role::Service, ADD, input.clone()).await;
        assert_eq!(again.data(), first.data());

        let mut other = input;
        other["input"]["text"] = json!("Something else.");
        let conflict = app.query_as(Role::Service, ADD, other).await;
        assert_eq!(conflict.data()["contactNoteAdd"]["userErrors"][0]["code"], json!("CONFLICT"));

        let seen = app.query_as(Role::Sales, NOTES, json!({"id": id})).await;
        assert_eq!(seen.data()["customer"]["contactNotes"]["nodes"], json!([{"text": "Rief wegen der Rechnung an."}]));
        assert_eq!(seen.data()["customer"]["timeline"]["nodes"], json!([{"kind": "CONTACT_NOTE"}]));

        let update = "mutation($id: ID!, $text: String!) { contactNoteUpdate(input: {idempotencyKey: \"two\", id: $id, text: $text}) {
            contactNote { id text promise { text } } userErrors { code message } } }";
        let changed = app.query_as(Role::Service, update, json!({"id": note["id"], "text": "Rief an: Rechnung falsch."})).await;
        let payload = &changed.data()["contactNoteUpdate"];
        assert_eq!(payload["contactNote"], json!({"id": note["id"], "text": "Rief an: Rechnung falsch.", "promise": {"text": "Rückruf"}}));

        let remove = "mutation($id: ID!) { contactNoteRemove(input: {idempotencyKey: \"three\", id: $id}) {
            contactNote { id } userErrors { code message } } }";
        for _ in 0..2 {
            let removed = app.query_as(Role::Service, remove, json!({"id": note["id"]})).await;
            assert_eq!(removed.data()["contactNoteRemove"], json!({"contactNote": null, "userErrors": []}));
        }
        let seen = app.query_as(Role::Service, NOTES, json!({"id": id})).await;
        assert_eq!(seen.data()["customer"]["contactNotes"]["nodes"], json!([]));
        assert_eq!(seen.data()["customer"]["timeline"]["nodes"], json!([]));
        assert_eq!(seen.data()["customer"]["lastInteractionAt"], Value::Null);
    }

    async fn writing_needs_the_right_and_a_customer(app: TestApp) {
        let id = anna(&app).await;
        let input = |customer: &Value, text: &str| json!({"input": {
            "idempotencyKey": "k", "customer": customer, "channel": "CHAT", "direction": "OUTBOUND", "text": text,
        }});
        let refused = app.query_as(Role::Analyst, ADD, input(&id, "x")).await;
        assert_eq!(refused.codes(), ["FORBIDDEN"]);
        let unknown = app.query_as(Role::Service, ADD, input(&json!("cus_00000000000000000000000000000000"), "x")).await;
        assert_eq!(unknown.data()["contactNoteAdd"]["userErrors"][0]["code"], json!("NOT_FOUND"));
        let empty = app.query_as(Role::Service, ADD, input(&id, "  ")).await;
        assert_eq!(empty.data()["contactNoteAdd"]["userErrors"][0]["field"], json!("text"));
        let seen = app.query_as(Role::Service, NOTES, json!({"id": id})).await;
        assert_eq!(seen.data()["customer"]["contactNotes"]["nodes"], json!([]));
    }

    async fn an_internal_note_stays_in_the_house(app: TestApp) {
        let id = anna(&app).await;
        let input = json!({"input": {
            "idempotencyKey": "i", "customer": id, "channel": "PHONE", "direction": "INBOUND", "text": "Klang verärgert.",
            "visibility": "DEPARTMENT",
        }});
        app.query_as(Role::Service, ADD, input).await.data();
        for (role, count) in [(Role::Service, 1), (Role::Privacy, 1), (Role::Sales, 0), (Role::Marketing, 0), (Role::Analyst, 0)] {
            let seen = app.query_as(role, NOTES, json!({"id": id})).await;
            assert_eq!(seen.data()["customer"]["contactNotes"]["nodes"].as_array().map(Vec::len), Some(count), "{role:?}");
            assert_eq!(seen.data()["customer"]["timeline"]["nodes"].as_array().map(Vec::len), Some(count), "{role:?}");
        }
    }

    async fn an_internal_note_stays_with_its_author_and_is_no_contact_any_more(app: TestApp) {
        let id = anna(&app).await;
        let row = json!({"key": "lea", "name": "Lea Beck", "subject": "lea"});
        let staff = Origin::new("csv-crm").envelope("staff", None, row.to_string());
        assert_eq!(app.app().intake().flush(vec![staff]).await.expect("staff is taken").rejected, []);
        let lea = token("lea", &[Role::Marketing]);
        let input = |visibility: &str| json!({"input": {
            "idempotencyKey": visibility, "customer": id, "channel": "PHONE", "direction": "INBOUND", "text": "Vertraulich.",
            "visibility": visibility,
        }});
        let unknown = app.query_as(Role::Marketing, ADD, input("DEPARTMENT")).await;
        assert_eq!(unknown.data()["contactNoteAdd"]["userErrors"][0]["field"], json!("visibility"));
        let note = app.query_by(&lea, ADD, input("ALL")).await.data()["contactNoteAdd"]["contactNote"]["id"].clone();
        let met = app.query_as(Role::Marketing, NOTES, json!({"id": id})).await;
        assert!(met.data()["customer"]["lastInteractionAt"].is_string());

        let update = "mutation($id: ID!, $to: NoteVisibility!) {
            contactNoteUpdate(input: {idempotencyKey: \"u\", id: $id, visibility: $to}) { contactNote { id } userErrors { code } } }";
        let done = app.query_by(&lea, update, json!({"id": note, "to": "DEPARTMENT"})).await;
        assert_eq!(done.data()["contactNoteUpdate"], json!({"contactNote": {"id": note}, "userErrors": []}));
        for (token, count) in [(&lea, 1), (&token("jon", &[Role::Marketing]), 0), (&token("kim", &[Role::Service]), 1)] {
            let seen = app.query_by(token, NOTES, json!({"id": id})).await;
            let customer = &seen.data()["customer"];
            assert_eq!(customer["contactNotes"]["nodes"].as_array().map(Vec::len), Some(count));
            assert_eq!(customer["timeline"]["nodes"].as_array().map(Vec::len), Some(count));
            assert_eq!(customer["lastInteractionAt"], Value::Null);
        }
        let remove = "mutation($id: ID!) { contactNoteRemove(input: {idempotencyKey: \"r\", id: $id}) { userErrors { code } } }";
        let removed = app.query_by(&lea, remove, json!({"id": note})).await;
        assert_eq!(removed.data()["contactNoteRemove"]["userErrors"], json!([]));
    }

    async fn a_consent_decides_who_may_contact(app: TestApp) {
        let id = anna(&app).await;
        let ask = "query($id: ID!) { customer(by: {id: $id}) { mayContact(purpose: MARKETING, channel: EMAIL) { allowed reason } } }";
        let before = app.query_as(Role::Marketing, ask, json!({"id": id})).await;
        assert_eq!(before.data()["customer"]["mayContact"]["allowed"], json!(false));
        let record = "mutation($input: ConsentRecordInput!) { consentRecord(input: $input) {
            consent { purpose state } userErrors { code field message } } }";
        let input = json!({"input": {
            "idempotencyKey": "c", "customer": id, "purpose": "MARKETING", "state": "GRANTED",
            "evidence": "Signed form of 3 January",
        }});
        let refused = app.query_as(Role::Marketing, record, input.clone()).await;
        assert_eq!(refused.codes(), ["FORBIDDEN"]);
        let done = app.query_as(Role::Privacy, record, input).await;
        assert_eq!(done.data()["consentRecord"]["consent"], json!({"purpose": "MARKETING", "state": "GRANTED"}));
        let after = app.query_as(Role::Marketing, ask, json!({"id": id})).await;
        assert_eq!(after.data()["customer"]["mayContact"]["allowed"], json!(true));
    }

    async fn a_company_stays_one_whatever_is_written_of_it(app: TestApp) {
        let row = |source: &str, stream: &str, row: Value| Origin::new(source).envelope(stream, None, row.to_string());
        let report = app.app().intake().flush(vec![
            row("csv-crm", "consents", json!({"id": "1", "customer_number": "F-1", "purpose": "MARKETING", "state": "GRANTED", "recorded_at": "2026-01-01"})),
            row("csv-sales", "contracts", json!({"id": "c", "number": "VK-1", "customer_number": "F-1", "starts_on": "2026-01-01"})),
            row("csv-crm", "companies", json!({"customer_number": "F-1", "name": "Beck GmbH", "updated_at": "2026-01-02"})),
        ]).await.expect("all are taken");
        assert_eq!(report.rejected, []);
        let ask = "{ customer(by: {customerNumber: \"F-1\"}) { id kind name sales { contracts(first: 5) { nodes { number } } }
            sourceProfiles(first: 5) { nodes { source kind } } } }";
        let answer = app.query_as(Role::Privacy, ask, json!({})).await;
        let id = answer.data()["customer"]["id"].clone();
        let note = json!({"input": {"idempotencyKey": "n", "customer": id, "channel": "PHONE", "direction": "INBOUND", "text": "x"}});
        assert!(app.query_as(Role::Service, ADD, note).await.data()["contactNoteAdd"]["contactNote"].is_object());
        let update = "mutation($id: ID!) { customerUpdate(input: {idempotencyKey: \"u\", customer: $id, city: \"Ulm\"}) { userErrors { code } } }";
        assert_eq!(app.query_as(Role::Steward, update, json!({"id": id})).await.data()["customerUpdate"]["userErrors"], json!([]));

        let answer = app.query_as(Role::Privacy, ask, json!({})).await;
        let firm = &answer.data()["customer"];
        assert_eq!((&firm["kind"], &firm["name"]), (&json!("COMPANY"), &json!("Beck GmbH")));
        assert_eq!(firm["sales"]["contracts"]["nodes"], json!([{"number": "VK-1"}]));
        let kind_of = |source: &str| {
            let profiles = firm["sourceProfiles"]["nodes"].as_array().expect("profiles");
            profiles.iter().find(|profile| profile["source"] == source).map(|profile| profile["kind"].clone())
        };
        assert_eq!(kind_of("csv-crm"), Some(json!("COMPANY")));
        assert_eq!((kind_of("csv-sales"), kind_of("staff")), (Some(Value::Null), Some(Value::Null)));
    }

    async fn a_correction_goes_before_all_sources_and_keeps_them(app: TestApp) {
        let id = anna(&app).await;
        let update = "mutation($input: CustomerUpdateInput!) { customerUpdate(input: $input) {
            customer { name email attributes { key value source alternatives { value source } } } userErrors { code field message } } }";
        let input = json!({"input": {"idempotencyKey": "u", "customer": id, "name": "Anna Schmidt-Weiß"}});
        let done = app.query_as(Role::Steward, update, input).await;
        let customer = &done.data()["customerUpdate"]["customer"];
        assert_eq!(customer["name"], json!("Anna Schmidt-Weiß"));
        assert_eq!(customer["email"], json!("anna@example.com"));
        let name = customer["attributes"].as_array().and_then(|all| all.iter().find(|one| one["key"] == json!("name")));
        let name = name.expect("the name has its provenance");
        assert_eq!(name["source"], json!("staff"));
        assert_eq!(name["alternatives"], json!([{"value": "Anna Schmidt", "source": "csv-crm"}]));
    }
}
