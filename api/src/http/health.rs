//! `/healthz`: the process runs. `/readyz`: it can answer. Neither needs a token, and neither says more than that.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::reply;
use super::shared::Shared;
use crate::error::Code;

const OK: &str = "{\"status\":\"ok\"}";

pub(super) async fn alive() -> Response {
    reply::body(StatusCode::OK, reply::JSON, OK)
}

pub(super) async fn ready(State(shared): State<Arc<Shared>>) -> Response {
    let unavailable = |message: &str| reply::refuse(StatusCode::SERVICE_UNAVAILABLE, Code::Unavailable, message);
    if shared.is_draining() {
        return unavailable("The server is stopping.");
    }
    match shared.engine.ready().await {
        Ok(()) => reply::body(StatusCode::OK, reply::JSON, OK),
        Err(error) => {
            tracing::warn!(error = ?error, "not ready");
            unavailable("The server cannot answer at the moment.")
        }
    }
}
