//! What a command means by a mapping: a declared source, a preset, a mapping file or a source's file; and the sample it is tried on.

use std::fmt::Display;
use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::Path;

use serde_json::value::RawValue;

use super::csv::CsvRows;
use super::jsonl::JsonLines;
use super::lines::{Item, Origin};
use super::mapping::Mapping;
use super::mapping::document::read;
use super::preset;
use super::source::{Source, SourceError, Sources};
use crate::error::{Error, Result};

/// A mapping to look at, with the source it serves.
#[derive(Debug)]
pub struct Subject {
    /// The source; of a mapping alone one that adds nothing.
    pub source: Source,
    /// Whether it is a mapping alone: what a source's file would say is not known.
    pub is_alone: bool,
}

/// What the name means. `sources` is the folder of declared sources, if there is one.
pub fn find(name: &str, sources: Option<&Path>) -> Result<Subject> {
    let bad = |error: &dyn Display| Error::bad_input(format!("{error}."));
    let alone = |text: &str, file: &str| match Mapping::parse(text) {
        Ok(mapping) => Ok(Subject { source: Source::of_mapping(mapping), is_alone: true }),
        Err(error) => Err(bad(&SourceError::Mapping { file: file.to_owned(), error })),
    };
    let path = Path::new(name);
    if path.extension().is_some_and(|ending| ending == "toml") {
        let text =
            fs::read_to_string(path).map_err(|error| bad(&SourceError::Unreadable { file: name.to_owned(), error }))?;
        let is_source = read(&text, |mut entries| Ok(entries.take("mapping").is_some())).unwrap_or(false);
        if !is_source {
            return alone(&text, name);
        }
        let source = Source::parse(&text, name, path.parent().unwrap_or(Path::new("")));
        return source.map(|source| Subject { source, is_alone: false }).map_err(|error| bad(&error));
    }
    let declared = sources.map_or(Ok(Sources::default()), Sources::load).map_err(|error| bad(&error))?;
    let is_declared = declared.iter().any(|source| source.key == name);
    match preset::find(name) {
        Some(text) if !is_declared => alone(text, name),
        _ => {
            let source = declared.find(name).map_err(|error| Error::not_found(format!("{error}.")))?;
            Ok(Subject { source, is_alone: false })
        }
    }
}

/// How a sample is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Lines of JSON.
    Jsonl,
    /// Lines of cells.
    Csv,
    /// One object, or a list of objects.
    Json,
}

impl Format {
    /// By the file's ending.
    pub fn of(file: &Path) -> Option<Self> {
        let ending = file.extension()?.to_string_lossy().to_lowercase();
        match ending.as_str() {
            "jsonl" | "ndjson" => Some(Self::Jsonl),
            "csv" | "tsv" => Some(Self::Csv),
            "json" => Some(Self::Json),
            _ => None,
        }
    }
}

/// A sample in one piece of JSON is read whole, and may be so large.
const MAX_SAMPLE: u64 = 64 << 20;

/// The records of a sample.
pub fn sample(
    file: &Path,
    format: Format,
    stream: &str,
    origin: &Origin,
) -> Result<Box<dyn Iterator<Item = io::Result<Item>>>> {
    let told = |what: &str| Error::bad_input(format!("{}: {what}.", file.display()));
    let opened = File::open(file).map_err(|error| told("it cannot be read").because(error))?;
    let (origin, stream) = (origin.clone(), stream.to_owned());
    let input = BufReader::new(opened);
    Ok(match format {
        Format::Jsonl => Box::new(JsonLines::new(input, origin, stream)),
        Format::Csv => Box::new(CsvRows::new(input, origin, stream).map_err(|error| told(&error.to_string()))?),
        Format::Json => {
            if fs::metadata(file).is_ok_and(|known| known.len() > MAX_SAMPLE) {
                return Err(told("it is larger than 64 MiB. Give a few records of it"));
            }
            let text = io::read_to_string(input).map_err(|error| told("it is not UTF-8").because(error))?;
            let text = text.trim_start_matches('\u{feff}').trim();
            let payloads: Vec<Box<str>> = if text.starts_with('[') {
                let records: Vec<&RawValue> = serde_json::from_str(text)
                    .map_err(|error| told(&format!("it is not JSON, in line {}", error.line())))?;
                records.into_iter().map(|record| record.get().into()).collect()
            } else {
                vec![text.into()]
            };
            Box::new(payloads.into_iter().map(move |payload| Ok(Ok(origin.envelope(&stream, None, payload)))))
        }
    })
}
