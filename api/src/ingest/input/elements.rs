//! JSON files: the objects of one list (`[{…}, {…}]`), or objects one behind the other over as many lines as they like. Each
//! becomes an envelope with its text as it came. The list is never held: an element is read, and the next one after it.

use std::io::{self, BufRead};

use super::super::envelope::{Reject, RejectCode};
use super::super::json::Json;
use super::super::lines::{Item, KEPT, Origin, Rejected, not_utf8};

/// The records of a JSON file. An error is the input's: reading ends there.
pub(super) struct Elements<R> {
    input: R,
    origin: Origin,
    stream: String,
    /// The line that is read, counted from 1.
    line: u64,
    buffer: Vec<u8>,
    place: Place,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Start,
    /// Within the list.
    List,
    /// Without one.
    Bare,
    End,
}

/// Where within an element a byte stands.
#[derive(Default)]
struct Scan {
    depth: usize,
    text: bool,
    escaped: bool,
    /// A number or a word, which ends where something else begins.
    plain: bool,
}

/// What a byte is to its element.
#[derive(PartialEq, Eq)]
enum Step {
    Within,
    /// The last of it.
    Last,
    /// The first that is no longer of it.
    Behind,
}

impl Scan {
    fn step(&mut self, byte: u8) -> Step {
        if self.text {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.text = false,
                _ => {}
            }
            return if !self.text && self.depth == 0 { Step::Last } else { Step::Within };
        }
        match byte {
            b',' | b']' | b'}' | b'{' | b'[' | b'"' if self.plain => return Step::Behind,
            byte if self.plain && byte.is_ascii_whitespace() => return Step::Behind,
            b'"' => self.text = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                if self.depth == 0 {
                    return Step::Last;
                }
            }
            _ if self.depth == 0 => self.plain = true,
            _ => {}
        }
        Step::Within
    }
}

impl<R: BufRead> Elements<R> {
    /// Reads the records of a stream.
    pub fn new(input: R, origin: Origin, stream: impl Into<String>) -> Self {
        let stream = stream.into();
        Self { input, origin, stream, line: 1, buffer: Vec::new(), place: Place::Start }
    }

    /// Goes to the first byte of the next element; whether there is one.
    fn find(&mut self) -> io::Result<bool> {
        loop {
            let chunk = self.input.fill_buf()?;
            let space = chunk.iter().take_while(|byte| byte.is_ascii_whitespace());
            let (spaces, ends) = space.fold((0, 0), |(all, ends), byte| (all + 1, ends + u64::from(*byte == b'\n')));
            if spaces > 0 {
                self.line += ends;
                self.input.consume(spaces);
                continue;
            }
            let Some(&byte) = chunk.first() else {
                return if self.place == Place::List { Err(cut_off()) } else { Ok(false) };
            };
            let skip = match byte {
                0xef if self.place == Place::Start && chunk.starts_with(b"\xef\xbb\xbf") => 3,
                b',' if self.place != Place::Start => 1,
                b'[' if self.place == Place::Start => {
                    self.place = Place::List;
                    1
                }
                b']' if self.place == Place::List => {
                    self.place = Place::End;
                    1
                }
                _ if self.place == Place::End => {
                    let told = format!("line {}: the list has ended, and something follows", self.line);
                    return Err(io::Error::new(io::ErrorKind::InvalidData, told));
                }
                _ => {
                    if self.place == Place::Start {
                        self.place = Place::Bare;
                    }
                    return Ok(true);
                }
            };
            self.input.consume(skip);
        }
    }

    /// Reads the element that begins here, at most the limit of it; whether it was longer.
    fn element(&mut self) -> io::Result<bool> {
        self.buffer.clear();
        let mut scan = Scan::default();
        let mut over = false;
        loop {
            let chunk = self.input.fill_buf()?;
            if chunk.is_empty() {
                // A number may end the file; anything else is cut off, and says so when it is read.
                return Ok(over);
            }
            let mut used = 0;
            let mut kept = 0;
            let mut ended = false;
            for &byte in chunk {
                let step = scan.step(byte);
                if step == Step::Behind {
                    ended = true;
                    break;
                }
                used += 1;
                kept = used;
                self.line += u64::from(byte == b'\n');
                if step == Step::Last {
                    ended = true;
                    break;
                }
            }
            let room = self.origin.line_bytes.saturating_sub(self.buffer.len());
            over |= kept > room;
            self.buffer.extend_from_slice(&chunk[..kept.min(room)]);
            self.input.consume(used);
            if ended {
                return Ok(over);
            }
        }
    }

