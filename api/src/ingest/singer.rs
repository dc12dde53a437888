//! Singer lines on standard input: `SCHEMA`, `RECORD`, `STATE`, `ACTIVATE_VERSION`, and a notice for what is not taken yet.
//!
//! A record's text is passed on byte for byte, so decimals stay exact. What came before a [`Message::State`] must be
//! committed before that state is printed: who writes does that, this only keeps the order. A `RECORD` before its
//! `SCHEMA` ends the reading, as in every Singer target. `BATCH` is answered with a notice; since a batch's records are not
//! read, no state after it is passed on: the tap would believe that they are here.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{self, BufRead};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::envelope::{Envelope, Reject, RejectCode};
use super::json::Json;
use super::lines::{Lines, Origin, Rejected};
use super::prepare::MAX_KEY;

/// What a line of the stream becomes.
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    /// The shape of a stream from here on.
    Schema {
        /// The stream.
        stream: String,
        /// The fields that make its key; none: append only.
        key_properties: Vec<String>,
    },
    /// A record.
    Record(Envelope),
    /// The tap's bookmark, as it came: print it once everything before is committed.
    State(Box<str>),
    /// From here on only records of this version of the table count: it may come before them or behind them.
    ActivateVersion {
        /// The line, counted from 1.
        line: u64,
        /// The stream.
        stream: String,
        /// The version, as the records carry it in [`Envelope::sync`].
        version: i64,
    },
    /// Something to tell the person at the terminal.
    Notice(Notice),
    /// A line that cannot be taken; the rest goes on.
    Rejected(Box<Rejected>),
}

/// What was understood but is not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The line, counted from 1.
    pub line: u64,
    /// The stream, where the message names one.
    pub stream: Option<String>,
    /// The type of the message.
    pub kind: String,
    /// What it means for the import, and what to do.
    pub text: String,
}

/// Why reading ends.
#[derive(Debug, thiserror::Error)]
pub enum SingerError {
    /// The input cannot be read.
    #[error("The input cannot be read: {0}.")]
    Input(#[from] io::Error),
    /// A record of a stream whose shape was not sent.
    #[error(
        "Line {line}: a RECORD of the stream `{stream}` came before its SCHEMA. Run the tap from its start; do not cut its output."
    )]
    NoSchema {
        /// The line, counted from 1.
        line: u64,
        /// The stream.
        stream: String,
    },
}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    stream: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    record: Option<&'a RawValue>,
    #[serde(default)]
    key_properties: Option<Vec<String>>,
    #[serde(borrow, default)]
    value: Option<&'a RawValue>,
    #[serde(default)]
    version: Option<i64>,
}

/// The messages of a tap.
pub struct Singer<R> {
    lines: Lines<R>,
    origin: Origin,
    keys: HashMap<String, Vec<String>>,
    hold_states: bool,
    ended: bool,
}

impl<R: BufRead> Singer<R> {
    /// Reads the tap's lines.
    pub fn new(input: R, origin: Origin) -> Self {
        Self {
            lines: Lines::new(input, origin.line_bytes),
            origin,
            keys: HashMap::new(),
            hold_states: false,
            ended: false,
        }
    }

