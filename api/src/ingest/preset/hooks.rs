//! The `[hook]` of the presets: each body that a product sends goes to the streams that it is of. That the requests are
//! proved is tested beside the recipes.

use std::path::Path;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use chrono::Utc;

use crate::ingest::hook::verify::Request;
use crate::ingest::lines::Origin;
use crate::ingest::source::Source;

/// The streams of the records in a body, and of those that cannot be read their code.
fn streams(preset: &str, body: &str) -> Vec<String> {
    // A word proves the request, so that the body alone is looked at.
    let text = format!("key = \"x\"\nmapping = \"{preset}\"\nsecrets = [\"x\"]\n[hook]\nrecipe = \"shared-token\"");
    let source = Source::parse(&text, preset, Path::new("")).unwrap_or_else(|error| panic!("{error}"));
    let hook = source.hook.unwrap();
    let keys = hook.recipe.keys(&["word"]).unwrap();
    let headers =
        HeaderMap::from_iter([(HeaderName::from_static("x-webhook-token"), HeaderValue::from_static("word"))]);
    let request = Request { method: "POST", uri: "", headers: &headers, body: b"" };
    let proof = hook.recipe.verify(&keys, &request, Utc::now()).unwrap();
    let deliveries = hook.read(&source.mapping, &Origin::new("x"), &proof, &HeaderMap::new(), body.as_bytes());
    let items = deliveries.into_iter().flat_map(|delivery| delivery.items);
    items
        .map(|item| match item {
            Ok(envelope) => envelope.stream,
            Err(rejected) => rejected.reject.code.as_str().to_owned(),
        })
        .collect()
}

#[test]
fn bodies_go_to_their_streams() {
    for (preset, body, expected) in [
        (
            "typeform",
            r#"{"event_id":"1","event_type":"form_response","form_response":{"token":"t"}}"#,
            &["responses"][..],
        ),
        ("typeform", r#"{"event_type":"form_response_partial","form_response":{"token":"t"}}"#, &["responses"]),
        ("formbricks", r#"{"event":"responseFinished","data":{"id":"r"}}"#, &["responses"]),
        ("formbricks", r#"{"event":"testEndpoint"}"#, &[]),
        ("posthog", r#"{"event":{"uuid":"u","event":"$pageview"},"person":{}}"#, &["events"]),
        (
            "zendesk",
            r#"{"type":"zen:event-type:ticket.created","subject":"zen:ticket:1","detail":{"id":"1"}}"#,
            &["tickets"],
        ),
        ("zendesk", r#"{"type":"zen:event-type:ticket.comment_added","subject":"zen:ticket:1"}"#, &["ticket_comments"]),
        ("zendesk", r#"{"type":"zen:event-type:user.created","subject":"zen:user:1"}"#, &["users"]),
        (
            "zendesk",
            r#"{"type":"zen:event-type:article.published","subject":"zen:article:1"}"#,
            &["zen:event-type:article.published"],
        ),
        ("zammad", r#"{"ticket":{"id":1},"article":{"id":2,"ticket_id":1}}"#, &["tickets", "articles"]),
        ("zammad", r#"{"ticket":{"id":1},"article":{}}"#, &["tickets"]),
        ("zammad", r#"{"ticket":{"id":1}}"#, &["tickets"]),
        ("zammad", r#"{"other":1}"#, &["MISSING_FIELD"]),
        ("chatwoot", r#"{"event":"conversation_status_changed","id":1}"#, &["conversations"]),
        ("chatwoot", r#"{"event":"message_created","id":1}"#, &["messages"]),
        ("chatwoot", r#"{"event":"contact_updated","id":1}"#, &["contacts"]),
        ("chatwoot", r#"{"event":"conversation_typing_on"}"#, &[]),
    ] {
        assert_eq!(streams(preset, body), expected, "{preset}: {body}");
    }
}

#[test]
fn each_product_is_proved_as_it_signs() {
    for preset in ["typeform", "formbricks", "posthog", "zendesk", "zammad", "chatwoot"] {
        let text = format!("key = \"x\"\nmapping = \"{preset}\"\nsecrets = [\"x\"]");
        let source = Source::parse(&text, preset, Path::new("")).unwrap();
        assert!(source.hook.is_some(), "{preset} takes webhooks as soon as it has a secret");
    }
}
