//! Holding a request against its recipe: on the bytes as they came, in constant time, with every live secret always.

use std::fmt;

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use chrono::{DateTime, Utc};
use ed25519_dalek::Signature;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};
use subtle::{Choice, ConstantTimeEq};

use super::super::json::Json;
use super::recipe::{Algorithm, Encoding, Hash, IdPlace, Recipe, Scheme, Signed};
use super::secret::{self, BASE64, Keys};
use super::template::{Piece, Values};

/// A longer id is told by its hash.
const LONGEST_ID: usize = 200;

/// A request as it came.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The method in capitals.
    pub method: &'a str,
    /// The whole address as the sender knows it; only recipes that sign it look at it.
    pub uri: &'a str,
    /// The head.
    pub headers: &'a HeaderMap,
    /// The body, byte for byte.
    pub body: &'a [u8],
}

/// Why a request is not taken: for our log. The sender is told nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The header of the signature or token is missing, doubled or of another form.
    NoSignature,
    /// The id that the signature covers is missing.
    NoId,
    /// The timestamp is missing or of another form.
    NoTimestamp,
    /// The timestamp is further back than the tolerance.
    Stale,
    /// The timestamp is further ahead than the tolerance.
    Future,
    /// No live secret gives this signature.
    Wrong,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoSignature => "its signature is missing or of another form",
            Self::NoId => "its id is missing",
            Self::NoTimestamp => "its timestamp is missing or of another form",
            Self::Stale => "its timestamp is too old",
            Self::Future => "its timestamp is ahead of our clock",
            Self::Wrong => "no secret of the source gives its signature",
        })
    }
}

/// What a verified request has shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The hash of what was signed, where that holds a timestamp and no id: nobody signs the same twice.
    digest: Option<String>,
}

impl Recipe {
    /// Holds a request against the recipe and the live keys of its source.
    pub fn verify(&self, keys: &Keys, request: &Request<'_>, now: DateTime<Utc>) -> Result<Proof, Refusal> {
        match (&self.scheme, keys) {
            (Scheme::Signed(signed), Keys::Mac(_) | Keys::Public(_)) => self.signature(signed, keys, request, now),
            (Scheme::Token(place), Keys::Words(words)) => {
                let said = place.value(request.headers).ok_or(Refusal::NoSignature)?;
                same(words, said.as_bytes())
            }
            (Scheme::Basic, Keys::Words(words)) => {
                let mut all = request.headers.get_all(header::AUTHORIZATION).iter();
                let (Some(value), None) = (all.next(), all.next()) else { return Err(Refusal::NoSignature) };
                let (scheme, said) = value.to_str().ok().and_then(|text| text.split_once(' ')).unwrap_or_default();
                let said = BASE64.decode(said.trim()).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"));
                same(words, &said.ok_or(Refusal::NoSignature)?)
            }
            // Keys that were made by another recipe.
            _ => Err(Refusal::Wrong),
        }
    }

    /// What tells a repetition of the request: its id, and the hash of what was signed where the id itself is not covered.
    pub fn ids(&self, proof: &Proof, headers: &HeaderMap, body: Option<&Json<'_>>) -> Vec<String> {
        let id = match &self.id {
            Some(IdPlace::Header(place)) => place.value(headers).map(str::to_owned),
            Some(IdPlace::Body(steps)) => body.and_then(|body| body.at(steps)).and_then(|value| match value {
                Json::Text(text) => Some(text.clone().into_owned()),
                Json::Number(number) => Some((*number).to_owned()),
                _ => None,
            }),
            None => None,
        };
        let id = id.filter(|id| !id.is_empty()).map(|id| short("id", &id));
        id.into_iter().chain(proof.digest.clone()).collect()
    }

