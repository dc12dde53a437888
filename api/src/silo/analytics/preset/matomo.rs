//! Matomo: visits with their actions.

/// The key that a source file names.
pub const KEY: &str = "matomo";

/// The mapping.
pub const MAPPING: &str = include_str!("matomo.toml");

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::ingest::preset::sample::{Product, known, row, rows};

    #[test]
    fn a_visit_is_a_session_with_its_actions() {
        let source =
            "[constants]\nhost = \"stats.acme.test\"\n[lookup.touchpoint]\n\"Offer requested\" = \"offer-form\"";
        let visits = Product::with("matomo", source).taken("visits");
        let visit = &visits[0];
        assert_eq!(visit.profiles[0].key, "user:anna@example.org");
        assert_eq!(
            known(visit, 0),
            [
                ("USER_ID", "anna@example.org", "STRONG"),
                ("EMAIL", "anna@example.org", "STRONG"),
                ("COOKIE", "1a2b3c4d5e6f7a8b", "STRONG")
            ]
        );
        assert_eq!(
            row(visit, "web_session"),
            json!({
                "started_at": "2026-11-06T09:00:00.000000Z", "ended_at": "2026-11-06T09:01:30.000000Z", "channel": "campaign",
                "referrer": "https://news.example.org/", "campaign": "autumn", "landing_page": "https://acme.test/", "pages": 2,
                "converted": true, "duration_seconds": 90, "device": "Desktop", "country": "DE",
                "source_url": "https://stats.acme.test/index.php?module=Live&action=indexVisitorLog&idSite=1&visitorId=1a2b3c4d5e6f7a8b"
            })
        );
        let events = rows(visit, "web_event");
        assert_eq!(
            events[0],
            json!({
                "session": {"stream": "visits", "key": "9", "part": ""}, "name": "Offer requested", "kind": "TRACK",
                "url": "https://acme.test/offer/", "amount": "5", "currency": "EUR", "touchpoint": "offer-form",
                "occurred_at": "2026-11-06T09:01:00.000000Z"
            })
        );
        let named: Vec<_> =
            events.iter().map(|event| (event["kind"].as_str().unwrap(), event["name"].as_str().unwrap())).collect();
        assert_eq!(named[1..], [("PAGE", "Pumps"), ("PAGE", "Request an offer"), ("TRACK", "Form: sent")]);
    }

    #[test]
    fn an_unknown_visitor_is_a_cookie() {
        let visit = &Product::new("matomo").taken("visits")[1];
        assert_eq!(
            (visit.profiles[0].key.as_str(), known(visit, 0)),
            ("visitor:ffeeddccbbaa0099", vec![("COOKIE", "ffeeddccbbaa0099", "STRONG")])
        );
        let session = row(visit, "web_session");
        assert!(session.get("country").is_none() && session.get("source_url").is_none());
        assert_eq!(rows(visit, "web_event")[0]["name"], "https://acme.test/docs/");
    }
}
