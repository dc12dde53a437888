//! Freshdesk: tickets, conversations, satisfaction ratings, contacts, companies and agents.

/// The key that a source file names.
pub const KEY: &str = "freshdesk";

/// The mapping.
pub const MAPPING: &str = include_str!("freshdesk.toml");

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::ingest::preset::sample::{Product, is_delete, known, row, rows, told};

    #[test]
    fn numbers_become_words_and_no_ticket_is_lost() {
        let product = Product::with("freshdesk", "[constants]\ndomain = \"acme\"\n[lookup.team]\n42 = \"Shop\"");
        let tickets = product.read("tickets");
        let ticket = tickets[0].as_ref().unwrap();
        assert_eq!(
            row(ticket, "ticket"),
            json!({
                "number": "2001", "kind": "PROBLEM", "status": "SOLVED", "priority": "NORMAL", "channel": "EMAIL",
                "subject": "Unable to finish checkout", "assignee": "501", "team": "Shop",
                "opened_at": "2024-01-02T10:00:00.000000Z", "updated_at": "2024-01-04T12:30:00.000000Z",
                "first_response_at": "2024-01-03T08:00:00.000000Z", "resolved_at": "2024-01-04T12:00:00.000000Z",
                "source_url": "https://acme.freshdesk.com/a/tickets/2001"
            })
        );
        assert_eq!(
            row(ticket, "ticket_message"),
            json!({
                "ticket": {"stream": "tickets", "key": "2001", "part": ""}, "author_kind": "CUSTOMER", "author": "Anna Schmidt",
                "text": "The checkout button is not responding.", "channel": "EMAIL", "sent_at": "2024-01-02T10:00:00.000000Z"
            })
        );
        assert_eq!(known(ticket, 0), [("EMAIL", "anna@example.org", "STRONG"), ("PHONE", "+49 30 901820", "STRONG")]);
        // 9 is a status of one's own.
        let other = row(tickets[1].as_ref().unwrap(), "ticket");
        assert_eq!((&other["status"], &other["channel"]), (&json!("OPEN"), &json!("PHONE")));
        assert!(is_delete(&tickets[2]), "spam goes");
    }

    #[test]
    fn private_notes_are_internal() {
        let messages = Product::new("freshdesk").taken("conversations");
        let part = |at: usize| {
            let message = row(&messages[at], "ticket_message");
            (message["author_kind"].clone(), message["internal"].clone(), message.get("staff").cloned())
        };
        assert_eq!(part(0), (json!("CUSTOMER"), json!(false), None));
        assert_eq!(part(1), (json!("AGENT"), json!(false), Some(json!("501"))));
        assert_eq!(part(2), (json!("AGENT"), json!(true), Some(json!("501"))));
        assert_eq!(row(&messages[2], "ticket_message")["ticket"]["key"], "2001");
    }

    #[test]
    fn ratings_are_seven_faces() {
        let ratings = Product::new("freshdesk").taken("satisfaction_ratings");
        let response = row(&ratings[0], "survey_response");
        assert_eq!(
            (&response["kind"], &response["score"], &response["comment"]),
            (&json!("CSAT"), &json!(2), &json!("Slow but kind"))
        );
        let answers = rows(&ratings[0], "survey_answer");
        let scale = |answer: &serde_json::Value| {
            (
                answer["question_key"].clone(),
                answer["raw_value"].clone(),
                answer["score"].clone(),
                answer["scale_max"].clone(),
            )
        };
        assert_eq!(scale(&answers[0]), (json!("default_question"), json!("-102"), json!(2), json!(7)));
        assert_eq!(scale(&answers[1]), (json!("question_9"), json!("103"), json!(7), json!(7)));
        // The API itself gives an object.
        assert_eq!(
            scale(&rows(&ratings[1], "survey_answer")[0]),
            (json!("default_question"), json!("100"), json!(4), json!(7))
        );
    }

    #[test]
    fn contacts_companies_and_agents() {
        let source = "[constants]\nexternal_id = \"CUSTOMER_NUMBER\"";
        let contact = &Product::with("freshdesk", source).taken("contacts")[0];
        assert_eq!(
            known(contact, 0),
            [
                ("EMAIL", "anna@example.org", "STRONG"),
                ("EMAIL", "anna.s@example.org", "STRONG"),
                ("PHONE", "+49 30 901820", "STRONG"),
                ("CUSTOMER_NUMBER", "customer-1001", "STRONG")
            ]
        );
        assert_eq!(row(contact, "relation")["to"], "company:77");
        let product = Product::new("freshdesk");
        assert_eq!(
            told(&product.taken("companies")[0], 0),
            json!({"name": "Acme Pumps GmbH", "industry": "Machinery", "website": "acme.test"})
        );
        let agent = &product.taken("agents")[0];
        assert!(agent.profiles.is_empty(), "staff are no customers");
        assert_eq!(
            row(agent, "staff"),
            json!({"key": "501", "name": "Sam Rivera", "email": "sam@acme.test", "department": "SERVICE"})
        );
    }

    #[test]
    fn a_mail_without_text_loses_no_ticket() {
        let ticket = |more: &str| {
            let text = format!(
                r#"{{"id":7,"requester_id":1,"status":2,"source":1,"subject":"Scan","created_at":"2026-10-01T10:00:00Z","updated_at":"2026-10-01T10:00:00Z","description":"<div></div>","description_text":""{more}}}"#
            );
            row(&Product::new("freshdesk").map("tickets", &text).unwrap(), "ticket_message")["text"].clone()
        };
        assert_eq!(ticket(""), "[no text]");
        assert_eq!(ticket(r#","attachments":[{"name":"scan.pdf"}]"#), "[scan.pdf]");
    }
}
