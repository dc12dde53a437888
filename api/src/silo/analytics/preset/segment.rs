//! Segment: tracking events, and how a request body of its SDKs is taken apart. RudderStack's speak the same.

use std::borrow::Cow;
use std::fmt::Write as _;

use chrono::{DateTime, Datelike, Utc};
use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

/// The key that a source file names.
pub const KEY: &str = "segment";

/// The stream of its messages.
pub const STREAM: &str = "events";

/// The mapping.
pub const MAPPING: &str = include_str!("segment.toml");

/// One message of a request body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its text, byte for byte; what it lacks (its `type`, its `messageId`) stands at its end.
    pub payload: Box<str>,
    /// The sender's id of it, the same in every repetition. Where the sender gave none, it is made of the text.
    pub message_id: Option<String>,
    /// When it happened, by our clock: `receivedAt − (sentAt − originalTimestamp)`, as the specification says, so that a
    /// wrong clock of the sender does no harm. None: the message does not say, or says no time that can be.
    pub occurred_at: Option<DateTime<Utc>>,
}

/// The body is not what an SDK sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "The body is neither a Segment message nor an object with a `batch` of messages. Send what the SDK sends, as JSON."
)]
pub struct NotSegment;

/// A request body: its messages, and what it says of all of them.
#[derive(Debug)]
pub struct Request<'a> {
    /// The key of the source, where the body has it.
    pub write_key: Option<String>,
    messages: Vec<&'a str>,
    kind: Option<&'static str>,
    sent_at: Option<DateTime<Utc>>,
}

// Each is read as it is: a field of another type is as good as none, and must not cost the messages beside it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    #[serde(borrow, default)]
    batch: Option<Vec<&'a RawValue>>,
    #[serde(rename = "type", borrow, default)]
    kind: Option<&'a RawValue>,
    #[serde(borrow, default)]
    write_key: Option<&'a RawValue>,
    #[serde(borrow, default)]
    sent_at: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head<'a> {
    #[serde(rename = "type", borrow, default)]
    kind: Option<&'a RawValue>,
    #[serde(borrow, default)]
    message_id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    timestamp: Option<&'a RawValue>,
    #[serde(borrow, default)]
    original_timestamp: Option<&'a RawValue>,
    #[serde(borrow, default)]
    sent_at: Option<&'a RawValue>,
}

impl<'a> Request<'a> {
    /// Reads a body: the messages of its `batch`, or the body itself. `kind` is the type of what is sent to an address of
    /// its own (`/v1/track`), where a message need not say it. A message that is no object is kept as one: the mapper
    /// refuses it where people see it.
    pub fn parse(body: &'a str, kind: Option<&'static str>) -> Result<Self, NotSegment> {
        let parsed: Body<'_> = serde_json::from_str(body).map_err(|_| NotSegment)?;
        let messages = match (parsed.batch, parsed.kind.is_some() || kind.is_some()) {
            (Some(batch), _) => batch.into_iter().map(RawValue::get).collect(),
            (None, true) => vec![body.trim()],
            (None, false) => return Err(NotSegment),
        };
        let write_key = parsed.write_key.and_then(text).map(Cow::into_owned);
        Ok(Self { write_key, messages, kind, sent_at: parsed.sent_at.and_then(time) })
    }

    /// How many messages it has.
    pub fn len(&self) -> usize {
        self.messages.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// Its messages, received at this moment.
    pub fn messages(&self, received_at: DateTime<Utc>) -> impl Iterator<Item = Message> {
        self.messages.iter().map(move |message| self.message(message, received_at))
    }

    fn message(&self, message: &str, received_at: DateTime<Utc>) -> Message {
        let Ok(head) = serde_json::from_str::<Head<'_>>(message) else {
            return Message { payload: message.into(), message_id: None, occurred_at: None };
        };
        let original = head.original_timestamp.or(head.timestamp).and_then(time);
        let sent_at = head.sent_at.and_then(time).or(self.sent_at);
        let occurred_at = match (original, sent_at) {
            (Some(original), Some(sent_at)) => possible(received_at - (sent_at - original)).or(Some(original)),
            (original, None) => original,
            // Whoever says when it was sent and not when it happened means now; a time that cannot be is refused by the mapping.
            (None, Some(_)) => (head.original_timestamp.or(head.timestamp).is_none()).then_some(received_at),
        };
        let given = head.message_id.and_then(text).filter(|id| !id.trim().is_empty() && !id.contains('\0'));
        let made = given.is_none().then(|| made_id(message));
        let kind = self.kind.filter(|_| head.kind.is_none());
        let payload = completed(message, &[("messageId", made.as_deref()), ("type", kind)]);
        Message { payload, message_id: made.or(given.map(Cow::into_owned)), occurred_at }
    }
}

