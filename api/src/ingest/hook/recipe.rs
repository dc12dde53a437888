//! How a product proves that a request is its own, declared in TOML and read strictly:
//!
//! ```toml
//! name = "Example"
//! scheme = "hmac"              # hmac (default), ed25519; token, basic: nothing is signed, a header holds the secret
//! hash = "sha256"              # sha256 (default), sha1, sha512
//! encoding = "hex"             # of the signature: base64 (default), hex
//! secret = "plain"             # the key is the secret's text (default); base64; whsec: base64 after whsec_
//! signed = "{ts}.{body}"       # what is signed: {id} {ts} {body} {method} {uri} and text
//! signature = { header = "x-signature", separator = ",", prefix = "v1=" }
//! timestamp = { header = "x-signature", separator = ",", prefix = "t=", format = "unix", tolerance = "5m" }
//! id = { header = "x-delivery" }   # or { body = "/id" }: what tells a repetition
//! ```
//!
//! How a request is held against it stands in `verify`.

use chrono::TimeDelta;

use super::super::json::pointer;
use super::super::mapping::document::{Entries, MappingError, Node, read};
use super::place::{self, Place};
use super::secret::{self, Keys, NoKey, SecretForm};
use super::template::{Piece, Template};
use super::timestamp::Timestamp;

/// A declared way of signing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipe {
    /// Its name, for people.
    pub name: String,
    pub(super) scheme: Scheme,
    pub(super) id: Option<IdPlace>,
}

/// How a request is proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Scheme {
    /// A signature over the request.
    Signed(Box<Signed>),
    /// A header holds the secret itself.
    Token(Place),
    /// HTTP Basic; the secret is `user:password`.
    Basic,
}

/// A signature over the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Signed {
    pub algorithm: Algorithm,
    pub signature: Place,
    pub encoding: Encoding,
    pub text: Template,
    pub timestamp: Option<Timestamp>,
}

/// What is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    Hmac(Hash, SecretForm),
    Ed25519,
}

/// The hash of an HMAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hash {
    Sha1,
    Sha256,
    Sha512,
}

/// How a signature is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Base64,
    Hex,
}

/// Where a delivery's id stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum IdPlace {
    Header(Place),
    /// Steps of a JSON Pointer.
    Body(Vec<String>),
}

impl Recipe {
    /// Reads a recipe's file.
    pub fn parse(text: &str) -> Result<Self, MappingError> {
        read(text, load)
    }

    /// Reads a recipe's table.
    pub fn load(node: Node<'_>) -> Result<Self, MappingError> {
        load(node.table("a recipe")?)
    }

    /// The keys that these secrets are; fails on the first that is none, with its position.
    pub fn keys(&self, secrets: &[&str]) -> Result<Keys, (usize, NoKey)> {
        fn all<T>(secrets: &[&str], key: impl Fn(&str) -> Result<T, NoKey>) -> Result<Vec<T>, (usize, NoKey)> {
            secrets.iter().enumerate().map(|(at, text)| key(text).map_err(|why| (at, why))).collect()
        }
        match &self.scheme {
            Scheme::Signed(signed) => match signed.algorithm {
                Algorithm::Hmac(_, form) => all(secrets, |text| secret::mac_key(form, text)).map(Keys::Mac),
                Algorithm::Ed25519 => all(secrets, secret::public_key).map(Keys::Public),
            },
            Scheme::Token(_) => all(secrets, |text| Ok(secret::word(text.as_bytes()))).map(Keys::Words),
            Scheme::Basic => all(secrets, |text| match text.split_once(':') {
                Some((user, password)) if !user.is_empty() && !password.is_empty() => Ok(secret::word(text.as_bytes())),
                _ => Err(NoKey::Basic),
            })
            .map(Keys::Words),
        }
    }

    /// Whether the secrets are public keys: they check, and whoever knows them proves nothing.
    pub fn has_public_keys(&self) -> bool {
        matches!(&self.scheme, Scheme::Signed(signed) if signed.algorithm == Algorithm::Ed25519)
    }

    /// Whether it signs the address it was sent to, which must then be known as the sender sees it.
    pub fn needs_uri(&self) -> bool {
        matches!(&self.scheme, Scheme::Signed(signed) if signed.text.has(&Piece::Uri))
    }

    /// The same recipe with another header for the signature or the secret; a timestamp in that header moves with it.
    pub(super) fn with_header(mut self, node: Node<'_>) -> Result<Self, MappingError> {
        let new = place::header(node)?;
        match &mut self.scheme {
            Scheme::Signed(signed) => {
                if let Some(timestamp) = &mut signed.timestamp
                    && timestamp.place.header() == signed.signature.header()
                {
                    timestamp.place.rename(&new);
                }
                signed.signature.rename(&new);
            }
            Scheme::Token(place) => place.rename(&new),
            Scheme::Basic => return Err(node.fail("HTTP Basic is always in the header Authorization")),
        }
        Ok(self)
    }

