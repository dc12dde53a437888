//! Google Analytics 4: events, as `BigQuery` exports them.

/// The key that a source file names.
pub const KEY: &str = "ga4";

/// The mapping.
pub const MAPPING: &str = include_str!("ga4.toml");

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::ingest::preset::sample::{Product, known, row};

    #[test]
    fn a_session_starts_and_events_follow() {
        let events = Product::new("ga4").taken("events");
        let start = &events[0];
        assert_eq!(known(start, 0), [("USER_ID", "U-1001", "STRONG"), ("COOKIE", "1234567.7654321", "STRONG")]);
        assert_eq!(
            row(start, "web_session"),
            json!({
                "started_at": "2026-11-06T09:00:00.000001Z", "channel": "email", "campaign": "autumn",
                "referrer": "https://search.example.org/", "landing_page": "https://acme.test/offer/", "device": "mobile", "country": "DE"
            })
        );
        assert_eq!(
            row(&events[1], "web_event"),
            json!({
                "name": "Request an offer", "kind": "PAGE", "url": "https://acme.test/offer/", "title": "Request an offer",
                "occurred_at": "2026-11-06T09:00:00.000001Z"
            })
        );
        let order = row(&events[2], "web_event");
        assert_eq!(
            (&order["name"], &order["amount"], &order["currency"], &order["product"]),
            (&json!("purchase"), &json!("90.5"), &json!("EUR"), &json!("P-1"))
        );
    }

    #[test]
    fn a_day_that_comes_again_has_the_same_keys() {
        let keys = || -> Vec<_> { Product::new("ga4").taken("events").into_iter().map(|event| event.key).collect() };
        assert_eq!(keys(), keys());
        assert_eq!(keys()[1].as_deref(), Some("1234567.7654321:1793955600000001:page_view:11:::2"));
    }

    #[test]
    fn who_refused_to_be_known_is_nobody() {
        let event = &Product::new("ga4").taken("events")[3];
        assert!(event.profiles.is_empty() && event.rows.is_empty());
    }
}
