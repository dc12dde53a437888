//! Files on their way into an import: what is wrong with one is told before anything is written, then they are read and
//! mapped in pieces of a bounded size, while the database writes the pieces before.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::mpsc;

use super::input::{self, Count, ENDINGS, Format, Input, Reading, records};
use super::lines::{Item, Origin};
use super::prepare::{Maker, Ordinals, Ready};
use super::report::envelope_of;
use super::resume::Marked;
use super::source;
use crate::error::{Error, Result};

/// So much text is written at a time, however few records it is: what keeps memory flat.
const CHUNK_BYTES: usize = 4 << 20;

/// Records to be written together.
#[derive(Default)]
pub(super) struct Piece {
    pub items: Vec<Item>,
    /// What was made of them ahead of their transaction, or nothing yet.
    pub ready: Vec<Ready>,
}

impl From<Vec<Item>> for Piece {
    fn from(items: Vec<Item>) -> Self {
        Self { items, ready: Vec::new() }
    }
}

/// Where the thread that reads files leaves what it read.
pub(super) struct Reader {
    pub origin: Origin,
    /// What makes the records ready for the transactions to come.
    pub sources: HashMap<String, Arc<source::Source>>,
    /// Country of phone numbers where neither the record nor its source names one.
    pub default_country: Option<String>,
    /// The most records of a piece.
    pub most: usize,
    /// How files are read that do not say it themselves.
    pub reading: Reading,
    pub sender: mpsc::Sender<Result<Portion>>,
}

/// Records that wait to be written together.
pub(super) struct Chunk {
    items: Vec<Item>,
    bytes: usize,
    most: usize,
}

impl Chunk {
    pub fn new(most: usize) -> Self {
        Self { items: Vec::new(), bytes: 0, most }
    }

    pub fn push(&mut self, item: Item) {
        self.bytes += envelope_of(&item).payload.len();
        self.items.push(item);
    }

    pub fn is_full(&self) -> bool {
        self.items.len() >= self.most || self.bytes >= CHUNK_BYTES
    }

    pub fn take(&mut self) -> Vec<Item> {
        self.bytes = 0;
        std::mem::take(&mut self.items)
    }
}

/// An input of an import.
pub(super) struct Source {
    pub given: Given,
    /// The stream that it is imported as.
    pub stream: String,
    /// What it is noted by; none: it is read once.
    pub marked: Option<Marked>,
    /// So many of its records are written already.
    pub skip: u64,
}

/// Where it comes from.
pub(super) enum Given {
    /// A file, or `-` for standard input.
    Path(PathBuf),
    /// A stream under a name.
    Stream(Box<dyn Read + Send>, String),
}

/// What was read, on its way to the database.
pub(super) struct Portion {
    pub piece: Piece,
    /// Where that leaves the file, to be noted with it.
    pub noted: Option<entity::import_progress::Model>,
    /// How much of all inputs is read.
    pub bytes: u64,
}

/// What is wrong with a file is told before anything of another is written.
pub(super) fn readable(file: &Path, reading: &Reading, origin: &Origin) -> Result<Option<Marked>> {
    if is_standard_input(file) {
        return Ok(None);
    }
    let told = |what: &str| Error::bad_input(format!("{}: {what}.", file.display()));
    if !file.exists() {
        return Err(told("there is no such file"));
    }
    if file.is_dir() {
        return Err(told("this is a folder; name its files"));
    }
    let name = name_of(file);
    let format = known_format(&name).map_err(told)?;
    let mut opened = File::open(file).map_err(|error| told("it cannot be read; look at its rights").because(error))?;
    let marked = Marked::of(&name, &mut opened).map_err(|fault| unread(&name, &fault))?;
    // What is read from a pipe is gone.
    if marked.is_some() {
        let records = records(Input::File(opened), Some(format), reading, origin.clone(), "", &Count::default());
        drop(records.map_err(|fault| unread(&file.display().to_string(), &fault))?);
    }
    Ok(marked)
}

/// The format that the name says.
pub(super) fn known_format(name: &str) -> std::result::Result<Format, &'static str> {
    Format::of_name(name).ok_or(ENDINGS)
}