    /// The same recipe with the delivery's id elsewhere.
    pub(super) fn with_id(mut self, node: Node<'_>, id: IdPlace) -> Result<Self, MappingError> {
        let covered = matches!(&self.scheme, Scheme::Signed(signed) if signed.text.has(&Piece::Id));
        if covered && matches!(id, IdPlace::Body(_)) {
            return Err(node.fail("this recipe signs the id of a header, so the id cannot be taken from the body"));
        }
        self.id = Some(id);
        Ok(self)
    }

    /// The same recipe with another tolerance.
    pub(super) fn with_tolerance(mut self, node: Node<'_>, tolerance: TimeDelta) -> Result<Self, MappingError> {
        match &mut self.scheme {
            Scheme::Signed(signed) if signed.timestamp.is_some() => {
                signed.timestamp.iter_mut().for_each(|timestamp| timestamp.tolerance = tolerance);
                Ok(self)
            }
            _ => Err(node.fail("this recipe signs no timestamp, so there is nothing to tolerate")),
        }
    }
}

fn load(mut entries: Entries<'_>) -> Result<Recipe, MappingError> {
    let name = entries.require("name")?.text()?.to_owned();
    let id = entries.take("id").map(id_place).transpose()?;
    let scheme = match entries.take("scheme") {
        None => signed(&mut entries, false, id.as_ref())?,
        Some(node) => match node.text()? {
            "hmac" => signed(&mut entries, false, id.as_ref())?,
            "ed25519" => signed(&mut entries, true, id.as_ref())?,
            "token" => Scheme::Token(Place::load(entries.require("token")?)?),
            "basic" => Scheme::Basic,
            other => return Err(node.fail(format!("unknown scheme `{other}`; known are hmac, ed25519, token, basic"))),
        },
    };
    entries.finish()?;
    Ok(Recipe { name, scheme, id })
}

/// One of several words.
fn word<T: Copy>(node: Option<Node<'_>>, what: &str, words: &[(&str, T)]) -> Result<T, MappingError> {
    let Some(node) = node else { return Ok(words[0].1) };
    let text = node.text()?;
    let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
    found.ok_or_else(|| {
        let known: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        node.fail(format!("unknown {what} `{text}`; known are {}", known.join(", ")))
    })
}

fn signed(entries: &mut Entries<'_>, ed25519: bool, id: Option<&IdPlace>) -> Result<Scheme, MappingError> {
    let encodings = [("base64", Encoding::Base64), ("hex", Encoding::Hex)];
    let encoding = word(entries.take("encoding"), "encoding", &encodings)?;
    let algorithm = if ed25519 {
        Algorithm::Ed25519
    } else {
        let hashes = [("sha256", Hash::Sha256), ("sha1", Hash::Sha1), ("sha512", Hash::Sha512)];
        let hash = word(entries.take("hash"), "hash", &hashes)?;
        let forms = [("plain", SecretForm::Plain), ("base64", SecretForm::Base64), ("whsec", SecretForm::Whsec)];
        Algorithm::Hmac(hash, word(entries.take("secret"), "form of a secret", &forms)?)
    };
    let signature = Place::load(entries.require("signature")?)?;
    let node = entries.require("signed")?;
    let text = Template::load(node)?;
    let timestamp = entries.take("timestamp").map(Timestamp::load).transpose()?;
    if text.has(&Piece::Timestamp) != timestamp.is_some() {
        return Err(node.fail(if timestamp.is_some() {
            "a `timestamp` that is not part of the signed text proves nothing: add {ts}, or leave it out"
        } else {
            "the signed text holds {ts}: say in `timestamp` where that stands"
        }));
    }
    if text.has(&Piece::Id) && !matches!(id, Some(IdPlace::Header(_))) {
        return Err(node.fail("the signed text holds {id}: say in `id = { header = … }` where that stands"));
    }
    Ok(Scheme::Signed(Box::new(Signed { algorithm, signature, encoding, text, timestamp })))
}

/// Reads `{ header = … }` or `{ body = "/path" }`.
pub(super) fn id_place(node: Node<'_>) -> Result<IdPlace, MappingError> {
    let mut entries = node.table("the id of a delivery")?;
    if let Some(body) = entries.take("body") {
        let steps = pointer(body.text()?).filter(|steps| !steps.is_empty());
        let steps = steps.ok_or_else(|| body.fail("a path into the body begins with a slash, such as /id"))?;
        entries.finish()?;
        return Ok(IdPlace::Body(steps));
    }
    Place::load(node).map(IdPlace::Header)
}
