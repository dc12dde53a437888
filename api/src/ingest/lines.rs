//! Lines of a file or stream, one at a time: a line that is too long or not UTF-8 is told apart and skipped, so that memory
//! stays flat and one bad line never stops the rest.

use std::io::{self, BufRead};

use chrono::{DateTime, Utc};

use super::envelope::{Envelope, Op, Reject, RejectCode};

/// The longest line that is read where the settings say nothing else: 1 MiB.
pub const MAX_LINE: usize = 1 << 20;

/// So much of an over-long line is kept beside its refusal.
pub(super) const KEPT: usize = 4 << 10;

/// What a reader writes into every envelope, and how much of its input it takes for one.
#[derive(Debug, Clone)]
pub struct Origin {
    /// Key of the source.
    pub source: String,
    /// The clock; a test gives its own.
    pub now: fn() -> DateTime<Utc>,
    /// The longest line, in bytes.
    pub line_bytes: usize,
}

impl Origin {
    /// The source of that key, by the machine's clock.
    pub fn new(source: impl Into<String>) -> Self {
        Self { source: source.into(), now: Utc::now, line_bytes: MAX_LINE }
    }

    /// An envelope of this source that carries the payload and was received now.
    pub fn envelope(&self, stream: &str, key: Option<String>, payload: impl Into<Box<str>>) -> Envelope {
        let now = (self.now)();
        // The databases keep microseconds: what is stored and what ids are made of must be the same moment.
        let received_at = DateTime::from_timestamp_micros(now.timestamp_micros()).unwrap_or(now);
        Envelope {
            source: self.source.clone(),
            stream: stream.to_owned(),
            key,
            op: Op::Upsert,
            payload: payload.into(),
            occurred_at: None,
            received_at,
            dedupe_key: None,
            sync: None,
        }
    }
}

/// A line that cannot be taken: kept as a rejected record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// Its line in the input, counted from 1.
    pub line: u64,
    /// What the input shows of it (bytes that are no text are replaced), NUL characters removed.
    pub envelope: Envelope,
    /// Why, and what to do.
    pub reject: Reject,
}

impl Rejected {
    /// A refusal of the line, which it names.
    pub fn new(line: u64, origin: &Origin, stream: &str, payload: &str, reject: &Reject) -> Self {
        let reason = format!("Line {line}: {}", reject.reason);
        let envelope = origin.envelope(stream, None, payload.replace('\0', ""));
        Self { line, envelope, reject: Reject::new(reject.code, reason) }
    }
}

/// What a file reader gives for each line: an envelope, or why there is none.
pub type Item = Result<Envelope, Rejected>;

/// The text of a line, or why it has none and what can be shown of it.
pub type Text = Result<String, (Reject, String)>;

/// The lines of an input, with their numbers.
pub struct Lines<R> {
    input: R,
    longest: usize,
    number: u64,
    buffer: Vec<u8>,
}

impl<R: BufRead> Lines<R> {
    /// Reads from here; a line has so many bytes at most.
    pub fn new(input: R, longest: usize) -> Self {
        Self { input, longest, number: 0, buffer: Vec::new() }
    }

    /// Reads up to the end of the line, keeps at most the limit; whether the line was longer.
    fn fill(&mut self) -> io::Result<Option<bool>> {
        self.buffer.clear();
        let mut over = false;
        let mut any = false;
        loop {
            let chunk = match self.input.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if chunk.is_empty() {
                return Ok(any.then_some(over));
            }
            any = true;
            let end = chunk.iter().position(|byte| *byte == b'\n');
            let part = &chunk[..end.unwrap_or(chunk.len())];
            let room = self.longest.saturating_sub(self.buffer.len());
            over |= part.len() > room;
            self.buffer.extend_from_slice(&part[..part.len().min(room)]);
            let used = end.map_or(chunk.len(), |end| end + 1);
            self.input.consume(used);
            if end.is_some() {
                return Ok(Some(over));
            }
        }
    }
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = io::Result<(u64, Text)>;

    fn next(&mut self) -> Option<Self::Item> {
        let over = match self.fill() {
            Ok(over) => over?,
            Err(error) => return Some(Err(error)),
        };
        self.number += 1;
        if self.buffer.last() == Some(&b'\r') {
            self.buffer.pop();
        }
        let start = if self.number == 1 && self.buffer.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        let bytes = &self.buffer[start..];
        let text = if over {
            let shown = String::from_utf8_lossy(&bytes[..KEPT.min(bytes.len())]).into_owned();
            let reason = format!(
                "The line is longer than {} bytes (intake.line_bytes). Split the record, or leave out what is not needed.",
                self.longest
            );
            Err((Reject::new(RejectCode::LineTooLong, reason), shown))
        } else {
            match std::str::from_utf8(bytes) {
                Ok(text) => Ok(text.to_owned()),
                Err(error) => Err((not_utf8(error.valid_up_to()), String::from_utf8_lossy(bytes).into_owned())),
            }
        };
        Some(Ok((self.number, text)))
    }
}

/// The refusal of bytes that are no text.
pub fn not_utf8(valid: usize) -> Reject {
    let reason = format!("Byte {} is not UTF-8. Save the file as UTF-8 and import it again.", valid + 1);
    Reject::new(RejectCode::InvalidUtf8, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_line_is_told_apart_and_the_rest_goes_on() {
        let mut input = b"\xef\xbb\xbfone\r\n".to_vec();
        input.extend(vec![b'x'; MAX_LINE + 1]);
        input.extend(b"\n\xff\xfe\n");
        input.extend(vec![b'y'; MAX_LINE]);
        input.extend(b"\nlast");
        let lines: Vec<_> = Lines::new(io::Cursor::new(input), MAX_LINE).map(Result::unwrap).collect();
        assert_eq!(lines[0], (1, Ok("one".to_owned())));
        let (number, Err((reject, shown))) = &lines[1] else { panic!("too long") };
        assert_eq!((*number, reject.code, shown.len()), (2, RejectCode::LineTooLong, KEPT));
        assert_eq!(lines[2].1.as_ref().unwrap_err().0.code, RejectCode::InvalidUtf8);
        assert_eq!(lines[3].1.as_ref().unwrap().len(), MAX_LINE);
        assert_eq!(lines[4], (5, Ok("last".to_owned())));
    }
}
