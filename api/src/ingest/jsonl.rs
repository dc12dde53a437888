//! Files of one JSON object per line. Each line becomes an envelope with its text as it came, or a rejected record.

use std::io::{self, BufRead};

use super::envelope::{Reject, RejectCode};
use super::json::Json;
use super::lines::{Item, Lines, Origin, Rejected};

/// The records of a JSONL file. An error is the input's: reading ends there.
pub struct JsonLines<R> {
    lines: Lines<R>,
    origin: Origin,
    stream: String,
}

impl<R: BufRead> JsonLines<R> {
    /// Reads the records of a stream.
    pub fn new(input: R, origin: Origin, stream: impl Into<String>) -> Self {
        Self { lines: Lines::new(input, origin.line_bytes), origin, stream: stream.into() }
    }
}

impl<R> JsonLines<R> {
    /// The number of the line that the last record came from.
    pub fn line(&self) -> u64 {
        self.lines.number()
    }
}

impl<R: BufRead> Iterator for JsonLines<R> {
    type Item = io::Result<Item>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (number, text) = match self.lines.next()? {
                Ok(line) => line,
                Err(error) => return Some(Err(error)),
            };
            let refuse = |reject: &Reject, shown: &str| {
                Some(Ok(Err(Rejected::new(number, &self.origin, &self.stream, shown, reject))))
            };
            let text = match text {
                Ok(text) if text.trim().is_empty() => continue,
                Ok(text) => text,
                Err((reject, shown)) => return refuse(&reject, &shown),
            };
            return match Json::parse(&text) {
                Ok(Json::Object(_)) => Some(Ok(Ok(self.origin.envelope(&self.stream, None, text)))),
                Ok(_) => refuse(
                    &Reject::new(RejectCode::BrokenJson, "This is no JSON object. Write one object per line."),
                    &text,
                ),
                Err(reject) => refuse(&reject, &text),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_good_lines_and_names_bad_ones() {
        let input = "{\"id\":1,\"amount\":1234.50}\n\n{broken\n[1]\n{\"a\":\"\\u0000\"}\n{\"id\":2}\n";
        let items: Vec<_> =
            JsonLines::new(input.as_bytes(), Origin::new("crm"), "contacts").map(Result::unwrap).collect();
        assert_eq!(items.len(), 5);
        let first = items[0].as_ref().unwrap();
        assert_eq!((first.stream.as_str(), &*first.payload), ("contacts", "{\"id\":1,\"amount\":1234.50}"));
        let codes: Vec<_> =
            items.iter().filter_map(|item| item.as_ref().err()).map(|bad| (bad.line, bad.reject.code)).collect();
        let expected = [(3, RejectCode::BrokenJson), (4, RejectCode::BrokenJson), (5, RejectCode::NulCharacter)];
        assert_eq!(codes, expected);
        assert!(items[1].as_ref().unwrap_err().reject.reason.starts_with("Line 3: This is not JSON"));
        assert!(items[4].is_ok());
    }
}
