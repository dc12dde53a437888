//! Answers that are one error, in the one outward form `{"errors":[{"message","extensions":{"code"}}]}`.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;

use crate::error::{Code, Error};
use crate::graph::answer::Answer;

pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// The id of the request under way, from the client or drawn by us.
#[derive(Clone)]
pub(super) struct RequestId(pub(super) HeaderValue);

impl RequestId {
    pub(super) fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }
}

/// Marks an answer whose body is still being made: its connection is busy until it ends.
#[derive(Clone, Copy)]
pub(super) struct Streaming;

/// An answer with this body.
pub(super) fn body(status: StatusCode, content_type: HeaderValue, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response
}

/// One error; its cause goes to the log.
pub(super) fn error(status: StatusCode, error: &Error, request_id: &str) -> Response {
    body(status, JSON, Answer::failed(error, request_id).to_json())
}

/// One error without a cause.
pub(super) fn refuse(status: StatusCode, code: Code, message: impl Into<String>) -> Response {
    error(status, &Error::new(code, message), "")
}

/// The same answer with a header more.
pub(super) fn with(mut response: Response, name: HeaderName, value: HeaderValue) -> Response {
    response.headers_mut().insert(name, value);
    response
}

/// Come back in so many seconds.
pub(super) fn retry_after(response: Response, seconds: u64) -> Response {
    with(response, header::RETRY_AFTER, HeaderValue::from(seconds))
}

pub(super) async fn not_found() -> Response {
    refuse(StatusCode::NOT_FOUND, Code::NotFound, "There is nothing at this address. The API is at /graphql.")
}

pub(super) async fn method_not_allowed() -> Response {
    refuse(StatusCode::METHOD_NOT_ALLOWED, Code::BadUserInput, "This address does not take this method.")
}
