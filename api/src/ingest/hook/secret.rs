//! What a signature is checked with: the texts of the settings, decoded as the recipe wants them. They never print.

use std::fmt;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use ed25519_dalek::VerifyingKey;
use sha2::{Digest, Sha256};

/// Padding is written by some and left out by others.
pub(super) const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// How the text of a secret becomes a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretForm {
    /// The text is the key.
    Plain,
    /// The text is base64 of the key.
    Base64,
    /// Base64 of the key after `whsec_`, as Standard Webhooks write it.
    Whsec,
}

/// Why a secret is no key. It does not say the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoKey {
    /// Not base64.
    #[error("is not base64, as its recipe wants it")]
    Base64,
    /// Nothing is left after decoding.
    #[error("is empty")]
    Empty,
    /// Not an Ed25519 key.
    #[error("is no Ed25519 public key: whpk_ and base64 of 32 bytes")]
    Ed25519,
    /// Without a user.
    #[error("is not of the form user:password")]
    Basic,
}

/// The keys of a source, decoded. Debug shows how many.
#[derive(Clone)]
pub enum Keys {
    /// Of an HMAC.
    Mac(Vec<Vec<u8>>),
    /// Of Ed25519 signatures.
    Public(Vec<VerifyingKey>),
    /// Hashes of what a header must say.
    Words(Vec<[u8; 32]>),
}

impl Keys {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Mac(keys) => keys.len(),
            Self::Public(keys) => keys.len(),
            Self::Words(keys) => keys.len(),
        }
    }

    /// Whether there is none, and so nothing can be verified.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} keys", self.len())
    }
}

/// A key of an HMAC.
pub(super) fn mac_key(form: SecretForm, text: &str) -> Result<Vec<u8>, NoKey> {
    let decode = |text: &str| BASE64.decode(text).map_err(|_| NoKey::Base64);
    let key = match form {
        SecretForm::Plain => text.as_bytes().to_vec(),
        SecretForm::Base64 => decode(text)?,
        SecretForm::Whsec => decode(text.strip_prefix("whsec_").unwrap_or(text))?,
    };
    if key.is_empty() { Err(NoKey::Empty) } else { Ok(key) }
}

/// A public key of Ed25519.
pub(super) fn public_key(text: &str) -> Result<VerifyingKey, NoKey> {
    let bytes = BASE64.decode(text.strip_prefix("whpk_").unwrap_or(text)).map_err(|_| NoKey::Ed25519)?;
    let bytes: [u8; 32] = bytes.try_into().map_err(|_| NoKey::Ed25519)?;
    VerifyingKey::from_bytes(&bytes).map_err(|_| NoKey::Ed25519)
}

/// What a header must say, as its hash: hashes are of one length, so that comparing them tells nothing of it.
pub(super) fn word(text: &[u8]) -> [u8; 32] {
    Sha256::digest(text).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_decoded_as_declared() {
        assert_eq!(mac_key(SecretForm::Plain, "whsec_YQ==").unwrap(), b"whsec_YQ==");
        for text in ["whsec_YWJj", "YWJj"] {
            assert_eq!(mac_key(SecretForm::Whsec, text).unwrap(), b"abc");
        }
        assert_eq!(mac_key(SecretForm::Base64, "YQ").unwrap(), b"a");
        assert_eq!(mac_key(SecretForm::Base64, "not base64!"), Err(NoKey::Base64));
        assert_eq!(mac_key(SecretForm::Whsec, "whsec_"), Err(NoKey::Empty));
        assert_eq!(public_key("whpk_YWJj").unwrap_err(), NoKey::Ed25519);
    }

    #[test]
    fn keys_do_not_print() {
        let keys = Keys::Mac(vec![b"hidden".to_vec(), b"other".to_vec()]);
        assert_eq!(format!("{keys:?}"), "2 keys");
    }
}
