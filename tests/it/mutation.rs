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

    async fn a_key_is_for_one_request(app: TestApp) {
        let id = anna(&app).await;
        let add = |key: &str, text: &str| json!({"input": {
            "idempotencyKey": key, "customer": id, "channel": "PHONE", "direction": "INBOUND", "text": text,
        }});
        let note = app.query_as(Role::Service, ADD, add("k0", "First.")).await.data()["contactNoteAdd"]["contactNote"]["id"].clone();
        let update = "mutation($key: String!, $id: ID!, $text: String!) { contactNoteUpdate(input: {idempotencyKey: $key, id: $id, text: $text}) {
            contactNote { text } userErrors { code } } }";
        let updated = async |key: &str, text: &str| {
            let answer = app.query_as(Role::Service, update, json!({"key": key, "id": note, "text": text})).await;
            let payload = answer.data()["contactNoteUpdate"].clone();
            let fault = payload["userErrors"][0]["code"].as_str();
            fault.or(payload["contactNote"]["text"].as_str()).map(str::to_owned).unwrap_or_default()
        };
        assert_eq!(updated("k1", "Second.").await, "Second.");
        assert_eq!(updated("k1", "Second.").await, "Second.", "a plain repetition");
        assert_eq!(updated("k2", "Third.").await, "Third.");
        assert_eq!(updated("k1", "Second.").await, "Third.", "the first stays answered, and is not written anew");
        assert_eq!(updated("k1", "Fourth.").await, "CONFLICT");
        assert_eq!(updated("k0", "Third.").await, "CONFLICT", "used for another mutation");

        let remove = "mutation($key: String!, $id: ID!) { contactNoteRemove(input: {idempotencyKey: $key, id: $id}) { userErrors { code } } }";
        let removed = async |id: &Value| {
            let answer = app.query_as(Role::Service, remove, json!({"key": "k3", "id": id})).await;
            answer.data()["contactNoteRemove"]["userErrors"].clone()
        };
        assert_eq!(removed(&note).await, json!([]));
        assert_eq!(removed(&note).await, json!([]));
        let other = json!("nte_00000000000000000000000000000000");
        assert_eq!(removed(&other).await, json!([{"code": "CONFLICT"}]), "the key is that of another note");
        // What was answered stays answered, whatever became of the note since.
        assert_eq!(updated("k2", "Third.").await, "");
    }

    async fn one_of_several_at_once_is_written(app: TestApp) {
        let id = anna(&app).await;
        let input = |round: usize, text: usize| json!({"input": {
            "idempotencyKey": format!("round {round}"), "customer": id, "channel": "CHAT", "direction": "INBOUND",
            "text": format!("{round}: {text}"),
        }});
        for round in 0..4 {
            let (one, other) =
                tokio::join!(app.query_as(Role::Service, ADD, input(round, 1)), app.query_as(Role::Service, ADD, input(round, 2)));
            let codes = [one, other].map(|answer| answer.data()["contactNoteAdd"]["userErrors"][0]["code"].clone());
            assert!(codes.contains(&Value::Null) && codes.contains(&json!("CONFLICT")), "{codes:?}");
        }
        let seen = app.query_as(Role::Service, NOTES, json!({"id": id})).await;
        assert_eq!(seen.data()["customer"]["contactNotes"]["nodes"].as_array().map(Vec::len), Some(4));
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
        // Sales change their own, and leave word on everyone's customer.
        let left = app.query_as(Role::Sales, ADD, input(&id, "Rief an.")).await;
        assert_eq!(left.data()["contactNoteAdd"]["userErrors"], json!([]));
    }

    async fn a_refused_mutation_leaves_its_neighbours(app: TestApp) {
        let id = anna(&app).await;
        let ask = "mutation($note: ContactNoteAddInput!, $consent: ConsentRecordInput!) {
            a: contactNoteAdd(input: $note) { contactNote { text } } b: consentRecord(input: $consent) { consent { state } } }";
        let answer = app.query_as(Role::Service, ask, json!({
            "note": {"idempotencyKey": "a", "customer": id, "channel": "PHONE", "direction": "INBOUND", "text": "Rief an."},
            "consent": {"idempotencyKey": "b", "customer": id, "purpose": "MARKETING", "state": "GRANTED", "evidence": "Brief"},
        })).await;
        assert_eq!(answer.codes(), ["FORBIDDEN"]);
        assert_eq!(answer.json["data"], json!({"a": {"contactNote": {"text": "Rief an."}}, "b": null}));
    }

    async fn a_fault_names_the_field_of_the_input(app: TestApp) {
        let id = anna(&app).await;
        let fault = async |role, mutation: &str, kind: &str, input: Value| {
            let ask = format!("mutation($input: {kind}!) {{ {mutation}(input: $input) {{ userErrors {{ code field message }} }} }}");
            let answer = app.query_as(role, &ask, json!({ "input": input })).await;
            let faults = answer.data()[mutation]["userErrors"].clone();
            assert_eq!(faults[0]["code"], json!("BAD_USER_INPUT"), "{input} {faults}");
            assert!(!faults.to_string().contains("mapping"), "{faults}");
            faults[0]["field"].clone()
        };
        let note = json!({"idempotencyKey": "k", "id": "cno_00000000000000000000000000000000", "text": " "});
        assert_eq!(fault(Role::Service, "contactNoteUpdate", "ContactNoteUpdateInput", note).await, "text");
        let consent = json!({"idempotencyKey": "k", "customer": id, "purpose": "MARKETING", "state": "GRANTED", "evidence": "x"});
        for (field, wrong) in [("recordedAt", "2150-01-01T00:00:00Z"), ("purpose", "Werbung"), ("evidence", " ")] {
            let mut input = consent.clone();
            input[field] = json!(wrong);
            assert_eq!(fault(Role::Privacy, "consentRecord", "ConsentRecordInput", input).await, field);
        }
        for (field, wrong) in [
            ("birthDate", "1.2.1980"), ("email", "anna"), ("phone", "call me"), ("country", "Germany"), ("language", "deutsch!"),
            ("familyName", " "), ("postalCode", ""),
        ] {
            let input = json!({"idempotencyKey": "k", "customer": id, field: wrong});
            assert_eq!(fault(Role::Steward, "customerUpdate", "CustomerUpdateInput", input).await, field);
        }
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
        // A later correction of a half of the name takes its place within it.
        let input = json!({"input": {"idempotencyKey": "v", "customer": id, "familyName": "Koch", "phone": "030 9018273"}});
        let done = app.query_as(Role::Steward, update, input).await;
        assert_eq!(done.data()["customerUpdate"]["customer"]["name"], json!("Anna Koch"));
    }
}
