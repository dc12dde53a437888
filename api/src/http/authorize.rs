//! From a request to the claims of its bearer token, or to the refusal. Every refusal of a token reads the same.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;

use super::reply;
use super::shared::Shared;
use crate::auth::{Claims, REFUSAL};
use crate::error::Code;

/// The address at the other end of the connection.
#[derive(Clone, Copy)]
pub(super) struct Peer(pub(super) IpAddr);

/// Who asks. A token that is known costs one hash; a new one is verified, and one that holds is never refused for what others of its
/// address tried.
pub(super) fn claims(shared: &Shared, parts: &Parts) -> Result<Arc<Claims>, Box<Response>> {
    let Some(token) = token(parts) else { return Err(unauthenticated().into()) };
    if let Some(claims) = shared.verifier.recall(token) {
        return Ok(claims);
    }
    shared.verifier.verify(token).map_err(|_| match shared.failures.count(address(shared, parts)) {
        None => unauthenticated().into(),
        Some(seconds) => {
            let message = "Too many tokens from this address did not hold. Try again later.";
            let response = reply::refuse(StatusCode::TOO_MANY_REQUESTS, Code::RateLimited, message);
            reply::retry_after(response, seconds).into()
        }
    })
}

fn unauthenticated() -> Response {
    let response = reply::refuse(StatusCode::UNAUTHORIZED, Code::Unauthenticated, REFUSAL);
    reply::with(response, header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
}

/// The token of the one Authorization header; with two there is no telling which one a proxy has checked.
pub(super) fn token(parts: &Parts) -> Option<&str> {
    let mut values = parts.headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// The address that a request came from: the connection's, or what the proxy says.
pub(super) fn address(shared: &Shared, parts: &Parts) -> IpAddr {
    let forwarded = || {
        let last = parts.headers.get_all("x-forwarded-for").iter().next_back()?;
        last.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
    };
    let peer = parts.extensions.get::<Peer>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0);
    if shared.http.forwarded { forwarded().unwrap_or(peer) } else { peer }
}
