//! From a bearer token to the claims it proves. The key decides the algorithm, never the token's header; every failure
//! reads the same, and the reason goes to the log alone. Roles stay text here: which of them exist is the policy's matter.
//!
//! `keys` reads the keys, `mint` signs development tokens. Nothing here knows HTTP.

mod keys;
mod mint;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use jsonwebtoken::Validation;
use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::config::Config;
use crate::error::{Code, Error, Result};
use keys::Keys;
pub use mint::mint;

/// The longest token that is looked at, in bytes.
pub const MAX_TOKEN_BYTES: usize = 8 * 1024;
/// The one sentence for every token that does not hold.
pub const REFUSAL: &str = "A valid bearer token is needed.";
/// Roles in one token; no policy needs more, and each costs a look.
const MAX_ROLES: usize = 32;
const MAX_TEXT: usize = 256;

/// What a token proves about who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// Who asks (`sub`).
    pub subject: String,
    /// The roles the token grants, as text, in the token's order without repetition.
    pub roles: Vec<String>,
    /// The e-mail address the issuer vouches for, to find the staff entry.
    pub email: Option<String>,
    /// When the token ends, in seconds since 1970 (`exp`).
    pub expires_at: u64,
    /// The token's own id (`jti`).
    pub token_id: Option<String>,
}

/// The claims as they stand in the token. Strict types: a number as text is no number.
#[derive(Debug, Serialize, Deserialize)]
struct Wire {
    iss: String,
    aud: Audience,
    sub: String,
    exp: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    iat: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nbf: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    jti: Option<String>,
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    email: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// Verifies tokens and remembers those that held, by their hash, until they expire.
pub struct Verifier {
    keys: Keys,
    validation: Validation,
    leeway: u64,
    max_life: u64,
    known: Cache<[u8; 32], Arc<Claims>>,
}

impl Verifier {
    /// A verifier with the keys that the settings name.
    pub fn try_new(config: &Config) -> Result<Self> {
        let auth = &config.auth;
        // The algorithm is replaced by the key's own before each use.
        let mut validation = Validation::new(jsonwebtoken::Algorithm::HS256);
        validation.leeway = auth.leeway_seconds;
        validation.validate_nbf = true;
        validation.set_issuer(&[&auth.issuer]);
        validation.set_audience(&[&auth.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        Ok(Self {
            keys: Keys::try_new(config)?,
            validation,
            leeway: auth.leeway_seconds,
            max_life: auth.max_life_seconds,
            known: Cache::new(auth.cached_tokens),
        })
    }

    /// The claims of a token seen before that has not expired; `None` says nothing about the token.
    pub fn recall(&self, token: &str) -> Option<Arc<Claims>> {
        let claims = self.known.get(&hash(token))?;
        (now() <= claims.expires_at.saturating_add(self.leeway)).then_some(claims)
    }

    /// Verifies a token in full.
    pub fn verify(&self, token: &str) -> Result<Arc<Claims>> {
        let claims = Arc::new(self.examine(token).map_err(|reason| {
            tracing::debug!(%reason, "token refused");
            Error::new(Code::Unauthenticated, REFUSAL)
        })?);
        self.known.insert(hash(token), Arc::clone(&claims));
        Ok(claims)
    }

    fn examine(&self, token: &str) -> std::result::Result<Claims, String> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err("longer than 8 KiB".into());
        }
        let header = jsonwebtoken::decode_header(token).map_err(|error| error.to_string())?;
        let key = self.keys.find(header.kid.as_deref())?;
        let mut validation = self.validation.clone();
        validation.algorithms = vec![key.algorithm];
        let wire =
            jsonwebtoken::decode::<Wire>(token, &key.decoding, &validation).map_err(|error| error.to_string())?.claims;
        let issued = wire.iat.or(wire.nbf).unwrap_or_else(now).min(now());
        // `exp` is bounded by now as well: a token without `iat` cannot live longer than one with it.
        let life = if wire.iat.is_some() { wire.exp.saturating_sub(issued) } else { wire.exp.saturating_sub(now()) };
        if life > self.max_life.saturating_add(self.leeway) {
            return Err("lives longer than auth.max_life_seconds".into());
        }
        if wire.iat.is_some_and(|iat| iat > now().saturating_add(self.leeway)) {
            return Err("issued in the future".into());
        }
        claims(wire)
    }
}

fn claims(wire: Wire) -> std::result::Result<Claims, String> {
    let texts = [Some(&wire.sub), wire.jti.as_ref(), wire.email.as_ref()];
    let odd = |text: &String| text.len() > MAX_TEXT || text.chars().any(char::is_control);
    if wire.sub.is_empty() || texts.into_iter().flatten().chain(&wire.roles).any(odd) {
        return Err("a claim is empty, too long or holds control characters".into());
    }
    if wire.roles.len() > MAX_ROLES {
        return Err("too many roles".into());
    }
    let mut roles = Vec::with_capacity(wire.roles.len());
    for role in wire.roles {
        if !roles.contains(&role) {
            roles.push(role);
        }
    }
    Ok(Claims { subject: wire.sub, roles, email: wire.email, expires_at: wire.exp, token_id: wire.jti })
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
