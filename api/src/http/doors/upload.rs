//! `POST /ingest/{source}/files?name=contacts.csv.gz`: a file, as `customer360 import` reads it. The name says the format, and
//! the stream unless `stream=` does; `delimiter=` and `encoding=` are as on the command line. The body is read as it comes, so a
//! file may be of any size.
//!
//! The answer is one line, the sums, when the file is read: `"done":false` there says that it was not read to its end, and why.
//! What was taken until then is kept, and repeats nothing when the file is sent again.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::{Body, Bytes};
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use futures_util::stream::once;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use tokio::time::timeout;

use super::super::reply::{self, RequestId, Streaming};
use super::super::shared::Shared;
use super::outcome::Outcome;
use super::stream::{self, AHEAD, FIRST, NDJSON};
use super::told::summed;
use super::{Doors, refusal};
use crate::error::Error;
use crate::ingest::feed::{Arriving, Progress};
use crate::ingest::import::{ImportOptions, Reading, Summary, import_stream};
use crate::meter::Door;

pub(super) async fn answer(
    State(shared): State<Arc<Shared>>,
    Path(source): Path<String>,
    request: Request,
) -> Response {
    let Some(doors) = shared.doors.clone() else { return reply::not_found().await };
    let (parts, body) = request.into_parts();
    let mut outcome = Outcome::begin(Door::File);
    match open(&shared, &doors, &source, &parts, &mut outcome).await {
        Ok(upload) => take(shared.clone(), doors, upload, &parts, body, outcome).await,
        Err(response) => {
            outcome.status = response.status();
            outcome.note(&shared.meter);
            *response
        }
    }
}

/// A file that is let in.
struct Upload {
    name: String,
    options: ImportOptions,
    place: OwnedSemaphorePermit,
}

async fn open(
    shared: &Shared,
    doors: &Doors,
    source: &str,
    parts: &Parts,
    outcome: &mut Outcome,
) -> Result<Upload, Box<Response>> {
    let names = ["name", "stream", "delimiter", "encoding"];
    let (source, [name, stream, delimiter, encoding]) =
        stream::open(shared, doors, source, parts, names, outcome).await?;
    let failed = |error: Error| Box::new(refusal(&error, ""));
    let name = name.ok_or_else(|| failed(Error::bad_input("Name the file: ?name=contacts.csv says what it is.")))?;
    let reading = Reading::new(delimiter.as_deref(), encoding.as_deref()).map_err(failed)?;
    let place = stream::place(doors)?;
    let options = ImportOptions { source: source.key.clone(), stream, reading, ..ImportOptions::default() };
    Ok(Upload { name, options, place })
}

async fn take(
    shared: Arc<Shared>,
    doors: Arc<Doors>,
    upload: Upload,
    parts: &Parts,
    body: Body,
    mut outcome: Outcome,
) -> Response {
    let request_id = parts.extensions.get::<RequestId>().map_or("", RequestId::as_str);
    let (sender, bytes) = mpsc::channel(AHEAD);
    let (meter, came) = (shared.meter.clone(), Arc::new(AtomicU64::default()));
    let source = upload.options.source.clone();
    tokio::spawn(stream::pass_on(shared, doors.clone(), source, body, sender, came.clone()));
    let (told, mut end) = oneshot::channel::<(Bytes, Option<Error>)>();
    // On its own: what came is written even if whoever sent it does not wait for the answer.
    tokio::spawn(async move {
        let Upload { name, options, place } = upload;
        let mut spent = 0;
        let count = |summary: &Summary| {
            let total = summary.total();
            doors.spend(&options.source, total - std::mem::replace(&mut spent, total));
        };
        let taken = import_stream(&doors.intake, &options, Arriving::new(bytes), &name, count).await;
        let (summary, ended) = match taken {
            Ok(summary) => (summary.clone(), summary.fault),
            Err(error) => (Summary::default(), Some(error)),
        };
        doors.spend(&options.source, summary.total().saturating_sub(spent));
        outcome.bytes = came.load(Ordering::Relaxed);
        (outcome.taken, outcome.repeated) = (summary.taken, summary.repeated);
        (outcome.superseded, outcome.rejected) = (summary.superseded, summary.rejected);
        let sum = Progress {
            flushed: summary.total(),
            taken: summary.taken,
            repeated: summary.repeated,
            superseded: summary.superseded,
            rejected: summary.rejected,
            ..Progress::default()
        };
        let text = summed(&sum, ended.as_ref());
        let error = ended.filter(|_| sum.flushed == 0);
        if let Some(error) = &error {
            outcome.status = refusal(error, "").status();
        }
        outcome.note(&meter);
        // Who does not wait for it is not told.
        let _ = told.send((text, error));
        drop(place);
    });
    let lost = || Error::internal("an upload ended without its sums");
    let rest = match timeout(FIRST, &mut end).await {
        // Nothing was taken: the status can still say so.
        Ok(Ok((_, Some(error)))) => return refusal(&error, request_id),
        Ok(Ok((text, None))) => return reply::body(StatusCode::OK, NDJSON, Body::from(text)),
        Ok(Err(_)) => return refusal(&lost(), request_id),
        Err(_) => once(async move {
            let text = end.await.map_or_else(|_| summed(&Progress::default(), Some(&lost())), |(text, _)| text);
            Ok::<_, Infallible>(text)
        }),
    };
    let mut response = reply::body(StatusCode::OK, NDJSON, Body::from_stream(rest));
    response.extensions_mut().insert(Streaming);
    response
}
