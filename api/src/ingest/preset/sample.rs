//! What the tests of presets share: the records of a product in `tests/data/samples`, mapped as a source of it would.
#![expect(clippy::missing_panics_doc, reason = "it serves tests: what cannot be read fails them")]

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::ingest::envelope::{Mapped, Op, Reject, RejectCode};
use crate::ingest::lines::Origin;
use crate::ingest::source::Source;

/// A product: its samples, and a source that reads them.
pub struct Product {
    folder: &'static str,
    source: Source,
}

impl Product {
    /// The product with the preset of its name and no word of a source.
    pub fn new(preset: &'static str) -> Self {
        Self::with(preset, "")
    }

    /// The same, with more in the source file.
    pub fn with(preset: &'static str, more: &str) -> Self {
        let text = format!("key = \"sample\"\nmapping = \"{preset}\"\n{more}");
        let source = Source::parse(&text, preset, Path::new("")).unwrap_or_else(|error| panic!("{error}"));
        Self { folder: preset, source }
    }

    /// The streams that there are samples of.
    pub fn streams(&self) -> Vec<String> {
        let files = fs::read_dir(root().join(self.folder)).unwrap();
        let mut names: Vec<_> =
            files.map(|file| file.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// Each record of a stream, mapped or refused.
    pub fn read(&self, stream: &str) -> Vec<Result<Mapped, Reject>> {
        let path = root().join(self.folder).join(stream).with_extension("jsonl");
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        text.lines().map(|line| self.map(stream, line)).collect()
    }

    /// The records of a stream, all of which must be taken.
    pub fn taken(&self, stream: &str) -> Vec<Mapped> {
        self.read(stream)
            .into_iter()
            .enumerate()
            .map(|(at, record)| record.unwrap_or_else(|reject| panic!("{stream}, record {at}: {reject}")))
            .collect()
    }

    /// A record of one's own.
    pub fn map(&self, stream: &str, record: &str) -> Result<Mapped, Reject> {
        self.source.mapping.map(&Origin::new("sample").envelope(stream, None, record))
    }
}

/// The folder of all samples.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/samples")
}

/// Whether the record says that it was deleted.
pub fn is_delete(record: &Result<Mapped, Reject>) -> bool {
    match record {
        Ok(mapped) => mapped.op == Op::Delete,
        Err(reject) => reject.code == RejectCode::NotSupportedYet,
    }
}

/// The identifiers of a profile: kind, value, strength.
pub fn known(mapped: &Mapped, profile: usize) -> Vec<(&str, &str, &str)> {
    let all = &mapped.profiles[profile].identifiers;
    all.iter().map(|known| (known.kind.as_str(), known.value.as_str(), known.strength.as_str())).collect()
}

/// The attributes of a profile.
pub fn told(mapped: &Mapped, profile: usize) -> Value {
    json!(mapped.profiles[profile].attributes)
}

/// The fields of the rows of a table, in order.
pub fn rows(mapped: &Mapped, table: &str) -> Vec<Value> {
    mapped.rows.iter().filter(|row| row.table == table).map(|row| Value::from(row.fields.clone())).collect()
}

/// The fields of the only row of a table.
pub fn row(mapped: &Mapped, table: &str) -> Value {
    let mut rows = rows(mapped, table);
    assert_eq!(rows.len(), 1, "{table}: {rows:?}");
    rows.remove(0)
}
