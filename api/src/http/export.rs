//! `GET /export`: a table as one long answer. Its head comes with the first rows, so that what cannot be is refused with a
//! status; what breaks later breaks the answer off, so that nobody takes a part for the whole.

use std::io;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use futures_util::stream;

use super::reply::{self, RequestId};
use super::shared::Shared;
use super::{authorize, here};
use crate::error::{Code, Error};
use crate::export::{self, Chunk, Exporting};
use crate::graph::answer::Answer;

/// The columns that are withheld from whoever asks.
const HIDDEN: HeaderName = HeaderName::from_static("customer360-hidden");

/// The columns that are masked.
const MASKED: HeaderName = HeaderName::from_static("customer360-masked");

pub(super) async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let id = parts.extensions.get::<RequestId>().map_or("", RequestId::as_str).to_owned();
    let begun = async {
        here::check(&shared, &parts.headers)?;
        let claims = authorize::claims(&shared, &parts)?;
        let refused = |error: Error| Box::new(refuse(&error, &id));
        let pairs = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri)
            .map_err(|_| refused(Error::bad_input("The query string cannot be decoded.")))?;
        let mut wanted = export::Request::from_pairs(pairs.0).map_err(refused)?;
        wanted.gzip = takes_gzip(&parts.headers);
        let gzip = wanted.gzip && wanted.format != export::Format::Parquet;
        let mut exporting = shared.engine.export(wanted, claims).await.map_err(refused)?;
        match exporting.chunks.recv().await {
            Some(Ok(first)) => Ok(stream(exporting, first, gzip, id.clone())),
            Some(Err(error)) => Err(refused(error)),
            None => Err(refused(Error::internal("an export ended before it began"))),
        }
    };
    begun.await.unwrap_or_else(|refusal: Box<Response>| *refusal)
}

fn stream(exporting: Exporting, first: Chunk, gzip: bool, id: String) -> Response {
    let Exporting { table, format, hidden, masked, chunks } = exporting;
    let body = stream::unfold(Some((Some(first), chunks, id)), |state| async {
        let (first, mut chunks, id) = state?;
        let chunk = match first {
            Some(first) => Some(Ok(first)),
            None => chunks.recv().await,
        };
        match chunk {
            Some(Ok(Chunk::Bytes(bytes))) => Some((Ok(Bytes::from(bytes)), Some((None, chunks, id)))),
            Some(Ok(Chunk::End(_))) => None,
            Some(Err(error)) => {
                // For the log: the client sees that the answer breaks off.
                drop(Answer::failed(&error, &id));
                Some((Err(io::Error::other(error.message)), None))
            }
            None => Some((Err(io::Error::other("the export broke off")), None)),
        }
    });
    let mut response =
        reply::body(StatusCode::OK, HeaderValue::from_static(format.media_type()), Body::from_stream(body));
    let headers = response.headers_mut();
    let name = format!("attachment; filename=\"{}.{}\"", table.name, format.ending());
    let lists = [(HIDDEN, hidden.join(", ")), (MASKED, masked.join(", ")), (header::CONTENT_DISPOSITION, name)];
    for (header, list) in lists {
        // Names of columns are plain letters.
        if let Ok(value) = HeaderValue::try_from(list) {
            headers.insert(header, value);
        }
    }
    headers.append(header::VARY, HeaderValue::from_static("accept-encoding"));
    if gzip {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

fn refuse(error: &Error, id: &str) -> Response {
    let status = match error.code {
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::Forbidden => StatusCode::FORBIDDEN,
        Code::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::BAD_REQUEST,
    };
    let response = reply::error(status, error, id);
    match error.code {
        Code::RateLimited => reply::retry_after(response, 30),
        Code::Unavailable => reply::retry_after(response, 5),
        _ => response,
    }
}

/// Whether the client asks for gzip: named, and not with a weight of nothing.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|one| {
        let (name, weight) = one.split_once(';').unwrap_or((one, ""));
        let weight = weight.trim().strip_prefix("q=").unwrap_or("1");
        name.trim().eq_ignore_ascii_case("gzip") && weight.trim().parse().is_ok_and(|weight: f32| weight > 0.0)
    })
}
