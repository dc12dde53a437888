//! Files and taps: from lines to flushes, with counts on the way and a summary at the end.
//!
//! A thread of its own reads; only so much is read ahead as a few flushes hold, so memory stays flat however long the input.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::bulk;
use super::csv::CsvRows;
use super::intake::{Counts, FlushReport, Intake, Refused, envelope_of};
use super::jsonl::JsonLines;
use super::lines::{Item, Origin};
use super::singer::{Message, Notice, Singer, SingerError};
use super::source::Source;
use crate::error::{Error, Result};

/// How records are imported.
#[derive(Debug, Clone, Default)]
pub struct ImportOptions {
    /// Key of the source.
    pub source: String,
    /// The stream; else each file's name without its ending.
    pub stream: Option<String>,
    /// Stop at the first refused record; nothing of its flush is written.
    pub strict: bool,
    /// Large transactions, and indexes afterwards.
    pub bulk: bool,
}

/// What came of an import so far.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// Records written.
    pub taken: usize,
    /// Records known already.
    pub repeated: usize,
    /// Records older than what is known.
    pub superseded: usize,
    /// Records refused.
    pub rejected: usize,
    /// The same by stream.
    pub streams: BTreeMap<String, Counts>,
    /// The first reason of each kind of refusal: stream, code, how often, the sentence.
    pub reasons: Vec<Reason>,
    /// The first things that a tap said and that are not done.
    pub notices: Vec<Notice>,
    /// How many more there were.
    pub more_notices: usize,
    /// The record that stopped a strict import.
    pub stopped: Option<Refused>,
    /// How long it took.
    pub elapsed: Duration,
}

/// A kind of refusal.
#[derive(Debug, Clone)]
pub struct Reason {
    /// The stream.
    pub stream: String,
    /// The stable code.
    pub code: &'static str,
    /// How many records.
    pub count: usize,
    /// The sentence of the first.
    pub first: String,
}

/// Kinds of refusals, and notices, that a summary names.
const NAMED: usize = 20;

/// So much text is written at a time, however few records it is: what keeps memory flat.
const CHUNK_BYTES: usize = 8 << 20;

/// A tap's records are written when the oldest has waited for so long.
const AGE: Duration = Duration::from_secs(1);

impl Summary {
    fn add(&mut self, report: FlushReport) {
        self.taken += report.taken;
        self.repeated += report.repeated;
        self.superseded += report.superseded;
        self.rejected += report.rejected.len();
        for ((_, stream), counts) in report.streams {
            let sum = self.streams.entry(stream).or_default();
            sum.taken += counts.taken;
            sum.repeated += counts.repeated;
            sum.superseded += counts.superseded;
            sum.rejected += counts.rejected;
        }
        for refused in report.rejected {
            let code = refused.code.as_str();
            let known = self.reasons.iter().position(|known| known.code == code && known.stream == refused.stream);
            if let Some(known) = known {
                self.reasons[known].count += 1;
            } else if self.reasons.len() < NAMED {
                self.reasons.push(Reason { stream: refused.stream, code, count: 1, first: refused.reason });
            }
        }
    }

    fn notice(&mut self, notice: Notice) {
        if self.notices.len() < NAMED {
            self.notices.push(notice);
        } else {
            self.more_notices += 1;
        }
    }

    /// All records so far.
    pub fn total(&self) -> usize {
        self.taken + self.repeated + self.superseded + self.rejected
    }
}

/// Imports files, `-` for standard input. The ending says what a file is; standard input is looked at.
pub async fn import_files(
    intake: &Intake,
    options: &ImportOptions,
    files: Vec<PathBuf>,
    mut progress: impl FnMut(&Summary),
) -> Result<Summary> {
    let source = intake.source(&options.source).await?;
    let mut inputs = Vec::with_capacity(files.len());
    for file in files {
        readable(&file)?;
        let stream = stream_of(&file, options.stream.as_deref())?;
        known_stream(&source, &stream)?;
        inputs.push((file, stream));
    }
    let origin = Origin::new(&options.source);
    let chunk = if options.bulk { intake.bulk_batch() } else { intake.batch() };
    bulk::around(intake, options.bulk, async |intake: &Intake| {
        let (sender, mut items) = mpsc::channel::<Result<Vec<Item>>>(2);
        let reader = tokio::task::spawn_blocking(move || read_files(&inputs, &origin, chunk, &sender));
        let mut writer = Writer::new(intake, options.strict);
        while let Some(chunk) = items.recv().await {
            if !writer.write(chunk?).await? {
                break;
            }
            progress(&writer.summary);
        }
        drop(items);
        reader.await.map_err(Error::internal)?;
        Ok(writer.done())
    })
    .await
}

