//! The lines of a tap on standard input: Singer's `SCHEMA`, `RECORD`, `STATE`, `ACTIVATE_VERSION` and `BATCH`, and Airbyte's
//! messages beside them.
//!
//! A record's text is passed on byte for byte, so decimals stay exact. What came before a [`Message::State`] must be
//! committed before that state is printed: who writes does that, this only keeps the order. A `RECORD` before its
//! `SCHEMA` ends the reading, as in every Singer target. A record gets its key from the `SCHEMA` in force where it stands, so
//! one that comes again may change it without anything being written first. The files of a `BATCH` are read where it stands;
//! if one cannot be, no state after it is passed on: the tap would believe that its records are here.

mod airbyte;
mod batch;
mod message;
mod shape;

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::BufRead;
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::value::RawValue;

pub use self::airbyte::Catalogue;
use self::batch::Batch;
pub use self::message::{Message, Notice, SingerError};
use self::shape::Shape;
use super::envelope::{Envelope, Reject, RejectCode};
use super::input::Records;
use super::lines::{Lines, Origin, Rejected};
use super::prepare::MAX_KEY;

/// A tap declares no more streams.
pub(super) const MAX_STREAMS: usize = 1_000;

/// No more properties make a key.
pub(super) const MAX_KEY_PROPERTIES: usize = 16;

/// What is known of a tap before it speaks.
#[derive(Debug, Clone, Default)]
pub struct TapSettings {
    /// The only folder that files of a BATCH are read from; none: they are not read.
    pub batch_folder: Option<PathBuf>,
    /// Which fields make the keys of an Airbyte source's records.
    pub catalogue: Catalogue,
}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    stream: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    record: Option<&'a RawValue>,
    #[serde(borrow, default)]
    schema: Option<&'a RawValue>,
    #[serde(default)]
    key_properties: Option<Vec<String>>,
    #[serde(borrow, default)]
    value: Option<&'a RawValue>,
    #[serde(default)]
    version: Option<i64>,
    #[serde(borrow, default)]
    encoding: Option<&'a RawValue>,
    #[serde(borrow, default)]
    manifest: Option<&'a RawValue>,
    /// Airbyte's.
    #[serde(borrow, default)]
    state: Option<&'a RawValue>,
    /// Airbyte's.
    #[serde(borrow, default)]
    trace: Option<&'a RawValue>,
}

/// The messages of a tap.
pub struct Singer<R> {
    lines: Lines<R>,
    origin: Origin,
    settings: TapSettings,
    shapes: HashMap<String, Shape>,
    batch: Option<Underway>,
    hold_states: bool,
    ended: bool,
}

/// A batch that is read.
struct Underway {
    batch: Batch,
    line: u64,
    stream: String,
    records: Option<Records>,
}

impl<R: BufRead> Singer<R> {
    /// Reads the tap's lines.
    pub fn new(input: R, origin: Origin) -> Self {
        Self {
            lines: Lines::new(input, origin.line_bytes),
            origin,
            settings: TapSettings::default(),
            shapes: HashMap::new(),
            batch: None,
            hold_states: false,
            ended: false,
        }
    }

    /// With what is known of the tap.
    #[must_use]
    pub fn with(self, settings: TapSettings) -> Self {
        Self { settings, ..self }
    }

    /// The number of the line that the last message came from.
    pub fn line(&self) -> u64 {
        self.lines.number()
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
        let airbyte = match (&line.stream, line.record) {
            (None, Some(record)) if line.kind == "RECORD" => airbyte::Record::of(record.get()),
            _ => None,
        };
        let named = airbyte.as_ref().map(|record| &record.stream).or(line.stream.as_ref());
        let stream = named.map(AsRef::as_ref).unwrap_or_default();
        if stream.len() > MAX_KEY || stream.contains('\0') {
            let reason = format!(
                "The name of the stream is longer than {MAX_KEY} bytes, or has a NUL character. Check the tap's output."
            );
            return Ok(Some(self.refuse(number, "", text, &Reject::new(RejectCode::BrokenJson, reason))));
        }
        if let Some(record) = airbyte {
            return Ok(Some(self.airbyte_record(number, &record)));
        }
        match (&*line.kind, line.record, line.value) {
            ("SCHEMA", ..) => {
                let key_properties = line.key_properties.unwrap_or_default();
                if let Some(error) = self.too_much(number, stream, &key_properties) {
                    return Err(error);
                }
                let schema = line.schema.and_then(|schema| serde_json::from_str(schema.get()).ok());
                self.shapes.insert(stream.to_owned(), Shape::declared(&key_properties, schema.as_ref()));
                Ok(Some(Message::Schema { stream: stream.to_owned(), key_properties }))
            }
            ("RECORD", Some(record), _) => {
                let Some(shape) = self.shapes.get(stream) else {
                    return Err(SingerError::NoSchema { line: number, kind: "RECORD", stream: stream.to_owned() });
                };
                Ok(Some(match shape.key(record.get()) {
                    Ok(key) => Message::Record(Envelope {
                        sync: line.version,
                        ..self.origin.envelope(stream, key, record.get())
                    }),
                    Err(reject) => self.refuse(number, stream, record.get(), &reject),
                }))
            }
            ("STATE", ..) if self.hold_states => Ok(None),
            ("STATE", _, Some(value)) => Ok(Some(Message::State(value.get().into()))),
            ("STATE", ..) if line.state.is_some() => Ok(Some(Message::State(text.trim().into()))),
            ("BATCH", ..) => self.begin_batch(number, stream, &line),
            ("ACTIVATE_VERSION", ..) if line.version.is_some() => Ok(line
                .version
                .map(|version| Message::ActivateVersion { line: number, stream: stream.to_owned(), version })),
            ("RECORD" | "STATE" | "ACTIVATE_VERSION", ..) => {
                let reason = format!("This {} has no content. Check the tap's output.", line.kind);
                Ok(Some(self.refuse(number, stream, text, &Reject::new(RejectCode::BrokenJson, reason))))
            }
            ("TRACE", ..) => {
                Ok(line.trace.and_then(|trace| airbyte::traced_error(number, trace.get())).map(Message::Failure))
            }
            (kind, ..) if airbyte::QUIET.contains(&kind) => Ok(None),
            (kind, ..) => {
                // It goes to a terminal.
                let kind = kind.chars().filter(|letter| !letter.is_control()).take(40).collect();
                let text = "This type of message is not known and was skipped.".to_owned();
                let stream = line.stream.map(Cow::into_owned);
                Ok(Some(Message::Notice(Notice { line: number, stream, kind, text })))
            }
        }
    }

