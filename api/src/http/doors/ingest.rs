//! `POST /ingest/{source}`: a stream of Singer lines, or with `?stream=NAME` of plain records, one JSON object a line; as long
//! as it likes to be. The answer is a stream too: a line for each flush once it is committed, so that the sender knows what is
//! safe, and a last one with the sums. `"done":false` there says that the stream was not read to its end, and why.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use futures_util::stream::unfold;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::timeout;

use super::super::reply::{self, RequestId, Streaming};
use super::super::shared::Shared;
use super::outcome::Outcome;
use super::stream::{self, AHEAD, FIRST, NDJSON};
use super::told::{flushed, summed};
use super::{Doors, body, refusal};
use crate::error::Error;
use crate::ingest::feed::{self, Feed, Progress};
use crate::meter::Door;

/// Lines of the answer that wait for a sender who does not read yet; above it they are joined.
const UNREAD: usize = 64;

/// How long the last line waits for the sender to read it.
const LAST: Duration = Duration::from_secs(30);

pub(super) async fn answer(
    State(shared): State<Arc<Shared>>,
    Path(source): Path<String>,
    request: Request,
) -> Response {
    let Some(doors) = shared.doors.clone() else { return reply::not_found().await };
    let (parts, body) = request.into_parts();
    let mut outcome = Outcome::begin(Door::Tap);
    match open(&shared, &doors, &source, &parts, &mut outcome).await {
        Ok((feed, place)) => stream_through(shared.clone(), doors, feed, place, &parts, body, outcome).await,
        Err(response) => {
            outcome.status = response.status();
            outcome.note(&shared.meter);
            *response
        }
    }
}

/// Whether the stream is let in, and as what.
async fn open(
    shared: &Shared,
    doors: &Doors,
    source: &str,
    parts: &Parts,
    outcome: &mut Outcome,
) -> Result<(Feed, OwnedSemaphorePermit), Box<Response>> {
    let (source, [stream]) = stream::open(shared, doors, source, parts, ["stream"], outcome).await?;
    let Some(packing) = body::packing(parts) else { return Err(body::unknown_packing("gzip or zstd").into()) };
    let known = source.mapping.streams();
    if stream.as_ref().is_some_and(|stream| !known.contains(&stream.as_str())) {
        let message = format!(
            "The mapping of `{}` has no such stream; it has {}. Name one with ?stream=.",
            source.key,
            known.join(", ")
        );
        return Err(refusal(&Error::bad_input(message), "").into());
    }
    let place = stream::place(doors)?;
    Ok((Feed { source: source.key.clone(), stream, packing }, place))
}

/// A line of the answer; with the error that ended the stream, if it is the last and one did.
struct Line {
    text: Bytes,
    error: Option<Error>,
}

async fn stream_through(
    shared: Arc<Shared>,
    doors: Arc<Doors>,
    feed: Feed,
    place: OwnedSemaphorePermit,
    parts: &Parts,
    body: Body,
    mut outcome: Outcome,
) -> Response {
    let request_id = parts.extensions.get::<RequestId>().map_or("", RequestId::as_str);
    let (sender, bytes) = mpsc::channel(AHEAD);
    let (meter, came, source) = (shared.meter.clone(), Arc::new(AtomicU64::default()), feed.source.clone());
    tokio::spawn(stream::pass_on(shared, doors.clone(), source.clone(), body, sender, came.clone()));
    let (told, mut lines) = mpsc::channel::<Line>(UNREAD);
    // On its own: what came is written even if whoever sent it does not wait for the answer.
    tokio::spawn(async move {
        let (mut sum, mut unread): (Progress, Option<Progress>) = Default::default();
        let taken = feed::take(&doors.intake, &doors.lanes, feed, bytes, |progress| {
            doors.spend(&source, progress.flushed);
            sum.add(Progress { state: None, ..progress.clone() });
            let mut whole = unread.take().unwrap_or_default();
            whole.add(progress);
            if let Ok(room) = told.try_reserve() {
                room.send(Line { text: flushed(&whole), error: None });
            } else {
                unread = Some(whole);
            }
        });
        let ended = taken.await.err();
        let text = match unread {
            Some(unread) => [flushed(&unread), summed(&sum, ended.as_ref())].concat().into(),
            None => summed(&sum, ended.as_ref()),
        };
        let error = ended.filter(|_| sum.flushed == 0);
        outcome.bytes = came.load(Ordering::Relaxed);
        (outcome.taken, outcome.repeated) = (sum.taken, sum.repeated);
        (outcome.superseded, outcome.rejected) = (sum.superseded, sum.rejected);
        if let Some(error) = &error {
            outcome.status = refusal(error, "").status();
        }
        outcome.note(&meter);
        let _ = timeout(LAST, told.send(Line { text, error })).await;
        drop(place);
    });
    let first = match timeout(FIRST, lines.recv()).await {
        // Nothing was taken: the status can still say so.
        Ok(Some(Line { error: Some(error), .. })) => return refusal(&error, request_id),
        Ok(Some(line)) => Some(line),
        Ok(None) => return refusal(&Error::internal("a stream ended without its last line"), request_id),
        Err(_) => None,
    };
    let rest = unfold((first, lines), |(first, mut lines)| async {
        let line = match first {
            Some(line) => line,
            None => lines.recv().await?,
        };
        Some((Ok::<_, Infallible>(line.text), (None, lines)))
    });
    let mut response = reply::body(StatusCode::OK, NDJSON, Body::from_stream(rest));
    response.extensions_mut().insert(Streaming);
    response
}
