//! Zendesk: tickets, comments, users, organizations and satisfaction ratings, by its tap and by its webhooks.

/// The key that a source file names.
pub const KEY: &str = "zendesk";

/// The mapping.
pub const MAPPING: &str = include_str!("zendesk.toml");

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::identity::PartyKind;
    use crate::ingest::preset::sample::{Product, is_delete, known, row, told};

    const SOURCE: &str = "[constants]\nsubdomain = \"acme\"\nexternal_id = \"CUSTOMER_NUMBER\"\ntopic_field = \"27642\"\n[lookup.team]\n98738 = \"Service desk\"";

    #[test]
    fn tickets_of_the_tap() {
        let tickets = Product::with("zendesk", SOURCE).read("tickets");
        let ticket = tickets[0].as_ref().unwrap();
        assert_eq!(
            row(ticket, "ticket"),
            json!({
                "number": "35436", "kind": "PROBLEM", "status": "SOLVED", "priority": "HIGH", "channel": "EMAIL",
                "subject": "Help, my printer is on fire!", "topic": "hardware", "assignee": "235323", "team": "Service desk",
                "opened_at": "2026-10-05T07:00:00.000000Z", "updated_at": "2026-10-06T09:00:00.000000Z", "satisfaction": "GOOD",
                "source_url": "https://acme.zendesk.com/agent/tickets/35436"
            })
        );
        assert_eq!(
            (ticket.profiles[0].key.as_str(), known(ticket, 0)),
            ("20978392", vec![("EMAIL", "anna@example.org", "STRONG")])
        );
        assert_eq!(ticket.version.as_deref(), Some("00000000000000000001|2026-10-06T09:01:40.000000Z"));
        // A status that nobody knows does not lose the ticket, nor does a missing subject.
        let other = tickets[1].as_ref().unwrap();
        let fields = row(other, "ticket");
        assert_eq!(
            (&fields["status"], &fields["subject"], &fields["channel"]),
            (&json!("OPEN"), &json!("Called about the invoice"), &json!("PHONE"))
        );
        assert!(fields.get("satisfaction").is_none() && known(other, 0).is_empty());
        assert!(is_delete(&tickets[2]));
    }

    #[test]
    fn events_of_the_webhook_are_the_same_tickets() {
        let product = Product::with("zendesk", SOURCE);
        let event = &product.read("tickets").remove(3).unwrap();
        assert_eq!((event.key.as_deref(), event.profiles[0].key.as_str()), (Some("35438"), "20978392"));
        assert_eq!(
            row(event, "ticket"),
            json!({
                "number": "35438", "kind": "QUESTION", "status": "PENDING", "priority": "NORMAL", "channel": "WEB",
                "subject": "Invoice missing", "assignee": "235323", "team": "Service desk",
                "opened_at": "2026-11-02T07:00:00.000000Z", "updated_at": "2026-11-02T08:00:00.000000Z",
                "source_url": "https://acme.zendesk.com/agent/tickets/35438"
            })
        );
        let comment = &product.taken("ticket_comments")[2];
        assert_eq!(
            row(comment, "ticket_message"),
            json!({
                "ticket": {"stream": "tickets", "key": "35438", "part": ""}, "author_kind": "AGENT", "author": "Sam Rivera",
                "staff": "235323", "internal": true, "text": "Looks like a double booking, check with finance", "channel": "WEB",
                "sent_at": "2026-11-02T08:05:00.000000Z"
            })
        );
    }

    #[test]
    fn what_is_not_public_is_internal() {
        let product = Product::new("zendesk");
        let comments = product.taken("ticket_comments");
        let open = row(&comments[0], "ticket_message");
        assert_eq!((&open["internal"], open.get("author_kind")), (&json!(false), None));
        let note = row(&comments[1], "ticket_message");
        assert_eq!(
            (&note["internal"], &note["author_kind"], &note["staff"]),
            (&json!(true), &json!("AGENT"), &json!("235323"))
        );
        assert_eq!(row(&product.taken("satisfaction_ratings")[0], "ticket_message")["text"], "Quick and friendly");
    }

    #[test]
    fn users_are_customers_or_staff() {
        let users = Product::with("zendesk", SOURCE).read("users");
        let anna = users[0].as_ref().unwrap();
        assert_eq!(
            known(anna, 0),
            [
                ("EMAIL", "anna@example.org", "STRONG"),
                ("PHONE", "+49 30 901820", "STRONG"),
                ("CUSTOMER_NUMBER", "K-1001", "STRONG")
            ]
        );
        assert_eq!(told(anna, 0)["language"], "de");
        assert_eq!(row(anna, "relation")["to"], "organization:509974");
        let sam = users[1].as_ref().unwrap();
        assert!(sam.profiles.is_empty());
        assert_eq!(
            row(sam, "staff"),
            json!({"key": "235323", "name": "Sam Rivera", "email": "sam@acme.test", "team": "Service desk", "department": "SERVICE"})
        );
        assert!(is_delete(&users[2]));
        let company = &Product::new("zendesk").taken("organizations")[0];
        assert_eq!(company.profiles[0].kind, Some(PartyKind::Company));
        assert_eq!(told(company, 0), json!({"name": "Acme Pumps GmbH", "website": "acme.test"}));
        let shared = r#"{"id":1,"role":"end-user","phone":"+49 30 1","shared_phone_number":true,"active":true}"#;
        assert_eq!(known(&Product::new("zendesk").map("users", shared).unwrap(), 0), [("PHONE", "+49 30 1", "WEAK")]);
    }

    #[test]
    fn an_event_counts_until_the_feed_has_told_the_whole() {
        let product = Product::with("zendesk", SOURCE);
        let version = |stream: &str, record: &str| product.map(stream, record).unwrap().version.unwrap();
        let feed = version(
            "tickets",
            r#"{"id":1,"requester_id":2,"status":"open","created_at":"2026-10-01T10:00:00Z","updated_at":"2026-10-01T10:00:00Z"}"#,
        );
        let of_ticket = |kind: &str| {
            format!(
                r#"{{"type":"zen:event-type:ticket.{kind}","time":"2026-10-02T10:00:00Z","detail":{{"id":"1","requester_id":"2","status":"OPEN","created_at":"2026-10-01T10:00:00Z"}},"event":{{}}}}"#
            )
        };
        assert!(version("tickets", &of_ticket("tags_changed")) < feed, "an object of an event is only a part");
        assert!(version("tickets", &of_ticket("soft_deleted")) > feed, "but that it is gone counts");
        let feed = version(
            "users",
            r#"{"id":2,"name":"Anna Schmidt","role":"end-user","active":true,"updated_at":"2026-10-01T10:00:00Z"}"#,
        );
        let of_user = |kind: &str| {
            format!(
                r#"{{"type":"zen:event-type:user.{kind}","time":"2026-10-02T10:00:00Z","detail":{{"id":"2","email":"anna@example.org","role":"end-user"}},"event":{{"current":"Anna Weber"}}}}"#
            )
        };
        assert!(
            version("users", &of_user("last_login_changed")) < feed && version("users", &of_user("deleted")) > feed
        );
        assert_eq!(told(&product.map("users", &of_user("name_changed")).unwrap(), 0)["name"], "Anna Weber");
    }

    #[test]
    fn a_comment_that_is_not_public_any_more_is_not_shown() {
        let product = Product::with("zendesk", SOURCE);
        let event = |kind: &str| {
            format!(
                r#"{{"type":"zen:event-type:ticket.{kind}","time":"2026-11-02T09:00:00Z","subject":"zen:ticket:35438","detail":{{"id":"35438"}},"event":{{"comment":{{"id":"901"}}}}}}"#
            )
        };
        let added = &product.taken("ticket_comments")[2];
        for kind in ["comment_made_private", "comment_redacted"] {
            let gone = product.map("ticket_comments", &event(kind));
            assert!(
                is_delete(&gone) && gone.as_ref().unwrap().key == added.key && gone.unwrap().version > added.version
            );
        }
        // The feed knows better: then it is an internal note. One that does not say is no public one.
        let comment = |public: &str| {
            let text =
                format!(r#"{{"id":901,"ticket_id":35438,"body":"x","created_at":"2026-11-02T08:05:00Z"{public}}}"#);
            product.map("ticket_comments", &text).unwrap()
        };
        let private = comment(r#","public":false"#);
        assert!(private.version > product.map("ticket_comments", &event("comment_made_private")).unwrap().version);
        for (public, internal) in [("", true), (r#","public":true"#, false), (r#","public":false"#, true)] {
            assert_eq!(row(&comment(public), "ticket_message")["internal"], internal, "{public}");
        }
    }
}
