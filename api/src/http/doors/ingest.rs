//! `POST /ingest/{source}`: a stream of Singer lines, or with `?stream=NAME` of plain records, one JSON object a line; as long
//! as it likes to be. The answer is a stream too: a line for each flush once it is committed, so that the sender knows what is
//! safe, and a last one with the sums. `"done":false` there says that the stream was not read to its end, and why.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use futures_util::stream;
use http_body_util::BodyExt;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::{sleep, timeout};

use super::super::reply::{self, RequestId, Streaming};
use super::super::shared::Shared;
use super::outcome::Outcome;
use super::told::{flushed, summed};
use super::{Doors, RATE_SECONDS, body, proof, refusal};
use crate::error::{Code, Error};
use crate::ingest::feed::{self, Feed, Progress};

pub(super) const NDJSON: HeaderValue = HeaderValue::from_static("application/x-ndjson; charset=utf-8");

/// If nothing is known by then, the answer begins all the same.
pub(super) const FIRST: Duration = Duration::from_secs(5);

/// Parts of the body that are ahead of whoever reads them.
pub(super) const AHEAD: usize = 4;

/// Lines of the answer that wait for a sender who does not read yet; above it they are joined.
const UNREAD: usize = 64;

/// How often a silent stream is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// How long the last line waits for the sender to read it.
const LAST: Duration = Duration::from_secs(30);

pub(super) async fn answer(
    State(shared): State<Arc<Shared>>,
    Path(source): Path<String>,
    request: Request,
) -> Response {
    let Some(doors) = shared.doors.clone() else { return reply::not_found().await };
    let (parts, body) = request.into_parts();
    let mut outcome = Outcome::begin("ingest");
    match open(&shared, &doors, &source, &parts, &mut outcome).await {
        Ok((feed, place)) => stream_through(shared.clone(), doors, feed, place, &parts, body, outcome).await,
        Err(response) => {
            outcome.status = response.status();
            outcome.note();
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
    proof::bearer(shared, doors, parts, source)?;
    let failed = |error: &Error| Box::new(refusal(error, ""));
    let source = doors.open_source(source).await.map_err(|error| failed(&error))?;
    outcome.source = Some(source.key.clone());
    let Some(packing) = body::packing(parts) else { return Err(body::unknown_packing("gzip or zstd").into()) };
    let pairs = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri)
        .map_err(|_| failed(&Error::bad_input("The query string cannot be decoded.")))?;
    let mut stream = None;
    for (name, value) in pairs.0 {
        if name != "stream" || stream.is_some() {
            return Err(failed(&Error::bad_input("The query string may have `stream`, once.")));
        }
        let known = source.mapping.streams();
        if !known.contains(&value.as_str()) {
            let message = format!(
                "The mapping of `{}` has no such stream; it has {}. Name one with ?stream=.",
                source.key,
                known.join(", ")
            );
            return Err(failed(&Error::bad_input(message)));
        }
        stream = Some(value);
    }
    let Ok(place) = doors.streams.clone().try_acquire_owned() else {
        let message = "As many streams as may be are being taken (doors.streams). Try again shortly.";
        return Err(failed(&Error::new(Code::Unavailable, message)));
    };
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
    let meter = Arc::new(Meter::default());
    tokio::spawn(pass_on(shared, doors.clone(), body, sender, meter.clone()));
    let (told, mut lines) = mpsc::channel::<Line>(UNREAD);
    // On its own: what came is written even if whoever sent it does not wait for the answer.
    tokio::spawn(async move {
        let (mut sum, mut unread): (Progress, Option<Progress>) = Default::default();
        let taken = feed::take(&doors.intake, &doors.lanes, feed, bytes, |progress| {
            meter.records.fetch_add(progress.flushed as u64, Ordering::Relaxed);
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
        outcome.bytes = meter.bytes.load(Ordering::Relaxed);
        (outcome.taken, outcome.repeated) = (sum.taken, sum.repeated);
        (outcome.superseded, outcome.rejected) = (sum.superseded, sum.rejected);
        if let Some(error) = &error {
            outcome.status = refusal(error, "").status();
        }
        outcome.note();
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
    let rest = stream::unfold((first, lines), |(first, mut lines)| async {
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

/// What came so far.
#[derive(Default)]
pub(super) struct Meter {
    pub bytes: AtomicU64,
    pub records: AtomicU64,
}

/// Passes the body on to whoever reads it, as fast as the source may be; ends a stream that is silent, and all when the server
/// stops.
pub(super) async fn pass_on(
    shared: Arc<Shared>,
    doors: Arc<Doors>,
    mut body: Body,
    sender: mpsc::Sender<io::Result<Bytes>>,
    meter: Arc<Meter>,
) {
    let rate = f64::from(doors.settings.records_per_second);
    let most_silent = Duration::from_secs(doors.settings.idle_seconds);
    let (began, mut heard) = (Instant::now(), Instant::now());
    let ended = loop {
        if shared.is_draining() {
            break Error::new(Code::Unavailable, "The server is stopping. Send what was not flushed again.");
        }
        if count(&meter.records) > rate * (f64::from(RATE_SECONDS) + began.elapsed().as_secs_f64()) {
            sleep(LOOK).await;
            heard = Instant::now();
            continue;
        }
        let frame = match timeout(LOOK, body.frame()).await {
            Ok(Some(Ok(frame))) => frame,
            Ok(None) => return,
            Ok(Some(Err(_))) => break Error::bad_input("The body broke off. What came whole before is taken."),
            Err(_) if heard.elapsed() >= most_silent => {
                let message = format!("Nothing came for {} s (doors.idle_seconds).", most_silent.as_secs());
                break Error::bad_input(message);
            }
            Err(_) => continue,
        };
        let Ok(bytes) = frame.into_data() else { continue };
        meter.bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        if sender.send(Ok(bytes)).await.is_err() {
            return;
        }
        heard = Instant::now();
    };
    let _ = sender.send(Err(io::Error::other(ended))).await;
}

#[expect(clippy::cast_precision_loss, reason = "no stream has 2^52 records")]
fn count(records: &AtomicU64) -> f64 {
    records.load(Ordering::Relaxed) as f64
}
