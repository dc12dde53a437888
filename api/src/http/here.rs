//! Whether a request means this machine by the name it came by. A name that leads here from elsewhere (DNS rebinding) lets
//! a page of another site speak to a server that only listens on this machine, as if it were that server's own.

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;

use super::reply;
use super::shared::Shared;
use crate::error::Code;

/// The name a request came by; browsers always send it.
pub(super) fn host(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::HOST)?.to_str().ok()
}

/// Whether a name, with its port or without, is one of this machine's own.
pub(super) fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    name == "localhost" || name == "[::1]" || {
        let address = name.parse::<std::net::Ipv4Addr>();
        address.is_ok_and(|address| address.is_loopback())
    }
}

/// Whether a request may come from this machine: by one of its names, or by none, as no browser does.
pub(super) fn names_this_machine(headers: &HeaderMap) -> bool {
    !headers.contains_key(header::HOST) || host(headers).is_some_and(is_loopback)
}

/// Refuses requests from elsewhere where whoever reads our source can sign a token.
pub(super) fn check(shared: &Shared, headers: &HeaderMap) -> Result<(), Box<Response>> {
    if shared.public_secret && !names_this_machine(headers) {
        let message = "With the public development secret the server answers only pages and programs of this machine.";
        return Err(Box::new(reply::refuse(StatusCode::FORBIDDEN, Code::Forbidden, message)));
    }
    Ok(())
}
