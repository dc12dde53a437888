//! Signs a token with this server's HS256 secret: for development and for the demo. With a JWKS file there is nothing to
//! sign with, and the identity provider does it.

use jsonwebtoken::{Algorithm, EncodingKey, Header};

use super::{Audience, Wire, keys, now};
use crate::config::Config;
use crate::error::{Error, Result};

/// A token for `subject` with `roles`, good for `life_seconds` (at most `auth.max_life_seconds`).
pub fn mint(config: &Config, subject: &str, roles: &[String], life_seconds: u64) -> Result<String> {
    if config.auth.jwks_file.is_some() {
        return Err(Error::bad_input(
            "Tokens are signed by your identity provider (auth.jwks_file is set); this server cannot mint any.",
        ));
    }
    let longest = config.auth.max_life_seconds;
    if life_seconds == 0 || life_seconds > longest {
        return Err(Error::bad_input(format!(
            "A token may live from 1 to {longest} seconds (auth.max_life_seconds), not {life_seconds}."
        )));
    }
    let issued = now();
    let wire = Wire {
        iss: config.auth.issuer.clone(),
        aud: Audience::One(config.auth.audience.clone()),
        sub: subject.to_owned(),
        exp: issued + life_seconds,
        iat: Some(issued),
        nbf: None,
        jti: Some(format!("{:032x}", fastrand::u128(..))),
        roles: roles.to_vec(),
        email: subject.contains('@').then(|| subject.to_owned()),
    };
    let key = EncodingKey::from_secret(keys::secret(config)?.as_bytes());
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), &wire, &key).map_err(Error::internal)
}
