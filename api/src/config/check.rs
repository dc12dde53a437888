//! Which settings make sense, and which are refused outside development. Nothing here reads or changes a setting.

use super::{Config, Mode};
use crate::error::{Error, Result};

/// HS256 needs a secret of 256 bits.
pub(super) const SECRET_BYTES: usize = 32;

/// A source's secret outside development: 128 bits, were they random.
const SOURCE_SECRET_BYTES: usize = 16;

/// Every rule, each with the sentence that says what to change.
pub(super) fn check(config: &Config) -> Result<()> {
    let auth = &config.auth;
    let graphql = &config.graphql;
    let http = &config.http;
    let database = &config.database;
    let positive: [(&str, u64); 31] = [
        ("database.pool_size", database.pool_size.into()),
        ("database.acquire_ms", database.acquire_ms),
        ("database.statement_ms", database.statement_ms),
        ("http.graphql_body_bytes", http.graphql_body_bytes as u64),
        ("http.header_seconds", http.header_seconds),
        ("http.body_seconds", http.body_seconds),
        ("http.request_seconds", http.request_seconds),
        ("http.keep_alive_seconds", http.keep_alive_seconds),
        ("http.in_flight", http.in_flight as u64),
        ("http.connections", http.connections.into()),
        ("graphql.max_document_bytes", graphql.max_document_bytes as u64),
        ("graphql.max_tokens", graphql.max_tokens.into()),
        ("graphql.max_depth", graphql.max_depth.into()),
        ("graphql.max_introspection_depth", graphql.max_introspection_depth.into()),
        ("graphql.max_nesting", graphql.max_nesting.into()),
        ("graphql.max_selections", graphql.max_selections.into()),
        ("graphql.max_cost", graphql.max_cost.into()),
        ("graphql.max_page", graphql.max_page.into()),
        ("graphql.default_page", graphql.default_page.into()),
        ("graphql.max_root_fields", graphql.max_root_fields.into()),
        ("auth.max_life_seconds", auth.max_life_seconds),
        ("auth.cached_tokens", auth.cached_tokens as u64),
        ("graphql.max_operations", graphql.max_operations.into()),
        ("rate.points", config.rate.points.into()),
        ("rate.refill_per_second", config.rate.refill_per_second.into()),
        ("intake.flush_records", config.intake.flush_records as u64),
        ("intake.flush_ms", config.intake.flush_ms),
        ("intake.look_seconds", config.intake.look_seconds),
        ("export.at_once", config.export.at_once as u64),
        ("export.per_subject", config.export.per_subject as u64),
        ("export.page_rows", config.export.page_rows as u64),
    ];
    for (key, value) in positive.into_iter().chain(config.doors.positive()) {
        refuse_if(value == 0, || format!("{key} must be at least 1."))?;
    }
    // The parser and the checks recurse once per level: above this a document could exhaust a thread's stack.
    refuse_if(graphql.max_nesting > 64, || "graphql.max_nesting must not exceed 64.".into())?;
    refuse_if(graphql.max_tokens > 20_000, || "graphql.max_tokens must not exceed 20000.".into())?;
    refuse_if(graphql.max_json_depth > 120, || "graphql.max_json_depth must not exceed 120.".into())?;
    refuse_if(graphql.default_page > graphql.max_page, || {
        "graphql.default_page must not exceed graphql.max_page.".into()
    })?;
    refuse_if(config.rate.points < graphql.max_cost, || {
        "rate.points must be at least graphql.max_cost, or the largest request could never be paid for.".into()
    })?;
    // A transaction's records are in memory at once, and PostgreSQL takes them as one value of at most 1 GiB.
    refuse_if(!(1_024..=64 << 20).contains(&config.intake.line_bytes), || {
        "intake.line_bytes must be from 1024 to 67108864.".into()
    })?;
    refuse_if(!(1_024..=64 << 20).contains(&http.hook_body_bytes), || {
        "http.hook_body_bytes must be from 1024 to 67108864.".into()
    })?;
    let plain = |url: &String| {
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(['?', '#', ' ']))
    };
    refuse_if(http.public_url.as_ref().is_some_and(|url| !plain(url)), || {
        "http.public_url must be an address like https://customers.example.com.".into()
    })?;
    refuse_if(http.header_bytes < 8_192, || "http.header_bytes must be at least 8192.".into())?;
    refuse_if(auth.jwks_file.is_some() && auth.hs256_secret.is_some(), || {
        "Set either auth.jwks_file or auth.hs256_secret, not both: the key decides which tokens hold.".into()
    })?;
    refuse_if(config.signs_with_the_public_secret() && !http.listen.ip().is_loopback(), || {
        "http.listen is open to the network while the public development secret signs tokens. \
         Set auth.hs256_secret or auth.jwks_file, or listen on 127.0.0.1."
            .into()
    })?;
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    for (name, secret) in config.secrets.iter() {
        refuse_if(!name.bytes().all(plain), || {
            format!("secrets.{name}: a name is of small letters, digits and underscores.")
        })?;
        refuse_if(secret.expose().is_empty(), || format!("secrets.{name} is empty."))?;
    }
    match config.env {
        Mode::Development => Ok(()),
        Mode::Production => production(config),
    }
}

fn production(config: &Config) -> Result<()> {
    let auth = &config.auth;
    refuse_if(auth.jwks_file.is_none() && auth.hs256_secret.is_none(), || {
        "Production needs auth.jwks_file, or auth.hs256_secret with at least 32 random bytes.".into()
    })?;
    let sealed = config.access.cursor_secret.as_ref().or(auth.hs256_secret.as_ref());
    refuse_if(sealed.is_none_or(|secret| secret.expose().len() < SECRET_BYTES), || {
        "With auth.jwks_file, production needs access.cursor_secret: at least 32 random bytes, the same on all nodes."
            .into()
    })?;
    let short = config.metrics.token.as_ref().is_some_and(|token| token.expose().len() < 16);
    refuse_if(short, || "metrics.token must have at least 16 bytes outside development.".into())?;
    let weak = auth.hs256_secret.as_ref().is_some_and(|secret| secret.expose().len() < SECRET_BYTES);
    refuse_if(weak, || "auth.hs256_secret must have at least 32 bytes outside development.".into())?;
    refuse_if(config.signs_with_the_public_secret(), || {
        "auth.hs256_secret is the public development secret; choose another.".into()
    })?;
    for (name, secret) in config.secrets.iter() {
        refuse_if(secret.expose().len() < SOURCE_SECRET_BYTES, || {
            format!("secrets.{name} must have at least {SOURCE_SECRET_BYTES} bytes outside development.")
        })?;
    }
    refuse_if(auth.leeway_seconds > 60, || "auth.leeway_seconds must not exceed 60 outside development.".into())?;
    refuse_if(auth.max_life_seconds > 86_400, || {
        "auth.max_life_seconds must not exceed 86400 outside development.".into()
    })?;
    refuse_if(config.http.allowed_origins.iter().any(|origin| origin == "*"), || {
        "http.allowed_origins must name each origin; \"*\" would let any page read customers.".into()
    })?;
    refuse_if(config.graphql.max_cost > 1_000_000, || {
        "graphql.max_cost above 1000000 is no limit; outside development that is refused.".into()
    })
}

fn refuse_if(wrong: bool, sentence: impl FnOnce() -> String) -> Result<()> {
    if wrong { Err(Error::bad_input(format!("Settings: {}", sentence()))) } else { Ok(()) }
}
