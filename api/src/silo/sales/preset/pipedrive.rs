//! Pipedrive: persons, organizations, deals, notes, activities, products and users.

/// The key that a source file names.
pub const KEY: &str = "pipedrive";

/// The mapping.
pub const MAPPING: &str = include_str!("pipedrive.toml");

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::identity::PartyKind;
    use crate::ingest::preset::sample::{Product, is_delete, known, row, told};

    #[test]
    fn persons_and_organizations_with_their_primary_address() {
        let persons = Product::new("pipedrive").read("persons");
        assert!(is_delete(&persons[1]));
        let anna = persons[0].as_ref().unwrap();
        assert_eq!(
            known(anna, 0),
            [
                ("EMAIL", "a.schmidt@example.org", "STRONG"),
                ("EMAIL", "anna@example.org", "STRONG"),
                ("PHONE", "+49 30 901820", "STRONG")
            ]
        );
        assert_eq!(
            told(anna, 0),
            json!({
                "name": "Anna Schmidt", "given_name": "Anna", "family_name": "Schmidt", "email": "anna@example.org",
                "phone": "+49 30 901820", "title": "Head of Purchasing", "birth_date": "1980-04-05", "street": "Ringstr. 4",
                "postal_code": "10115", "city": "Berlin", "owner": "77"
            })
        );
        assert_eq!(
            row(anna, "relation"),
            json!({"kind": "WORKS_AT", "to": "organization:9", "title": "Head of Purchasing"})
        );
        assert_eq!(anna.version.as_deref(), Some("2026-11-03T09:15:00.000000Z"));
        let company = &Product::new("pipedrive").taken("organizations")[0];
        assert_eq!(
            (company.profiles[0].key.as_str(), company.profiles[0].kind),
            ("organization:9", Some(PartyKind::Company))
        );
        assert_eq!(told(company, 0)["street"], "Hafenstr. 1");
    }

    #[test]
    fn deals_of_both_versions_of_the_api() {
        let source = "[constants]\ndomain = \"acme\"\n[lookup.stage]\n3 = \"Offer\"";
        let deals = Product::with("pipedrive", source).taken("deals");
        assert_eq!(
            row(&deals[0], "opportunity"),
            json!({
                "name": "Pump renewal", "stage": "Offer", "state": "OPEN", "amount": "1234.5", "currency": "EUR", "probability": 0.6,
                "owner": "77", "opened_at": "2026-10-01T08:30:00.000000Z", "expected_close_on": "2026-12-20",
                "source_url": "https://acme.pipedrive.com/deal/21"
            })
        );
        assert_eq!(
            row(&deals[1], "opportunity"),
            json!({
                "name": "Spare parts", "stage": "5", "state": "LOST", "amount": "90", "currency": "EUR", "owner": "77",
                "opened_at": "2026-05-04T07:30:00.000000Z", "closed_at": "2026-06-01T12:00:00.000000Z",
                "lost_reason": "Too expensive", "source_url": "https://acme.pipedrive.com/deal/22"
            })
        );
        assert_eq!((deals[0].profiles[0].key.as_str(), deals[1].profiles[0].key.as_str()), ("1", "1"));
    }

    #[test]
    fn notes_and_what_was_done() {
        let product = Product::new("pipedrive");
        let notes = product.taken("notes");
        assert_eq!(
            row(&notes[0], "contact_note"),
            json!({
                "text": "Wants an offer by Friday", "author": "Kim Lee", "staff": "77", "department": "SALES",
                "noted_at": "2026-10-15T09:00:00.000000Z"
            })
        );
        assert_eq!(notes[1].profiles[0].key, "organization:9");
        let activities = product.taken("activities");
        assert_eq!(
            row(&activities[0], "contact_note"),
            json!({
                "text": "Call about delivery\n\nDelivery promised for Tuesday", "channel": "PHONE", "staff": "77",
                "department": "SALES", "noted_at": "2026-11-02T10:20:00.000000Z"
            })
        );
        assert!(activities[1].rows.is_empty() && activities[1].profiles.is_empty());
        assert_eq!(
            row(&product.taken("users")[0], "staff"),
            json!({"key": "77", "name": "Kim Lee", "email": "kim@acme.test", "department": "SALES"})
        );
        assert_eq!(
            row(&product.taken("products")[0], "product"),
            json!({"key": "P-1", "name": "Pump P1", "category": "pumps"})
        );
    }

    #[test]
    fn what_was_entered_after_it_was_closed_is_taken() {
        let deal = r#"{"id":1,"title":"Old","person_id":1,"status":"won","add_time":"2026-05-04 07:30:00","close_time":"2026-05-01 12:00:00"}"#;
        let deal = row(&Product::new("pipedrive").map("deals", deal).unwrap(), "opportunity");
        assert_eq!(deal["opened_at"], deal["closed_at"]);
    }
}
