//! Files and taps: from lines to flushes, with counts on the way and a summary at the end.
//!
//! A thread of its own reads; only so much is read ahead as a few flushes hold, so memory stays flat however long the input.

use std::collections::HashMap;
use std::io::BufRead;
use std::path::PathBuf;
use std::time::Instant;

use tokio::sync::mpsc;

use super::bulk;
use super::files::{Chunk, Piece, Reader, readable, stream_of};
use super::intake::Intake;
use super::lines::Origin;
use super::singer::{Message, Notice, Singer, SingerError};
use super::source::Source;
pub use super::summary::{Reason, Summary};
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

/// Imports files, `-` for standard input. The ending says what a file is; standard input is looked at. An error: nothing was
/// taken. A fault on the way is in the summary.
pub async fn import_files(
    intake: &Intake,
    options: &ImportOptions,
    files: Vec<PathBuf>,
    mut progress: impl FnMut(&Summary),
) -> Result<Summary> {
    let source = intake.source(&options.source).await?;
    intake.refuse_if_paused(&source.key).await?;
    let origin = origin(intake, options);
    let mut inputs = Vec::with_capacity(files.len());
    for file in files {
        readable(&file, &origin)?;
        let stream = stream_of(&file, options.stream.as_deref())?;
        known_stream(&source, &stream)?;
        inputs.push((file, stream));
    }
    bulk::around(intake, options.bulk, async |intake: &Intake| {
        let (sender, mut pieces) = mpsc::channel::<Result<Piece>>(1);
        let reader = Reader {
            origin,
            sources: HashMap::from([(source.key.clone(), source)]),
            default_country: intake.settings().default_country.clone(),
            most: batch(intake, options),
            sender,
        };
        let reader = tokio::task::spawn_blocking(move || reader.read_files(&inputs));
        let mut writer = Writer::new(intake, options);
        let written = async {
            while let Some(piece) = pieces.recv().await {
                if !writer.write(piece?).await? {
                    break;
                }
                progress(&writer.summary);
            }
            Ok::<(), Error>(())
        };
        let written = written.await;
        // It ends where nobody listens any more.
        drop(pieces);
        let read = reader.await.map_err(Error::internal);
        Ok(writer.done(written.and(read)))
    })
    .await
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
    if let Some(stream) = &options.stream {
        known_stream(&source, stream)?;
    }
    let origin = origin(intake, options);
    let stream = options.stream.clone();
    bulk::around(intake, options.bulk, async |intake: &Intake| {
        // A state is the tap's promise not to send again: what it stands for must be on the disk.
        let intake = &intake.durable();
        let batch = batch(intake, options);
        let (sender, mut messages) = mpsc::channel::<std::result::Result<Message, SingerError>>(32);
        let reader = tokio::task::spawn_blocking(move || {
            for message in Singer::new(input, origin) {
                if sender.blocking_send(message).is_err() {
                    break;
                }
            }
        });
        let mut writer = Writer::new(intake, options);
        let taken =
            take_messages(&mut writer, &mut messages, Chunk::new(batch), stream, &mut state, &mut progress).await;
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
    state: &mut impl FnMut(&str) -> Result<()>,
    progress: &mut impl FnMut(&Summary),
) -> Result<bool> {
    let mut bookmark: Option<Box<str>> = None;
    let mut oldest = Instant::now();
    let mut ended = None;
    let patience = writer.intake.settings().flush_after;
    loop {
        let left = patience.saturating_sub(oldest.elapsed());
        let message = match tokio::time::timeout(left, messages.recv()).await {
            Ok(Some(message)) => Some(message),
            Ok(None) => break,
            Err(_) => None,
        };
        let named = |own: &mut String| stream.as_ref().map_or((), |stream| own.clone_from(stream));
        match message {
            Some(Ok(Message::Record(mut envelope))) => {
                named(&mut envelope.stream);
                waiting.push(Ok(envelope));
            }
            Some(Ok(Message::Rejected(mut rejected))) => {
                named(&mut rejected.envelope.stream);
                waiting.push(Err(*rejected));
            }
            // The last state speaks for those before it.
            Some(Ok(Message::State(value))) => bookmark = Some(value),
            Some(Ok(Message::Notice(notice))) => writer.summary.notice(notice),
            Some(Ok(Message::ActivateVersion { line, stream, .. })) => writer.summary.notice(Notice {
                line,
                stream: Some(stream),
                kind: "ACTIVATE_VERSION".into(),
                text: "Rows that vanished at the source are not removed yet; its records are taken as usual.".into(),
            }),
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
            }
            progress(&writer.summary);
            oldest = Instant::now();
        }
    }
    // What came before a fault is good.
    let written = writer.write(waiting.take().into()).await?;
    if let Some(bookmark) = bookmark.filter(|_| written) {
        state(&bookmark)?;
    }
    progress(&writer.summary);
    match ended {
        None => Ok(written),
        Some(error) => Err(Error::bad_input(error.to_string())),
    }
}

fn origin(intake: &Intake, options: &ImportOptions) -> Origin {
    Origin { line_bytes: intake.settings().line_bytes, ..Origin::new(&options.source) }
}

fn batch(intake: &Intake, options: &ImportOptions) -> usize {
    if options.bulk { intake.settings().bulk_batch } else { intake.settings().batch }
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
    source: &'a str,
    strict: bool,
    summary: Summary,
    start: Instant,
}

impl<'a> Writer<'a> {
    fn new(intake: &'a Intake, options: &'a ImportOptions) -> Self {
        let ImportOptions { source, strict, .. } = options;
        Self { intake, source, strict: *strict, summary: Summary::default(), start: Instant::now() }
    }

    /// Whether to go on.
    async fn write(&mut self, piece: Piece) -> Result<bool> {
        if piece.items.is_empty() {
            return Ok(true);
        }
        // It may have been paused on the way: what was taken stays.
        self.intake.refuse_if_paused(self.source).await?;
        let report = self.intake.flush_piece(piece, self.strict).await?;
        let first = report.rejected.first().cloned();
        self.summary.add(report);
        if self.strict && first.is_some() {
            self.summary.stopped = first;
            return Ok(false);
        }
        Ok(true)
    }

    fn done(self, ended: Result<()>) -> Summary {
        Summary { elapsed: self.start.elapsed(), fault: ended.err(), ..self.summary }
    }
}
