//! `/graphql`: a request on its way from bytes to an answer. The order is fixed: who asks, in which form, what; then the
//! limits, the variables and the budget; only then anything runs.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Query, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::Response;

use super::authorize;
use super::body;
use super::here;
use super::media::{self, Media};
use super::reply::{self, RequestId};
use super::shared::Shared;
use crate::auth::Claims;
use crate::error::{Code, Error};
use crate::graph::answer::Answer;
use crate::graph::ask::Ask;
use crate::graph::document::{Kind, Refusal};

/// What reading an unknown document costs: the parser works for it whether it holds or not.
const UNKNOWN_DOCUMENT: u32 = 10;

/// After so many seconds it is worth asking again what was away.
const RETRY: u64 = 5;

pub(super) async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    take(&shared, parts, body).await.unwrap_or_else(|refusal| *refusal)
}

async fn take(shared: &Shared, parts: Parts, body: Body) -> Result<Response, Box<Response>> {
    here::check(shared, &parts.headers)?;
    let claims = authorize::claims(shared, &parts)?;
    let Some(media) = media::accepted(&parts.headers) else {
        let message = "Accept must allow application/graphql-response+json or application/json.";
        return Err(Box::new(reply::refuse(StatusCode::NOT_ACCEPTABLE, Code::BadUserInput, message)));
    };
    let get = parts.method == Method::GET;
    let ask = if get {
        let pairs = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri)
            .map_err(|_| unreadable(&Error::bad_input("The query string cannot be decoded.")))?;
        Ask::from_pairs(pairs.0).map_err(|error| unreadable(&error))?
    } else if parts.method == Method::POST {
        if !media::sent_json(&parts.headers) {
            let message = "Send the request as application/json in UTF-8, uncompressed.";
            return Err(Box::new(reply::refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::BadUserInput, message)));
        }
        let limit = (shared.http.graphql_body_bytes, "http.graphql_body_bytes");
        let body = body::read(shared, &parts, body, limit).await?;
        Ask::from_json(&body).map_err(|error| unreadable(&error))?
    } else {
        return Err(wrong_method("GET, POST", "Ask with POST, or with GET for a query.").into());
    };
    let request_id = parts.extensions.get::<RequestId>().map_or("", RequestId::as_str);
    execute(shared, ask, &claims, media, get, request_id).await
}

async fn execute(
    shared: &Shared,
    ask: Ask,
    claims: &Arc<Claims>,
    media: Media,
    get: bool,
    request_id: &str,
) -> Result<Response, Box<Response>> {
    let refused = |refusal: Refusal| {
        let answer = Answer::refused(refusal);
        shared.meter.graphql("refused", answer.code().map_or("OK", Code::known));
        Box::new(respond(&answer, media))
    };
    let checked = if let Some(known) = shared.documents.recall(&ask.query) {
        known
    } else {
        spend(shared, claims, UNKNOWN_DOCUMENT)?;
        shared.documents.check(&ask.query).map_err(refused)?
    };
    let operation = checked.operation(ask.operation_name.as_deref()).map_err(refused)?;
    match operation.kind {
        Kind::Mutation if get => return Err(wrong_method("POST", "A mutation needs POST.").into()),
        Kind::Subscription => {
            return Err(refused(Refusal::plain(Code::BadUserInput, "A subscription needs a WebSocket.")));
        }
        Kind::Query | Kind::Mutation => {}
    }
    if operation.introspects && !shared.development && !claims.roles.iter().any(|role| role == "admin") {
        let message = "The schema can be asked for in development and by the role admin.";
        return Err(refused(Refusal::plain(Code::Forbidden, message)));
    }
    operation.check_variables(&ask.variables, &shared.documents).map_err(refused)?;
    let limits = shared.documents.limits();
    let cost = operation.cost(&ask.variables, limits).map_err(refused)?;
    let remaining = spend(shared, claims, cost)?;
    let valid = checked.is_valid();
    let work = ask.into_work(Arc::clone(&checked));
    let response = shared.engine.execute(work, Arc::clone(claims)).await;
    let mut answer = Answer::executed(response, request_id);
    if !valid && answer.proves_valid() {
        checked.found_valid();
    }
    answer.add_cost(cost, remaining, limits.max_cost);
    let kind = if operation.kind == Kind::Mutation { "mutation" } else { "query" };
    shared.meter.graphql(kind, answer.code().map_or("OK", Code::known));
    Ok(respond(&answer, media))
}

/// Takes points from the subject's budget.
fn spend(shared: &Shared, claims: &Claims, points: u32) -> Result<u32, Box<Response>> {
    shared.budgets.take(&claims.subject, points).map_err(|seconds| {
        let message = format!("The budget of this subject is used up (rate.points). Try again in {seconds} s.");
        let response = reply::refuse(StatusCode::TOO_MANY_REQUESTS, Code::RateLimited, message);
        Box::new(reply::retry_after(response, seconds))
    })
}

fn respond(answer: &Answer, media: Media) -> Response {
    let status = match media {
        Media::GraphQl if answer.is_request_error() => match answer.code() {
            Some("INTERNAL") => StatusCode::INTERNAL_SERVER_ERROR,
            Some("UNAVAILABLE") => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        },
        Media::GraphQl | Media::Json => StatusCode::OK,
    };
    let response = reply::body(status, media.content_type(), answer.to_json());
    if status == StatusCode::SERVICE_UNAVAILABLE { reply::retry_after(response, RETRY) } else { response }
}

fn unreadable(error: &Error) -> Response {
    reply::error(StatusCode::BAD_REQUEST, error, "")
}

fn wrong_method(allow: &'static str, message: &str) -> Response {
    let response = reply::refuse(StatusCode::METHOD_NOT_ALLOWED, Code::BadUserInput, message);
    reply::with(response, header::ALLOW, HeaderValue::from_static(allow))
}