    fn signature(
        &self,
        signed: &Signed,
        keys: &Keys,
        request: &Request<'_>,
        now: DateTime<Utc>,
    ) -> Result<Proof, Refusal> {
        let given: Vec<Vec<u8>> = signed
            .signature
            .values(request.headers)
            .into_iter()
            .filter_map(|text| signed.encoding.decode(text))
            .collect();
        if given.is_empty() {
            return Err(Refusal::NoSignature);
        }
        let timestamp = match &signed.timestamp {
            None => "",
            Some(timestamp) => {
                let text = timestamp.place.value(request.headers).ok_or(Refusal::NoTimestamp)?;
                let at = timestamp.format.parse(text).ok_or(Refusal::NoTimestamp)?;
                let age = now.signed_duration_since(at);
                if age > timestamp.tolerance {
                    return Err(Refusal::Stale);
                }
                if -age > timestamp.tolerance {
                    return Err(Refusal::Future);
                }
                text
            }
        };
        let covers_id = signed.text.has(&Piece::Id);
        let id = match &self.id {
            Some(IdPlace::Header(place)) if covers_id => place.value(request.headers).ok_or(Refusal::NoId)?,
            _ => "",
        };
        let values = Values { id, timestamp, body: request.body, method: request.method, uri: request.uri };
        let text = signed.text.fill(&values);
        let mut holds = Choice::from(0);
        match (signed.algorithm, keys) {
            (Algorithm::Hmac(hash, _), Keys::Mac(keys)) => {
                for key in keys {
                    let Some(tag) = hash.tag(key, &text) else { continue };
                    for candidate in &given {
                        holds |= tag.as_slice().ct_eq(candidate.as_slice());
                    }
                }
            }
            (Algorithm::Ed25519, Keys::Public(keys)) => {
                let whole = text.concat();
                for key in keys {
                    for candidate in &given {
                        let one = Signature::from_slice(candidate).and_then(|one| key.verify_strict(&whole, &one));
                        holds |= Choice::from(u8::from(one.is_ok()));
                    }
                }
            }
            _ => {}
        }
        if !bool::from(holds) {
            return Err(Refusal::Wrong);
        }
        let unsure = signed.timestamp.is_some() && !covers_id;
        Ok(Proof { digest: unsure.then(|| format!("signed:{}", hex(&digest(&text)))) })
    }
}

/// Whether a header says one of the words.
fn same(words: &[[u8; 32]], said: &[u8]) -> Result<Proof, Refusal> {
    let said = secret::word(said);
    let mut holds = Choice::from(0);
    for word in words {
        holds |= word.ct_eq(&said);
    }
    if bool::from(holds) { Ok(Proof { digest: None }) } else { Err(Refusal::Wrong) }
}

/// An id with what kind it is; a long one by its hash.
pub(super) fn short(kind: &str, id: &str) -> String {
    if id.len() <= LONGEST_ID {
        return format!("{kind}:{id}");
    }
    format!("{kind}-sha256:{}", hex(&digest(&[id.as_bytes()])))
}

fn digest(pieces: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for piece in pieces {
        hash.update(piece);
    }
    hash.finalize().into()
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl Hash {
    /// The HMAC of the pieces.
    fn tag(self, key: &[u8], pieces: &[&[u8]]) -> Option<Vec<u8>> {
        fn mac<M: Mac + KeyInit>(key: &[u8], pieces: &[&[u8]]) -> Option<Vec<u8>> {
            let mut mac = <M as KeyInit>::new_from_slice(key).ok()?;
            for piece in pieces {
                mac.update(piece);
            }
            Some(mac.finalize().into_bytes().to_vec())
        }
        match self {
            Self::Sha1 => mac::<Hmac<Sha1>>(key, pieces),
            Self::Sha256 => mac::<Hmac<Sha256>>(key, pieces),
            Self::Sha512 => mac::<Hmac<Sha512>>(key, pieces),
        }
    }
}

impl Encoding {
    /// The bytes of a signature as written.
    fn decode(self, text: &str) -> Option<Vec<u8>> {
        match self {
            Self::Base64 => BASE64.decode(text).ok(),
            Self::Hex => {
                let digits: Option<Vec<u8>> =
                    text.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
                let digits = digits.filter(|digits| !digits.is_empty() && digits.len().is_multiple_of(2))?;
                Some(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
            }
        }
        .filter(|bytes| !bytes.is_empty())
    }
}
