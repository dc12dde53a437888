//! `POST /hooks/{source}`: a webhook on its way from bytes to committed records. The order is fixed: which source, the
//! bytes, the signature over them; only then anything is read or written.
//!
//! Who sends is told nothing of why a signature does not hold. Once it holds, nothing is refused for what the body says: what
//! cannot be taken is kept as rejected, since nobody would send it again.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use chrono::Utc;
use serde_json::json;
use tokio::sync::Semaphore;

use super::super::reply::{self, RequestId};
use super::super::shared::Shared;
use super::super::{authorize, body as whole};
use super::outcome::Outcome;
use super::{Doors, RETRY, body};
use crate::config::{Config, Secret};
use crate::error::{Code, Error, Result};
use crate::ingest::hook::secret::Keys;
use crate::ingest::hook::section::Hook;
use crate::ingest::hook::verify;
use crate::ingest::intake::Intake;
use crate::ingest::lane::Lanes;
use crate::ingest::lines::Origin;
use crate::ingest::pause;
use crate::ingest::source::Source;
use crate::meter;

/// So many deliveries of one source are worked on at once, and written together; a source that is slow takes no place of another.
const AT_ONCE: usize = 256;

/// After so many seconds it is worth sending again what found no place.
const BUSY: u64 = 1;

/// The prefix of all addresses of hooks.
const PATH: &str = "/hooks/";

/// The sources that take webhooks.
pub(super) struct Hooks {
    public_url: String,
    doors: HashMap<String, Door>,
}

/// One of them.
struct Door {
    source: Source,
    hook: Arc<Hook>,
    keys: Keys,
    places: Semaphore,
}

impl Hooks {
    /// The declared sources with a hook. Fails on a secret that is no key for the recipe, and on a recipe that signs the
    /// address where the settings do not say it.
    pub(super) fn try_new(config: &Config, intake: &Intake) -> Result<Self> {
        let mut doors = HashMap::new();
        for source in intake.declared() {
            let Some(hook) = &source.hook else { continue };
            let secrets: Vec<&str> = intake.keyring().of(&source.key, source.purpose()).map(Secret::expose).collect();
            match usable(config, source, hook, &secrets) {
                Ok(keys) => {
                    let (hook, places) = (Arc::clone(hook), Semaphore::new(AT_ONCE));
                    doors.insert(source.key.clone(), Door { source: source.clone(), hook, keys, places });
                }
                Err(error) if hook.declared => return Err(error),
                // Only its mapping offers a hook; the secret may be meant for another door.
                Err(error) => tracing::warn!(
                    source = source.key,
                    "takes no webhooks: {} A secret for /ingest is named in `tokens`.",
                    error.message
                ),
            }
        }
        let public_url = config.http.public_url.as_deref().unwrap_or_default().trim_end_matches('/').to_owned();
        Ok(Self { public_url, doors })
    }
}

/// The keys that the secrets of a source are.
fn usable(config: &Config, source: &Source, hook: &Hook, secrets: &[&str]) -> Result<Keys> {
    let file = source.file.as_deref().unwrap_or(&source.key);
    if hook.recipe.needs_uri() && config.http.public_url.is_none() {
        return Err(Error::bad_input(format!(
            "Settings: {file}: the signature of {} covers the address that it calls. Set http.public_url, like \
             https://customers.example.com.",
            hook.recipe.name
        )));
    }
    hook.recipe.keys(secrets).map_err(|(at, why)| {
        let name = source.secrets.get(at).map_or("", String::as_str);
        Error::bad_input(format!("Settings: {file}: the secret `{name}` {why} ({}).", hook.recipe.name))
    })
}

pub(in crate::http) async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let mut outcome = Outcome::begin(meter::Door::Hook);
    let response = take(&shared, parts, body, &mut outcome).await.unwrap_or_else(|refusal| *refusal);
    outcome.status = response.status();
    outcome.note(&shared.meter);
    response
}