    /// What is remembered of the streams is bounded: it is kept as long as the tap speaks.
    fn too_much(&self, line: u64, stream: &str, keys: &[String]) -> Option<SingerError> {
        if self.shapes.len() >= MAX_STREAMS && !self.shapes.contains_key(stream) {
            return Some(SingerError::TooManyStreams { line });
        }
        let too_many = keys.len() > MAX_KEY_PROPERTIES || keys.iter().any(|name| name.len() > MAX_KEY);
        too_many.then(|| SingerError::TooManyKeys { line, stream: stream.to_owned() })
    }

    fn airbyte_record(&self, number: u64, record: &airbyte::Record<'_>) -> Message {
        let text = record.data.get();
        let keyless = Shape::default();
        let shape = self.settings.catalogue.shape(&record.stream).unwrap_or(&keyless);
        match shape.key(text) {
            Ok(key) => Message::Record(Envelope {
                occurred_at: record.emitted_at(),
                ..self.origin.envelope(&record.stream, key, text)
            }),
            Err(reject) => self.refuse(number, &record.stream, text, &reject),
        }
    }

    fn begin_batch(&mut self, number: u64, stream: &str, line: &Line<'_>) -> Result<Option<Message>, SingerError> {
        if !self.shapes.contains_key(stream) {
            return Err(SingerError::NoSchema { line: number, kind: "BATCH", stream: stream.to_owned() });
        }
        let folder = self.settings.batch_folder.as_deref();
        match Batch::announced(folder, line.encoding.map(RawValue::get), line.manifest.map(RawValue::get)) {
            Ok(batch) => {
                self.batch = Some(Underway { batch, line: number, stream: stream.to_owned(), records: None });
                Ok(None)
            }
            Err(told) => Ok(Some(self.batch_failed(number, stream, &told))),
        }
    }

    fn batch_failed(&mut self, line: u64, stream: &str, told: &str) -> Message {
        self.hold_states = true;
        let text = format!("{told} No state is passed on from here, so that the tap sends its records again.");
        Message::Failure(Notice { line, stream: Some(stream.to_owned()), kind: "BATCH".to_owned(), text })
    }

    /// The next record of the batch that is read; none: there is no more of it.
    fn batched(&mut self) -> Option<Message> {
        let mut reading = self.batch.take()?;
        let message = loop {
            let told = match reading.records.as_mut().map(Iterator::next) {
                Some(Some(Ok(Ok(envelope)))) => {
                    let key = self.shapes.get(&reading.stream).map_or(Ok(None), |shape| shape.key(&envelope.payload));
                    break match key {
                        Ok(key) => Message::Record(Envelope { key, ..envelope }),
                        Err(reject) => self.refuse(reading.line, &reading.stream, &envelope.payload, &reject),
                    };
                }
                Some(Some(Ok(Err(rejected)))) => break Message::Rejected(Box::new(rejected)),
                Some(Some(Err(_))) => {
                    reading.records = None;
                    format!("File {} of the batch's manifest could not be read to its end.", reading.batch.number)
                }
                Some(None) | None => match reading.batch.next_file(&self.origin, &reading.stream) {
                    None => return None,
                    Some(Ok(records)) => {
                        reading.records = Some(records);
                        continue;
                    }
                    Some(Err(told)) => told,
                },
            };
            break self.batch_failed(reading.line, &reading.stream, &told);
        };
        self.batch = Some(reading);
        Some(message)
    }

    fn refuse(&self, number: u64, stream: &str, shown: &str, reject: &Reject) -> Message {
        Message::Rejected(Box::new(Rejected::new(number, &self.origin, stream, shown, reject)))
    }
}

impl<R: BufRead> Iterator for Singer<R> {
    type Item = Result<Message, SingerError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended {
            if let Some(message) = self.batched() {
                return Some(Ok(message));
            }
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

#[cfg(test)]
mod tests;
