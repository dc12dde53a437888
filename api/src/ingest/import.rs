//! Files and taps: from lines to flushes, with counts on the way and a summary at the end.
//!
//! A thread of its own reads; only so much is read ahead as a few flushes hold, so memory stays flat however long the input.

mod files;

use std::io::BufRead;
use std::time::Instant;

use tokio::sync::{mpsc, watch};

pub use self::files::{import_files, import_stream};
use super::bulk;
use super::files::{Chunk, Piece};
pub use super::input::Reading;
use super::intake::Intake;
use super::lines::Origin;
pub use super::singer::Catalogue;
use super::singer::{Message, Singer, SingerError, TapSettings};
use super::source::Source;
pub use super::summary::{Reason, Resumed, Summary};
use super::vanished::{self, Activations};
use crate::error::{Error, Result};
use crate::meter::Door;

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
    /// How files are read that do not say it themselves.
    pub reading: Reading,
    /// Read files from their start, although an import of them did not end.
    pub from_start: bool,
    /// Which fields make the keys of an Airbyte source's records.
    pub catalogue: Catalogue,
    /// Turns true when the import is to end: what was read is written.
    pub stop: Option<watch::Receiver<bool>>,
}

impl ImportOptions {
    /// Done when the import is to end; else never.
    async fn stopped(stop: &mut Option<watch::Receiver<bool>>) {
        let asked = match stop {
            Some(stop) => stop.wait_for(|stop| *stop).await.is_ok(),
            None => false,
        };
        if !asked {
            std::future::pending::<()>().await;
        }
    }
}

/// Imports what a Singer tap writes. `state` gets each state once everything before it is committed. Errors and faults are as
/// with files.
pub async fn import_singer<R: BufRead + Send + 'static>(
    intake: &Intake,
    options: &ImportOptions,
    input: R,
    mut state: impl FnMut(&str) -> Result<()>,
    mut progress: impl FnMut(&Summary),
) -> Result<Summary> {
    let source = intake.source(&options.source).await?;
    intake.refuse_if_paused(&source.key).await?;
    let intake = &intake.through(Door::Tap);
    if let Some(stream) = &options.stream {
        known_stream(&source, stream)?;
    }
    let origin = origin(intake, options);
    let stream = options.stream.clone();
    let settings =
        TapSettings { batch_folder: intake.settings().batch_folder.clone(), catalogue: options.catalogue.clone() };
    let mut stop = options.stop.clone();
    bulk::around(intake, options.bulk, async |intake: &Intake| {
        // A state is the tap's promise not to send again: what it stands for must be on the disk.
        let intake = &intake.durable();
        let batch = batch(intake, options);
        let (sender, mut messages) = mpsc::channel::<std::result::Result<Message, SingerError>>(32);
        let reader = tokio::task::spawn_blocking(move || {
            for message in Singer::new(input, origin).with(settings) {
                if sender.blocking_send(message).is_err() {
                    break;
                }
            }
        });
        let mut writer = Writer::new(intake, options);
        let taken =
            take_messages(&mut writer, &mut messages, Chunk::new(batch), stream, &mut stop, &mut state, &mut progress)
                .await;
        let taken = match taken {
            // A stopped or broken one may have more to say; who reads it is not waited for.
            Ok(false) => Ok(()),
            Ok(true) => reader.await.map_err(Error::internal),
            Err(error) => Err(error),
        };
        Ok(writer.done(taken))
    })
    .await
}

