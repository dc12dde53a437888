//! A stream of records over a connection: Singer lines, or plain records of one stream, packed or not, however long.
//!
//! A thread of its own unpacks and reads, a few flushes ahead at most, so memory stays flat. What came whole before the
//! connection broke is written; a line that was cut is not. A state is told once all before it is committed.

use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use axum::body::Bytes;
use tokio::sync::mpsc;

use super::envelope::RejectCode;
use super::input::ZSTD_WINDOW;
use super::intake::Intake;
use super::jsonl::JsonLines;
use super::lane::Lanes;
use super::lines::{Item, Origin};
use super::report::{FlushReport, envelope_of};
use super::singer::{Message, Notice, Singer, SingerError};
use crate::error::{Code, Error, Result};
use crate::meter::Door;

/// So much text is written at a time, however few records it is.
const FLUSH_BYTES: usize = 4 << 20;

/// Records that the reader may be ahead.
const AHEAD: usize = 32;

/// Refusals of one flush that are told; all of them are kept and can be listed.
const TOLD: usize = 10;

/// Text packs some fifty times at best. What unpacks to more than this times its size is made to, and is not read on.
const MOST_UNPACKED: u64 = 400;

/// So much may be unpacked whatever the ratio.
const FREE: u64 = 16 << 20;

/// How the stream is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// Not at all.
    Plain,
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
}

/// Where a stream goes.
#[derive(Debug, Clone)]
pub struct Feed {
    /// Key of the source.
    pub source: String,
    /// The stream of plain records; none: Singer lines, which name theirs.
    pub stream: Option<String>,
    /// How it is packed.
    pub packing: Packing,
}

/// What became of one flush of the stream.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    /// Its records.
    pub flushed: usize,
    /// Records whose rows were written.
    pub taken: usize,
    /// Records that were known already.
    pub repeated: usize,
    /// Records older than what is known.
    pub superseded: usize,
    /// Records that were refused, and are kept with their reason.
    pub rejected: usize,
    /// The first of these.
    pub refused: Vec<RefusedLine>,
    /// What was understood but is not done.
    pub notices: Vec<Notice>,
    /// The sender's bookmark: all before it is committed.
    pub state: Option<Box<str>>,
}

/// A line that was refused.
#[derive(Debug, Clone)]
pub struct RefusedLine {
    /// Its number, counted from 1.
    pub line: u64,
    /// The stable code.
    pub code: RejectCode,
    /// What is wrong and what to do.
    pub reason: String,
}

impl Progress {
    /// Adds what became of a later flush: its state is the newer.
    pub fn add(&mut self, other: Self) {
        self.flushed += other.flushed;
        self.taken += other.taken;
        self.repeated += other.repeated;
        self.superseded += other.superseded;
        self.rejected += other.rejected;
        let (room, notes) = (TOLD.saturating_sub(self.refused.len()), TOLD.saturating_sub(self.notices.len()));
        self.refused.extend(other.refused.into_iter().take(room));
        self.notices.extend(other.notices.into_iter().take(notes));
        self.state = other.state.or(self.state.take());
    }

    fn of(report: &FlushReport, lines: &[u64]) -> Self {
        let line = |position: usize| lines.get(position).copied().unwrap_or_default();
        let refused = report.rejected.iter().take(TOLD);
        let refused =
            refused.map(|one| RefusedLine { line: line(one.position), code: one.code, reason: one.reason.clone() });
        Self {
            flushed: lines.len(),
            taken: report.taken,
            repeated: report.repeated,
            superseded: report.superseded,
            rejected: report.rejected.len(),
            refused: refused.collect(),
            ..Self::default()
        }
    }
}

/// What the reading thread passes on.
enum Found {
    Item(u64, Item),
    State(Box<str>),
    Notice(Notice),
}

/// Takes a stream whose bytes come through the channel; `told` gets what became of each flush. An error is what ended it
/// before its end: what was told before is kept.
pub async fn take(
    intake: &Intake,
    lanes: &Lanes,
    feed: Feed,
    bytes: mpsc::Receiver<io::Result<Bytes>>,
    mut told: impl FnMut(Progress),
) -> Result<()> {
    let settings = intake.settings();
    let (most, patience) = (settings.batch, settings.flush_after);
    let origin = Origin { line_bytes: settings.line_bytes, ..Origin::new(&feed.source) };
    let (sender, mut found) = mpsc::channel(AHEAD);
    let Feed { source, stream, packing } = feed;
    let reading = tokio::task::spawn_blocking(move || read(bytes, packing, origin, stream, &sender));
    let mut waiting = Waiting::default();
    let mut open = true;
    while open {
        let left = patience.saturating_sub(waiting.since.elapsed());
        let next = if waiting.is_empty() {
            Some(found.recv().await)
        } else {
            tokio::time::timeout(left, found.recv()).await.ok()
        };
        match next {
            Some(Some(read)) => waiting.push(read),
            Some(None) => open = false,
            None => {}
        }
        let due = !open || waiting.since.elapsed() >= patience || waiting.is_full(most);
        if due && !waiting.is_empty() {
            told(waiting.write(lanes, &source).await?);
        }
    }
    reading.await.map_err(Error::internal)?
}

/// What waits for its transaction.
struct Waiting {
    items: Vec<Item>,
    lines: Vec<u64>,
    bytes: usize,
    notices: Vec<Notice>,
    state: Option<Box<str>>,
    since: Instant,
}

impl Default for Waiting {
    fn default() -> Self {
        Self { items: Vec::new(), lines: Vec::new(), bytes: 0, notices: Vec::new(), state: None, since: Instant::now() }
    }
}

