//! JSON with its numbers exactly as written, and lookup by JSON Pointer.
//!
//! `serde_json` reads numbers into `f64`, and its `arbitrary_precision` feature would change every JSON value of the whole
//! program, so the payload of a record is read here: one pass, strings borrowed where they hold no escape, numbers as
//! text. NUL characters, lone surrogates and nesting beyond [`MAX_DEPTH`] are refused. A doubled key: the last one wins,
//! as everywhere else. Invalid UTF-8 is the reader's matter: this takes `str`.

use std::borrow::Cow;

use super::envelope::{Reject, RejectCode};

/// Objects and lists may stand within each other this deep.
pub const MAX_DEPTH: usize = 64;

/// A JSON value that borrows from its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Json<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, exactly as written.
    Number(&'a str),
    /// A text.
    Text(Cow<'a, str>),
    /// A list.
    List(Vec<Self>),
    /// An object, its entries in order.
    Object(Vec<(Cow<'a, str>, Self)>),
}

impl<'a> Json<'a> {
    /// Reads a whole text.
    pub fn parse(text: &'a str) -> Result<Self, Reject> {
        let mut parser = Parser { text, bytes: text.as_bytes(), at: 0 };
        parser.space();
        let value = parser.value(0)?;
        parser.space();
        if parser.at < parser.bytes.len() {
            return Err(parser.broken("text after the end of the value"));
        }
        Ok(value)
    }

    /// The entry of an object.
    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Object(entries) => entries.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The value at the steps of a JSON Pointer: keys of objects, positions of lists.
    pub fn at<S: AsRef<str>>(&self, steps: &[S]) -> Option<&Self> {
        steps.iter().try_fold(self, |value, step| match value {
            Self::List(items) => step.as_ref().parse::<usize>().ok().and_then(|position| items.get(position)),
            _ => value.get(step.as_ref()),
        })
    }

    /// What kind of value it is, in words for people: `text`, `number`, `bool`, `list`, `object`, `null`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Number(_) => "number",
            Self::Text(_) => "text",
            Self::List(_) => "list",
            Self::Object(_) => "object",
        }
    }
}

/// The steps of a JSON Pointer (RFC 6901): `/a/b~1c` is `a`, then `b/c`. None if it does not begin with a slash.
pub fn pointer(text: &str) -> Option<Vec<String>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    let steps = text.strip_prefix('/')?;
    Some(steps.split('/').map(|step| step.replace("~1", "/").replace("~0", "~")).collect())
}

