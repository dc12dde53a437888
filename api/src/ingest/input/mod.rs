//! The input of a file import: a file, standard input or an uploaded body, unpacked and decoded on the way, as the records of
//! its format. All of it is read as a stream: memory does not grow with the input, nor with what it unpacks to.
//!
//! What a record says is not known here.

mod ahead;
mod decode;
mod elements;
mod parquet;
mod unpack;

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use encoding_rs::Encoding;

use self::ahead::Ahead;
use self::decode::decode;
use self::elements::Elements;
use self::parquet::Rows;
use self::unpack::unpack;
pub(super) use self::unpack::{ZSTD_WINDOW, told};
use super::csv::CsvRows;
use super::jsonl::JsonLines;
use super::lines::{Item, Origin};
use crate::error::{Error, Result};

/// The formats of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Rows under a header.
    Csv,
    /// An object on each line.
    Lines,
    /// A list of objects, or objects one behind the other.
    Json,
    /// Columns in row groups.
    Parquet,
}

/// What a file's name may end in; each but for Parquet may be followed by `.gz` or `.zst`.
pub(super) const ENDINGS: &str =
    "a file to import ends in .csv, .tsv, .jsonl, .ndjson, .json or .parquet, and .gz or .zst may follow";

impl Format {
    /// The format of a file of that name; none: the name says nothing we know.
    pub fn of_name(name: &str) -> Option<Self> {
        let name = unpacked(name);
        let (_, ending) = name.rsplit_once('.')?;
        match ending.to_ascii_lowercase().as_str() {
            "csv" | "tsv" => Some(Self::Csv),
            "jsonl" | "ndjson" => Some(Self::Lines),
            "json" => Some(Self::Json),
            "parquet" => Some(Self::Parquet),
            _ => None,
        }
    }
}

/// A file's name without its endings: the stream it holds, unless another is named. Empty where the name is nothing else.
pub fn stem(name: &str) -> &str {
    let name = unpacked(name);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// The name without the ending of its packing.
fn unpacked(name: &str) -> &str {
    let ending = name.rsplit_once('.').map(|(stem, ending)| (stem, ending.to_ascii_lowercase()));
    match ending {
        Some((stem, ending)) if ["gz", "gzip", "zst", "zstd"].contains(&ending.as_str()) => stem,
        _ => name,
    }
}

/// How files are read that do not say it themselves.
#[derive(Debug, Clone, Copy, Default)]
pub struct Reading {
    /// What parts the cells of a CSV row; none: it is seen from the header.
    delimiter: Option<u8>,
    /// The encoding of text; none: UTF-8, unless a byte order mark says otherwise.
    encoding: Option<&'static Encoding>,
}

impl Reading {
    /// From what a person writes: a delimiter (one of `,` `;` `|`, or `tab`), and the name of an encoding.
    pub fn new(delimiter: Option<&str>, encoding: Option<&str>) -> Result<Self> {
        let delimiter = match delimiter {
            None => None,
            Some("tab" | "\\t" | "\t") => Some(b'\t'),
            Some("," | "comma") => Some(b','),
            Some(";" | "semicolon") => Some(b';'),
            Some("|" | "pipe") => Some(b'|'),
            Some(_) => return Err(Error::bad_input("A delimiter is one of , ; | and tab.")),
        };
        let unknown = || {
            Error::bad_input(
                "This encoding is not known. Name one like windows-1252, iso-8859-1, utf-16 or shift_jis, as browsers do.",
            )
        };
        let encoding = encoding.map(|name| Encoding::for_label(name.as_bytes()).ok_or_else(unknown)).transpose()?;
        Ok(Self { delimiter, encoding })
    }
}

/// So much of a stream is put on disk: of Parquet, which is read from its end.
const SPOOL: u64 = 1 << 30;

/// The records of a file.
pub(super) type Records = Box<dyn Iterator<Item = io::Result<Item>> + Send>;

/// Where an input comes from.
pub(super) enum Input {
    /// A file that can be read from any place.
    File(File),
    /// What comes once, from its start to its end.
    Stream(Box<dyn Read + Send>),
}

/// How many bytes of the input were read so far, as it came.
#[derive(Debug, Clone, Default)]
pub(super) struct Count(Arc<AtomicU64>);

impl Count {
    /// So many.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn set(&self, bytes: u64) {
        self.0.store(bytes, Ordering::Relaxed);
    }
}

