//! Segment: tracking events, and how a request body of its SDKs is taken apart.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

/// The key that a source file names.
pub const KEY: &str = "segment";

/// The stream of its messages.
pub const STREAM: &str = "events";

/// The mapping.
pub const MAPPING: &str = include_str!("segment.toml");

/// One message of a request body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its text, byte for byte.
    pub payload: Box<str>,
    /// The sender's id of it, the same in every repetition.
    pub message_id: Option<String>,
}

/// The body is not what an SDK sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "The body is neither a Segment message nor an object with a `batch` of messages. Send what the SDK sends, as JSON."
)]
pub struct NotSegment;

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow, default)]
    batch: Option<Vec<&'a RawValue>>,
    #[serde(rename = "type", borrow, default)]
    kind: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(rename = "messageId", borrow, default)]
    message_id: Option<Cow<'a, str>>,
}

/// The messages of a body: those of its `batch`, or the body itself if it has a `type`. A message that is no object is
/// kept as one: the mapper refuses it where people see it.
pub fn messages(body: &str) -> Result<Vec<Message>, NotSegment> {
    let parsed: Body<'_> = serde_json::from_str(body).map_err(|_| NotSegment)?;
    match (parsed.batch, parsed.kind) {
        (Some(batch), _) => Ok(batch.into_iter().map(|message| split(message.get())).collect()),
        (None, Some(_)) => Ok(vec![split(body.trim())]),
        (None, None) => Err(NotSegment),
    }
}

fn split(text: &str) -> Message {
    let head: Option<Head<'_>> = serde_json::from_str(text).ok();
    Message { payload: text.into(), message_id: head.and_then(|head| head.message_id).map(Cow::into_owned) }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use serde_json::value::RawValue;

    use super::*;
    use crate::identity::PartyKind;
    use crate::ingest::envelope::{Mapped, RejectCode};
    use crate::ingest::lines::Origin;
    use crate::ingest::mapping::Mapping;

    const REQUESTS: &str = include_str!("../../../../../tests/data/streams/segment-sdk-requests.jsonl");

    #[derive(Deserialize)]
    struct Request<'a> {
        #[serde(borrow)]
        body: &'a RawValue,
    }

    fn captured() -> Vec<Mapped> {
        let mapping = Mapping::parse(MAPPING).unwrap();
        let lines = REQUESTS.lines().filter(|line| !line.is_empty());
        let messages = lines.flat_map(|line| {
            let request: Request<'_> = serde_json::from_str(line).unwrap();
            messages(request.body.get()).unwrap()
        });
        let map = |message: Message| {
            assert!(message.message_id.is_some());
            mapping.map(&Origin::new("web").envelope(STREAM, None, message.payload)).unwrap()
        };
        messages.map(map).collect()
    }

    fn known(mapped: &Mapped, profile: usize) -> Vec<(&str, &str)> {
        mapped.profiles[profile].identifiers.iter().map(|known| (known.kind.as_str(), known.value.as_str())).collect()
    }

    #[test]
    fn every_captured_message_is_taken() {
        let all = captured();
        assert_eq!(all.len(), 9);
        let identify = &all[0];
        assert_eq!(identify.profiles[0].key, "user:C-1001");
        assert_eq!(known(identify, 0), [("USER_ID", "C-1001"), ("COOKIE", "anon-1"), ("EMAIL", "anna@example.org")]);
        assert_eq!(identify.profiles[0].attributes["name"], "Anna Schmidt");

        let track = &all[1].rows[0];
        assert_eq!((track.table, track.profile.as_deref()), ("web_event", Some("user:C-1001")));
        assert_eq!(
            (&track.fields["name"], &track.fields["amount"]),
            (&Value::from("Order Completed"), &Value::from("42.5"))
        );

        let page = &all[2];
        assert_eq!((page.profiles[0].key.as_str(), known(page, 0)), ("anonymous:anon-1", vec![("COOKIE", "anon-1")]));
        assert_eq!(page.rows[0].fields["kind"], "PAGE");
        assert_eq!(page.rows[0].fields["url"], "https://acme.test/pricing");

        let group = &all[3];
        assert_eq!((group.profiles[1].key.as_str(), group.profiles[1].kind), ("group:acme", Some(PartyKind::Company)));
        assert_eq!(group.profiles[1].attributes["name"], "Acme");
        assert!(!group.profiles[0].attributes.contains_key("name"));
        assert_eq!(
            (&group.rows[0].fields["kind"], &group.rows[0].fields["to"]),
            (&"WORKS_AT".into(), &"group:acme".into())
        );

        assert_eq!(known(&all[4], 0), [("USER_ID", "C-1001"), ("COOKIE", "anon-1"), ("USER_ID", "anon-1")]);
        assert_eq!(all[5].occurred_at.unwrap().to_rfc3339(), "2026-11-21T22:49:20.469+00:00");
        assert_eq!(all[6].profiles[0].key, "user:C-1001");
    }

    #[test]
    fn bodies_are_told_apart() {
        assert_eq!(messages(r#"{"type":"page","messageId":"1"}"#).unwrap()[0].message_id.as_deref(), Some("1"));
        assert_eq!(messages(r#"{"batch":[1,{"n":1.50}]}"#).unwrap()[1].payload.as_ref(), r#"{"n":1.50}"#);
        assert_eq!(messages("{}"), Err(NotSegment));
        assert_eq!(messages("[]"), Err(NotSegment));
        assert_eq!(messages("no"), Err(NotSegment));
    }

    #[test]
    fn what_is_no_money_does_not_refuse_the_event() {
        let mapping = Mapping::parse(MAPPING).unwrap();
        let fields = |properties: &str| {
            let message = format!(
                r#"{{"type":"track","event":"x","messageId":"1","userId":"u","timestamp":"2026-01-02T03:04:05Z","properties":{properties}}}"#
            );
            mapping.map(&Origin::new("web").envelope(STREAM, None, message)).unwrap().rows[0].fields.clone()
        };
        let filter = fields(r#"{"value":"red","currency":"any"}"#);
        assert!(!filter.contains_key("amount") && !filter.contains_key("currency"));
        let order = fields(r#"{"value":12.5,"currency":"eur"}"#);
        assert_eq!((&order["amount"], &order["currency"]), (&Value::from("12.5"), &Value::from("EUR")));
    }

    #[test]
    fn a_message_without_anyone_is_refused() {
        let mapping = Mapping::parse(MAPPING).unwrap();
        let message = r#"{"type":"track","event":"x","messageId":"1"}"#;
        let reject = mapping.map(&Origin::new("web").envelope(STREAM, None, message)).unwrap_err();
        assert_eq!(reject.code, RejectCode::MissingField);
        assert!(reject.reason.contains("/userId"));
    }
}
