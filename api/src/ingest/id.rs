//! Ids that a rebuild arrives at again, and the hash that tells a repetition.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// The id of what `part` of the record `key` in `stream` of `source` says: a UUID of version 8, laid out like version 7.
/// The first 48 bits are the milliseconds of `received_at`, so ids sort by time; the rest comes from SHA-256 over the
/// names, so the same record gives the same id whenever it is read again.
pub fn make(received_at: DateTime<Utc>, source: &str, stream: &str, key: &str, part: &str) -> Uuid {
    let mut hash = Sha256::new();
    hash.update(source);
    hash.update([0]);
    hash.update(stream);
    hash.update([0]);
    hash.update(key);
    hash.update([0]);
    hash.update(part);
    let digest = hash.finalize();
    let mut bytes = [0_u8; 16];
    // Before 1970 there is no time order to keep; the year range of the intake makes this a formality.
    let millis = u64::try_from(received_at.timestamp_millis()).unwrap_or(0);
    bytes[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
    bytes[6..].copy_from_slice(&digest[..10]);
    bytes[6] = (bytes[6] & 0x0f) | 0x80;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    Uuid::from_bytes(bytes)
}

/// The milliseconds since 1970 that an id of [`make`] begins with.
pub fn millis(id: Uuid) -> u64 {
    let bytes = id.as_bytes();
    let mut wide = [0_u8; 8];
    wide[2..].copy_from_slice(&bytes[..6]);
    u64::from_be_bytes(wide)
}

/// SHA-256 of the payload in hexadecimal: equal text, equal hash.
///
/// It is taken over the bytes as they came and not over a canonical form. A source that repeats itself repeats its bytes;
/// if a program in between reorders the keys, the record counts as new and its upsert changes nothing. Taking two texts
/// for one that a number's spelling or a doubled key tells apart would lose a record, which is the worse mistake.
pub fn content_hash(payload: &str) -> String {
    let digest = Sha256::digest(payload);
    let mut hex = String::with_capacity(64);
    for byte in digest {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_stable_ordered_and_carries_its_time() {
        let at = DateTime::from_timestamp_millis(1_795_301_358_664).unwrap();
        let id = make(at, "crm", "contacts", "1", "");
        assert_eq!(id, make(at, "crm", "contacts", "1", ""));
        assert_ne!(id, make(at, "crm", "contacts", "1", "profile"));
        assert_ne!(id, make(at, "crm", "contacts1", "", ""));
        assert_eq!(id.get_version_num(), 8);
        assert_eq!(id.get_variant(), uuid::Variant::RFC4122);
        assert_eq!(millis(id), 1_795_301_358_664);
        let later = make(at + chrono::Duration::milliseconds(1), "a", "a", "a", "");
        assert!(id < later);
        // Pinned: changing the layout would give every stored row another id on a rebuild.
        assert_eq!(id.to_string(), "01a2004c-bc48-8401-8522-329782654790");
    }

    #[test]
    fn the_hash_is_over_the_text_as_it_came() {
        assert_eq!(content_hash("{}"), "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
        assert_ne!(content_hash(r#"{"a":1}"#), content_hash(r#"{"a":1.0}"#));
    }
}
