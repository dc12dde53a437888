//! Who brings records: whoever has a token of the source, or a token whose role may write the intake. A refusal tells nothing
//! of the source, not even whether there is one.

use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::shared::Shared;
use super::super::{authorize, here, reply};
use super::{Doors, refusal};
use crate::access::Target;
use crate::error::{Code, Error};
use crate::ingest::keyring::Purpose;

/// The door of write keys, whose failures are counted apart from those of tokens.
const TRACKING: &str = "/v1";

/// Whether the request may bring records of this source: by `Authorization: Bearer` with a secret that is for it, or with a token
/// of a role.
pub(super) fn bearer(shared: &Shared, doors: &Doors, parts: &Parts, source: &str) -> Result<(), Box<Response>> {
    match authorize::token(parts).and_then(|token| doors.intake.keyring().purpose(source, token.as_bytes())) {
        Some(Purpose::Token) => return Ok(()),
        // Refused like any other; that it is one of ours is for the log alone.
        Some(_) => tracing::info!(source, "a secret for another door was presented; name one for /ingest in `tokens`"),
        None => {}
    }
    if shared.public_secret && !here::names_this_machine(&parts.headers) {
        let message = "With the public development secret the server takes tokens only from programs of this machine.";
        return Err(refusal(&Error::forbidden(message), "").into());
    }
    let claims = authorize::claims(shared, parts)?;
    let rights = doors.policy.rights(claims.roles.iter().map(String::as_str));
    if rights.is_ok_and(|rights| rights.may_write(Target::Intake).is_some()) {
        return Ok(());
    }
    let message =
        "The role of this token may not bring records. Use the source's secret, or a token of the role integration.";
    Err(refusal(&Error::forbidden(message), "").into())
}

/// The source of a write key.
pub(super) fn write_key<'a>(
    shared: &Shared,
    doors: &'a Doors,
    parts: &Parts,
    key: Option<&str>,
) -> Result<&'a str, Box<Response>> {
    let sources = doors.tracked.iter().map(String::as_str);
    let owner = key.and_then(|key| doors.intake.keyring().owner(sources, key.as_bytes()));
    // A key that holds is never refused for what others of its address tried.
    owner.ok_or_else(|| match shared.failures.count_at(TRACKING, authorize::address(shared, parts)) {
        None => unauthenticated().into(),
        Some(seconds) => {
            let message = "Too many write keys from this address did not hold. Try again later.";
            let error = Error::new(Code::RateLimited, message);
            reply::retry_after(refusal(&error, ""), seconds).into()
        }
    })
}

/// The user name of `Authorization: Basic`: where SDKs put the write key.
pub(super) fn basic(parts: &Parts) -> Option<String> {
    let mut values = parts.headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let (scheme, packed) = value.to_str().ok()?.split_once(' ')?;
    let plain = scheme.eq_ignore_ascii_case("basic").then(|| STANDARD.decode(packed.trim()).ok()).flatten()?;
    let plain = String::from_utf8(plain).ok()?;
    let key = plain.split_once(':').map_or(plain.as_str(), |(key, _)| key);
    (!key.is_empty()).then(|| key.to_owned())
}

fn unauthenticated() -> Response {
    let message = "A valid write key is needed: by Basic authentication, or as `writeKey` in the body.";
    let response = reply::refuse(StatusCode::UNAUTHORIZED, Code::Unauthenticated, message);
    // No challenge of the kind that makes a browser ask its user for a password.
    reply::with(response, header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
}
