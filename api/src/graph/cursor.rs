//! Cursors: where a page ended, sealed, so that a sort value cannot be read from one nor one be made up.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::error::{Error, Result};

/// Where a page ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The list and order the cursor belongs to.
    pub list: String,
    /// Value of the sort key of the row.
    pub value: String,
    /// Id of the row.
    pub id: Uuid,
}

/// Seals cursors with a key that all nodes share.
pub struct Sealer {
    cipher: XChaCha20Poly1305,
    secret: [u8; 32],
}

impl Sealer {
    /// A sealer from the configured secret.
    pub fn new(secret: &[u8]) -> Self {
        let secret: [u8; 32] = Sha256::new_with_prefix(b"customer360 cursor").chain_update(secret).finalize().into();
        Self { cipher: XChaCha20Poly1305::new(&secret.into()), secret }
    }

    /// The cursor of a position. The nonce is a keyed hash of the content: equal positions give equal cursors.
    pub fn seal(&self, position: &Position) -> Result<String> {
        let plain = serde_json::to_vec(position).map_err(Error::internal)?;
        let hash = Sha256::new_with_prefix(self.secret).chain_update(&plain).finalize();
        let nonce = XNonce::try_from(&hash[..24]).map_err(Error::internal)?;
        let sealed = self
            .cipher
            .encrypt(&nonce, plain.as_slice())
            .map_err(|_| Error::internal("a cursor could not be sealed"))?;
        Ok(URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat()))
    }

    /// The position of a cursor of that list, or an error that says what to do.
    pub fn open(&self, cursor: &str, list: &str) -> Result<Position> {
        let refused = || {
            Error::bad_input(
                "The cursor is not one of this list. Use `endCursor` or `startCursor` of a page in the same order.",
            )
        };
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| refused())?;
        let (nonce, sealed) = bytes.split_at_checked(24).ok_or_else(refused)?;
        let nonce = XNonce::try_from(nonce).map_err(|_| refused())?;
        let plain = self.cipher.decrypt(&nonce, sealed).map_err(|_| refused())?;
        let position: Position = serde_json::from_slice(&plain).map_err(|_| refused())?;
        if position.list == list { Ok(position) } else { Err(refused()) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_sealed_opens_only_for_its_list(list in "[A-Z_]{1,20}", value in ".{0,60}", id: u128) {
            let sealer = Sealer::new(b"secret");
            let position = Position { list: list.clone(), value, id: Uuid::from_u128(id) };
            let cursor = sealer.seal(&position).unwrap();
            prop_assert_eq!(sealer.open(&cursor, &list).unwrap(), position);
            prop_assert!(sealer.open(&cursor, "another").is_err());
            prop_assert!(Sealer::new(b"other").open(&cursor, &list).is_err());
        }

        #[test]
        fn anything_else_is_refused(text in ".{0,200}") {
            prop_assert!(Sealer::new(b"secret").open(&text, "LIST").is_err());
        }
    }
}
