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
use chrono::{DateTime, Utc};

use super::super::reply::{self, RequestId};
use super::super::shared::Shared;
use super::body::{self, Limits};
use super::outcome::Outcome;
use super::{Doors, proof, refusal};
use crate::error::{Code, Error};
use crate::ingest::envelope::{Envelope, Reject, RejectCode};
use crate::ingest::lines::{Item, Origin, Rejected};
use crate::meter::Door;
use crate::silo::analytics::preset::segment::{self, Message};

const TAKEN: &str = "{\"success\":true}";

/// What is sent to an address.
#[derive(Clone, Copy)]
enum Call {
    /// A message of this type, which it need not say itself.
    One(&'static str),
    /// Several, each of which says its type.
    Several,
}

impl Call {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "identify" | "i" => Self::One("identify"),
            "track" | "t" => Self::One("track"),
            "page" | "p" => Self::One("page"),
            "screen" | "s" => Self::One("screen"),
            "group" | "g" => Self::One("group"),
            "alias" | "a" => Self::One("alias"),
            "batch" | "b" | "import" => Self::Several,
            _ => return None,
        })
    }

    fn kind(self) -> Option<&'static str> {
        match self {
            Self::One(kind) => Some(kind),
            Self::Several => None,
        }
    }
}

pub(super) async fn answer(State(shared): State<Arc<Shared>>, Path(call): Path<String>, request: Request) -> Response {
    let Some(doors) = shared.doors.as_deref() else { return reply::not_found().await };
    let mut outcome = Outcome::begin(Door::Track);
    let Some(call) = Call::named(&call) else {
        let response = reply::not_found().await;
        outcome.status = response.status();
        outcome.note(&shared.meter);
        return response;
    };
    let (parts, body) = request.into_parts();
    let taken = take(&shared, doors, call, &parts, body, &mut outcome).await;
    let response = match taken {
        Ok(()) => reply::body(StatusCode::OK, reply::JSON, TAKEN),
        Err(response) => *response,
    };
    outcome.status = response.status();
    outcome.note(&shared.meter);
    response
}

async fn take(
    shared: &Shared,
    doors: &Doors,
    call: Call,
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
    let request = segment::Request::parse(text.trim_start_matches('\u{feff}'), call.kind())
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
    doors.open_source(source).await.map_err(|error| failed(&error))?;
    doors.admit(source, request.len())?;
    let origin = Origin::new(source);
    let received_at = origin.envelope(segment::STREAM, None, "").received_at;
    let mut items: Vec<Item> = Vec::with_capacity(request.len());
    for message in request.messages(received_at) {
        let size = message.payload.len();
        let envelope = envelope(&origin, received_at, message);
        if size <= settings.tracking_event_bytes {
            items.push(Ok(envelope));
        } else {
            items.push(Err(too_large(envelope, items.len(), settings.tracking_event_bytes)));
        }
    }
    let report = doors.lanes.take(Door::Track, source, items).await.map_err(|error| failed(&error))?;
    outcome.taken = report.taken;
    outcome.repeated = report.repeated;
    outcome.superseded = report.superseded;
    outcome.rejected = report.rejected.len();
    Ok(())
}

fn envelope(origin: &Origin, received_at: DateTime<Utc>, message: Message) -> Envelope {
    let mut envelope = origin.envelope(segment::STREAM, None, message.payload);
    // One moment for the whole request: that by which its times were corrected.
    envelope.received_at = received_at;
    envelope.dedupe_key = message.message_id;
    envelope.occurred_at = message.occurred_at;
    envelope
}

fn too_large(envelope: Envelope, index: usize, most: usize) -> Rejected {
    let reason = format!("The event is larger than {most} bytes (doors.tracking_event_bytes). Send less with it.");
    Rejected { line: index as u64 + 1, envelope, reject: Reject::new(RejectCode::TooLarge, reason) }
}
