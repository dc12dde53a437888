//! The keys that tokens are checked against: one HS256 secret, or the public keys of a JWKS file. Each key carries its
//! one algorithm. A symmetric key in a JWKS file is refused: a public file is no place for a secret.

use std::path::Path;

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};

use crate::config::{Auth, Config};
use crate::error::{Error, Result};

/// The largest JWKS file that is read, in bytes.
const MAX_FILE_BYTES: u64 = 64 * 1024;

/// A key with the one algorithm it may be used with.
pub(super) struct Key {
    id: Option<String>,
    pub(super) algorithm: Algorithm,
    pub(super) decoding: DecodingKey,
}

/// All keys of this server.
pub(super) struct Keys(Vec<Key>);

impl Keys {
    /// The keys the settings name; in development without any, the public development secret.
    pub(super) fn try_new(config: &Config) -> Result<Self> {
        if let Some(path) = &config.auth.jwks_file {
            return read(path).map(Self);
        }
        let decoding = DecodingKey::from_secret(secret(config)?.as_bytes());
        Ok(Self(vec![Key { id: None, algorithm: Algorithm::HS256, decoding }]))
    }

    /// The key a token's header points to. One key needs no pointer, but a wrong pointer is refused.
    pub(super) fn find(&self, id: Option<&str>) -> std::result::Result<&Key, String> {
        match (id, self.0.as_slice()) {
            (None, [only]) => Ok(only),
            (Some(_), [only]) if only.id.is_none() => Ok(only),
            (None, _) => Err("no kid, and several keys".into()),
            (Some(id), keys) => keys.iter().find(|key| key.id.as_deref() == Some(id)).ok_or("unknown kid".into()),
        }
    }
}

/// The HS256 secret in force; the public one only in development.
pub(super) fn secret(config: &Config) -> Result<&str> {
    match (&config.auth.hs256_secret, config.env) {
        (Some(secret), _) => Ok(secret.expose()),
        (None, crate::config::Mode::Development) => Ok(Auth::DEVELOPMENT_SECRET),
        (None, crate::config::Mode::Production) => {
            Err(Error::bad_input("Settings: production needs auth.jwks_file or auth.hs256_secret."))
        }
    }
}

fn read(path: &Path) -> Result<Vec<Key>> {
    let wrong = |what: String| Error::bad_input(format!("Settings: auth.jwks_file {}: {what}.", path.display()));
    let length = std::fs::metadata(path).map_err(|error| wrong(error.to_string()))?.len();
    if length > MAX_FILE_BYTES {
        return Err(wrong(format!("{length} bytes, more than {MAX_FILE_BYTES}")));
    }
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let set: JwkSet = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    let encryption = |jwk: &&Jwk| jwk.common.public_key_use == Some(PublicKeyUse::Encryption);
    let keys: Vec<Key> = set
        .keys
        .iter()
        .filter(|jwk| !encryption(jwk))
        .enumerate()
        .map(|(number, jwk)| key(jwk).map_err(|what| wrong(format!("key {}: {what}", number + 1))))
        .collect::<Result<_>>()?;
    if keys.is_empty() {
        return Err(wrong("holds no key to check signatures with".into()));
    }
    let unnamed = keys.iter().any(|key| key.id.is_none());
    let repeated = keys.iter().enumerate().any(|(n, key)| keys[..n].iter().any(|other| other.id == key.id));
    if keys.len() > 1 && (unnamed || repeated) {
        return Err(wrong("several keys, so each needs a kid of its own".into()));
    }
    Ok(keys)
}

fn key(jwk: &Jwk) -> std::result::Result<Key, String> {
    let stated = match jwk.common.key_algorithm {
        Some(stated) => Some(Algorithm::try_from(stated).map_err(|error| error.to_string())?),
        None => None,
    };
    let algorithm = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => match stated {
            None => Algorithm::RS256,
            Some(
                rsa @ (Algorithm::RS256
                | Algorithm::RS384
                | Algorithm::RS512
                | Algorithm::PS256
                | Algorithm::PS384
                | Algorithm::PS512),
            ) => rsa,
            Some(other) => return Err(format!("an RSA key cannot sign {other:?}")),
        },
        AlgorithmParameters::EllipticCurve(curve) => match curve.curve {
            EllipticCurve::P256 => Algorithm::ES256,
            EllipticCurve::P384 => Algorithm::ES384,
            _ => return Err("this curve is not supported; use P-256 or P-384".into()),
        },
        AlgorithmParameters::OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519 => Algorithm::EdDSA,
        _ => return Err("only RSA, EC (P-256, P-384) and Ed25519 public keys are taken".into()),
    };
    if stated.is_some_and(|stated| stated != algorithm) {
        return Err(format!("its alg does not fit its type; {algorithm:?} would"));
    }
    let decoding = DecodingKey::from_jwk(jwk).map_err(|error| error.to_string())?;
    Ok(Key { id: jwk.common.key_id.clone(), algorithm, decoding })
}