async fn take(shared: &Shared, parts: Parts, body: Body, outcome: &mut Outcome) -> Result<Response, Box<Response>> {
    if parts.method != Method::POST {
        let response = reply::refuse(StatusCode::METHOD_NOT_ALLOWED, Code::BadUserInput, "A webhook needs POST.");
        return Err(reply::with(response, header::ALLOW, HeaderValue::from_static("POST")).into());
    }
    let key = parts.uri.path().strip_prefix(PATH).unwrap_or_default();
    let found = shared.doors.as_ref().and_then(|doors| Some((doors, doors.hooks.doors.get(key)?)));
    let Some((doors, door)) = found else {
        let message = "No source takes webhooks at this address.";
        return Err(Box::new(reply::refuse(StatusCode::NOT_FOUND, Code::NotFound, message)));
    };
    let Doors { intake, lanes, hooks, memory, .. } = &**doors;
    outcome.source = Some(key.to_owned());
    let address = authorize::address(shared, &parts);
    if parts.headers.get(header::CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        let message = "Send the body uncompressed: its signature covers the bytes as they are.";
        return Err(Box::new(reply::refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::BadUserInput, message)));
    }
    let limit = (shared.http.hook_body_bytes, "http.hook_body_bytes");
    let stated = parts.headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    let _room = body::room(memory, stated.unwrap_or(limit.0).min(limit.0)).await?;
    let bytes = whole::read(shared, &parts, body, limit).await?;
    outcome.bytes = bytes.len() as u64;
    let path = parts.uri.path_and_query().map_or(parts.uri.path(), |path| path.as_str());
    let uri = format!("{}{path}", hooks.public_url);
    let request = verify::Request { method: parts.method.as_str(), uri: &uri, headers: &parts.headers, body: &bytes };
    let proof = door.hook.recipe.verify(&door.keys, &request, Utc::now()).map_err(|refusal| {
        tracing::info!(source = key, "a webhook was refused: {refusal}");
        Box::new(match shared.failures.count_at(key, address) {
            None => unauthenticated(),
            Some(seconds) => {
                let message = "Too many signatures from this address did not hold. Try again later.";
                let response = reply::refuse(StatusCode::TOO_MANY_REQUESTS, Code::RateLimited, message);
                reply::retry_after(response, seconds)
            }
        })
    })?;
    let Ok(_place) = door.places.try_acquire() else {
        let message = "More webhooks of this source are being taken than may be at once. Send it again in a moment.";
        let response = reply::refuse(StatusCode::TOO_MANY_REQUESTS, Code::RateLimited, message);
        return Err(reply::retry_after(response, BUSY).into());
    };
    let failed = |error: Error, seconds| Box::new(failed(&error, seconds, &parts));
    intake.refuse_if_paused(key).await.map_err(|error| failed(error, pause::RETRY_SECONDS))?;
    let origin = Origin::new(key);
    let deliveries = door.hook.read(&door.source.mapping, &origin, &proof, &parts.headers, &bytes);
    drop(bytes);
    // One that brings nothing is a request all the same.
    doors.admit(key, deliveries.iter().map(|delivery| delivery.items.len()).sum::<usize>().max(1))?;
    let report = lanes.take_deliveries(key, deliveries).await.map_err(|error| failed(error, RETRY))?;
    let records = report.records;
    outcome.taken = records.taken;
    outcome.repeated = records.repeated + report.repeated;
    outcome.superseded = records.superseded;
    outcome.rejected = records.rejected.len();
    let answer = json!({
        "taken": outcome.taken,
        "repeated": outcome.repeated + outcome.superseded,
        "rejected": outcome.rejected,
    });
    Ok(reply::body(StatusCode::OK, reply::JSON, answer.to_string()))
}

/// One refusal for all that can be wrong with a signature.
fn unauthenticated() -> Response {
    let message = "The signature of this request does not hold.";
    let response = reply::refuse(StatusCode::UNAUTHORIZED, Code::Unauthenticated, message);
    reply::with(response, header::WWW_AUTHENTICATE, HeaderValue::from_static("Signature"))
}

/// What went wrong on our side, or what has to wait.
fn failed(error: &Error, seconds: u64, parts: &Parts) -> Response {
    let request_id = parts.extensions.get::<RequestId>().map_or("", RequestId::as_str);
    match error.code {
        Code::Unavailable => {
            let response = reply::error(StatusCode::SERVICE_UNAVAILABLE, error, request_id);
            reply::retry_after(response, seconds)
        }
        Code::RateLimited => {
            let response = reply::error(StatusCode::TOO_MANY_REQUESTS, error, request_id);
            reply::retry_after(response, Lanes::RETRY_SECONDS)
        }
        _ => reply::error(StatusCode::INTERNAL_SERVER_ERROR, error, request_id),
    }
}
