//! What a Parquet file claims, looked at before the library believes it: it makes room for what a header says, and a file of some
//! hundred bytes can say gigabytes. Room that is not there ends the process, so this cannot be left to an error.

use std::fs::File;
use std::io::{self, Read};

use parquet::file::metadata::ParquetMetaData;
use parquet::file::reader::{ChunkReader, Length};

use super::thrift::{INT, LIST, STRUCT, Thrift};
use super::{damaged, invalid};

/// The largest table of contents.
const CONTENTS: u64 = 16 << 20;

/// Columns, and groups of them.
const COLUMNS: usize = 10_000;

/// Groups within groups.
const DEPTH: usize = 32;

/// A page that unpacks to more is not read: it would be held as a whole.
const PAGE: i64 = 16 << 20;

/// A page of each column is held, and its dictionary; all of them take no more.
const HELD: i64 = 128 << 20;

/// What a value of a dictionary takes beside its bytes.
const ENTRY: i64 = 32;

/// The longest header of a page.
const HEADER: u64 = 1 << 20;

/// So much of a page is read for its header at first.
const START: u64 = 4 << 10;

/// Whether the table of contents can be read without harm.
pub(super) fn contents(file: &File) -> io::Result<()> {
    let size = file.len();
    let tail = file.get_bytes(size.checked_sub(8).ok_or_else(damaged)?, 8).map_err(|_| damaged())?;
    let length = u64::from(u32::from_le_bytes([tail[0], tail[1], tail[2], tail[3]]));
    // What does not end as such a file does is none, whatever else its last bytes say.
    if tail.slice(4..) != b"PAR1"[..] || length > size {
        return Err(damaged());
    }
    if length > CONTENTS {
        return Err(invalid("its table of contents is larger than 16 MiB. Write fewer row groups".to_owned()));
    }
    let start = size.checked_sub(8 + length).ok_or_else(damaged)?;
    let contents = file.get_bytes(start, usize::try_from(length).map_err(|_| damaged())?).map_err(|_| damaged())?;
    let mut fits = true;
    let mut read = Thrift::new(&contents);
    let whole = read.fields(&mut |read, field, kind| {
        if (field, kind) != (2, LIST) {
            return Some(false);
        }
        fits &= schema(read)?;
        Some(true)
    });
    if !fits {
        return Err(invalid(format!("it has more than {COLUMNS} columns, or more than {DEPTH} within each other")));
    }
    whole.ok_or_else(damaged)
}

/// Whether the schema is one that the library builds within its stack: each element says how many stand below it.
fn schema(read: &mut Thrift<'_>) -> Option<bool> {
    let (kind, count) = read.list()?;
    if kind != STRUCT {
        return None;
    }
    let mut open: Vec<i64> = Vec::new();
    let mut fits = count <= COLUMNS;
    for place in 0..count {
        let mut below = 0;
        read.fields(&mut |read, field, kind| {
            if (field, kind) != (5, INT) {
                return Some(false);
            }
            below = read.int()?;
            Some(true)
        })?;
        if let Some(left) = open.last_mut() {
            *left -= 1;
        }
        if usize::try_from(below).ok()? >= count - place {
            return (below == 0).then_some(fits);
        }
        open.push(below);
        fits &= open.len() <= DEPTH;
        while open.last().is_some_and(|left| *left <= 0) {
            open.pop();
        }
    }
    Some(fits)
}

/// What the header of a page says.
#[derive(Default)]
struct Page {
    is_dictionary: bool,
    unpacked: i64,
    packed: i64,
    values: i64,
    header: u64,
}

impl Page {
    fn read(bytes: &[u8]) -> Option<Self> {
        let mut page = Self::default();
        let mut read = Thrift::new(bytes);
        read.fields(&mut |read, field, kind| {
            match (field, kind) {
                // Were one there twice, nobody knows which counts.
                (2, INT) => page.unpacked = page.unpacked.max(read.int()?),
                (3, INT) if page.packed == 0 => page.packed = read.int()?,
                (5 | 7 | 8, STRUCT) => {
                    page.is_dictionary |= field == 7;
                    read.fields(&mut |read, field, kind| {
                        if (field, kind) == (1, INT) {
                            page.values = page.values.max(read.int()?);
                            return Some(true);
                        }
                        (kind != LIST).then_some(false)
                    })?;
                }
                (_, LIST) | (3, INT) => return None,
                _ => return Some(false),
            }
            Some(true)
        })?;
        page.header = read.position() as u64;
        (page.unpacked >= 0 && page.packed >= 0 && page.values >= 0).then_some(page)
    }

    fn at(file: &File, start: u64, most: u64) -> io::Result<Self> {
        for length in [START, HEADER] {
            let mut bytes = Vec::new();
            file.get_read(start).map_err(|_| damaged())?.take(length.min(most)).read_to_end(&mut bytes)?;
            if let Some(page) = Self::read(&bytes) {
                return Ok(page);
            }
        }
        Err(damaged())
    }
}

/// Whether all pages can be read without harm.
pub(super) fn pages(file: &File, metadata: &ParquetMetaData) -> io::Result<()> {
    for group in metadata.row_groups() {
        let mut held = 0;
        for column in group.columns() {
            let (mut start, mut left) = column.byte_range();
            if start.checked_add(left).is_none_or(|end| end > file.len()) {
                return Err(damaged());
            }
            let (mut data, mut dictionary) = (0, 0);
            while left > 0 {
                let page = Page::at(file, start, left)?;
                if page.unpacked.max(page.packed) > PAGE {
                    return Err(invalid(
                        "a page of it unpacks to more than 16 MiB. Write it in smaller pages; 1 MiB is usual"
                            .to_owned(),
                    ));
                }
                if page.is_dictionary {
                    // No value of a dictionary is written in less than a byte.
                    if page.values > page.unpacked {
                        return Err(damaged());
                    }
                    dictionary = dictionary.max(page.unpacked + page.values * ENTRY);
                } else {
                    data = data.max(page.unpacked.max(page.packed));
                }
                let whole = page.header + page.packed.unsigned_abs();
                left = left.checked_sub(whole).ok_or_else(damaged)?;
                start += whole;
            }
            held += data + dictionary;
        }
        if held > HELD {
            return Err(invalid(
                "a page of each of its columns takes more than 128 MiB. Write it in smaller pages, or fewer columns"
                    .to_owned(),
            ));
        }
    }
    Ok(())
}
