//! CSV files with a header. Each row becomes an envelope whose payload is an object of column name to text; an empty cell
//! is null, since a file cannot tell empty from absent.
//!
//! The delimiter (comma, semicolon, tab, pipe) is seen from the header unless it is named, a byte order mark is skipped. A
//! quote that never closes would make the rest of the file one cell: `Guard` closes it after twice the longest line, so memory
//! stays flat and reading goes on. Only UTF-8 is read; other encodings are turned into it before.

use std::io::{self, BufRead, Read};

use ::csv::{ByteRecord, ReaderBuilder, WriterBuilder};

use super::envelope::{Reject, RejectCode};
use super::lines::{Item, KEPT, Origin, Rejected, not_utf8};

/// The rows of a CSV file. An error is the input's, or the header's: reading ends there.
pub struct CsvRows<R> {
    rows: ::csv::Reader<Guard<R>>,
    /// The header's names, each as JSON text.
    columns: Vec<String>,
    record: ByteRecord,
    delimiter: u8,
    origin: Origin,
    stream: String,
}

impl<R: BufRead> CsvRows<R> {
    /// Reads the header, from which the delimiter is seen. A header that is no text, names a column twice or has a column
    /// without a name is an error.
    pub fn new(input: R, origin: Origin, stream: impl Into<String>) -> io::Result<Self> {
        Self::delimited(input, origin, stream, None)
    }

    /// The same with the delimiter named.
    pub fn delimited(
        mut input: R,
        origin: Origin,
        stream: impl Into<String>,
        delimiter: Option<u8>,
    ) -> io::Result<Self> {
        if input.fill_buf()?.starts_with(b"\xef\xbb\xbf") {
            input.consume(3);
        }
        let start = input.fill_buf()?;
        let delimiter = delimiter.unwrap_or_else(|| sniff(start));
        let returns = ends_with_returns(start);
        let mut rows = ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(Guard {
            input,
            most: 2 * origin.line_bytes,
            delimiter,
            returns,
            state: State::Start,
            length: 0,
            pending: Vec::new(),
            skip: Skip::Nothing,
        });
        let header = rows.byte_headers().map_err(unread)?;
        let mut columns: Vec<String> = Vec::with_capacity(header.len());
        for (position, name) in header.iter().enumerate() {
            let place = position + 1;
            let name =
                std::str::from_utf8(name).map_err(|_| invalid(format!("column {place} of the header is not UTF-8")))?;
            let name = name.trim();
            if name.is_empty() {
                return Err(invalid(format!("column {place} of the header has no name")));
            }
            let name = serde_json::Value::from(name).to_string();
            if columns.contains(&name) {
                return Err(invalid(format!("column {place} of the header repeats the name of another column")));
            }
            columns.push(name);
        }
        if columns.is_empty() {
            return Err(invalid("the file has no header".to_owned()));
        }
        Ok(Self { rows, columns, record: ByteRecord::new(), delimiter, origin, stream: stream.into() })
    }

    fn payload(&self) -> Result<String, Reject> {
        let record = &self.record;
        let longest = self.origin.line_bytes;
        if record.as_slice().len() > longest.saturating_sub(64) {
            let reason = format!(
                "The row is longer than {longest} bytes (intake.line_bytes); a quote may not be closed. Correct the row."
            );
            return Err(Reject::new(RejectCode::LineTooLong, reason));
        }
        if record.len() != self.columns.len() {
            let (found, expected) = (record.len(), self.columns.len());
            let reason = format!(
                "The row has {found} cells, the header {expected}. Quote cells that hold the delimiter, and close quotes."
            );
            return Err(Reject::new(RejectCode::BrokenRow, reason));
        }
        let mut payload = String::with_capacity(record.as_slice().len() + self.columns.len() * 16);
        payload.push('{');
        for (name, cell) in self.columns.iter().zip(record) {
            if payload.len() > 1 {
                payload.push(',');
            }
            payload.push_str(name);
            payload.push(':');
            let cell = std::str::from_utf8(cell).map_err(|error| not_utf8(error.valid_up_to()))?;
            if cell.is_empty() {
                payload.push_str("null");
            } else {
                payload.push_str(&serde_json::Value::from(cell).to_string());
            }
        }
        payload.push('}');
        Ok(payload)
    }
}

impl<R> CsvRows<R> {
    /// The beginning of the row, as it would be written.
    fn shown(&self) -> String {
        let mut row = WriterBuilder::new().delimiter(self.delimiter).flexible(true).from_writer(Vec::new());
        let mut room = KEPT;
        for cell in &self.record {
            let part = &cell[..cell.len().min(room)];
            room -= part.len();
            // Writing into memory cannot fail.
            let _ = row.write_field(part);
            if room == 0 {
                break;
            }
        }
        String::from_utf8_lossy(&row.into_inner().unwrap_or_default()).into_owned()
    }
}

