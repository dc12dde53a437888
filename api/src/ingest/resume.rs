//! How far a file of an import is written, so that the same command goes on there after it was killed.
//!
//! A file is known by its name, its size, its first bytes, which file of the disk it is, and when it was last changed: one that was
//! changed anywhere, or has grown, is another, and is read from its start, where what is written already has no effect. The place is
//! noted in the transaction that writes the last of what was read before it, so it is never ahead of the database. It stands
//! between two pieces: records without a key are told from equal ones by counting within a piece, and this keeps the pieces
//! the same.

use std::fmt::Write as _;
use std::fs::{File, Metadata};
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
        for number in version(&metadata) {
            hash.update(number.to_be_bytes());
        }
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

/// Tells a file from itself before it was changed, and from another that took its name.
#[cfg(unix)]
fn version(metadata: &Metadata) -> [i128; 4] {
    use std::os::unix::fs::MetadataExt;
    [metadata.dev().into(), metadata.ino().into(), metadata.mtime().into(), metadata.mtime_nsec().into()]
}

/// The same, where a file has no number.
#[cfg(not(unix))]
fn version(metadata: &Metadata) -> [i128; 1] {
    let changed = metadata.modified().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    [changed.map_or(0, |since| i128::try_from(since.as_nanos()).unwrap_or(i128::MAX))]
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
    use super::*;

    #[test]
    fn a_changed_file_is_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let mark = |name: &str| {
            let mut file = File::open(&path).unwrap();
            let marked = Marked::of(name, &mut file).unwrap().unwrap();
            let mut whole = Vec::new();
            file.read_to_end(&mut whole).unwrap();
            assert_eq!(whole, std::fs::read(&path).unwrap(), "it is read from its start afterwards");
            marked.fingerprint
        };
        let mut content = vec![b'1'; 200_000];
        std::fs::write(&path, &content).unwrap();
        let at = File::open(&path).unwrap().metadata().unwrap().modified().unwrap();
        let known = mark("a.csv");
        assert_eq!(mark("a.csv"), known);
        assert_ne!(mark("b.csv"), known);
        // Mended in its place, far behind its start; the clock of a disk may be coarse.
        content[150_000] = b'2';
        std::fs::write(&path, &content).unwrap();
        let changed = File::options().write(true).open(&path).unwrap();
        changed.set_modified(at + std::time::Duration::from_nanos(1)).unwrap();
        assert_ne!(mark("a.csv"), known);
        // Another file of that name, as large and as old.
        let other = folder.path().join("other");
        std::fs::write(&other, vec![b'1'; 200_000]).unwrap();
        File::options().write(true).open(&other).unwrap().set_modified(at).unwrap();
        std::fs::rename(&other, &path).unwrap();
        assert_ne!(mark("a.csv"), known);
    }
}