struct Counted<R> {
    input: R,
    count: Count,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(out)?;
        self.count.0.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// The records of an input. Without a format it is looked at. An error is the input's, or the header's.
pub(super) fn records(
    input: Input,
    format: Option<Format>,
    reading: &Reading,
    origin: Origin,
    stream: &str,
    count: &Count,
) -> io::Result<Records> {
    let input: Box<dyn Read + Send> = match input {
        Input::Stream(input) => input,
        Input::File(mut file) => {
            if format == Some(Format::Parquet) && starts_like_parquet(&mut file)? {
                return Ok(Box::new(Rows::new(file, origin, stream, count.clone())?));
            }
            Box::new(file)
        }
    };
    let input = Ahead::buffered(Counted { input, count: count.clone() });
    let mut input = unpack(input, count)?;
    let format = match format {
        Some(format) => format,
        None => looks_like(input.fill_buf()?),
    };
    if format == Format::Parquet {
        // Its table of contents stands at its end.
        let mut whole = tempfile::tempfile()?;
        spool(&mut input, &mut whole, SPOOL)?;
        whole.seek(SeekFrom::Start(0))?;
        return Ok(Box::new(Rows::new(whole, origin, stream, count.clone())?));
    }
    let input = decode(input, reading.encoding)?;
    Ok(match format {
        Format::Csv => Box::new(CsvRows::delimited(input, origin, stream, reading.delimiter)?),
        Format::Lines => Box::new(JsonLines::new(input, origin, stream)),
        Format::Json | Format::Parquet => Box::new(Elements::new(input, origin, stream)),
    })
}

/// Writes an input to a file, as long as the disk of all others has room for it.
fn spool(input: &mut dyn BufRead, file: &mut File, most: u64) -> io::Result<()> {
    if io::copy(&mut input.take(most + 1), file)? > most {
        let told = "a Parquet file that comes as a stream may have 1 GiB. Import it as a file, or send it in parts";
        return Err(io::Error::new(io::ErrorKind::InvalidData, told));
    }
    Ok(())
}

fn starts_like_parquet(file: &mut File) -> io::Result<bool> {
    let mut start = [0; 4];
    let read = file.read(&mut start)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(start[..read] == *parquet::MAGIC)
}

/// Standard input has no name, so it is looked at.
fn looks_like(start: &[u8]) -> Format {
    if start.starts_with(parquet::MAGIC) {
        return Format::Parquet;
    }
    // Of UTF-16 too, every other byte is a character of these.
    let ignored = |byte: &&u8| !byte.is_ascii_whitespace() && !b"\xef\xbb\xbf\xff\xfe\0".contains(byte);
    match start.iter().find(ignored) {
        Some(b'{') => Format::Lines,
        Some(b'[') => Format::Json,
        _ => Format::Csv,
    }
}

/// A reader of so many bytes at a time.
fn buffered<R: Read>(input: R) -> BufReader<R> {
    BufReader::with_capacity(256 << 10, input)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_format_and_stream() {
        for (name, format, stream) in [
            ("contacts.csv", Some(Format::Csv), "contacts"),
            ("a.b.TSV.gz", Some(Format::Csv), "a.b"),
            ("tickets.jsonl.zst", Some(Format::Lines), "tickets"),
            ("tickets.JSON", Some(Format::Json), "tickets"),
            ("sales.parquet", Some(Format::Parquet), "sales"),
            ("sales.xlsx", None, "sales"),
            (".gz", None, ""),
            ("csv", None, "csv"),
        ] {
            assert_eq!((Format::of_name(name), stem(name)), (format, stream), "{name}");
        }
    }

    #[test]
    fn what_has_no_name_is_looked_at() {
        assert_eq!(looks_like(b"\xef\xbb\xbf {\"a\":1}"), Format::Lines);
        assert_eq!(looks_like(b"\xff\xfe{\0\"\0"), Format::Lines);
        assert_eq!(looks_like(b"\n[{}]"), Format::Json);
        assert_eq!(looks_like(b"PAR1"), Format::Parquet);
        assert_eq!(looks_like(b"id,name\n"), Format::Csv);
    }

    #[test]
    fn a_stream_fills_no_disk() {
        for (most, fits) in [(10, true), (9, false)] {
            let mut file = tempfile::tempfile().unwrap();
            assert_eq!(spool(&mut io::Cursor::new([b'x'; 10]), &mut file, most).is_ok(), fits);
            assert_eq!(file.metadata().unwrap().len(), 10);
        }
    }

    #[test]
    fn a_delimiter_and_an_encoding_are_known_or_refused() {
        assert!(Reading::new(Some("tab"), Some("windows-1252")).is_ok());
        assert!(Reading::new(Some("x"), None).is_err());
        assert!(Reading::new(None, Some("klingon")).is_err());
    }
}
