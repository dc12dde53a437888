//! What surrounds every request, in one place because every layer costs every request: the request id, the number of
//! requests at once, the time an answer may take, panics, and the headers that all answers carry.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use futures_util::FutureExt;

use super::reply::{self, RequestId};
use super::shared::Shared;
use super::{cors, doors};
use crate::error::{Code, Error};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const CSP: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const NO_SNIFF: HeaderValue = HeaderValue::from_static("nosniff");
const NO_REFERRER: HeaderValue = HeaderValue::from_static("no-referrer");

pub(super) async fn around(State(shared): State<Arc<Shared>>, mut request: Request, next: Next) -> Response {
    let id = request_id(&request);
    let origin = shared.cors.allowed(request.headers());
    let public = doors::is_public(request.uri().path());
    let preflight = request.method() == Method::OPTIONS && request.headers().contains_key(header::ORIGIN);
    let asked = preflight.then(|| cors::asked(request.headers()));
    let start = Instant::now();
    // The pattern, which is ours; what matched none is told together.
    let route = request.extensions().get::<MatchedPath>().cloned();
    let mut response = if preflight {
        cors::preflight()
    } else {
        request.extensions_mut().insert(RequestId(id.clone()));
        answer(&shared, request, next, &id).await
    };
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    shared.meter.answered(route, response.status().as_u16(), start.elapsed());
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, id);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, NO_SNIFF);
    // Pages bring their own: they need scripts and styles.
    headers.entry(header::CACHE_CONTROL).or_insert(NO_STORE);
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(CSP);
    headers.entry(header::REFERRER_POLICY).or_insert(NO_REFERRER);
    if public {
        cors::allow_all(headers, asked);
        return response;
    }
    if shared.cors.varies() {
        headers.append(header::VARY, HeaderValue::from_static("origin"));
    }
    if let Some(origin) = origin {
        cors::allow(headers, origin, preflight);
    }
    response
}

async fn answer(shared: &Shared, request: Request, next: Next, id: &HeaderValue) -> Response {
    // Health and metrics are asked for when things go badly: they are always answered.
    let health = matches!(request.uri().path(), "/healthz" | "/readyz" | "/metrics");
    let place = shared.enter();
    if place.is_none() && !health {
        let full = "The server has too much to do at the moment. Try again shortly.";
        return reply::retry_after(reply::refuse(StatusCode::SERVICE_UNAVAILABLE, Code::Unavailable, full), 1);
    }
    let guarded = AssertUnwindSafe(next.run(request)).catch_unwind();
    match tokio::time::timeout(shared.request_time, guarded).await {
        Ok(Ok(response)) => response,
        Ok(Err(panic)) => {
            let error = Error::internal(format!("panic: {}", panic_text(panic.as_ref())));
            reply::error(StatusCode::INTERNAL_SERVER_ERROR, &error, id.to_str().unwrap_or_default())
        }
        Err(_) => {
            let late =
                format!("The answer took longer than {} s (http.request_seconds).", shared.request_time.as_secs());
            reply::retry_after(reply::refuse(StatusCode::SERVICE_UNAVAILABLE, Code::Unavailable, late), 5)
        }
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

/// The client's own id if it is a plain one, so that its log and ours can be laid side by side.
fn request_id(request: &Request) -> HeaderValue {
    let plain = |value: &&HeaderValue| {
        let bytes = value.as_bytes();
        (1..=64).contains(&bytes.len())
            && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
    };
    match request.headers().get(REQUEST_ID).filter(plain) {
        Some(id) => id.clone(),
        None => HeaderValue::try_from(format!("{:032x}", fastrand::u128(..))).unwrap_or(NO_STORE),
    }
}