    /// None: nothing to tell of this line.
    fn message(&mut self, number: u64, text: &str) -> Result<Option<Message>, SingerError> {
        let line: Line<'_> = match serde_json::from_str(text) {
            Ok(line) => line,
            Err(error) => {
                // serde_json's own sentence may quote a value of the line.
                let reason = format!("This is no Singer message (column {}). Check the tap's output.", error.column());
                return Ok(Some(self.refuse(number, "", text, &Reject::new(RejectCode::BrokenJson, reason))));
            }
        };
        let stream = line.stream.as_deref().unwrap_or_default();
        match (&*line.kind, line.record, line.value) {
            ("SCHEMA" | "RECORD", ..) if stream.len() > MAX_KEY || stream.contains('\0') => {
                let reason = format!(
                    "The name of the stream is longer than {MAX_KEY} bytes, or has a NUL character. Check the tap's output."
                );
                Ok(Some(self.refuse(number, "", text, &Reject::new(RejectCode::BrokenJson, reason))))
            }
            ("SCHEMA", ..) => {
                let key_properties = line.key_properties.unwrap_or_default();
                self.keys.insert(stream.to_owned(), key_properties.clone());
                Ok(Some(Message::Schema { stream: stream.to_owned(), key_properties }))
            }
            ("RECORD", Some(record), _) => {
                let Some(keys) = self.keys.get(stream) else {
                    return Err(SingerError::NoSchema { line: number, stream: stream.to_owned() });
                };
                Ok(Some(match key(record.get(), keys) {
                    Ok(key) => Message::Record(Envelope {
                        sync: line.version,
                        ..self.origin.envelope(stream, key, record.get())
                    }),
                    Err(reject) => self.refuse(number, stream, record.get(), &reject),
                }))
            }
            ("STATE", _, Some(_)) if self.hold_states => Ok(None),
            ("STATE", _, Some(value)) => Ok(Some(Message::State(value.get().into()))),
            ("RECORD" | "STATE", ..) => {
                let reject = Reject::new(RejectCode::BrokenJson, format!("This {} has no content.", line.kind));
                Ok(Some(self.refuse(number, stream, text, &reject)))
            }
            ("ACTIVATE_VERSION", ..) if line.version.is_some() => Ok(line
                .version
                .map(|version| Message::ActivateVersion { line: number, stream: stream.to_owned(), version })),
            ("ACTIVATE_VERSION", ..) => {
                let reject = Reject::new(RejectCode::BrokenJson, "This ACTIVATE_VERSION has no version.");
                Ok(Some(self.refuse(number, stream, text, &reject)))
            }
            (kind, ..) => {
                let meaning = match kind {
                    "BATCH" => {
                        self.hold_states = true;
                        "Files of records are not read yet, so no state is passed on from here: the tap will send them \
                         again. Turn its batches off."
                    }
                    _ => "This type of message is not known and was skipped.",
                };
                let stream = line.stream.map(Cow::into_owned);
                let notice = Notice { line: number, stream, kind: kind.to_owned(), text: meaning.to_owned() };
                Ok(Some(Message::Notice(notice)))
            }
        }
    }

    fn refuse(&self, number: u64, stream: &str, shown: &str, reject: &Reject) -> Message {
        Message::Rejected(Box::new(Rejected::new(number, &self.origin, stream, shown, reject)))
    }
}

impl<R: BufRead> Iterator for Singer<R> {
    type Item = Result<Message, SingerError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended {
            let found = match self.lines.next()? {
                Err(error) => Err(error.into()),
                Ok((_, Ok(text))) if text.trim().is_empty() => Ok(None),
                Ok((number, Ok(text))) => self.message(number, &text),
                Ok((number, Err((reject, shown)))) => Ok(Some(self.refuse(number, "", &shown, &reject))),
            };
            self.ended = found.is_err();
            if let Some(message) = found.transpose() {
                return Some(message);
            }
        }
        None
    }
}