/// What ended the reading of a file.
fn unread(name: &str, fault: &io::Error) -> Error {
    // Why no more came: the file is not at fault.
    if let Some(own) = input::told(fault) {
        return own.clone();
    }
    Error::bad_input(match fault.kind() {
        io::ErrorKind::NotFound => format!("{name}: there is no such file."),
        io::ErrorKind::InvalidData | io::ErrorKind::Other => format!("{name}: {fault}."),
        _ => format!("{name}: the file could not be read to its end."),
    })
}

fn is_standard_input(file: &Path) -> bool {
    file == Path::new("-")
}

fn name_of(file: &Path) -> String {
    file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// The stream that a file has by its name, unless one is named.
pub(super) fn stream_of(file: &Path, stream: Option<&str>) -> Result<String> {
    if stream.is_none() && is_standard_input(file) {
        return Err(Error::bad_input("Standard input has no name: say which stream it is with --stream."));
    }
    stream_named(&name_of(file), stream)
        .ok_or_else(|| Error::bad_input(format!("{}: a file's name says its stream; else --stream.", file.display())))
}

/// The same by a name alone.
pub(super) fn stream_named(name: &str, stream: Option<&str>) -> Option<String> {
    let stream = stream.unwrap_or_else(|| input::stem(name));
    (!stream.is_empty()).then(|| stream.to_owned())
}

impl Reader {
    /// Reads the inputs one behind the other, and hands them on in pieces.
    pub fn read_files(&self, inputs: Vec<Source>) {
        let mut before = 0;
        for input in inputs {
            let name = match &input.given {
                Given::Path(path) => path.display().to_string(),
                Given::Stream(_, name) => name.clone(),
            };
            let count = Count::default();
            let fault = match self.read_file(input, &count, before) {
                Ok(true) => {
                    before += count.get();
                    continue;
                }
                // Nobody listens any more.
                Ok(false) => return,
                Err(error) => error,
            };
            let _ = self.sender.blocking_send(Err(unread(&name, &fault)));
            return;
        }
    }

    fn read_file(&self, input: Source, count: &Count, before: u64) -> io::Result<bool> {
        let (given, format) = match input.given {
            Given::Path(path) if is_standard_input(&path) => (Input::Stream(Box::new(io::stdin())), None),
            Given::Path(path) => (Input::File(File::open(&path)?), Format::of_name(&name_of(&path))),
            Given::Stream(stream, name) => (Input::Stream(stream), Format::of_name(&name)),
        };
        let mut items = records(given, format, &self.reading, self.origin.clone(), &input.stream, count)?;
        let mut read = 0;
        while read < input.skip {
            if items.next().transpose()?.is_none() {
                break;
            }
            read += 1;
        }
        let mut waiting = Chunk::new(self.most);
        let mut send = |items: Vec<Item>| {
            read += items.len() as u64;
            let bytes = count.get();
            let at = |marked: &Marked| marked.at(&self.origin.source, &input.stream, read, bytes);
            self.send(items, input.marked.as_ref().map(at), before + bytes)
        };
        let mut fault = None;
        for item in items {
            match item {
                Ok(item) => waiting.push(item),
                Err(error) => {
                    fault = Some(error);
                    break;
                }
            }
            if waiting.is_full() && !send(waiting.take()) {
                return Ok(false);
            }
        }
        let rest = waiting.take();
        if !rest.is_empty() && !send(rest) {
            return Ok(false);
        }
        fault.map_or(Ok(true), Err)
    }

    /// Whether anybody listens.
    fn send(&self, items: Vec<Item>, noted: Option<entity::import_progress::Model>, bytes: u64) -> bool {
        let maker = Maker { sources: &self.sources, default_country: self.default_country.as_deref() };
        let ready = maker.make(&items, &HashMap::new(), &mut Ordinals::new());
        let piece = Piece { items, ready };
        self.sender.blocking_send(Ok(Portion { piece, noted, bytes })).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_is_full_by_records_or_by_bytes() {
        let origin = Origin::new("shop");
        let record = |bytes: usize| origin.envelope("orders", None, "x".repeat(bytes));
        let mut chunk = Chunk::new(20);
        for bytes in [1, 1 << 20] {
            let mut count = 0;
            while !chunk.is_full() {
                chunk.push(Ok(record(bytes)));
                count += 1;
            }
            assert_eq!(count, if bytes == 1 { 20 } else { 4 });
            assert_eq!(chunk.take().len(), count);
            assert!(!chunk.is_full());
        }
    }
}