fn text(raw: &RawValue) -> Option<Cow<'_, str>> {
    serde_json::from_str(raw.get()).ok()
}

/// A moment that SDKs write: RFC 3339, of a year that a source can mean. Databases keep microseconds.
fn time(raw: &RawValue) -> Option<DateTime<Utc>> {
    let read = DateTime::parse_from_rfc3339(text(raw)?.trim()).ok()?;
    possible(DateTime::from_timestamp_micros(read.timestamp_micros())?)
}

fn possible(time: DateTime<Utc>) -> Option<DateTime<Utc>> {
    (1900..2200).contains(&time.year()).then_some(time)
}

/// An id of the text: a repetition of it has the same.
fn made_id(message: &str) -> String {
    let digest = Sha256::digest(message);
    let mut id = "made-".to_owned();
    for byte in &digest[..16] {
        let _ = write!(id, "{byte:02x}");
    }
    id
}

/// The object's text with these fields at its end, where the last of a doubled key is the one that counts.
fn completed(message: &str, fields: &[(&str, Option<&str>)]) -> Box<str> {
    let fields: Vec<_> = fields.iter().filter_map(|(name, value)| Some((*name, (*value)?))).collect();
    let Some(open) = message.trim_end().strip_suffix('}').filter(|_| !fields.is_empty()) else {
        return message.into();
    };
    let mut text = open.to_owned();
    let mut comma = !open.trim_end().ends_with('{');
    for (name, value) in fields {
        if comma {
            text.push(',');
        }
        comma = true;
        // Writing to a String cannot fail.
        let _ = write!(text, "\"{name}\":\"{value}\"");
    }
    text.push('}');
    text.into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::identity::PartyKind;
    use crate::ingest::envelope::{Mapped, RejectCode};
    use crate::ingest::lines::Origin;
    use crate::ingest::mapping::Mapping;

    const REQUESTS: &str = include_str!("../../../../../tests/data/streams/segment-sdk-requests.jsonl");

    #[derive(Deserialize)]
    struct Captured<'a> {
        #[serde(borrow)]
        body: &'a RawValue,
    }

    fn captured() -> Vec<Mapped> {
        let mapping = Mapping::parse(MAPPING).unwrap();
        let lines = REQUESTS.lines().filter(|line| !line.is_empty());
        let messages = lines.flat_map(|line| {
            let request: Captured<'_> = serde_json::from_str(line).unwrap();
            let body = super::Request::parse(request.body.get(), None).unwrap();
            body.messages(Utc::now()).collect::<Vec<_>>()
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

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn one(body: &str, kind: Option<&'static str>) -> Message {
        let request = Request::parse(body, kind).unwrap();
        request.messages(at("2026-01-02T04:00:00Z")).next().unwrap()
    }

    #[test]
    fn bodies_are_told_apart() {
        let ids = |body: &str, kind| one(body, kind).message_id.unwrap();
        assert_eq!(ids(r#"{"type":"page","messageId":"1"}"#, None), "1");
        let batch = Request::parse(r#"{"batch":[1,{"messageId":"1","n":1.50}],"writeKey":"wk"}"#, None).unwrap();
        let messages: Vec<_> = batch.messages(Utc::now()).collect();
        assert_eq!((batch.len(), batch.write_key.as_deref()), (2, Some("wk")));
        assert_eq!((&*messages[0].payload, &messages[0].message_id), ("1", &None));
        assert_eq!(&*messages[1].payload, r#"{"messageId":"1","n":1.50}"#);
        for body in ["{}", "[]", "no", r#"{"batch":1}"#, r#"{"batch":[{]}"#] {
            assert_eq!(Request::parse(body, None).err(), Some(NotSegment), "{body}");
        }
    }

    #[test]
    fn what_a_message_lacks_stands_at_its_end() {
        let track = |body: &str| one(body, Some("track")).payload.into_string();
        assert_eq!(track(r#"{"messageId":"1","type":"page"}"#), r#"{"messageId":"1","type":"page"}"#);
        assert_eq!(
            track(" {\"messageId\":\"1\", \"type\": null } \n"),
            r#"{"messageId":"1", "type": null ,"type":"track"}"#
        );
        let empty = one("{}", Some("track"));
        let id = empty.message_id.unwrap();
        assert_eq!(&*empty.payload, format!(r#"{{"messageId":"{id}","type":"track"}}"#));
        // The same text has the same id, another one another.
        assert_eq!(one(r#"{"event":"x"}"#, Some("track")), one(r#"{"event":"x"}"#, Some("track")));
        assert_ne!(one(r#"{"event":"y"}"#, None.or(Some("track"))).message_id.unwrap(), id);
    }

    #[test]
    fn a_wrong_clock_is_corrected() {
        let occurred =
            |message: &str| one(&format!(r#"{{"type":"track","messageId":"1",{message}}}"#), None).occurred_at;
        // The sender's clock is an hour behind; the event waited ten seconds.
        let skewed = r#""timestamp":"2026-01-02T03:00:00Z","sentAt":"2026-01-02T03:00:10Z""#;
        assert_eq!(occurred(skewed), Some(at("2026-01-02T03:59:50Z")));
        let both = r#""timestamp":"2020-01-01T00:00:00Z","originalTimestamp":"2026-01-02T05:00:00+02:00","sentAt":"2026-01-02T03:00:10Z""#;
        assert_eq!(occurred(both), Some(at("2026-01-02T03:59:50Z")));
        assert_eq!(occurred(r#""timestamp":"2026-01-02T03:00:00.1234567Z""#), Some(at("2026-01-02T03:00:00.123456Z")));
        assert_eq!(occurred(r#""sentAt":"2026-01-02T03:00:00Z""#), Some(at("2026-01-02T04:00:00Z")));
        assert_eq!(occurred(r#""sentAt":7"#), None);
        // What cannot be is left to the mapping, which refuses it where people see it.
        assert_eq!(occurred(r#""timestamp":"0000-01-01T00:00:00Z","sentAt":"2026-01-02T03:00:10Z""#), None);
        assert_eq!(occurred(r#""timestamp":"9999-12-31T23:59:59Z""#), None);
        // The time at which the whole batch was sent counts for those that do not say their own.
        let batch = r#"{"sentAt":"2026-01-02T03:00:10Z","batch":[{"timestamp":"2026-01-02T03:00:00Z"},{"timestamp":"2026-01-02T03:00:00Z","sentAt":"2026-01-02T03:00:00Z"}]}"#;
        let request = Request::parse(batch, None).unwrap();
        let times: Vec<_> = request.messages(at("2026-01-02T04:00:00Z")).map(|one| one.occurred_at.unwrap()).collect();
        assert_eq!(times, [at("2026-01-02T03:59:50Z"), at("2026-01-02T04:00:00Z")]);
    }

    proptest! {
        #[test]
        fn any_object_stays_one(body in r#"\{("[a-z]{1,4}":([0-9]{1,3}|null|"[a-z]{0,3}|\{\}"),?){0,3}\}"#, kind in prop::option::of(Just("page"))) {
            if let Ok(request) = Request::parse(&body, kind) {
                for message in request.messages(Utc::now()) {
                    let whole: Value = serde_json::from_str(&message.payload).unwrap();
                    prop_assert_eq!(whole["messageId"].as_str(), message.message_id.as_deref());
                }
            }
        }

        #[test]
        fn never_panics(body in ".{0,200}") {
            if let Ok(request) = Request::parse(&body, Some("track")) {
                let _ = request.messages(Utc::now()).count();
            }
        }
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
