//! `CloudEvents` 1.0 over HTTP: binary (attributes in `ce-*` headers, the body is the data), structured
//! (`application/cloudevents+json`) and batched (`application/cloudevents-batch+json`).
//!
//! Source and id tell a repetition, `time` is when it happened, `type` is the stream unless the mapping says otherwise, and
//! `data` is the record. A binary event is first written as a structured one, so that all are read alike.

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use percent_encoding::percent_decode_str;
use serde_json::value::RawValue;

use super::super::envelope::{Reject, RejectCode};
use super::super::json::Json;
use super::super::lines::{Item, Origin, Rejected, not_utf8};
use super::super::mapping::Mapping;
use super::super::mapping::time;
use super::body::{Delivery, refuse, slice};
use super::secret::BASE64;
use super::section::Hook;
use super::verify::{Proof, short};

/// A batch holds no more events.
const MOST: usize = 5_000;

/// How an event is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Attributes in headers.
    Binary,
    /// The body is the event.
    Structured,
    /// The body is a list of events.
    Batch,
}

/// The form, if the request is a `CloudEvent` at all.
pub fn form(headers: &HeaderMap) -> Option<Form> {
    let media = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media = media.split(';').next().unwrap_or_default().trim();
    if media.eq_ignore_ascii_case("application/cloudevents+json") {
        Some(Form::Structured)
    } else if media.eq_ignore_ascii_case("application/cloudevents-batch+json") {
        Some(Form::Batch)
    } else if headers.contains_key("ce-specversion") {
        Some(Form::Binary)
    } else {
        None
    }
}

impl Hook {
    /// The deliveries of a request with events.
    pub(super) fn events(
        &self,
        mapping: &Mapping,
        origin: &Origin,
        proof: &Proof,
        headers: &HeaderMap,
        body: &[u8],
        form: Form,
    ) -> Vec<Delivery> {
        let own = || self.recipe.ids(proof, headers, None);
        let refused =
            |text: &str, reject| vec![Delivery { ids: own(), items: vec![Err(refuse(origin, text, reject))] }];
        let text = match std::str::from_utf8(body) {
            Ok(text) => text,
            Err(error) => return refused(&String::from_utf8_lossy(body), not_utf8(error.valid_up_to())),
        };
        match form {
            Form::Structured => vec![self.event(mapping, origin, text, Vec::new())],
            // What the signature of a binary event covers is its body alone: the request's own id counts too.
            Form::Binary => match Json::parse(text) {
                Ok(_) => vec![self.event(mapping, origin, &structured(headers, text), own())],
                Err(reject) => refused(text, reject),
            },
            Form::Batch => {
                let events = Json::parse(text).and_then(|_| {
                    serde_json::from_str::<Vec<&RawValue>>(text).map_err(|_| {
                        Reject::new(RejectCode::BrokenJson, "A batch of CloudEvents is a JSON list. Send one.")
                    })
                });
                match events {
                    Ok(events) if events.len() <= MOST => {
                        events.iter().map(|event| self.event(mapping, origin, event.get(), Vec::new())).collect()
                    }
                    Ok(_) => {
                        let reason = format!("The batch has more than {MOST} events. Send fewer at once.");
                        refused(text, Reject::new(RejectCode::TooLarge, reason))
                    }
                    Err(reject) => refused(text, reject),
                }
            }
        }
    }

    /// One event in its structured form.
    pub(super) fn event(&self, mapping: &Mapping, origin: &Origin, text: &str, mut ids: Vec<String>) -> Delivery {
        let items = match Json::parse(text).and_then(|event| self.record_of(mapping, origin, text, &event, &mut ids)) {
            Ok(item) => item.into_iter().collect(),
            Err(reject) => vec![Err(refuse(origin, text, reject))],
        };
        Delivery { ids, items }
    }

    fn record_of(
        &self,
        mapping: &Mapping,
        origin: &Origin,
        text: &str,
        event: &Json<'_>,
        ids: &mut Vec<String>,
    ) -> Result<Option<Item>, Reject> {
        let attribute = |name: &str| match event.get(name) {
            Some(Json::Text(value)) if !value.is_empty() => Ok(value.as_ref()),
            _ => Err(Reject::new(RejectCode::MissingField, format!("The CloudEvent has no `{name}`. Send a text."))),
        };
        if attribute("specversion")? != "1.0" {
            let reason = "The CloudEvent is of another version than 1.0. Send specversion 1.0.";
            return Err(Reject::new(RejectCode::UnknownValue, reason));
        }
        let id = short("event", &format!("{} {}", attribute("source")?, attribute("id")?));
        ids.push(id.clone());
        let kind = attribute("type")?;
        let decoded = decoded(event)?;
        let data = match &decoded {
            Some(decoded) => decoded.as_str(),
            None => slice(text, &["data".to_owned()]).ok_or_else(|| {
                Reject::new(RejectCode::MissingField, "The CloudEvent has no `data`, and so no record. Send it.")
            })?,
        };
        let record = Json::parse(data)?;
        let item = (&record, "", 0);
        if self.ignores(mapping, origin, event, item)? {
            return Ok(None);
        }
        let named = if self.stream.is_some() { self.stream(mapping, origin, event, item)? } else { None };
        let mut envelope = origin.envelope(named.as_deref().unwrap_or(kind), None, data);
        envelope.dedupe_key = Some(id);
        Ok(Some(match event.get("time") {
            None | Some(Json::Null) => Ok(envelope),
            Some(Json::Text(time)) if time::parse_any(time).is_ok() => {
                envelope.occurred_at = time::parse_any(time).ok().map(|time| time.to_utc());
                Ok(envelope)
            }
            Some(_) => {
                let reason = "The `time` of the CloudEvent is no time such as 2026-11-02T08:00:00Z. Correct it.";
                Err(Rejected { line: 0, envelope, reject: Reject::new(RejectCode::WrongType, reason) })
            }
        }))
    }
}

/// The data that an event carries as base64, if it does.
fn decoded(event: &Json<'_>) -> Result<Option<String>, Reject> {
    let Some(Json::Text(text)) = event.get("data_base64") else { return Ok(None) };
    let bytes = BASE64.decode(text.as_bytes()).map_err(|_| {
        Reject::new(RejectCode::WrongType, "The `data_base64` of the CloudEvent is not base64. Correct it.")
    })?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Some(text)),
        Err(error) => Err(not_utf8(error.utf8_error().valid_up_to())),
    }
}

/// A binary event, whose data are JSON, in the structured form. Values of headers are percent-encoded where they are not ASCII.
fn structured(headers: &HeaderMap, data: &str) -> String {
    let mut text = String::with_capacity(data.len() + 256);
    text.push('{');
    for (name, value) in headers {
        // Names of attributes are letters and digits; so none can stand for the data.
        let plain = |name: &&str| *name != "data" && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let Some(name) = name.as_str().strip_prefix("ce-").filter(plain) else { continue };
        let value = value.to_str().map(|value| percent_decode_str(value).decode_utf8_lossy().into_owned());
        text.push_str(&serde_json::Value::from(name).to_string());
        text.push(':');
        text.push_str(&serde_json::Value::from(value.unwrap_or_default()).to_string());
        text.push(',');
    }
    text.push_str("\"data\":");
    text.push_str(data);
    text.push('}');
    text
}
