//! How far a file of an import is written, so that the same command goes on there after it was killed.
//!
//! A file is known by its name, its size and its first bytes: one that was changed, or has grown, is another. The place is
//! noted in the transaction that writes the last of what was read before it, so it is never ahead of the database. It stands
//! between two pieces: records without a key are told from equal ones by counting within a piece, and this keeps the pieces
//! the same.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use chrono::{Duration, Utc};
use sha2::{Digest, Sha256};

use super::store::progress as store;
use crate::database::Database;
use crate::error::Result;

/// So much of a file's start tells it from others.
const START: u64 = 64 << 10;

/// A file that nobody went on with for so long is forgotten.
const FORGOTTEN_AFTER: Duration = Duration::days(30);

/// A file whose place is noted.
#[derive(Debug, Clone)]
pub(super) struct Marked {
    pub name: String,
    pub size: u64,
    fingerprint: String,
}

impl Marked {
    /// None: this is no ordinary file, so what was read of it cannot be read again.
    pub fn of(name: &str, file: &mut File) -> io::Result<Option<Self>> {
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Ok(None);
        }
        let size = metadata.len();
        let mut hash = Sha256::new();
        hash.update(name.as_bytes());
        hash.update([0]);
        hash.update(size.to_be_bytes());
        let mut start = Vec::new();
        file.by_ref().take(START).read_to_end(&mut start)?;
        file.seek(SeekFrom::Start(0))?;
        hash.update(&start);
        let fingerprint = hash.finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
            // Writing into a text cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        });
        Ok(Some(Self { name: name.to_owned(), size, fingerprint }))
    }

    /// The place after so many records and bytes of it, to be noted.
    pub fn at(&self, source: &str, stream: &str, records: u64, bytes: u64) -> entity::import_progress::Model {
        let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let now = Utc::now();
        entity::import_progress::Model {
            source: source.to_owned(),
            stream: stream.to_owned(),
            fingerprint: self.fingerprint.clone(),
            name: self.name.clone(),
            size: number(self.size),
            records: number(records),
            bytes: number(bytes),
            updated_at: chrono::DateTime::from_timestamp_micros(now.timestamp_micros()).unwrap_or(now),
        }
    }
}

/// How many records of the file are written by an import that did not end.
pub(super) async fn written(database: &Database, source: &str, stream: &str, file: &Marked) -> Result<u64> {
    let records = store::unfinished(database, source, stream, &file.fingerprint).await?;
    Ok(records.map_or(0, |records| u64::try_from(records).unwrap_or(0)))
}

/// Forgets the places of these files: they are finished, or are to be read from their start.
pub(super) async fn forget(database: &Database, source: &str, files: impl Iterator<Item = &Marked>) -> Result<()> {
    let fingerprints: Vec<String> = files.map(|file| file.fingerprint.clone()).collect();
    if fingerprints.is_empty() {
        return Ok(());
    }
    let mut tx = database.begin().await?;
    store::forget(&mut tx, source, fingerprints, Utc::now() - FORGOTTEN_AFTER).await?;
    tx.commit().await
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_changed_file_is_another() {
        let mark = |name: &str, content: &[u8]| {
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(content).unwrap();
            file.seek(SeekFrom::Start(0)).unwrap();
            let marked = Marked::of(name, &mut file).unwrap().unwrap();
            let mut whole = Vec::new();
            file.read_to_end(&mut whole).unwrap();
            assert_eq!(whole, content, "it is read from its start afterwards");
            marked.fingerprint
        };
        let known = mark("a.csv", b"id\n1\n");
        assert_eq!(mark("a.csv", b"id\n1\n"), known);
        assert_ne!(mark("b.csv", b"id\n1\n"), known);
        assert_ne!(mark("a.csv", b"id\n2\n"), known);
        assert_ne!(mark("a.csv", b"id\n1\n2\n"), known);
    }
}
