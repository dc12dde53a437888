//! `PostHog`: events and persons, as its batch exports write them.

/// The key that a source file names.
pub const KEY: &str = "posthog";

/// The mapping.
pub const MAPPING: &str = include_str!("posthog.toml");

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::identity::PartyKind;
    use crate::ingest::preset::sample::{Product, is_delete, known, row};

    const DEVICE: &str = "019a5a00-0000-7000-8000-000000000001";

    #[test]
    fn the_device_is_a_cookie_until_it_is_identified() {
        let events = Product::new("posthog").taken("events");
        assert_eq!(
            (events[0].profiles[0].key.as_str(), known(&events[0], 0)),
            (DEVICE, vec![("COOKIE", DEVICE, "STRONG")])
        );
        assert_eq!(
            known(&events[1], 0),
            [
                ("USER_ID", "U-1001", "STRONG"),
                ("EMAIL", "U-1001", "STRONG"),
                ("COOKIE", DEVICE, "STRONG"),
                ("USER_ID", DEVICE, "STRONG"),
                ("EMAIL", "anna@example.org", "STRONG")
            ]
        );
        assert!(events[1].rows.is_empty(), "identify is no event of the customer");
        let alias = known(&events[4], 0);
        assert!(alias.contains(&("COOKIE", "shop-77", "STRONG")) && alias.contains(&("USER_ID", "shop-77", "STRONG")));
    }

    #[test]
    fn pages_orders_and_companies() {
        let source =
            "[constants]\nhost = \"eu.posthog.com\"\nproject = \"7\"\n[lookup.touchpoint]\n\"/pricing\" = \"prices\"";
        let events = Product::with("posthog", source).taken("events");
        let page = row(&events[0], "web_event");
        assert_eq!(
            (&page["name"], &page["kind"], &page["url"], &page["touchpoint"], &page["occurred_at"]),
            (
                &json!("Pricing"),
                &json!("PAGE"),
                &json!("https://acme.test/pricing"),
                &json!("prices"),
                &json!("2026-11-06T08:59:00.123456Z")
            )
        );
        assert!(page["source_url"].as_str().unwrap().starts_with("https://eu.posthog.com/project/7/events/019a5a01"));
        let order = row(&events[2], "web_event");
        assert_eq!(
            (&order["name"], &order["amount"], &order["currency"], &order["product"]),
            (&json!("order placed"), &json!("90"), &json!("EUR"), &json!("P-1"))
        );
        assert_eq!(row(&events[2], "relation"), json!({"kind": "WORKS_AT", "repeated": true, "to": "group:acme"}));
        let group = &events[3].profiles[1];
        assert_eq!(
            (group.key.as_str(), group.kind, group.attributes["name"].as_str()),
            ("group:acme", Some(PartyKind::Company), "Acme Pumps GmbH")
        );
    }

    #[test]
    fn persons_come_together_by_their_id() {
        let persons = Product::new("posthog").read("persons");
        assert_eq!(
            known(persons[0].as_ref().unwrap(), 0),
            [("EXTERNAL_ID", "p-anna", "STRONG"), ("EMAIL", "anna@example.org", "STRONG")]
        );
        assert!(is_delete(&persons[1]));
    }

    #[test]
    fn after_a_reset_the_former_id_is_known_too() {
        let product = Product::new("posthog");
        let event = |name: &str, distinct: &str, more: &str| {
            let text = format!(
                r#"{{"uuid":"{name}","event":"{name}","distinct_id":"{distinct}","timestamp":"2026-11-01T10:00:00Z","properties":{{"$device_id":"D"{more}}}}}"#
            );
            product.map("events", &text).unwrap()
        };
        let (before, after) = (event("$pageview", "A2", ""), event("$identify", "U2", r#","$anon_distinct_id":"A2""#));
        let shared = known(&before, 0).into_iter().filter(|known_by| known(&after, 0).contains(known_by)).count();
        assert_eq!(shared, 1, "{:?} {:?}", known(&before, 0), known(&after, 0));
        let rated = event("survey sent", "U2", r#","$survey_id":"s1","$survey_response":9"#);
        let answer = row(&rated, "survey_answer");
        assert_eq!(
            (&answer["kind"], &answer["score"], &answer["raw_value"]),
            (&json!("RATING"), &json!(9), &json!("9"))
        );
        let said = row(&event("survey sent", "U2", r#","$survey_response":"fine""#), "survey_answer");
        assert_eq!((&said["kind"], &said["text"], said.get("score")), (&json!("TEXT"), &json!("fine"), None));
    }
}
