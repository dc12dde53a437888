//! Files on their way into an import: what is wrong with one is told before anything is written, then they are read and
//! mapped in pieces of a bounded size, while the database writes the pieces before.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::mpsc;

use super::csv::CsvRows;
use super::jsonl::JsonLines;
use super::lines::{Item, Origin};
use super::prepare::{Maker, Ordinals, Ready};
use super::report::envelope_of;
use super::source::Source;
use crate::error::{Error, Result};

/// So much text is written at a time, however few records it is: what keeps memory flat.
const CHUNK_BYTES: usize = 8 << 20;

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
    pub sources: HashMap<String, Arc<Source>>,
    /// Country of phone numbers where neither the record nor its source names one.
    pub default_country: Option<String>,
    /// The most records of a piece.
    pub most: usize,
    pub sender: mpsc::Sender<Result<Piece>>,
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

/// What is wrong with a file is told before anything of another is written.
pub(super) fn readable(file: &Path, origin: &Origin) -> Result<()> {
    if file == Path::new("-") {
        return Ok(());
    }
    let told = |what: &str| Error::bad_input(format!("{}: {what}.", file.display()));
    if !file.exists() {
        return Err(told("there is no such file"));
    }
    if file.is_dir() {
        return Err(told("this is a folder; name its files"));
    }
    if is_csv(file).is_none() {
        return Err(told(ENDINGS));
    }
    let opened = File::open(file).map_err(|error| told("it cannot be read; look at its rights").because(error))?;
    // What is read from a pipe is gone.
    if file.is_file() && is_csv(file) == Some(true) {
        CsvRows::new(BufReader::new(opened), origin.clone(), "").map_err(|fault| unread(file, &fault))?;
    }
    Ok(())
}

/// What ended the reading of a file.
fn unread(file: &Path, fault: &io::Error) -> Error {
    Error::bad_input(match fault.kind() {
        io::ErrorKind::NotFound => format!("{}: there is no such file.", file.display()),
        io::ErrorKind::InvalidData | io::ErrorKind::Other => format!("{}: {fault}.", file.display()),
        _ => format!("{}: the file could not be read to its end.", file.display()),
    })
}

const ENDINGS: &str = "a file to import ends in .csv, .tsv, .jsonl or .ndjson";

/// CSV or lines of JSON, by the ending.
fn is_csv(file: &Path) -> Option<bool> {
    let ending = file.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    match ending.as_deref() {
        Some("csv" | "tsv") => Some(true),
        Some("jsonl" | "ndjson") => Some(false),
        _ => None,
    }
}

/// The stream that a file has by its name, unless one is named.
pub(super) fn stream_of(file: &Path, stream: Option<&str>) -> Result<String> {
    if let Some(stream) = stream {
        return Ok(stream.to_owned());
    }
    if file == Path::new("-") {
        return Err(Error::bad_input("Standard input has no name: say which stream it is with --stream."));
    }
    let stem = file.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    stem.filter(|stem| !stem.is_empty())
        .ok_or_else(|| Error::bad_input(format!("{}: a file's name says its stream; else --stream.", file.display())))
}

impl Reader {
    /// Reads the files one behind the other, and hands them on in pieces.
    pub fn read_files(&self, inputs: &[(PathBuf, String)]) {
        for (file, stream) in inputs {
            let fault = match self.read_file(file, stream) {
                Ok(true) => continue,
                // Nobody listens any more.
                Ok(false) => return,
                Err(error) => error,
            };
            let _ = self.sender.blocking_send(Err(unread(file, &fault)));
            return;
        }
    }

    fn read_file(&self, file: &Path, stream: &str) -> io::Result<bool> {
        let standard_input = file == Path::new("-");
        let mut input: BufReader<Box<dyn Read>> = if standard_input {
            BufReader::new(Box::new(io::stdin()))
        } else {
            BufReader::with_capacity(256 << 10, Box::new(File::open(file)?))
        };
        let csv = match is_csv(file) {
            Some(csv) => csv,
            None if standard_input => {
                let start = input.fill_buf()?;
                start.iter().find(|byte| !byte.is_ascii_whitespace() && !b"\xef\xbb\xbf".contains(byte)) != Some(&b'{')
            }
            None => return Err(io::Error::other(ENDINGS)),
        };
        if csv {
            self.send_all(CsvRows::new(input, self.origin.clone(), stream)?)
        } else {
            self.send_all(JsonLines::new(input, self.origin.clone(), stream))
        }
    }

    fn send_all(&self, items: impl Iterator<Item = io::Result<Item>>) -> io::Result<bool> {
        let mut waiting = Chunk::new(self.most);
        let mut fault = None;
        for item in items {
            match item {
                Ok(item) => waiting.push(item),
                Err(error) => {
                    fault = Some(error);
                    break;
                }
            }
            if waiting.is_full() && !self.send(waiting.take()) {
                return Ok(false);
            }
        }
        let rest = waiting.take();
        if !rest.is_empty() && !self.send(rest) {
            return Ok(false);
        }
        fault.map_or(Ok(true), Err)
    }

    /// Whether anybody listens.
    fn send(&self, items: Vec<Item>) -> bool {
        let maker = Maker { sources: &self.sources, default_country: self.default_country.as_deref() };
        let ready = maker.make(&items, &HashMap::new(), &mut Ordinals::new());
        self.sender.blocking_send(Ok(Piece { items, ready })).is_ok()
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
            assert_eq!(count, if bytes == 1 { 20 } else { 8 });
            assert_eq!(chunk.take().len(), count);
            assert!(!chunk.is_full());
        }
    }
}
