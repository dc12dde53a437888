//! Files, and streams that come like one: written piece by piece, each with a note of how far that is.

use std::collections::HashMap;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::super::files::{Given, Portion, Reader, Source, known_format, readable, stream_named, stream_of};
use super::super::summary::{Resumed, Summary};
use super::super::{bulk, resume, source};
use super::{ImportOptions, Writer, batch, known_stream, origin};
use crate::error::{Error, Result};
use crate::ingest::intake::Intake;
use crate::meter::Door;

/// Imports files, `-` for standard input. The ending says what a file is; standard input is looked at. An error: nothing was
/// taken. A fault on the way is in the summary; the same call goes on after what was written until then.
pub async fn import_files(
    intake: &Intake,
    options: &ImportOptions,
    files: Vec<PathBuf>,
    progress: impl FnMut(&Summary),
) -> Result<Summary> {
    let source = intake.source(&options.source).await?;
    intake.refuse_if_paused(&source.key).await?;
    let mut start = Summary { of_bytes: Some(0), ..Summary::default() };
    let mut inputs = Vec::with_capacity(files.len());
    for file in files {
        let origin = origin(intake, options);
        let reading = options.reading;
        let (file, marked) = tokio::task::spawn_blocking(move || {
            let marked = readable(&file, &reading, &origin);
            (file, marked)
        })
        .await
        .map_err(Error::internal)?;
        let marked = marked?;
        let stream = stream_of(&file, options.stream.as_deref())?;
        known_stream(&source, &stream)?;
        start.of_bytes = start.of_bytes.zip(marked.as_ref()).map(|(sum, marked)| sum + marked.size);
        let mut skip = 0;
        if let Some(marked) = marked.as_ref().filter(|_| !options.from_start) {
            skip = resume::written(intake.database(), &source.key, &stream, marked).await?;
            if skip > 0 {
                start.resumed.push(Resumed { name: marked.name.clone(), records: skip });
            }
        }
        inputs.push(Source { given: Given::Path(file), stream, marked, skip });
    }
    import_inputs(intake, options, source, inputs, start, progress).await
}

/// Imports a stream as the file of that name: what comes over HTTP, say. It is read as it comes, in constant memory; Parquet,
/// whose table of contents stands at its end, goes through a temporary file. Errors and faults are as with files.
pub async fn import_stream(
    intake: &Intake,
    options: &ImportOptions,
    reader: impl Read + Send + 'static,
    name: &str,
    progress: impl FnMut(&Summary),
) -> Result<Summary> {
    let source = intake.source(&options.source).await?;
    intake.refuse_if_paused(&source.key).await?;
    known_format(name).map_err(|what| Error::bad_input(format!("The name of the file says its format: {what}.")))?;
    let stream = stream_named(name, options.stream.as_deref())
        .ok_or_else(|| Error::bad_input("The name of the file says its stream; else name the stream."))?;
    known_stream(&source, &stream)?;
    let given = Given::Stream(Box::new(reader), name.to_owned());
    let inputs = vec![Source { given, stream, marked: None, skip: 0 }];
    import_inputs(intake, options, source, inputs, Summary::default(), progress).await
}

async fn import_inputs(
    intake: &Intake,
    options: &ImportOptions,
    source: Arc<source::Source>,
    inputs: Vec<Source>,
    start: Summary,
    mut progress: impl FnMut(&Summary),
) -> Result<Summary> {
    let intake = &intake.through(Door::File);
    let key = source.key.clone();
    let marked: Vec<_> = inputs.iter().filter_map(|input| input.marked.clone()).collect();
    if options.from_start {
        resume::forget(intake.database(), &key, marked.iter()).await?;
    }
    bulk::around(intake, options.bulk, async |intake: &Intake| {
        let (sender, mut portions) = mpsc::channel::<Result<Portion>>(1);
        let reader = Reader {
            origin: origin(intake, options),
            sources: HashMap::from([(key.clone(), source)]),
            default_country: intake.settings().default_country.clone(),
            most: batch(intake, options),
            reading: options.reading,
            sender,
        };
        let reader = tokio::task::spawn_blocking(move || reader.read_files(inputs));
        let mut writer = Writer::new(intake, options);
        writer.summary = start;
        progress(&writer.summary);
        let mut stop = options.stop.clone();
        let written = async {
            loop {
                let portion = tokio::select! {
                    biased;
                    () = ImportOptions::stopped(&mut stop) => {
                        return Err(Error::unavailable("a signal").with_message(
                            "Stopped as it was asked to. What was read so far is written; the same command goes on there.",
                        ));
                    }
                    portion = portions.recv() => portion,
                };
                let Some(portion) = portion else { break };
                let Portion { piece, noted, bytes } = portion?;
                if !writer.write_noted(piece, noted.as_ref()).await? {
                    return Ok(false);
                }
                writer.summary.bytes = bytes;
                progress(&writer.summary);
            }
            Ok::<bool, Error>(true)
        };
        let written = written.await;
        // It ends where nobody listens any more.
        drop(portions);
        let stopped = options.stop.as_ref().is_some_and(|stop| *stop.borrow());
        // One that waits for standard input is not waited for.
        let read = if stopped { Ok(()) } else { reader.await.map_err(Error::internal) };
        let finished = match (written, read) {
            // Only now, not as each ends: the same command would read the first again, were it killed at the second.
            (Ok(true), Ok(())) => resume::forget(intake.database(), &key, marked.iter()).await,
            (Err(error), _) | (_, Err(error)) => Err(error),
            (Ok(false), Ok(())) => Ok(()),
        };
        Ok(writer.done(finished))
    })
    .await
}
