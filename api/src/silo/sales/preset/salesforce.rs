//! Salesforce: contacts, accounts, leads, opportunities, tasks, events, cases, users and products.

/// The key that a source file names.
pub const KEY: &str = "salesforce";

/// The mapping.
pub const MAPPING: &str = include_str!("salesforce.toml");

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::identity::PartyKind;
    use crate::ingest::preset::sample::{Product, is_delete, known, row, told};

    #[test]
    fn contacts_leads_and_accounts() {
        let product = Product::new("salesforce");
        let contacts = product.read("Contact");
        assert!(is_delete(&contacts[1]));
        let anna = contacts[0].as_ref().unwrap();
        assert_eq!(
            known(anna, 0),
            [
                ("EXTERNAL_ID", "003Dn00000AbCdEIAV", "STRONG"),
                ("EMAIL", "anna@example.org", "STRONG"),
                ("PHONE", "+49 30 901820", "STRONG"),
                ("PHONE", "+49 40 555000", "WEAK")
            ]
        );
        assert_eq!((&told(anna, 0)["title"], &told(anna, 0)["country"]), (&json!("Head of Purchasing"), &json!("DE")));
        assert_eq!(row(anna, "relation")["to"], "001Dn00000XyZabIAF");
        assert_eq!(row(anna, "consent")["state"], "WITHDRAWN");
        // The lead says which contact it became.
        let lead = &product.taken("Lead")[0];
        assert_eq!(known(lead, 0)[0], ("EXTERNAL_ID", "003Dn00000AbCdEIAV", "STRONG"));
        let account = &product.taken("Account")[0];
        assert_eq!(account.profiles[0].kind, Some(PartyKind::Company));
        assert_eq!(row(account, "crm_profile")["employees"], 120);
        let person = r#"{"Id":"001x","Name":"Carla","IsPersonAccount":true,"PersonEmail":"carla@example.org","PersonContactId":"003x"}"#;
        let person = product.map("Account", person).unwrap();
        assert_eq!((person.profiles[0].kind, known(&person, 0).len()), (Some(PartyKind::Person), 2));
    }

    #[test]
    fn opportunities_and_activities() {
        let product =
            Product::with("salesforce", "[constants]\ndomain = \"acme.my.salesforce.com\"\ncurrency = \"EUR\"");
        let deals = product.taken("Opportunity");
        assert_eq!(
            row(&deals[0], "opportunity"),
            json!({
                "name": "Pump renewal", "stage": "Negotiation/Review", "state": "OPEN", "amount": "1234.5", "currency": "EUR",
                "probability": 0.9, "owner": "005Dn000001KimLIAS", "opened_at": "2026-10-01T08:30:00.000000Z",
                "expected_close_on": "2026-12-20",
                "source_url": "https://acme.my.salesforce.com/lightning/r/Opportunity/006Dn000008OppOIAU/view"
            })
        );
        // Entered three days after it was won.
        let won = row(&deals[1], "opportunity");
        assert_eq!(
            (&won["state"], &won["opened_at"], &won["closed_at"]),
            (&json!("WON"), &json!("2026-01-02T00:00:00.000000Z"), &json!("2026-01-02T00:00:00.000000Z"))
        );
        let tasks = product.taken("Task");
        assert_eq!(
            row(&tasks[0], "contact_note"),
            json!({
                "text": "Call\nDelivery promised for Tuesday", "channel": "PHONE", "direction": "OUTBOUND", "staff": "005Dn000001KimLIAS",
                "department": "SALES", "noted_at": "2026-11-02T10:20:00.000000Z",
                "source_url": "https://acme.my.salesforce.com/lightning/r/Task/00TDn00000TaskAIAW/view"
            })
        );
        assert!(tasks[1].rows.is_empty());
        assert_eq!(row(&product.taken("Event")[0], "contact_note")["channel"], "IN_PERSON");
        assert_eq!(row(&product.taken("User")[0], "staff")["name"], "Kim Lee");
        assert_eq!(row(&product.taken("Product2")[0], "product")["key"], "P-1");
    }

    #[test]
    fn a_case_is_a_ticket_whatever_its_status() {
        let case = &Product::new("salesforce").taken("Case")[0];
        assert_eq!(
            row(case, "ticket"),
            json!({
                "number": "00001027", "kind": "PROBLEM", "status": "OPEN", "priority": "HIGH", "channel": "EMAIL",
                "subject": "Pump does not start", "topic": "Installation", "assignee": "005Dn000001KimLIAS",
                "opened_at": "2026-11-01T07:00:00.000000Z", "updated_at": "2026-11-05T08:00:00.000000Z"
            })
        );
        assert_eq!((case.profiles[0].key.as_str(), known(case, 0).len()), ("003Dn00000AbCdEIAV", 0));
    }
}