impl Waiting {
    fn push(&mut self, read: Found) {
        if self.is_empty() {
            self.since = Instant::now();
        }
        match read {
            Found::Item(line, item) => {
                self.bytes += envelope_of(&item).payload.len();
                self.items.push(item);
                self.lines.push(line);
            }
            // The last state speaks for those before it.
            Found::State(state) => self.state = Some(state),
            Found::Notice(notice) => self.notices.push(notice),
        }
    }

    fn is_empty(&self) -> bool {
        self.items.is_empty() && self.state.is_none() && self.notices.is_empty()
    }

    fn is_full(&self, most: usize) -> bool {
        self.items.len() >= most || self.bytes >= FLUSH_BYTES || self.notices.len() >= most
    }

    async fn write(&mut self, lanes: &Lanes, source: &str) -> Result<Progress> {
        let Self { items, lines, notices, state, .. } = std::mem::take(self);
        let report = lanes.take_in_turn(Door::Tap, source, items).await?;
        let mut progress = Progress::of(&report, &lines);
        progress.notices = notices;
        progress.state = state;
        Ok(progress)
    }
}

fn read(
    bytes: mpsc::Receiver<io::Result<Bytes>>,
    packing: Packing,
    origin: Origin,
    stream: Option<String>,
    sender: &mpsc::Sender<Found>,
) -> Result<()> {
    let came = Arc::new(AtomicU64::new(0));
    let arriving = Arriving { bytes, rest: Bytes::new(), came: came.clone() };
    match packing {
        Packing::Plain => lines(arriving, origin, stream, sender),
        Packing::Gzip => {
            let unpacked = Bounded { input: flate2::bufread::MultiGzDecoder::new(arriving), came, unpacked: 0 };
            lines(BufReader::new(unpacked), origin, stream, sender)
        }
        Packing::Zstd => {
            let mut unpacked = zstd::stream::read::Decoder::with_buffer(arriving).map_err(|error| broken(&error))?;
            unpacked.window_log_max(ZSTD_WINDOW).map_err(|error| broken(&error))?;
            lines(BufReader::new(Bounded { input: unpacked, came, unpacked: 0 }), origin, stream, sender)
        }
    }
}

fn lines(input: impl BufRead, origin: Origin, stream: Option<String>, sender: &mpsc::Sender<Found>) -> Result<()> {
    let send = |read| sender.blocking_send(read).is_ok();
    if let Some(stream) = stream {
        let mut records = JsonLines::new(input, origin, stream);
        while let Some(item) = records.next() {
            let item = item.map_err(|error| broken(&error))?;
            if !send(Found::Item(records.line(), item)) {
                break;
            }
        }
        return Ok(());
    }
    let mut messages = Singer::new(input, origin);
    while let Some(message) = messages.next() {
        let line = messages.line();
        let read = match message.map_err(|error| ended(&error))? {
            Message::Record(envelope) => Found::Item(line, Ok(envelope)),
            Message::Rejected(rejected) => Found::Item(line, Err(*rejected)),
            Message::State(state) => Found::State(state),
            Message::Notice(notice) | Message::Failure(notice) => Found::Notice(notice),
            Message::ActivateVersion { line, stream, .. } => Found::Notice(Notice {
                line,
                stream: Some(stream),
                kind: "ACTIVATE_VERSION".into(),
                text: "Rows that vanished at the source are not removed yet; its records are taken as usual.".into(),
            }),
            Message::Schema { .. } => continue,
        };
        if !send(read) {
            break;
        }
    }
    Ok(())
}

fn ended(error: &SingerError) -> Error {
    if let SingerError::Input(error) = error { broken(error) } else { Error::bad_input(error.to_string()) }
}

/// What ended the reading: ours is told as it is, the rest is the connection's or the packing's.
fn broken(error: &io::Error) -> Error {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
        Some(own) => own.clone(),
        None => Error::bad_input("The body broke off, or is not packed as its Content-Encoding says."),
    }
}

/// The bytes of a connection, read from a thread.
pub struct Arriving {
    bytes: mpsc::Receiver<io::Result<Bytes>>,
    rest: Bytes,
    came: Arc<AtomicU64>,
}

impl Arriving {
    /// What comes through the channel.
    pub fn new(bytes: mpsc::Receiver<io::Result<Bytes>>) -> Self {
        Self { bytes, rest: Bytes::new(), came: Arc::default() }
    }
}

impl BufRead for Arriving {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.rest.is_empty() {
            match self.bytes.blocking_recv() {
                None => break,
                Some(bytes) => self.rest = bytes?,
            }
            self.came.fetch_add(self.rest.len() as u64, Ordering::Relaxed);
        }
        Ok(&self.rest)
    }

    fn consume(&mut self, count: usize) {
        let _ = self.rest.split_to(count);
    }
}

impl Read for Arriving {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let count = available.len().min(buffer.len());
        buffer[..count].copy_from_slice(&available[..count]);
        self.consume(count);
        Ok(count)
    }
}

/// What was unpacked, as long as it is in proportion to what came.
struct Bounded<R> {
    input: R,
    came: Arc<AtomicU64>,
    unpacked: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        self.unpacked += count as u64;
        if self.unpacked > FREE + self.came.load(Ordering::Relaxed).saturating_mul(MOST_UNPACKED) {
            let message = "The body unpacks to far more than records do. Send it unpacked.";
            return Err(io::Error::other(Error::new(Code::TooComplex, message)));
        }
        Ok(count)
    }
}
