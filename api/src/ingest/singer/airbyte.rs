//! Airbyte's lines, read as a Singer tap's: RECORD with its stream and time within, STATE, TRACE. Its records carry no key;
//! the configured catalogue says which fields make it, else the mapping does.
//!
//! LOG, CONTROL, SPEC and the like are for the platform and are passed over. A state is the message's whole line: that is what
//! a destination must print.

use std::borrow::Cow;
use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::message::Notice;
use super::shape::Shape;
use crate::error::{Error, Result};

/// What an Airbyte RECORD carries.
#[derive(Deserialize)]
pub(super) struct Record<'a> {
    /// The stream.
    #[serde(borrow)]
    pub stream: Cow<'a, str>,
    /// The record's own text.
    #[serde(borrow)]
    pub data: &'a RawValue,
    /// When the source read it, in milliseconds.
    #[serde(default)]
    emitted_at: Option<f64>,
}

impl<'a> Record<'a> {
    /// None: this is the record of a Singer message.
    pub fn of(text: &'a str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// When the source read it.
    pub fn emitted_at(&self) -> Option<DateTime<Utc>> {
        let millis = self.emitted_at.filter(|millis| millis.is_finite() && millis.abs() < 1e15)?;
        #[expect(clippy::cast_possible_truncation, reason = "below 10^15, as was asked")]
        DateTime::from_timestamp_millis(millis as i64)
    }
}

/// Messages of the protocol that ask nothing of who takes records.
pub(super) const QUIET: [&str; 6] = ["LOG", "CONTROL", "SPEC", "CATALOG", "CONNECTION_STATUS", "DESTINATION_CATALOG"];

#[derive(Deserialize)]
struct Trace {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    error: Option<TraceError>,
}

#[derive(Deserialize)]
struct TraceError {
    #[serde(default)]
    failure_type: Option<String>,
    #[serde(default)]
    stream_descriptor: Option<StreamName>,
}

#[derive(Deserialize)]
struct StreamName {
    name: String,
}

/// What a TRACE of an error tells; none: it traces something else. Its own sentence may quote a record, so it is not passed on.
pub(super) fn traced_error(line: u64, trace: &str) -> Option<Notice> {
    let trace: Trace = serde_json::from_str(trace).ok()?;
    if trace.kind != "ERROR" {
        return None;
    }
    let (failure, stream) = trace.error.map_or((None, None), |error| (error.failure_type, error.stream_descriptor));
    let known = ["system_error", "config_error", "transient_error"];
    let kind = failure.filter(|kind| known.contains(&kind.as_str())).unwrap_or_else(|| "no type given".into());
    let text = format!("The source reports an error ({kind}): what it sent may be incomplete. Its own log says more.");
    // It goes to a terminal, and is held until it is told.
    let stream = stream.map(|stream| stream.name.chars().filter(|letter| !letter.is_control()).take(100).collect());
    Some(Notice { line, stream, kind: "TRACE".into(), text })
}

/// A configured catalogue: which fields make the keys of each stream's records.
#[derive(Debug, Clone, Default)]
pub struct Catalogue(HashMap<String, Shape>);

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    streams: Option<Vec<Configured>>,
    /// What `discover` prints is one level deeper.
    #[serde(default)]
    catalog: Option<Box<Document>>,
}

#[derive(Deserialize)]
struct Configured {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    stream: Option<Box<Configured>>,
    #[serde(default)]
    primary_key: Option<Vec<Value>>,
    #[serde(default)]
    source_defined_primary_key: Option<Vec<Value>>,
}

impl Catalogue {
    /// From the JSON of a configured catalogue, or of what `discover` prints.
    pub fn parse(text: &str) -> Result<Self> {
        let told = |what: &str| Error::bad_input(format!("The catalogue cannot be used: {what}."));
        // Of what discover prints, the line that holds it.
        let line = text.lines().find(|line| line.contains("\"CATALOG\"")).unwrap_or(text);
        let document = serde_json::from_str::<Document>(text)
            .or_else(|_| serde_json::from_str(line))
            .map_err(|error| told(&format!("it is no catalogue (line {}, column {})", error.line(), error.column())))?;
        let document = document.catalog.map_or(document.streams, |inner| inner.streams);
        let mut shapes = HashMap::new();
        for configured in document.ok_or_else(|| told("it has no list of streams"))? {
            let Configured { name, stream, primary_key, source_defined_primary_key } = configured;
            let (inner_name, inner_key) =
                stream.map_or((None, None), |stream| (stream.name, stream.source_defined_primary_key));
            let name = name.or(inner_name).ok_or_else(|| told("a stream has no name"))?;
            let chosen = primary_key.filter(|paths| !paths.is_empty());
            let paths = chosen.or(source_defined_primary_key).or(inner_key).unwrap_or_default();
            let paths: Option<Vec<Vec<String>>> = paths.iter().map(path).collect();
            let paths = paths.ok_or_else(|| told("a primary key is a list of paths, each a list of names"))?;
            shapes.insert(name, Shape::primary_key(paths));
        }
        Ok(Self(shapes))
    }

    /// How the keys of the stream's records are made.
    pub(super) fn shape(&self, stream: &str) -> Option<&Shape> {
        self.0.get(stream)
    }
}

fn path(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(name) => Some(vec![name.clone()]),
        Value::Array(names) if !names.is_empty() => names.iter().map(|name| name.as_str().map(str::to_owned)).collect(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_from_a_configured_catalogue_or_from_discovery() {
        for text in [
            r#"{"streams":[{"stream":{"name":"users","source_defined_primary_key":[["x"]]},"primary_key":[["id"]]}]}"#,
            r#"{"streams":[{"stream":{"name":"users","source_defined_primary_key":[["id"]]},"primary_key":[]}]}"#,
            "{\"type\":\"LOG\"}\n{\"type\":\"CATALOG\",\"catalog\":{\"streams\":[{\"name\":\"users\",\"source_defined_primary_key\":[[\"id\"]]}]}}",
        ] {
            let key = Catalogue::parse(text).unwrap().shape("users").unwrap().key(r#"{"id":7,"x":8}"#);
            assert_eq!(key.unwrap().as_deref(), Some("7"), "{text}");
        }
        let keyless = Catalogue::parse(r#"{"streams":[{"name":"users"}]}"#).unwrap();
        assert_eq!(keyless.shape("users").unwrap().key("{}"), Ok(None));
        assert!(keyless.shape("purchases").is_none());
        for text in ["", "{}", "[]", r#"{"streams":[{}]}"#, r#"{"streams":[{"name":"a","primary_key":[7]}]}"#] {
            assert!(Catalogue::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_error_is_told_without_what_it_quotes() {
        let error =
            r#"{"type":"ERROR","emitted_at":1.5,"error":{"message":"anna@example.org","failure_type":"system_error"}}"#;
        let notice = traced_error(7, error).unwrap();
        assert!(notice.text.contains("system_error") && !notice.text.contains("anna"));
        assert_eq!(traced_error(7, r#"{"type":"STREAM_STATUS","stream_status":{}}"#), None);
        assert_eq!(traced_error(7, "7"), None);
        let long =
            format!(r#"{{"type":"ERROR","error":{{"stream_descriptor":{{"name":"{}"}}}}}}"#, "s".repeat(1 << 20));
        assert_eq!(traced_error(7, &long).unwrap().stream.unwrap().len(), 100);
    }
}
