//! Which pages of other origins may read answers: only those listed, none by default. Tokens travel in a header, so no
//! cookie is ever allowed along.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;

use crate::error::{Error, Result};

const METHODS: HeaderValue = HeaderValue::from_static("GET, POST");
const HEADERS: HeaderValue = HeaderValue::from_static("authorization, content-type, x-request-id");
const EXPOSED: HeaderValue = HeaderValue::from_static("x-request-id, retry-after");
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");

/// The allowed origins.
pub(super) struct Cors(Vec<HeaderValue>);

impl Cors {
    pub(super) fn try_new(origins: &[String]) -> Result<Self> {
        let value = |origin: &String| {
            HeaderValue::from_str(origin)
                .map_err(|_| Error::bad_input(format!("Settings: http.allowed_origins: {origin:?} is no origin.")))
        };
        Ok(Self(origins.iter().map(value).collect::<Result<_>>()?))
    }

    /// The request's origin, if its pages may read the answer.
    pub(super) fn allowed(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let origin = headers.get(header::ORIGIN)?;
        self.0.iter().any(|allowed| allowed == origin || allowed == "*").then(|| origin.clone())
    }

    /// Whether answers differ by origin.
    pub(super) fn varies(&self) -> bool {
        !self.0.is_empty()
    }
}

/// The answer to a browser that asks before it sends.
pub(super) fn preflight() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// Tells the browser that pages of any origin may send here, with the headers they ask for: what they send proves itself, and
/// no cookie is taken.
pub(super) fn allow_all(headers: &mut HeaderMap, asked: Option<HeaderValue>) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    if let Some(asked) = asked {
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST"));
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, asked);
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    }
}

/// The headers that a preflight asks for.
pub(super) fn asked(headers: &HeaderMap) -> HeaderValue {
    headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS).cloned().unwrap_or(HEADERS)
}

/// Tells the browser that this origin may read the answer.
pub(super) fn allow(headers: &mut HeaderMap, origin: HeaderValue, preflight: bool) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    if preflight {
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS);
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    } else {
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
}