/// Whether the tap was read to its end.
async fn take_messages(
    writer: &mut Writer<'_>,
    messages: &mut mpsc::Receiver<std::result::Result<Message, SingerError>>,
    mut waiting: Chunk,
    stream: Option<String>,
    stop: &mut Option<watch::Receiver<bool>>,
    state: &mut impl FnMut(&str) -> Result<()>,
    progress: &mut impl FnMut(&Summary),
) -> Result<bool> {
    let mut failed = None;
    let mut stopping = false;
    let mut told: Option<Box<str>> = None;
    let mut bookmark: Option<Box<str>> = None;
    let mut oldest = Instant::now();
    let mut ended = None;
    let mut activations = Activations::default();
    let patience = writer.intake.settings().flush_after;
    loop {
        let left = patience.saturating_sub(oldest.elapsed());
        let message = tokio::select! {
            biased;
            () = ImportOptions::stopped(stop), if !stopping => {
                // What the reader has read already is still to come, and no more.
                messages.close();
                stopping = true;
                continue;
            }
            received = messages.recv() => match received {
                Some(message) => Some(message),
                None => break,
            },
            () = tokio::time::sleep(left) => None,
        };
        let named = |own: &mut String| stream.as_ref().map_or((), |stream| own.clone_from(stream));
        match message {
            Some(Ok(Message::Record(mut envelope))) => {
                named(&mut envelope.stream);
                if let Some(version) = envelope.sync {
                    activations.came(&envelope.stream, version);
                }
                waiting.push(Ok(envelope));
            }
            Some(Ok(Message::Rejected(mut rejected))) => {
                named(&mut rejected.envelope.stream);
                waiting.push(Err(*rejected));
            }
            // The last state speaks for those before it.
            Some(Ok(Message::State(value))) => {
                activations.stated();
                bookmark = (told.as_ref() != Some(&value)).then_some(value);
            }
            Some(Ok(Message::Notice(notice))) => writer.summary.notice(notice),
            Some(Ok(Message::Failure(notice))) => {
                failed.get_or_insert_with(|| notice.text.clone());
                writer.summary.notice(notice);
            }
            Some(Ok(Message::ActivateVersion { stream: mut of, version, .. })) => {
                named(&mut of);
                if activations.activate(&of, version) {
                    if !writer.write(waiting.take().into()).await? {
                        return Ok(false);
                    }
                    writer.vanish(&of, version).await?;
                }
            }
            Some(Err(error)) => {
                ended = Some(error);
                break;
            }
            Some(Ok(Message::Schema { .. })) | None => {}
        }
        // A state is only given on at a moment when nothing waits that came before it.
        if waiting.is_full() || oldest.elapsed() >= patience {
            if !writer.write(waiting.take().into()).await? {
                return Ok(false);
            }
            if let Some(bookmark) = bookmark.take() {
                state(&bookmark)?;
                told = Some(bookmark);
            }
            progress(&writer.summary);
            oldest = Instant::now();
        }
    }
    // What came before a fault is good.
    let written = writer.write(waiting.take().into()).await?;
    if written && !stopping && ended.is_none() && failed.is_none() {
        writer.end(activations).await?;
    }
    if let Some(bookmark) = bookmark.filter(|_| written) {
        state(&bookmark)?;
    }
    progress(&writer.summary);
    match ended.map(|error| error.to_string()).or(failed) {
        None => Ok(written && !stopping),
        Some(told) => Err(Error::bad_input(told)),
    }
}

fn origin(intake: &Intake, options: &ImportOptions) -> Origin {
    Origin { line_bytes: intake.settings().line_bytes, ..Origin::new(&options.source) }
}

/// The most records of a flush: of a strict one they are one transaction.
fn batch(intake: &Intake, options: &ImportOptions) -> usize {
    if options.strict && !options.bulk { intake.settings().batch } else { intake.most() }
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

/// Writes flush by flush and keeps count.
struct Writer<'a> {
    intake: &'a Intake,
    origin: Origin,
    strict: bool,
    summary: Summary,
    start: Instant,
}

impl<'a> Writer<'a> {
    fn new(intake: &'a Intake, options: &ImportOptions) -> Self {
        let (origin, strict) = (origin(intake, options), options.strict);
        Self { intake, origin, strict, summary: Summary::default(), start: Instant::now() }
    }

    /// Whether to go on.
    async fn write(&mut self, piece: Piece) -> Result<bool> {
        self.write_noted(piece, None).await
    }

    /// The same, and how far its file is read is noted with it.
    async fn write_noted(&mut self, piece: Piece, noted: Option<&entity::import_progress::Model>) -> Result<bool> {
        if piece.items.is_empty() {
            return Ok(true);
        }
        // It may have been paused on the way: what was taken stays.
        self.intake.refuse_if_paused(&self.origin.source).await?;
        let report = self.intake.flush_piece(piece, self.strict, noted).await?;
        let first = report.rejected.first().cloned();
        self.summary.add(report);
        if self.strict && first.is_some() {
            self.summary.stopped = first;
            return Ok(false);
        }
        Ok(true)
    }

    /// Deletes what was not seen in a version of a table.
    async fn vanish(&mut self, stream: &str, version: i64) -> Result<()> {
        let report = self.intake.vanish(&self.origin, stream, version).await?;
        self.summary.add(report);
        Ok(())
    }

    /// The tap came to its end: the versions that it activated count where all of their records came.
    async fn end(&mut self, activations: Activations) -> Result<()> {
        let (complete, cut) = activations.end();
        for (stream, version) in complete {
            self.vanish(&stream, version).await?;
        }
        for stream in cut {
            self.summary.notice(vanished::cut(stream));
        }
        Ok(())
    }

    fn done(self, ended: Result<()>) -> Summary {
        Summary { elapsed: self.start.elapsed(), fault: ended.err(), ..self.summary }
    }
}
