//! BATCH messages: files of records that a tap wrote beside its lines.
//!
//! The paths come from the input, so nothing is opened outside the one folder that the settings allow: a path is made free of
//! links and `..` first, must then lie within the folder, and what was opened is compared with what lies there.

use std::fs::{self, File, Metadata};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use url::Url;

use super::super::input::{Count, Format, Input, Reading, Records, records};
use super::super::lines::Origin;

#[derive(Deserialize)]
struct Encoding {
    format: String,
    #[serde(default)]
    compression: Option<String>,
}

/// The files of a batch that are still to be read.
pub(super) struct Batch {
    folder: PathBuf,
    format: Format,
    files: std::vec::IntoIter<String>,
    /// The number of the file that is read, counted from 1.
    pub number: usize,
}

impl Batch {
    /// What a BATCH message announces, or why it is not read, as a sentence.
    pub fn announced(folder: Option<&Path>, encoding: Option<&str>, manifest: Option<&str>) -> Result<Self, String> {
        let folder = folder.ok_or(
            "Files of records are read only from the folder that `intake.batch_folder` names, and none is set. Set it to where \
             the tap writes them, or turn its batches off.",
        )?;
        let folder = fs::canonicalize(folder)
            .map_err(|_| "The folder that `intake.batch_folder` names is not there, or cannot be read.".to_owned())?;
        let encoding: Encoding = encoding
            .and_then(|text| serde_json::from_str(text).ok())
            .ok_or("The batch does not say its encoding: format and compression.")?;
        let format = match encoding.format.as_str() {
            "jsonl" => Format::Lines,
            "parquet" => Format::Parquet,
            _ => return Err("The batch is of a format that is not read: jsonl and parquet are.".to_owned()),
        };
        if !matches!(encoding.compression.as_deref(), None | Some("none" | "" | "gzip" | "zstd")) {
            return Err("The batch is packed in a way that is not read: gzip and zstd are.".to_owned());
        }
        let files: Vec<String> = manifest
            .and_then(|text| serde_json::from_str(text).ok())
            .ok_or("The batch has no manifest: a list of the addresses of its files.")?;
        Ok(Self { folder, format, files: files.into_iter(), number: 0 })
    }

    /// The records of the next file, or why it cannot be read. None: that was the last.
    pub fn next_file(&mut self, origin: &Origin, stream: &str) -> Option<Result<Records, String>> {
        let address = self.files.next()?;
        self.number += 1;
        let told = |what: &str| format!("File {} of the batch's manifest {what}.", self.number);
        Some(self.open(&address).map_err(told).and_then(|file| {
            records(
                Input::File(file),
                Some(self.format),
                &Reading::default(),
                origin.clone(),
                stream,
                &Count::default(),
            )
            .map_err(|_| told("cannot be read: it is damaged"))
        }))
    }

    fn open(&self, address: &str) -> Result<File, &'static str> {
        let address = Url::parse(address).map_err(|_| "is no file:// address")?;
        if address.scheme() != "file" {
            return Err("is no file:// address: only files of this machine are read");
        }
        let path = address.to_file_path().map_err(|()| "is no file:// address of this machine")?;
        let missing = "is not there, or cannot be read";
        let real = fs::canonicalize(&path).map_err(|_| missing)?;
        let outside = "lies outside the folder that `intake.batch_folder` names: it is not read";
        if !real.starts_with(&self.folder) {
            return Err(outside);
        }
        // Before it is opened: to open a pipe would wait for whoever writes to it.
        let known = fs::symlink_metadata(&real).map_err(|_| missing)?;
        if !known.is_file() {
            return Err("is no ordinary file");
        }
        let file = File::open(&real).map_err(|_| missing)?;
        let opened = file.metadata().map_err(|_| missing)?;
        // Whoever may write there could have put a link in its place meanwhile.
        let unmoved = fs::canonicalize(&real).is_ok_and(|again| again == real);
        if unmoved && is_same(&known, &opened) { Ok(file) } else { Err(outside) }
    }
}

#[cfg(unix)]
fn is_same(known: &Metadata, opened: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (known.dev(), known.ino()) == (opened.dev(), opened.ino()) && opened.is_file()
}

#[cfg(not(unix))]
fn is_same(known: &Metadata, opened: &Metadata) -> bool {
    known.len() == opened.len() && opened.is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(folder: &Path, manifest: &[String]) -> Result<Batch, String> {
        let manifest = serde_json::to_string(manifest).unwrap();
        Batch::announced(Some(folder), Some(r#"{"format":"jsonl","compression":"gzip"}"#), Some(&manifest))
    }

    fn address(path: &Path) -> String {
        Url::from_file_path(path).unwrap().into()
    }

    #[test]
    fn only_files_within_the_folder_are_read() {
        let around = tempfile::tempdir().unwrap();
        let folder = around.path().join("batches");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("good 1.jsonl"), "{\"id\":1}\n{\"id\":2}\n").unwrap();
        fs::write(around.path().join("secret.jsonl"), "{\"id\":3}\n").unwrap();
        let mut manifest = vec![
            address(&folder.join("good 1.jsonl")),
            address(&around.path().join("secret.jsonl")),
            format!("{}/..%2fsecret.jsonl", address(&folder)),
            format!("{}/%2e%2e/secret.jsonl", address(&folder)),
            address(&folder.join("missing.jsonl")),
            address(&folder),
            "https://example.org/a.jsonl".into(),
            "file://elsewhere/a.jsonl".into(),
            "a.jsonl".into(),
        ];
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(around.path().join("secret.jsonl"), folder.join("link.jsonl")).unwrap();
            std::os::unix::fs::symlink(around.path(), folder.join("up")).unwrap();
            manifest.push(address(&folder.join("link.jsonl")));
            manifest.push(address(&folder.join("up/secret.jsonl")));
        }
        let mut batch = batch(&folder, &manifest).unwrap();
        let good = batch.next_file(&Origin::new("crm"), "a").unwrap().unwrap();
        assert_eq!(good.count(), 2);
        for bad in &manifest[1..] {
            let told = batch.next_file(&Origin::new("crm"), "a").unwrap().err();
            let told = told.unwrap_or_else(|| panic!("{bad} was opened"));
            assert!(!told.contains("secret") && told.starts_with("File "), "{told}");
        }
        assert!(batch.next_file(&Origin::new("crm"), "a").is_none());
    }

    #[test]
    fn what_is_not_understood_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let told = |encoding, manifest| Batch::announced(Some(folder.path()), encoding, manifest).err().unwrap();
        assert!(Batch::announced(None, None, None).err().unwrap().contains("intake.batch_folder"));
        assert!(told(None, Some("[]")).contains("encoding"));
        assert!(told(Some(r#"{"format":"avro"}"#), Some("[]")).contains("format"));
        assert!(told(Some(r#"{"format":"jsonl","compression":"lzma"}"#), Some("[]")).contains("packed"));
        assert!(told(Some(r#"{"format":"jsonl"}"#), Some("[7]")).contains("manifest"));
    }
}
