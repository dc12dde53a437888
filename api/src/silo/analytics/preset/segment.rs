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
