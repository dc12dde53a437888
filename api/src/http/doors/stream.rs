//! What all streams of a source have in common, be they lines or a file: who is let in, and how their bytes are passed on to
//! whoever reads them.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::extract::Query;
use axum::http::HeaderValue;
use axum::http::request::Parts;
use axum::response::Response;
use http_body_util::BodyExt;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::{sleep, timeout};

use super::super::shared::Shared;
use super::outcome::Outcome;
use super::{Doors, proof, refusal};
use crate::error::{Code, Error, Result};
use crate::ingest::source::Source;

pub(super) const NDJSON: HeaderValue = HeaderValue::from_static("application/x-ndjson; charset=utf-8");

/// If nothing is known by then, the answer begins all the same.
pub(super) const FIRST: Duration = Duration::from_secs(5);

/// Parts of the body that are ahead of whoever reads them.
pub(super) const AHEAD: usize = 4;

/// How often a silent stream is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// The source of a stream, if whoever sends it may, with what the query string says under these names.
pub(super) async fn open<const N: usize>(
    shared: &Shared,
    doors: &Doors,
    source: &str,
    parts: &Parts,
    names: [&str; N],
    outcome: &mut Outcome,
) -> std::result::Result<(Arc<Source>, [Option<String>; N]), Box<Response>> {
    proof::bearer(shared, doors, parts, source)?;
    let failed = |error: Error| Box::new(refusal(&error, ""));
    let source = doors.open_source(source).await.map_err(failed)?;
    outcome.source = Some(source.key.clone());
    Ok((source, said(parts, names).map_err(failed)?))
}

/// What the query string says under these names.
fn said<const N: usize>(parts: &Parts, names: [&str; N]) -> Result<[Option<String>; N]> {
    let pairs = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri)
        .map_err(|_| Error::bad_input("The query string cannot be decoded."))?;
    let mut said = [const { None }; N];
    for (key, value) in pairs.0 {
        let slot = names.iter().position(|name| *name == key).and_then(|place| said.get_mut(place));
        if slot.is_none_or(|slot| slot.replace(value).is_some()) {
            let names = names.map(|name| format!("`{name}`")).join(", ");
            return Err(Error::bad_input(format!("The query string may have {names}, and no name twice.")));
        }
    }
    Ok(said)
}

/// A place among the streams that are taken at once.
pub(super) fn place(doors: &Doors) -> std::result::Result<OwnedSemaphorePermit, Box<Response>> {
    doors.streams.clone().try_acquire_owned().map_err(|_| {
        let message = "As many streams as may be are being taken (doors.streams). Try again shortly.";
        refusal(&Error::new(Code::Unavailable, message), "").into()
    })
}

/// Passes the body on to whoever reads it, as fast as the source may be, and counts its bytes; ends a stream that is silent, and all
/// when the server stops.
pub(super) async fn pass_on(
    shared: Arc<Shared>,
    doors: Arc<Doors>,
    source: String,
    mut body: Body,
    sender: mpsc::Sender<io::Result<Bytes>>,
    came: Arc<AtomicU64>,
) {
    let most_silent = Duration::from_secs(doors.settings.idle_seconds);
    let mut heard = Instant::now();
    let ended = loop {
        if shared.is_draining() {
            break Error::new(Code::Unavailable, "The server is stopping. Send what was not flushed again.");
        }
        // A stream can wait, and is not refused.
        if doors.spend(&source, 0) {
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
        came.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        if sender.send(Ok(bytes)).await.is_err() {
            return;
        }
        heard = Instant::now();
    };
    let _ = sender.send(Err(io::Error::other(ended))).await;
}
