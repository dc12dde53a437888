//! Chatwoot: conversations, messages and contacts, as its webhooks send them.

/// The key that a source file names.
pub const KEY: &str = "chatwoot";

/// The mapping.
pub const MAPPING: &str = include_str!("chatwoot.toml");

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::ingest::preset::sample::{Product, is_delete, known, row, told};

    #[test]
    fn a_conversation_is_a_ticket() {
        let source = "[constants]\nhost = \"chat.acme.test\"\naccount = \"1\"\nidentifier = \"USER_ID\"";
        let conversations = Product::with("chatwoot", source).taken("conversations");
        assert_eq!(
            row(&conversations[0], "ticket"),
            json!({
                "number": "10", "status": "OPEN", "priority": "HIGH", "channel": "CHAT", "subject": "Conversation 10",
                "topic": "billing", "assignee": "1", "opened_at": "2021-07-23T18:01:48.000000Z",
                "updated_at": "2021-07-23T18:02:49.250000Z", "source_url": "https://chat.acme.test/app/accounts/1/conversations/10"
            })
        );
        assert_eq!(
            known(&conversations[0], 0),
            [
                ("EMAIL", "anna@example.org", "STRONG"),
                ("PHONE", "+4930901820", "STRONG"),
                ("USER_ID", "U-1001", "STRONG")
            ]
        );
        assert_eq!(row(&conversations[0], "staff"), json!({"key": "1", "name": "Sam Rivera", "department": "SERVICE"}));
        let resolved = row(&conversations[1], "ticket");
        assert_eq!(
            (&resolved["status"], &resolved["first_response_at"], &resolved["resolved_at"]),
            (&json!("SOLVED"), &json!("2021-07-23T18:03:30.000000Z"), &json!("2021-07-23T18:05:20.000000Z"))
        );
        assert!(conversations[1].version > conversations[0].version);
    }

    #[test]
    fn messages_notes_and_ratings() {
        let messages = Product::new("chatwoot").read("messages");
        let said = row(messages[0].as_ref().unwrap(), "ticket_message");
        assert_eq!(
            said,
            json!({
                "ticket": {"stream": "conversations", "key": "10", "part": ""}, "author_kind": "CUSTOMER", "author": "Anna Schmidt",
                "internal": false, "text": "hi", "channel": "CHAT", "sent_at": "2021-07-23T18:02:48.000000Z"
            })
        );
        let note = messages[1].as_ref().unwrap();
        assert_eq!(row(note, "ticket_message")["internal"], true);
        assert_eq!(row(note, "staff")["email"], "sam@acme.test");
        let rating = messages[2].as_ref().unwrap();
        assert_eq!(row(rating, "ticket_message")["author_kind"], "SYSTEM");
        let response = row(rating, "survey_response");
        assert_eq!(
            (&response["kind"], &response["score"], &response["comment"]),
            (&json!("CSAT"), &json!(4), &json!("Good"))
        );
        let answer = row(rating, "survey_answer");
        assert_eq!(answer["response"], json!({"stream": "messages", "key": "121", "part": "csat"}));
        assert_eq!(
            (&answer["raw_value"], &answer["scale_min"], &answer["scale_max"]),
            (&json!("4"), &json!(1), &json!(5))
        );
        assert!(is_delete(&messages[3]));
    }

    #[test]
    fn contacts_and_visitors_without_a_name() {
        let product = Product::new("chatwoot");
        let contact = &product.taken("contacts")[0];
        assert_eq!(
            told(contact, 0),
            json!({"name": "Anna Schmidt", "email": "anna@example.org", "phone": "+4930901820", "company": "Acme Pumps GmbH", "city": "Berlin", "country": "DE"})
        );
        let visitor = r#"{"id":14,"name":"little-haze-776","email":null,"phone_number":null,"identifier":null}"#;
        assert_eq!(told(&product.map("contacts", visitor).unwrap(), 0), json!({}), "a made-up name is no name");
        // The API says numbers where the webhook has words.
        let message = r#"{"id":1,"content":"x","message_type":2,"created_at":1627063369,"private":false,"conversation_id":10,"conversation":{"contact_inbox":{"contact_id":14}}}"#;
        let message = row(&product.map("messages", message).unwrap(), "ticket_message");
        assert_eq!(
            (&message["author_kind"], &message["sent_at"]),
            (&json!("SYSTEM"), &json!("2021-07-23T18:02:49.000000Z"))
        );
    }

    #[test]
    fn a_message_may_have_no_text() {
        let message = r#"{"id":1,"content":"<br>","message_type":"incoming","created_at":1627063369,"private":false,"conversation":{"id":10,"contact_inbox":{"contact_id":14}}}"#;
        let message = Product::new("chatwoot").map("messages", message).unwrap();
        assert_eq!(row(&message, "ticket_message")["text"], "[no text]");
    }
}