    fn record(&self, over: bool) -> Result<String, (Reject, String)> {
        if over {
            let most = self.origin.line_bytes;
            let reason =
                format!("The record is longer than {most} bytes (intake.line_bytes). Leave out what is not needed.");
            let shown = String::from_utf8_lossy(&self.buffer[..KEPT.min(self.buffer.len())]).into_owned();
            return Err((Reject::new(RejectCode::LineTooLong, reason), shown));
        }
        let text = std::str::from_utf8(&self.buffer)
            .map_err(|error| (not_utf8(error.valid_up_to()), String::from_utf8_lossy(&self.buffer).into_owned()))?;
        match Json::parse(text) {
            Ok(Json::Object(_)) => Ok(text.to_owned()),
            Ok(_) => {
                let reason = "This is no JSON object. A file of records is a list of objects.";
                Err((Reject::new(RejectCode::BrokenJson, reason), text.to_owned()))
            }
            Err(reject) => Err((reject, text.to_owned())),
        }
    }
}

fn cut_off() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the list is not closed")
}

impl<R: BufRead> Iterator for Elements<R> {
    type Item = io::Result<Item>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.find() {
            Ok(true) => {}
            Ok(false) => return None,
            Err(error) => return Some(Err(error)),
        }
        let line = self.line;
        let over = match self.element() {
            Ok(over) => over,
            Err(error) => return Some(Err(error)),
        };
        Some(Ok(match self.record(over) {
            Ok(text) => Ok(self.origin.envelope(&self.stream, None, text)),
            Err((reject, shown)) => Err(Rejected::new(line, &self.origin, &self.stream, &shown, &reject)),
        }))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &[u8]) -> Vec<io::Result<Item>> {
        let mut all = Vec::new();
        for item in Elements::new(text, Origin { line_bytes: 100, ..Origin::new("crm") }, "contacts") {
            let ended = item.is_err();
            all.push(item);
            if ended {
                break;
            }
        }
        all
    }

    fn payloads(text: &str) -> Vec<String> {
        read(text.as_bytes()).into_iter().map(|item| item.unwrap().unwrap().payload.into()).collect()
    }

    #[test]
    fn a_list_and_a_row_of_objects_are_read() {
        let expected = [r#"{"a":"]}\"{"}"#, "{\"b\":\n[1,{}]}"];
        assert_eq!(payloads("\u{feff}[{\"a\":\"]}\\\"{\"},\n {\"b\":\n[1,{}]}\n]\n"), expected);
        assert_eq!(payloads("{\"a\":\"]}\\\"{\"}{\"b\":\n[1,{}]}"), expected);
        assert_eq!(payloads("[]"), [""; 0]);
        assert_eq!(payloads(""), [""; 0]);
    }

    #[test]
    fn a_bad_element_is_told_by_its_line_and_the_rest_goes_on() {
        let long = format!("[1,\n{{\"a\":}},\n{{\"x\":\"{}\"}},\n{{\"u\":\"\u{1}\"}}, {{\"ok\":1}}]", "y".repeat(200));
        let items = read(long.as_bytes());
        let bad: Vec<_> = items[..4].iter().map(|item| item.as_ref().unwrap().as_ref().unwrap_err()).collect();
        assert_eq!(bad.iter().map(|bad| bad.line).collect::<Vec<_>>(), [1, 2, 3, 4]);
        assert_eq!(bad[2].reject.code, RejectCode::LineTooLong);
        assert!(items[4].as_ref().unwrap().is_ok());
        assert_eq!(items.len(), 5);
    }

    #[test]
    fn a_list_that_is_cut_off_says_so_at_its_end() {
        let items = read(b"[{\"a\":1},{\"b\":");
        assert!(items[0].as_ref().unwrap().is_ok());
        assert!(items[1].as_ref().unwrap().is_err());
        assert_eq!(items[2].as_ref().unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        assert_eq!(read(b"[{}] x")[1].as_ref().unwrap_err().kind(), io::ErrorKind::InvalidData);
    }

    proptest! {
        #[test]
        fn any_list_comes_back(texts in prop::collection::vec("[\\PC\n]{0,20}", 0..20)) {
            let list: Vec<_> = texts.iter().map(|text| serde_json::json!({"a": text, "b": [text]})).collect();
            for text in [serde_json::to_string(&list).unwrap(), serde_json::to_string_pretty(&list).unwrap()] {
                let origin = Origin::new("crm");
                let read: Vec<serde_json::Value> = Elements::new(text.as_bytes(), origin, "s")
                    .map(|item| serde_json::from_str(&item.unwrap().unwrap().payload).unwrap())
                    .collect();
                prop_assert_eq!(&read, &list);
            }
        }

        #[test]
        fn never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(read(&bytes).len() <= 201);
        }
    }
}