struct Parser<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Parser<'a> {
    fn broken(&self, what: &str) -> Reject {
        let place = self.at + 1;
        let code = RejectCode::BrokenJson;
        Reject::new(code, format!("This is not JSON: {what} at byte {place}. Correct the line at the source."))
    }

    fn space(&mut self) {
        while matches!(self.bytes.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.bytes.get(self.at) == Some(&byte);
        self.at += usize::from(found);
        found
    }

    fn value(&mut self, depth: usize) -> Result<Json<'a>, Reject> {
        if depth > MAX_DEPTH {
            let reason = format!("Values stand within each other more than {MAX_DEPTH} deep. Flatten the record.");
            return Err(Reject::new(RejectCode::TooDeep, reason));
        }
        match self.bytes.get(self.at) {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.list(depth),
            Some(b'"') => self.string().map(Json::Text),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(b'n') => self.word("null", Json::Null),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(_) => Err(self.broken("an unexpected character")),
            None => Err(self.broken("the end of the text")),
        }
    }

    fn word(&mut self, word: &str, value: Json<'a>) -> Result<Json<'a>, Reject> {
        if self.bytes[self.at..].starts_with(word.as_bytes()) {
            self.at += word.len();
            return Ok(value);
        }
        Err(self.broken("an unknown word"))
    }

    fn object(&mut self, depth: usize) -> Result<Json<'a>, Reject> {
        self.at += 1;
        let mut entries = Vec::new();
        self.space();
        if self.take(b'}') {
            return Ok(Json::Object(entries));
        }
        loop {
            self.space();
            if self.bytes.get(self.at) != Some(&b'"') {
                return Err(self.broken("a key was expected"));
            }
            let key = self.string()?;
            self.space();
            if !self.take(b':') {
                return Err(self.broken("a colon was expected"));
            }
            self.space();
            let value = self.value(depth + 1)?;
            entries.push((key, value));
            self.space();
            if self.take(b'}') {
                return Ok(Json::Object(entries));
            }
            if !self.take(b',') {
                return Err(self.broken("a comma or the end of the object was expected"));
            }
        }
    }

    fn list(&mut self, depth: usize) -> Result<Json<'a>, Reject> {
        self.at += 1;
        let mut items = Vec::new();
        self.space();
        if self.take(b']') {
            return Ok(Json::List(items));
        }
        loop {
            self.space();
            items.push(self.value(depth + 1)?);
            self.space();
            if self.take(b']') {
                return Ok(Json::List(items));
            }
            if !self.take(b',') {
                return Err(self.broken("a comma or the end of the list was expected"));
            }
        }
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while matches!(self.bytes.get(self.at), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        self.at - start
    }

    fn number(&mut self) -> Result<Json<'a>, Reject> {
        let start = self.at;
        self.take(b'-');
        let leading_zero = self.bytes.get(self.at) == Some(&b'0');
        let whole = self.digits();
        if whole == 0 || (leading_zero && whole > 1) {
            return Err(self.broken("a malformed number"));
        }
        if self.take(b'.') && self.digits() == 0 {
            return Err(self.broken("a malformed number"));
        }
        if matches!(self.bytes.get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            if !self.take(b'+') {
                self.take(b'-');
            }
            if self.digits() == 0 {
                return Err(self.broken("a malformed number"));
            }
        }
        Ok(Json::Number(&self.text[start..self.at]))
    }

    fn string(&mut self) -> Result<Cow<'a, str>, Reject> {
        self.at += 1;
        let mut start = self.at;
        let mut owned: Option<String> = None;
        loop {
            match self.bytes.get(self.at) {
                Some(b'"') => {
                    let rest = &self.text[start..self.at];
                    self.at += 1;
                    return Ok(match owned {
                        None => Cow::Borrowed(rest),
                        Some(text) => Cow::Owned(text + rest),
                    });
                }
                Some(b'\\') => {
                    let text = owned.get_or_insert_default();
                    text.push_str(&self.text[start..self.at]);
                    self.at += 1;
                    let character = self.escape()?;
                    text.push(character);
                    start = self.at;
                }
                Some(0) => return Err(nul()),
                Some(..0x20) => return Err(self.broken("a control character in a text")),
                Some(_) => self.at += 1,
                None => return Err(self.broken("a text without its end")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Reject> {
        let byte = self.bytes.get(self.at).copied();
        self.at += 1;
        Ok(match byte {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(),
            _ => return Err(self.broken("an unknown escape")),
        })
    }

    fn unicode(&mut self) -> Result<char, Reject> {
        let first = self.four_digits()?;
        let code = if (0xd800..0xdc00).contains(&first) {
            let second = if self.take(b'\\') && self.take(b'u') { self.four_digits()? } else { 0 };
            if !(0xdc00..0xe000).contains(&second) {
                return Err(self.broken("half a character"));
            }
            0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00)
        } else {
            first
        };
        match char::from_u32(code) {
            Some('\0') => Err(nul()),
            Some(character) => Ok(character),
            None => Err(self.broken("half a character")),
        }
    }

    fn four_digits(&mut self) -> Result<u32, Reject> {
        let digits = self.bytes.get(self.at..self.at + 4).unwrap_or_default();
        let mut code = 0;
        for &digit in digits {
            let value = char::from(digit).to_digit(16).ok_or_else(|| self.broken("a malformed escape"))?;
            code = code * 16 + value;
        }
        if digits.len() < 4 {
            return Err(self.broken("a malformed escape"));
        }
        self.at += 4;
        Ok(code)
    }
}

/// Neither database keeps NUL in text.
fn nul() -> Reject {
    Reject::new(RejectCode::NulCharacter, "A text holds a NUL character. Remove it at the source and send again.")
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