/// Imports what a Singer tap writes. `state` gets each state once everything before it is committed.
pub async fn import_singer<R: BufRead + Send + 'static>(
    intake: &Intake,
    options: &ImportOptions,
    input: R,
    mut state: impl FnMut(&str),
    mut progress: impl FnMut(&Summary),
) -> Result<Summary> {
    let source = intake.source(&options.source).await?;
    if let Some(stream) = &options.stream {
        known_stream(&source, stream)?;
    }
    let origin = Origin::new(&options.source);
    let stream = options.stream.clone();
    bulk::around(intake, options.bulk, async |intake: &Intake| {
        // A state is the tap's promise not to send again: what it stands for must be on the disk.
        let intake = &intake.durable();
        let batch = if options.bulk { intake.bulk_batch() } else { intake.batch() };
        let (sender, mut messages) = mpsc::channel::<std::result::Result<Message, SingerError>>(32);
        let reader = tokio::task::spawn_blocking(move || {
            for message in Singer::new(input, origin) {
                if sender.blocking_send(message).is_err() {
                    break;
                }
            }
        });
        let mut writer = Writer::new(intake, options.strict);
        let mut waiting = Chunk::new(batch);
        let mut bookmark: Option<Box<str>> = None;
        let mut oldest = Instant::now();
        let mut ended = None;
        loop {
            let left = AGE.saturating_sub(oldest.elapsed());
            let message = match tokio::time::timeout(left, messages.recv()).await {
                Ok(Some(message)) => Some(message),
                Ok(None) => break,
                Err(_) => None,
            };
            match message {
                Some(Ok(Message::Record(mut envelope))) => {
                    if let Some(stream) = &stream {
                        envelope.stream.clone_from(stream);
                    }
                    waiting.push(Ok(envelope));
                }
                Some(Ok(Message::Rejected(mut rejected))) => {
                    if let Some(stream) = &stream {
                        rejected.envelope.stream.clone_from(stream);
                    }
                    waiting.push(Err(*rejected));
                }
                // The last state speaks for those before it.
                Some(Ok(Message::State(value))) => bookmark = Some(value),
                Some(Ok(Message::Notice(notice))) => writer.summary.notice(notice),
                Some(Err(error)) => {
                    ended = Some(error);
                    break;
                }
                Some(Ok(Message::Schema { .. })) | None => {}
            }
            // A state is only given on at a moment when nothing waits that came before it.
            if waiting.is_full() || oldest.elapsed() >= AGE {
                if !writer.write(waiting.take()).await? {
                    return Ok(writer.done());
                }
                if let Some(bookmark) = bookmark.take() {
                    state(&bookmark);
                }
                progress(&writer.summary);
                oldest = Instant::now();
            }
        }
        // What came before a fault is good.
        let written = writer.write(waiting.take()).await?;
        if let Some(bookmark) = bookmark.filter(|_| written) {
            state(&bookmark);
        }
        progress(&writer.summary);
        drop(messages);
        if let Some(error) = ended {
            return Err(Error::bad_input(error.to_string()));
        }
        reader.await.map_err(Error::internal)?;
        Ok(writer.done())
    })
    .await
}

/// A misspelt stream is told before anything is read.
fn known_stream(source: &Source, stream: &str) -> Result<()> {
    let known = source.mapping.streams();
    if known.contains(&stream) {
        return Ok(());
    }
    Err(Error::bad_input(format!(
        "The mapping of `{}` has no stream `{stream}`; it has {}. Name one with --stream.",
        source.key,
        known.join(", ")
    )))
}

/// Records that wait to be written together.
struct Chunk {
    items: Vec<Item>,
    bytes: usize,
    most: usize,
}

impl Chunk {
    fn new(most: usize) -> Self {
        Self { items: Vec::new(), bytes: 0, most }
    }

