//! Reading a body: whole, within its size and its time.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::Response;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use super::reply;
use super::shared::Shared;
use crate::error::Code;

/// The whole body; the limit is in bytes, and its setting is named where the body is larger.
pub(super) async fn read(
    shared: &Shared,
    parts: &Parts,
    body: Body,
    (limit, setting): (usize, &str),
) -> Result<Bytes, Box<Response>> {
    let too_large = || {
        let message = format!("The body is larger than {limit} bytes ({setting}).");
        Box::new(reply::refuse(StatusCode::PAYLOAD_TOO_LARGE, Code::BadUserInput, message))
    };
    let stated = parts.headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if stated.is_some_and(|length| length > limit as u64) {
        return Err(too_large());
    }
    let time = Duration::from_secs(shared.http.body_seconds);
    match tokio::time::timeout(time, Limited::new(body, limit).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(_)) => {
            Err(Box::new(reply::refuse(StatusCode::BAD_REQUEST, Code::BadUserInput, "The body broke off.")))
        }
        Err(_) => {
            let message = format!("The body took longer than {} s (http.body_seconds).", time.as_secs());
            Err(Box::new(reply::refuse(StatusCode::REQUEST_TIMEOUT, Code::BadUserInput, message)))
        }
    }
}
