//! Bodies that are read as a whole: within their size, their time, and the memory that all of them have together.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::Response;
use flate2::bufread::MultiGzDecoder;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::super::reply;
use super::super::shared::Shared;
use super::refusal;
use crate::error::{Code, Error};
use crate::ingest::feed::Packing;

/// How long a request waits for room.
const PATIENCE: Duration = Duration::from_secs(5);

/// Bodies that are unpacked at once.
const UNPACKING: usize = 4;

const KIB: usize = 1024;

/// The memory for bodies, in KiB.
pub(super) struct Memory {
    room: Arc<Semaphore>,
    total: usize,
    unpacking: Semaphore,
}

impl Memory {
    /// So many bytes.
    pub fn new(bytes: usize) -> Self {
        let total = bytes.div_ceil(KIB).min(Semaphore::MAX_PERMITS);
        Self { room: Arc::new(Semaphore::new(total)), total, unpacking: Semaphore::new(UNPACKING) }
    }

    fn places(&self, bytes: usize) -> u32 {
        u32::try_from(bytes.div_ceil(KIB).clamp(1, self.total)).unwrap_or(u32::MAX)
    }
}

/// A body, and its place in the memory for as long as it is needed.
pub(super) struct Held {
    pub bytes: Bytes,
    _places: Vec<OwnedSemaphorePermit>,
}

/// How large a body may be.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    /// As sent, and the setting that says so.
    pub sent: (usize, &'static str),
    /// Once unpacked.
    pub unpacked: (usize, &'static str),
}

/// How a body says that it is packed; none: in a way that is not taken.
pub(super) fn packing(parts: &Parts) -> Option<Packing> {
    let mut values = parts.headers.get_all(header::CONTENT_ENCODING).iter();
    let (value, None) = (values.next(), values.next()) else { return None };
    match value.map(|value| value.to_str().unwrap_or("?").trim().to_ascii_lowercase()).as_deref() {
        None | Some("" | "identity") => Some(Packing::Plain),
        Some("gzip" | "x-gzip") => Some(Packing::Gzip),
        Some("zstd") => Some(Packing::Zstd),
        Some(_) => None,
    }
}

/// The answer to a packing that is not taken.
pub(super) fn unknown_packing(taken: &str) -> Response {
    let message = format!("Content-Encoding must be {taken}, or absent.");
    reply::refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::BadUserInput, message)
}

/// Room for a body of so many bytes, for as long as it is held.
pub(super) async fn room(memory: &Memory, bytes: usize) -> Result<OwnedSemaphorePermit, Box<Response>> {
    let places = memory.room.clone().acquire_many_owned(memory.places(bytes));
    let place = tokio::time::timeout(PATIENCE, places).await;
    place.ok().and_then(Result::ok).ok_or_else(|| no_room().into())
}

/// The whole body, unpacked. What looks like gzip is unpacked whether its head says so or not: some SDKs do not.
pub(super) async fn whole(
    shared: &Shared,
    memory: &Memory,
    limits: Limits,
    parts: &Parts,
    body: Body,
    bytes: &mut u64,
) -> Result<Held, Box<Response>> {
    let (limit, setting) = limits.sent;
    let stated = parts.headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if stated.is_some_and(|length| length > limit) {
        return Err(too_large(limit, setting).into());
    }
    let place = room(memory, stated.unwrap_or(limit)).await?;
    let time = Duration::from_secs(shared.http.body_seconds);
    let sent = match tokio::time::timeout(time, Limited::new(body, limit).collect()).await {
        Ok(Ok(collected)) => collected.to_bytes(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => return Err(too_large(limit, setting).into()),
        Ok(Err(_)) => return Err(refusal(&Error::bad_input("The body broke off."), "").into()),
        Err(_) => {
            let message = format!("The body took longer than {} s (http.body_seconds).", time.as_secs());
            return Err(reply::refuse(StatusCode::REQUEST_TIMEOUT, Code::BadUserInput, message).into());
        }
    };
    *bytes = sent.len() as u64;
    if !sent.starts_with(&[0x1f, 0x8b]) {
        return match packing(parts) {
            Some(Packing::Plain) => Ok(Held { bytes: sent, _places: vec![place] }),
            Some(Packing::Gzip) => {
                Err(refusal(&Error::bad_input("The body is not the gzip that its head says."), "").into())
            }
            _ => Err(unknown_packing("gzip").into()),
        };
    }
    // Few at a time, and none waits for room while it unpacks: so that none waits for another that waits.
    let Ok(_turn) = memory.unpacking.acquire().await else { return Err(no_room().into()) };
    let (limit, setting) = limits.unpacked;
    let unpacked = tokio::task::spawn_blocking(move || {
        let mut unpacked = Vec::new();
        MultiGzDecoder::new(&*sent).take(limit as u64 + 1).read_to_end(&mut unpacked).map(|_| unpacked)
    });
    match unpacked.await {
        Ok(Ok(unpacked)) if unpacked.len() > limit => Err(too_large(limit, setting).into()),
        Ok(Ok(unpacked)) => {
            let more = memory
                .room
                .clone()
                .try_acquire_many_owned(memory.places(unpacked.len()))
                .map_err(|_| Box::new(no_room()))?;
            Ok(Held { bytes: unpacked.into(), _places: vec![place, more] })
        }
        Ok(Err(_)) => Err(refusal(&Error::bad_input("The body cannot be unpacked: its gzip is broken."), "").into()),
        Err(error) => Err(refusal(&Error::internal(error), "").into()),
    }
}

fn too_large(limit: usize, setting: &str) -> Response {
    let message = format!("The body is larger than {limit} bytes ({setting}). Send fewer records at a time.");
    reply::refuse(StatusCode::PAYLOAD_TOO_LARGE, Code::BadUserInput, message)
}

fn no_room() -> Response {
    let message = "The server reads as many bodies as its memory allows (doors.memory_bytes). Try again shortly.";
    reply::retry_after(reply::refuse(StatusCode::SERVICE_UNAVAILABLE, Code::Unavailable, message), 1)
}