/// The values of the key's fields; a mapping that declares a key path has the last word.
fn key(record: &str, properties: &[String]) -> Result<Option<String>, Reject> {
    if properties.is_empty() {
        return Ok(None);
    }
    let record = Json::parse(record)?;
    let mut key = String::new();
    for (index, name) in properties.iter().enumerate() {
        let part = match record.get(name) {
            Some(Json::Text(text)) => text.as_ref(),
            Some(Json::Number(number)) => number,
            Some(Json::Bool(truth)) => {
                if *truth {
                    "true"
                } else {
                    "false"
                }
            }
            _ => return Ok(None),
        };
        if properties.len() == 1 {
            return Ok(Some(part.to_owned()));
        }
        if index > 0 {
            key.push('|');
        }
        // So that ("a|b", "c") and ("a", "b|c") stay two keys.
        key.push_str(&part.replace('\\', "\\\\").replace('|', "\\|"));
    }
    Ok(Some(key))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Vec<Result<Message, SingerError>> {
        Singer::new(text.as_bytes(), Origin::new("crm")).collect()
    }

    #[test]
    fn keeps_order_key_and_decimals() {
        let messages = read(concat!(
            r#"{"type":"SCHEMA","stream":"a","schema":{},"key_properties":["id","at"]}"#,
            "\n",
            r#"{"type":"RECORD","stream":"a","record":{"id":1,"at":"x","v":1234.50}}"#,
            "\n",
            r#"{"type":"STATE","value":{"b": 1}}"#,
            "\n",
        ));
        let messages: Vec<_> = messages.into_iter().map(Result::unwrap).collect();
        assert!(matches!(&messages[0], Message::Schema { key_properties, .. } if key_properties.len() == 2));
        let Message::Record(envelope) = &messages[1] else { panic!("a record") };
        assert_eq!(&*envelope.payload, r#"{"id":1,"at":"x","v":1234.50}"#);
        assert_eq!(envelope.key.as_deref(), Some("1|x"));
        assert_eq!(envelope.sync, None);
        assert_eq!(messages[2], Message::State(r#"{"b": 1}"#.into()));
    }

    #[test]
    fn a_version_of_a_table_comes_with_its_records() {
        let messages = read(concat!(
            r#"{"type":"SCHEMA","stream":"a","key_properties":["id"]}"#,
            "\n",
            r#"{"type":"ACTIVATE_VERSION","stream":"a","version":17}"#,
            "\n",
            r#"{"type":"RECORD","stream":"a","version":17,"record":{"id":1}}"#,
            "\n",
            r#"{"type":"ACTIVATE_VERSION","stream":"a"}"#,
            "\n",
        ));
        let stream = "a".to_owned();
        assert_eq!(messages[1].as_ref().unwrap(), &Message::ActivateVersion { line: 2, stream, version: 17 });
        assert!(matches!(&messages[2], Ok(Message::Record(envelope)) if envelope.sync == Some(17)));
        assert!(matches!(&messages[3], Ok(Message::Rejected(bad)) if bad.line == 4));
    }

    #[test]
    fn parts_of_a_key_stay_apart() {
        let key = |record: &str, names: &[&str]| {
            let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
            super::key(record, &names).unwrap().unwrap()
        };
        let (first, second) = (r#"{"x":"a|b","y":"c"}"#, r#"{"x":"a","y":"b|c"}"#);
        assert_eq!(key(first, &["x", "y"]), "a\\|b|c");
        assert_eq!(key(second, &["x", "y"]), "a|b\\|c");
        assert_eq!(key(first, &["x"]), "a|b");
    }

    #[test]
    fn a_name_that_cannot_be_kept_refuses_its_lines_only() {
        for name in ["a\\u0000b".to_owned(), "s".repeat(MAX_KEY + 1)] {
            let messages = read(&format!(
                "{{\"type\":\"SCHEMA\",\"stream\":\"{name}\"}}\n{{\"type\":\"RECORD\",\"stream\":\"{name}\",\"record\":{{}}}}\n\
                 {{\"type\":\"STATE\",\"value\":{{}}}}\n"
            ));
            assert!(
                messages[..2]
                    .iter()
                    .all(|message| { matches!(message, Ok(Message::Rejected(bad)) if bad.envelope.stream.is_empty()) })
            );
            assert!(matches!(messages[2], Ok(Message::State(_))));
        }
    }

    #[test]
    fn a_record_before_its_schema_ends_it() {
        let messages =
            read("{\"type\":\"RECORD\",\"stream\":\"a\",\"record\":{}}\n{\"type\":\"STATE\",\"value\":{}}\n");
        assert_eq!(messages.len(), 1);
        assert!(matches!(messages[0], Err(SingerError::NoSchema { line: 1, .. })));
    }

    #[test]
    fn a_broken_line_and_an_unknown_type_do_not_stop_it() {
        let messages = read(
            "{oops\n{\"type\":\"TRACE\"}\n{\"type\":\"RECORD\",\"stream\":\"a\"}\n{\"type\":\"STATE\",\"value\":{}}\n",
        );
        assert!(matches!(&messages[0], Ok(Message::Rejected(bad)) if bad.line == 1));
        assert!(matches!(&messages[1], Ok(Message::Notice(notice)) if notice.kind == "TRACE"));
        assert!(matches!(&messages[2], Ok(Message::Rejected(_))));
        assert!(matches!(&messages[3], Ok(Message::State(_))));
    }

    proptest! {
        #[test]
        fn never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            for message in Singer::new(&bytes[..], Origin::new("s")) {
                let _ = message;
            }
        }
    }
}