impl<R: BufRead> Iterator for CsvRows<R> {
    type Item = io::Result<Item>;

    fn next(&mut self) -> Option<Self::Item> {
        let line = self.rows.position().line();
        match self.rows.read_byte_record(&mut self.record) {
            Ok(false) => return None,
            Ok(true) => {}
            Err(error) => return Some(Err(unread(error))),
        }
        let line = self.record.position().map_or(line, ::csv::Position::line);
        Some(Ok(match self.payload() {
            Ok(payload) => Ok(self.origin.envelope(&self.stream, None, payload)),
            Err(reject) => Err(Rejected::new(line, &self.origin, &self.stream, &self.shown(), &reject)),
        }))
    }
}

/// Why no more came is told as it was, not as a fault of the text.
fn unread(error: ::csv::Error) -> io::Error {
    match error.into_kind() {
        ::csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

fn invalid(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// The delimiter that the header shows most of; a comma if none.
fn sniff(start: &[u8]) -> u8 {
    let mut counts = [(0_usize, b','), (0, b';'), (0, b'\t'), (0, b'|')];
    let mut quoted = false;
    for byte in start.iter().take_while(|byte| !is_end(**byte)) {
        quoted ^= *byte == b'"';
        if let Some(count) = counts.iter_mut().find(|(_, delimiter)| delimiter == byte && !quoted) {
            count.0 += 1;
        }
    }
    // The last of equals would win: so the comma comes last.
    counts.iter().rev().max_by_key(|(count, _)| *count).map_or(b',', |(_, delimiter)| *delimiter)
}

/// Whether the first row ends with a carriage return alone, as files of old machines do.
fn ends_with_returns(start: &[u8]) -> bool {
    let mut quoted = false;
    let end = start.iter().position(|byte| {
        quoted ^= *byte == b'"';
        is_end(*byte) && !quoted
    });
    end.is_some_and(|end| start[end] == b'\r' && start.get(end + 1) != Some(&b'\n'))
}

/// A row ends with either, or with both.
fn is_end(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Skip {
    Nothing,
    /// What is left of the row.
    Row,
    /// The line feed after the carriage return that ended it.
    LineFeed,
}

impl Skip {
    fn after(end: u8) -> Self {
        if end == b'\r' { Self::LineFeed } else { Self::Nothing }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// At the start of a cell: a quote opens it.
    Start,
    Plain,
    Quoted,
    /// After a quote within a quoted cell: it closes, or is doubled.
    Closing,
}

/// Passes bytes on, and ends a row that grows beyond twice the limit (quotes may be doubled): closes its quote, ends the line, and skips what is left
/// of the line in the input, so that line numbers stay true.
struct Guard<R> {
    input: R,
    most: usize,
    delimiter: u8,
    /// Rows end with a carriage return alone: it becomes a line feed, by which lines are counted.
    returns: bool,
    state: State,
    length: usize,
    pending: Vec<u8>,
    skip: Skip,
}

impl<R> Guard<R> {
    fn step(&mut self, byte: u8) -> bool {
        self.state = match (self.state, byte) {
            (State::Quoted, b'"') => State::Closing,
            (State::Start | State::Closing, b'"') | (State::Quoted, _) => State::Quoted,
            (_, byte) if is_end(byte) => State::Start,
            (_, byte) if byte == self.delimiter => State::Start,
            _ => State::Plain,
        };
        let ended = is_end(byte) && self.state == State::Start;
        self.length = if ended { 0 } else { self.length + 1 };
        self.length > self.most
    }
}

impl<R: BufRead> Read for Guard<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            if !self.pending.is_empty() {
                let count = self.pending.len().min(out.len());
                out[..count].copy_from_slice(&self.pending[..count]);
                self.pending.drain(..count);
                return Ok(count);
            }
            let chunk = self.input.fill_buf()?;
            if chunk.is_empty() || out.is_empty() {
                return Ok(0);
            }
            match self.skip {
                Skip::Nothing => {}
                Skip::Row => {
                    let end = chunk.iter().position(|byte| is_end(*byte));
                    let used = end.map_or(chunk.len(), |end| end + 1);
                    self.skip = end.map_or(Skip::Row, |end| Skip::after(chunk[end]));
                    self.input.consume(used);
                    continue;
                }
                Skip::LineFeed => {
                    let feed = usize::from(chunk[0] == b'\n');
                    self.skip = Skip::Nothing;
                    self.input.consume(feed);
                    continue;
                }
            }
            let count = chunk.len().min(out.len());
            out[..count].copy_from_slice(&chunk[..count]);
            let over = out[..count].iter_mut().position(|byte| {
                let over = self.step(*byte);
                if self.returns && *byte == b'\r' && self.state == State::Start {
                    *byte = b'\n';
                }
                over
            });
            let Some(over) = over else {
                self.input.consume(count);
                return Ok(count);
            };
            // The byte that was too many is replaced by the end of the row.
            self.pending = if self.state == State::Quoted { b"\"\n".to_vec() } else { b"\n".to_vec() };
            self.skip = if is_end(out[over]) { Skip::after(out[over]) } else { Skip::Row };
            self.state = State::Start;
            self.length = 0;
            self.input.consume(over + 1);
            if over > 0 {
                return Ok(over);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ingest::lines::MAX_LINE;

    fn read(bytes: &[u8]) -> Vec<Item> {
        CsvRows::new(bytes, Origin::new("shop"), "orders").unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn reads_what_spreadsheets_write() {
        let items = read("\u{feff}id;name;note\r\n1;\"Müller; Anna\";\"two\nlines\"\r\n2;Ray;\r\n".as_bytes());
        let payloads: Vec<_> = items.iter().map(|item| &*item.as_ref().unwrap().payload).collect();
        let expected =
            [r#"{"id":"1","name":"Müller; Anna","note":"two\nlines"}"#, r#"{"id":"2","name":"Ray","note":null}"#];
        assert_eq!(payloads, expected);
        assert_eq!(read(b"a\tb\n1\t2\n")[0].as_ref().unwrap().payload.as_ref(), r#"{"a":"1","b":"2"}"#);
        assert_eq!(read(b"a|b\n1|2\n")[0].as_ref().unwrap().payload.as_ref(), r#"{"a":"1","b":"2"}"#);
        assert_eq!(read(b"a\n1\n")[0].as_ref().unwrap().payload.as_ref(), r#"{"a":"1"}"#);
    }

    #[test]
    fn names_the_line_of_a_bad_row_and_goes_on() {
        let items = read(b"a,b\n1,2\n3\n4,\xff\n5,6\n");
        assert!(items[0].is_ok() && items[3].is_ok());
        let bad = |at: usize| items[at].as_ref().unwrap_err();
        assert_eq!((bad(1).line, bad(1).reject.code), (3, RejectCode::BrokenRow));
        assert_eq!(&*bad(2).envelope.payload, "4,\u{fffd}");
        assert_eq!((bad(2).line, bad(2).reject.code), (4, RejectCode::InvalidUtf8));
    }

    #[test]
    fn a_quote_that_never_closes_does_not_swallow_the_file() {
        let mut input = b"a,b\n1,2\n3,\"open\n".to_vec();
        for _ in 0..MAX_LINE {
            input.extend(b"x,y\n");
        }
        input.extend(b"8,9\n");
        let items = read(&input);
        assert!(items[0].is_ok());
        // Not unwrap_err: a failure would print the megabyte.
        let bad = items[1].as_ref().err().unwrap();
        assert_eq!((bad.line, bad.reject.code), (3, RejectCode::LineTooLong));
        assert!(items.last().unwrap().is_ok());
        assert!(items.len() > 2);
    }

    #[test]
    fn rows_may_end_with_a_carriage_return_alone() {
        let mut input = b"id,note\r".to_vec();
        let rows = 2 * MAX_LINE / 100 + 1_000;
        for _ in 0..rows {
            input.extend_from_slice(b"1,");
            input.extend([b'x'; 100]);
            input.push(b'\r');
        }
        let items = read(&input);
        assert_eq!(items.len(), rows);
        assert!(items.iter().all(|item| item.as_ref().is_ok_and(|row| row.payload.len() == 120)));
        let told = read(b"a,b\r1,2\r3\r4,5\r");
        assert_eq!((told.len(), told[1].as_ref().unwrap_err().line), (3, 3));
        // One that is too long is cut off at its own end.
        for end in ["\r", "\n", "\r\n"] {
            let long = "x".repeat(3 * MAX_LINE);
            let items = read(format!("a;b{end}1;{long}{end}2;y{end}").as_bytes());
            assert_eq!((items.len(), items[0].is_err(), items[1].is_ok()), (2, true, true), "{end:?}");
        }
    }

    #[test]
    fn a_bad_header_ends_it() {
        assert!(CsvRows::new(&b"a,a\n"[..], Origin::new("s"), "t").is_err());
        assert!(CsvRows::new(&b"a,\n"[..], Origin::new("s"), "t").is_err());
        assert!(CsvRows::new(&b""[..], Origin::new("s"), "t").is_err());
        assert!(CsvRows::new(&b"a,\xff\n"[..], Origin::new("s"), "t").is_err());
    }

    proptest! {
        #[test]
        fn never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(rows) = CsvRows::new(&bytes[..], Origin::new("s"), "t") {
                for item in rows.take(300) {
                    let _ = item.unwrap();
                }
            }
        }
    }
}
