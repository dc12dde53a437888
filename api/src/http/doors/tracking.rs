//! `/v1/*`: the Segment tracking specification, as the SDKs of Segment and RudderStack speak it.
//!
//! The write key names the source. Whatever the content type says, the body is JSON, perhaps packed. An event that cannot be
//! taken is kept as rejected, and the answer is 200 as Segment's: an SDK would only send it again.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;

use super::super::reply::{self, RequestId};
use super::super::shared::Shared;
use super::body::{self, Limits};
use super::outcome::Outcome;
use super::{Doors, proof, refusal};
use crate::error::{Code, Error};
use crate::ingest::envelope::{Reject, RejectCode};
use crate::ingest::lines::{Item, Origin, Rejected};
use crate::silo::analytics::preset::segment::{self, Message};

const TAKEN: &str = "{\"success\":true}";

/// What is sent to this address: the type of a single message, or several. None: there is no such address.
fn kind(call: &str) -> Option<Option<&'static str>> {
    Some(match call {
        "identify" | "i" => Some("identify"),
        "track" | "t" => Some("track"),
        "page" | "p" => Some("page"),
        "screen" | "s" => Some("screen"),
        "group" | "g" => Some("group"),
        "alias" | "a" => Some("alias"),
        "batch" | "b" | "import" => None,
        _ => return None,
    })
}

pub(super) async fn answer(State(shared): State<Arc<Shared>>, Path(call): Path<String>, request: Request) -> Response {
    let (Some(doors), Some(kind)) = (shared.doors.as_deref(), kind(&call)) else { return reply::not_found().await };
    let (parts, body) = request.into_parts();
    let mut outcome = Outcome::begin("tracking");
    let taken = take(&shared, doors, kind, &parts, body, &mut outcome).await;
    let response = match taken {
        Ok(()) => reply::body(StatusCode::OK, reply::JSON, TAKEN),
        Err(response) => *response,
    };
    outcome.status = response.status();
    outcome.note();
    response
}

async fn take(
    shared: &Shared,
    doors: &Doors,
    kind: Option<&'static str>,
    parts: &Parts,
    body: Body,
    outcome: &mut Outcome,
) -> Result<(), Box<Response>> {
    let request_id = parts.extensions.get::<RequestId>().map_or("", RequestId::as_str);
    let failed = |error: &Error| Box::new(refusal(error, request_id));
    let settings = &doors.settings;
    // A key in the head is looked at before the body is read.
    let basic = proof::basic(parts);
    let by_head = match &basic {
        Some(key) => Some(proof::write_key(shared, doors, parts, Some(key))?),
        None => None,
    };
    let limits = Limits {
        sent: (settings.tracking_body_bytes, "doors.tracking_body_bytes"),
        unpacked: (settings.tracking_inflated_bytes, "doors.tracking_inflated_bytes"),
    };
    let held = body::whole(shared, &doors.memory, limits, parts, body, &mut outcome.bytes).await?;
    let text = std::str::from_utf8(&held.bytes).map_err(|error| {
        failed(&Error::bad_input(format!("The body is not UTF-8 (byte {}).", error.valid_up_to() + 1)))
    })?;
    let request = segment::Request::parse(text.trim_start_matches('\u{feff}'), kind)
        .map_err(|error| failed(&Error::bad_input(error.to_string())))?;
    let source = match by_head {
        Some(source) => source,
        None => proof::write_key(shared, doors, parts, request.write_key.as_deref())?,
    };
    outcome.source = Some(source.to_owned());
    if request.len() > settings.tracking_events {
        let message = format!("More than {} events at a time (doors.tracking_events).", settings.tracking_events);
        return Err(failed(&Error::new(Code::TooComplex, message)));
    }
    doors.admit(source, request.len())?;
    let origin = Origin::new(source);
    let received_at = origin.envelope(segment::STREAM, None, "").received_at;
    let messages = request.messages(received_at).enumerate();
    let items: Vec<Item> =
        messages.map(|(index, message)| item(&origin, index, message, settings.tracking_event_bytes)).collect();
    let report = doors.lanes.take(source, items).await.map_err(|error| failed(&error))?;
    outcome.taken = report.taken;
    outcome.repeated = report.repeated;
    outcome.superseded = report.superseded;
    outcome.rejected = report.rejected.len();
    Ok(())
}

fn item(origin: &Origin, index: usize, message: Message, most: usize) -> Item {
    let size = message.payload.len();
    let mut envelope = origin.envelope(segment::STREAM, None, message.payload);
    envelope.dedupe_key = message.message_id;
    envelope.occurred_at = message.occurred_at;
    if size <= most {
        return Ok(envelope);
    }
    let reason = format!("The event is larger than {most} bytes (doors.tracking_event_bytes). Send less with it.");
    Err(Rejected { line: index as u64 + 1, envelope, reject: Reject::new(RejectCode::TooLarge, reason) })
}
