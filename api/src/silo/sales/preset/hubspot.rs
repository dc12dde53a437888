//! HubSpot: contacts, companies, deals, notes, calls, e-mails, meetings, engagements, owners and products.

/// The key that a source file names.
pub const KEY: &str = "hubspot";

/// The mapping.
pub const MAPPING: &str = include_str!("hubspot.toml");

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::identity::PartyKind;
    use crate::ingest::preset::sample::{Product, is_delete, known, row, told};

    #[test]
    fn a_contact_keeps_the_ids_that_were_merged_into_it() {
        let contacts = Product::new("hubspot").taken("contacts");
        assert_eq!(
            known(&contacts[0], 0),
            [
                ("EXTERNAL_ID", "501", "STRONG"),
                ("EXTERNAL_ID", "499", "STRONG"),
                ("EXTERNAL_ID", "498", "STRONG"),
                ("EMAIL", "anna@example.org", "STRONG"),
                ("EMAIL", "anna.s@example.org", "STRONG"),
                ("PHONE", "+49 30 901820", "STRONG"),
                ("PHONE", "+49 40 555000", "WEAK")
            ]
        );
        assert_eq!(
            told(&contacts[0], 0),
            json!({
                "name": "Anna Schmidt", "given_name": "Anna", "family_name": "Schmidt", "email": "anna@example.org",
                "phone": "+49 30 901820", "company": "Acme Pumps GmbH", "title": "Head of Purchasing", "postal_code": "10115",
                "city": "Berlin", "stage": "USAGE", "owner": "41"
            })
        );
        assert_eq!(row(&contacts[0], "relation")["to"], "company:7001");
        assert_eq!(contacts[0].version.as_deref(), Some("2026-11-04T08:00:00.000000Z"));
        // A lifecycle stage of one's own is left out, not refused.
        assert!(told(&contacts[1], 0).get("stage").is_none());
        let company = &Product::new("hubspot").taken("companies")[0];
        assert_eq!(
            (company.profiles[0].key.as_str(), company.profiles[0].kind),
            ("company:7001", Some(PartyKind::Company))
        );
        assert_eq!(told(company, 0)["website"], "acme.test");
    }

    #[test]
    fn deals_of_both_versions_of_the_api() {
        let product = Product::with(
            "hubspot",
            "[constants]\nportal = \"62515\"\n[lookup.stage]\ncontractsent = \"Contract sent\"",
        );
        let deals = product.taken("deals");
        assert_eq!(
            row(&deals[0], "opportunity"),
            json!({
                "name": "Pump renewal", "stage": "Contract sent", "state": "OPEN", "amount": "1234.50", "currency": "EUR",
                "probability": 0.6, "owner": "41", "opened_at": "2026-10-01T08:30:00.000000Z", "expected_close_on": "2026-12-20",
                "source_url": "https://app.hubspot.com/contacts/62515/deal/9001"
            })
        );
        assert_eq!(
            (deals[0].profiles[0].key.as_str(), known(&deals[0], 0)),
            ("499", vec![("EXTERNAL_ID", "499", "STRONG")])
        );
        assert_eq!(
            row(&deals[1], "opportunity"),
            json!({
                "name": "Spare parts", "stage": "closedlost", "state": "LOST", "amount": "90.0", "owner": "41",
                "opened_at": "2026-05-04T07:30:00.000000Z", "expected_close_on": "2026-06-01",
                "closed_at": "2026-06-01T12:00:00.000000Z", "lost_reason": "Too expensive",
                "source_url": "https://app.hubspot.com/contacts/62515/deal/9002"
            })
        );
        let old = r#"{"id":"1","properties":{"dealname":"Old","dealstage":"closedwon","hs_is_closed":"true","hs_is_closed_won":"true","closedate":"2026-01-02T00:00:00Z","createdate":"2026-03-04T00:00:00Z"},"contacts":["501"]}"#;
        let old = row(&product.map("deals", old).unwrap(), "opportunity");
        assert_eq!((&old["state"], &old["opened_at"]), (&json!("WON"), &old["closed_at"]));
    }

    #[test]
    fn what_was_said_and_done() {
        let product = Product::new("hubspot");
        assert_eq!(
            row(&product.taken("notes")[0], "contact_note"),
            json!({"text": "Wants an offer by Friday", "staff": "41", "department": "SALES", "noted_at": "2026-10-15T09:00:00.000000Z"})
        );
        assert_eq!(
            row(&product.taken("calls")[0], "contact_note"),
            json!({
                "text": "Delivery\nDelivery promised for Tuesday", "channel": "PHONE", "direction": "OUTBOUND", "staff": "41",
                "department": "SALES", "noted_at": "2026-11-02T10:20:00.000000Z"
            })
        );
        let engagements = product.taken("engagements");
        assert_eq!(
            row(&engagements[0], "contact_note"),
            json!({
                "text": "Question\nIs the P1 in stock?", "channel": "EMAIL", "direction": "INBOUND", "staff": "41",
                "department": "SALES", "noted_at": "2026-03-01T09:00:00.000000Z"
            })
        );
        assert!(engagements[1].rows.is_empty(), "a task is a plan");
        assert_eq!(
            row(&product.taken("owners")[0], "staff"),
            json!({"key": "41", "name": "Kim Lee", "email": "kim@acme.test", "team": "Inside Sales", "department": "SALES"})
        );
        assert_eq!(row(&product.taken("products")[0], "product"), json!({"key": "P-1", "name": "Pump P1"}));
        assert!(is_delete(&product.map("notes", r#"{"id":"1","archived":true,"properties":{}}"#)));
    }

    #[test]
    fn what_says_nothing_is_taken_and_what_is_planned_is_not() {
        let product = Product::new("hubspot");
        let text = |stream: &str, properties: &str| {
            let record = format!(
                r#"{{"id":"1","contacts":["501"],"createdAt":"2026-11-02T10:20:00Z","properties":{{{properties}}}}}"#
            );
            let mapped = product.map(stream, &record).unwrap();
            mapped.rows.first().map(|row| row.fields["text"].as_str().unwrap().to_owned())
        };
        assert_eq!(text("notes", r#""hs_note_body":"<div><img src='x'></div>""#).as_deref(), Some("[no text]"));
        assert_eq!(text("calls", r#""hs_call_title":null"#).as_deref(), Some("[Call]"));
        assert_eq!(text("meetings", r#""hs_meeting_outcome":"COMPLETED""#).as_deref(), Some("[Meeting]"));
        assert_eq!(text("meetings", r#""hs_meeting_title":"Demo","hs_meeting_outcome":"SCHEDULED""#), None);
    }

    #[test]
    fn all_ids_that_were_merged_and_the_currency_of_the_account() {
        let contact = r#"{"id":"10","properties":{"hs_merged_object_ids":"11;12;13;14;15","hs_additional_emails":"a@x.test;b@x.test;c@x.test"}}"#;
        let contact = Product::new("hubspot").map("contacts", contact).unwrap();
        assert_eq!(known(&contact, 0).len(), 1 + 5 + 3);
        let product = Product::with("hubspot", "[constants]\ncurrency = \"EUR\"");
        let deal = |more: &str| {
            let text = format!(
                r#"{{"id":"1","contacts":["501"],"createdAt":"2026-11-02T10:20:00Z","properties":{{"amount":"90"{more}}}}}"#
            );
            row(&product.map("deals", &text).unwrap(), "opportunity")["currency"].clone()
        };
        assert_eq!((deal(""), deal(r#","deal_currency_code":"USD""#)), (json!("EUR"), json!("USD")));
    }
}
