//! A stream of records over a connection: Singer lines, or plain records of one stream, packed or not, however long.
//!
//! A thread of its own unpacks and reads, a few flushes ahead at most, so memory stays flat. What came whole before the
//! connection broke is written; a line that was cut is not. A state is told once all before it is committed. What vanished at the
//! source is deleted as [`super::vanished`] says. Files that a tap only names (Singer's `BATCH`) are not read: they are on another
//! machine, and of what lies on ours a sender may know nothing.

mod progress;

use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use axum::body::Bytes;
use tokio::sync::mpsc;

pub use self::progress::{Progress, RefusedLine};
use super::envelope::Envelope;
use super::input::ZSTD_WINDOW;
use super::intake::Intake;
use super::jsonl::JsonLines;
use super::lane::Lanes;
use super::lines::{Item, Origin};
use super::report::envelope_of;
use super::singer::{Message, Notice, Singer, SingerError};
use super::vanished::{self, Activations};
use crate::error::{Code, Error, Result};
use crate::meter::Door;

/// So much text is written at a time, however few records it is.
const FLUSH_BYTES: usize = 4 << 20;

/// Records that the reader may be ahead.
const AHEAD: usize = 32;

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

/// What the reading thread passes on.
enum Found {
    Item(u64, Item),
    State(Box<str>),
    Notice(Notice),
    Activated { stream: String, version: i64 },
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
    let (most, patience) = (intake.most(), settings.flush_after);
    let origin = Origin { line_bytes: settings.line_bytes, ..Origin::new(&feed.source) };
    let (sender, mut found) = mpsc::channel(AHEAD);
    let Feed { source, stream, packing } = feed;
    let own = origin.clone();
    let reading = tokio::task::spawn_blocking(move || read(bytes, packing, own, stream, &sender));
    let (mut waiting, mut activations) = (Waiting::default(), Activations::default());
    let intake = &intake.through(Door::Tap);
    let mut open = true;
    while open {
        let left = patience.saturating_sub(waiting.since.elapsed());
        let next = if waiting.is_empty() {
            Some(found.recv().await)
        } else {
            tokio::time::timeout(left, found.recv()).await.ok()
        };
        let mut complete = None;
        match next {
            Some(Some(Found::Activated { stream, version })) => {
                complete = activations.activate(&stream, version).then_some((stream, version));
            }
            Some(Some(read)) => {
                note(&mut activations, &read);
                waiting.push(read);
            }
            Some(None) => open = false,
            None => {}
        }
        let due = !open || complete.is_some() || waiting.since.elapsed() >= patience || waiting.is_full(most);
        if due && !waiting.is_empty() {
            told(waiting.write(intake, lanes, &source).await?);
        }
        if let Some((stream, version)) = complete {
            told(Progress::of(&intake.vanish(&origin, &stream, version).await?, &[]));
        }
    }
    // Whoever broke off may have had more to say of a table.
    reading.await.map_err(Error::internal)??;
    let (complete, cut) = activations.end();
    for (stream, version) in complete {
        told(Progress::of(&intake.vanish(&origin, &stream, version).await?, &[]));
    }
    if !cut.is_empty() {
        let notices = cut.into_iter().map(vanished::cut).collect();
        told(Progress { notices, ..Progress::default() });
    }
    Ok(())
}

/// Notes what a message says of the versions of its table.
fn note(activations: &mut Activations, read: &Found) {
    match read {
        Found::Item(_, Ok(Envelope { stream, sync: Some(version), .. })) => activations.came(stream, *version),
        Found::State(_) => activations.stated(),
        _ => {}
    }
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
            // Acted upon where it stands.
            Found::Activated { .. } => {}
        }
    }

    fn is_empty(&self) -> bool {
        self.items.is_empty() && self.state.is_none() && self.notices.is_empty()
    }

    fn is_full(&self, most: usize) -> bool {
        self.items.len() >= most || self.bytes >= FLUSH_BYTES || self.notices.len() >= most
    }

    async fn write(&mut self, intake: &Intake, lanes: &Lanes, source: &str) -> Result<Progress> {
        let Self { items, lines, notices, state, .. } = std::mem::take(self);
        // It may have been paused on the way: what was taken stays.
        intake.refuse_if_paused(source).await?;
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
    let mut failed = None;
    while let Some(message) = messages.next() {
        let line = messages.line();
        let read = match message.map_err(|error| ended(&error))? {
            Message::Record(envelope) => Found::Item(line, Ok(envelope)),
            Message::Rejected(rejected) => Found::Item(line, Err(*rejected)),
            Message::State(state) => Found::State(state),
            Message::Notice(notice) => Found::Notice(notice),
            Message::Failure(notice) if notice.kind == "BATCH" => {
                return Err(Error::bad_input(format!(
                    "Line {line}: the files that a BATCH names are not read over HTTP. Turn the tap's batches off, so that it sends \
                     RECORD lines, or upload the files to /ingest/{{source}}/files."
                )));
            }
            Message::Failure(notice) => {
                failed.get_or_insert_with(|| notice.text.clone());
                Found::Notice(notice)
            }
            Message::ActivateVersion { stream, version, .. } => Found::Activated { stream, version },
            Message::Schema { .. } => continue,
        };
        if !send(read) {
            break;
        }
    }
    failed.map_or(Ok(()), |text| Err(Error::bad_input(text)))
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
