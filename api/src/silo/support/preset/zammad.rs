//! Zammad: tickets, articles, users and organizations, by its webhooks and by its API.

/// The key that a source file names.
pub const KEY: &str = "zammad";

/// The mapping.
pub const MAPPING: &str = include_str!("zammad.toml");

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::ingest::preset::sample::{Product, is_delete, known, row, told};

    #[test]
    fn a_ticket_of_a_webhook_and_one_of_the_api() {
        let tickets = Product::with("zammad", "[constants]\nhost = \"desk.acme.test\"").taken("tickets");
        assert_eq!(
            row(&tickets[0], "ticket"),
            json!({
                "number": "10081", "status": "OPEN", "priority": "NORMAL", "channel": "PHONE", "subject": "Webhook-Test",
                "assignee": "5", "team": "Service Desk", "opened_at": "2020-11-13T14:34:35.282000Z",
                "updated_at": "2020-11-13T14:34:35.333000Z", "source_url": "https://desk.acme.test/#ticket/zoom/81"
            })
        );
        assert_eq!(
            known(&tickets[0], 0),
            [("EMAIL", "anna@example.org", "STRONG"), ("PHONE", "+49 40 555000", "WEAK")]
        );
        assert_eq!(told(&tickets[0], 1), json!({"name": "Acme Pumps GmbH"}));
        assert_eq!(row(&tickets[0], "relation")["to"], "organization:3");
        assert_eq!(row(&tickets[0], "staff")["name"], "Sam Rivera");
        assert_eq!(
            row(&tickets[1], "ticket"),
            json!({
                "number": "10082", "status": "CLOSED", "priority": "HIGH", "channel": "EMAIL", "subject": "Invoice",
                "team": "Service Desk", "opened_at": "2026-10-01T08:00:00.000000Z", "updated_at": "2026-10-03T08:00:00.000000Z",
                "first_response_at": "2026-10-01T09:00:00.000000Z", "resolved_at": "2026-10-03T08:00:00.000000Z",
                "source_url": "https://desk.acme.test/#ticket/zoom/82"
            })
        );
    }

    #[test]
    fn internal_articles_are_internal() {
        let articles = Product::new("zammad").taken("articles");
        assert_eq!(
            row(&articles[0], "ticket_message"),
            json!({
                "ticket": {"stream": "tickets", "key": "81", "part": ""}, "author_kind": "CUSTOMER",
                "author": "Anna Schmidt <anna@example.org>", "internal": false, "text": "This is a simple Webhook Test.",
                "channel": "PHONE", "sent_at": "2020-11-13T14:34:35.318000Z"
            })
        );
        let note = row(&articles[1], "ticket_message");
        assert_eq!(
            (&note["internal"], &note["author_kind"], &note["staff"]),
            (&json!(true), &json!("AGENT"), &json!("5"))
        );
        let empty = r#"{"id":9,"ticket_id":81,"body":"<div><img src=\"x\"></div>","sender":"Customer","internal":false,"created_at":"2026-01-02T03:04:05Z"}"#;
        assert_eq!(row(&Product::new("zammad").map("articles", empty).unwrap(), "ticket_message")["text"], "[no text]");
    }

    #[test]
    fn users_are_customers_or_staff() {
        let product = Product::new("zammad");
        let users = product.taken("users");
        assert_eq!((users[0].profiles.len(), users[1].profiles.len()), (1, 0));
        assert_eq!(row(&users[1], "staff")["email"], "sam@acme.test");
        assert_eq!(told(&product.taken("organizations")[0], 0)["website"], "acme.test");
        let gone = r#"{"id":7,"state":"removed","customer_id":8,"title":"x","created_at":"2026-01-02T03:04:05Z"}"#;
        assert!(is_delete(&product.map("tickets", gone)));
    }
}
