//! The page to ask in development: a query with its variables, a switch of roles, the answers side by side, the schema.
//! Files in the binary, no build, no network. Its script knows nothing that the API does not tell any client.
//!
//! It hands out tokens, so it is for development on a loopback address alone: whoever adds it sees to that, and this
//! module refuses requests that came by another name or from another site. Not here: what the tokens are signed with
//! (`crate::auth`), which examples there are (the caller's).

#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::get;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{here, reply};
use crate::error::{Code, Result};

/// A role to ask as.
#[derive(Debug, Clone, Serialize)]
pub struct RoleToken {
    /// Name of the role.
    pub role: String,
    /// What the role is for, in one sentence.
    pub description: String,
    /// A token that holds for this server.
    pub token: String,
}

/// A query worth trying.
#[derive(Debug, Clone, Serialize)]
pub struct Example {
    /// What it asks, in a few words.
    pub title: String,
    /// The document.
    pub query: String,
    /// Its variables.
    pub variables: Map<String, Value>,
}

impl Example {
    /// An example without variables.
    pub fn new(title: &str, query: &str) -> Self {
        Self { title: title.to_owned(), query: query.trim().to_owned(), variables: Map::new() }
    }

    /// With a variable.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.variables.insert(name.to_owned(), value.into());
        self
    }
}

/// Gives the roles with tokens that are fresh each time the page is opened, so that a server may run for days.
pub type Roles = Arc<dyn Fn() -> Result<Vec<RoleToken>> + Send + Sync>;

/// Nothing but what this server sends may run, be shown or be asked.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
);
/// GraphiQL is the one guest: its files come from elsewhere, each held to its hash, and style themselves.
const GUEST_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self' https://cdn.jsdelivr.net; style-src 'self' 'unsafe-inline' \
     https://cdn.jsdelivr.net; img-src 'self' data:; font-src data:; connect-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'",
);
const GUEST: &str = "/graphiql";
const SAME_ORIGIN: HeaderValue = HeaderValue::from_static("same-origin");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";
const TEXT: &str = "text/plain; charset=utf-8";

/// What the page is made of: address, kind, content.
const FILES: &[(&str, &str, &str)] = &[
    ("/", HTML, include_str!("page.html")),
    (GUEST, HTML, include_str!("graphiql.html")),
    ("/page/graphiql.css", CSS, include_str!("graphiql.css")),
    ("/page/js/graphiql.js", SCRIPT, include_str!("js/graphiql.js")),
    ("/page/page.css", CSS, include_str!("page.css")),
    ("/page/icon.svg", SVG, include_str!("icon.svg")),
    ("/page/js/page.js", SCRIPT, include_str!("js/page.js")),
    ("/page/js/answer.js", SCRIPT, include_str!("js/answer.js")),
    ("/page/js/ask.js", SCRIPT, include_str!("js/ask.js")),
    ("/page/js/docs.js", SCRIPT, include_str!("js/docs.js")),
    ("/page/js/editor.js", SCRIPT, include_str!("js/editor.js")),
    ("/page/js/element.js", SCRIPT, include_str!("js/element.js")),
    ("/page/js/sdl.js", SCRIPT, include_str!("js/sdl.js")),
];

/// What changes from start to start.
struct Setup {
    roles: Roles,
    examples: Vec<Example>,
}

/// The page's routes: `/`, its files, `/graphiql`, `/schema.graphql`, and the roles with their tokens.
pub fn router(roles: Roles, examples: Vec<Example>, sdl: String) -> Router {
    let setup = Arc::new(Setup { roles, examples });
    let mut router = Router::new().route("/page/setup.json", get(setup_file)).with_state(setup);
    for (address, kind, content) in FILES {
        router = router.route(address, get(async || file(kind, *content)));
    }
    router.route("/schema.graphql", get(async || file(TEXT, sdl))).layer(from_fn(guard))
}

async fn setup_file(State(setup): State<Arc<Setup>>) -> Response {
    match (setup.roles)() {
        Ok(roles) => {
            let body = json!({ "roles": roles, "examples": setup.examples }).to_string();
            reply::body(StatusCode::OK, reply::JSON, body)
        }
        Err(error) => reply::error(StatusCode::INTERNAL_SERVER_ERROR, &error, ""),
    }
}

fn file(kind: &'static str, content: impl Into<Body>) -> Response {
    reply::body(StatusCode::OK, HeaderValue::from_static(kind), content)
}

/// Keeps the page to those who opened it on this machine: a name that leads here from elsewhere (DNS rebinding) and
/// scripts of other sites are refused, and the answers carry the page's own policy.
async fn guard(request: Request, next: Next) -> Response {
    let policy = if request.uri().path() == GUEST { GUEST_POLICY } else { POLICY };
    let mut response = if comes_from_here(request.headers()) {
        next.run(request).await
    } else {
        let message = "This page answers only on this machine: open it by the address the server prints.";
        reply::refuse(StatusCode::FORBIDDEN, Code::Forbidden, message)
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    headers.insert(RESOURCE_POLICY, SAME_ORIGIN);
    headers.insert(OPENER_POLICY, SAME_ORIGIN);
    response
}

fn comes_from_here(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let host = here::host(headers).unwrap_or_default();
    // The page's own requests are plain reads, which carry no Origin, or this one.
    let own = text(header::ORIGIN).is_none_or(|origin| origin.strip_prefix("http://") == Some(host));
    let site = text(HeaderName::from_static("sec-fetch-site"));
    let elsewhere = matches!(site, Some("cross-site" | "same-site"));
    // Following a link to the page itself is harmless: it shows nothing to whoever linked.
    let opened = text(HeaderName::from_static("sec-fetch-mode")) == Some("navigate");
    here::is_loopback(host) && own && (!elsewhere || opened)
}
