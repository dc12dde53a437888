//! `/metrics`: what the server counts, for Prometheus. With `metrics.token` set, for whoever bears it; without, in development
//! for programs of this machine, and otherwise there is nothing at this address.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use sha2::{Digest, Sha256};

use super::authorize::{self, Peer};
use super::here;
use super::reply;
use super::shared::Shared;
use crate::error::Code;
use crate::meter::CONTENT_TYPE;

pub(super) async fn read(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    if let Some(token) = &shared.metrics_token {
        // Of hashes it does not matter where they begin to differ.
        let hash = |text: &str| Sha256::digest(text.as_bytes());
        if authorize::token(&parts).is_none_or(|sent| hash(sent) != hash(token.expose())) {
            let message = "The metrics are for whoever bears the token of the setting metrics.token.";
            let response = reply::refuse(StatusCode::UNAUTHORIZED, Code::Unauthenticated, message);
            return reply::with(response, header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
    } else {
        let peer = parts.extensions.get::<Peer>().is_some_and(|peer| peer.0.is_loopback());
        // A proxy on this machine is a peer of it too, and passes on who asks.
        let direct = !parts.headers.contains_key("x-forwarded-for") && !parts.headers.contains_key(header::FORWARDED);
        if !(shared.development && peer && direct && here::names_this_machine(&parts.headers)) {
            return reply::not_found().await;
        }
    }
    let text = shared.engine.metrics(shared.in_flight()).await;
    reply::body(StatusCode::OK, HeaderValue::from_static(CONTENT_TYPE), text)
}