    fn push(&mut self, item: Item) {
        self.bytes += envelope_of(&item).payload.len();
        self.items.push(item);
    }

    fn is_full(&self) -> bool {
        self.items.len() >= self.most || self.bytes >= CHUNK_BYTES
    }

    fn take(&mut self) -> Vec<Item> {
        self.bytes = 0;
        std::mem::take(&mut self.items)
    }
}

/// Writes flush by flush and keeps count.
struct Writer<'a> {
    intake: &'a Intake,
    strict: bool,
    summary: Summary,
    start: Instant,
}

impl<'a> Writer<'a> {
    fn new(intake: &'a Intake, strict: bool) -> Self {
        Self { intake, strict, summary: Summary::default(), start: Instant::now() }
    }

    /// Whether to go on.
    async fn write(&mut self, items: Vec<Item>) -> Result<bool> {
        if items.is_empty() {
            return Ok(true);
        }
        let report =
            if self.strict { self.intake.flush_strictly(items).await? } else { self.intake.flush_items(items).await? };
        let first = report.rejected.first().cloned();
        self.summary.add(report);
        if self.strict && first.is_some() {
            self.summary.stopped = first;
            return Ok(false);
        }
        Ok(true)
    }

    fn done(mut self) -> Summary {
        self.summary.elapsed = self.start.elapsed();
        self.summary
    }
}

/// What is wrong with a file is told before anything of another is written.
fn readable(file: &Path) -> Result<()> {
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
    File::open(file).map(|_| ()).map_err(|error| told("it cannot be read; look at its rights").because(error))
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

fn stream_of(file: &Path, stream: Option<&str>) -> Result<String> {
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

fn read_files(inputs: &[(PathBuf, String)], origin: &Origin, chunk: usize, sender: &mpsc::Sender<Result<Vec<Item>>>) {
    for (file, stream) in inputs {
        let result = read_file(file, stream, origin, chunk, sender);
        let fault = match result {
            Ok(true) => continue,
            // Nobody listens any more.
            Ok(false) => return,
            Err(error) => error,
        };
        let message = match fault.kind() {
            io::ErrorKind::NotFound => format!("{}: there is no such file.", file.display()),
            io::ErrorKind::InvalidData | io::ErrorKind::Other => format!("{}: {fault}.", file.display()),
            _ => format!("{}: the file could not be read to its end.", file.display()),
        };
        let _ = sender.blocking_send(Err(Error::bad_input(message)));
        return;
    }
}

fn read_file(
    file: &Path,
    stream: &str,
    origin: &Origin,
    chunk: usize,
    sender: &mpsc::Sender<Result<Vec<Item>>>,
) -> io::Result<bool> {
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
        send(CsvRows::new(input, origin.clone(), stream)?, chunk, sender)
    } else {
        send(JsonLines::new(input, origin.clone(), stream), chunk, sender)
    }
}

fn send(
    items: impl Iterator<Item = io::Result<Item>>,
    chunk: usize,
    sender: &mpsc::Sender<Result<Vec<Item>>>,
) -> io::Result<bool> {
    let mut waiting = Chunk::new(chunk);
    let mut fault = None;
    for item in items {
        match item {
            Ok(item) => waiting.push(item),
            Err(error) => {
                fault = Some(error);
                break;
            }
        }
        if waiting.is_full() && sender.blocking_send(Ok(waiting.take())).is_err() {
            return Ok(false);
        }
    }
    let rest = waiting.take();
    if !rest.is_empty() && sender.blocking_send(Ok(rest)).is_err() {
        return Ok(false);
    }
    fault.map_or(Ok(true), Err)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_is_full_by_records_or_by_bytes() {
        let origin = Origin::new("shop");
        let item = |bytes: usize| Ok(origin.envelope("orders", None, "x".repeat(bytes)));
        let mut chunk = Chunk::new(20);
        for bytes in [1, 1 << 20] {
            let mut count = 0;
            while !chunk.is_full() {
                chunk.push(item(bytes));
                count += 1;
            }
            assert_eq!(count, if bytes == 1 { 20 } else { 8 });
            assert_eq!(chunk.take().len(), count);
            assert!(!chunk.is_full());
        }
    }
}
