//! Templates: text with values of the record in it. `{/a}` is a path, `{{` a brace.
//!
//! A template that begins with `http://` or `https://`, or stands in a field that is the address of a page, is an address: what the
//! record says is percent-encoded, so that it cannot lead anywhere else, and without one of the values there is none. What the
//! source's own file says is taken as it is.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::document::{MappingError, Node};
use super::path::{Path, Scope, Words};
use super::value::{Problem, Val};

/// What RFC 3986 calls unreserved stays; all else is encoded.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

#[derive(Debug, Clone)]
enum Piece {
    Text(String),
    Path(Path),
}

/// A compiled template.
#[derive(Debug, Clone)]
pub struct Template {
    pieces: Vec<Piece>,
    /// Whether it makes the address of a page.
    pub is_address: bool,
}

impl Template {
    /// Reads a template.
    pub fn load(node: Node<'_>, words: Words<'_>) -> Result<Self, MappingError> {
        let mut rest = node.text()?;
        let is_address = rest.starts_with("https://") || rest.starts_with("http://");
        let mut pieces = Vec::new();
        while let Some(open) = rest.find('{') {
            if open > 0 {
                pieces.push(Piece::Text(rest[..open].to_owned()));
            }
            let after = &rest[open + 1..];
            if let Some(escaped) = after.strip_prefix('{') {
                pieces.push(Piece::Text("{".into()));
                rest = escaped;
                continue;
            }
            let close = after.find('}').ok_or_else(|| node.fail("a `{` in the template has no `}`"))?;
            pieces.push(Piece::Path(Path::load(node, &after[..close], words)?));
            rest = &after[close + 1..];
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        Ok(Self { pieces, is_address })
    }

    /// The text. Missing values leave a gap; if all are missing, or one of an address is, there is nothing.
    pub fn read<'a>(&self, scope: &Scope<'a>) -> Result<Val<'a>, Problem> {
        let mut text = String::new();
        let mut filled = false;
        for piece in &self.pieces {
            match piece {
                Piece::Text(plain) => text.push_str(plain),
                Piece::Path(path) => {
                    let value = path.read(scope).text()?.filter(|value| !value.is_empty());
                    match value {
                        Some(value) if self.is_address && !path.is_constant() => {
                            text.extend(utf8_percent_encode(value.trim(), RESERVED));
                        }
                        Some(value) => text.push_str(&value),
                        None if self.is_address => return Ok(Val::Null),
                        None => continue,
                    }
                    filled = true;
                }
            }
        }
        let trimmed = text.trim();
        Ok(if filled && !trimmed.is_empty() { Val::Text(trimmed.to_owned().into()) } else { Val::Null })
    }

    /// What it reads, for people.
    pub fn source(&self) -> String {
        let paths = self.pieces.iter().filter_map(|piece| match piece {
            Piece::Path(path) => Some(path.as_str()),
            Piece::Text(_) => None,
        });
        paths.collect::<Vec<_>>().join(" with ")
    }
}
