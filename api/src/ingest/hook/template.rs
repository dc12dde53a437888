//! What a signature covers: `{id}`, `{ts}`, `{body}`, `{method}`, `{uri}` with literal text between them.

use super::super::mapping::document::{MappingError, Node};

/// A piece of the signed text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Literal text.
    Text(String),
    /// The delivery's id, as its header has it.
    Id,
    /// The timestamp, as it was sent.
    Timestamp,
    /// The body, byte for byte.
    Body,
    /// The method in capitals.
    Method,
    /// The whole address as the sender knows it.
    Uri,
}

/// The signed text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Piece>);

/// What the pieces stand for in one request.
#[derive(Debug, Clone, Copy)]
pub struct Values<'a> {
    /// Of `{id}`.
    pub id: &'a str,
    /// Of `{ts}`.
    pub timestamp: &'a str,
    /// Of `{body}`.
    pub body: &'a [u8],
    /// Of `{method}`.
    pub method: &'a str,
    /// Of `{uri}`.
    pub uri: &'a str,
}

impl Template {
    /// Reads a template; `{{` is a brace.
    pub fn load(node: Node<'_>) -> Result<Self, MappingError> {
        let mut rest = node.text()?;
        let mut pieces = Vec::new();
        while let Some((before, after)) = rest.split_once('{') {
            if !before.is_empty() {
                pieces.push(Piece::Text(before.to_owned()));
            }
            if let Some(escaped) = after.strip_prefix('{') {
                pieces.push(Piece::Text("{".to_owned()));
                rest = escaped;
                continue;
            }
            let known = "{id}, {ts}, {body}, {method}, {uri}";
            let (name, after) = after
                .split_once('}')
                .ok_or_else(|| node.fail(format!("a `{{` of the template has no `}}`; it may hold {known}")))?;
            pieces.push(match name {
                "id" => Piece::Id,
                "ts" => Piece::Timestamp,
                "body" => Piece::Body,
                "method" => Piece::Method,
                "uri" => Piece::Uri,
                _ => return Err(node.fail(format!("unknown part `{{{name}}}` of the template; it may hold {known}"))),
            });
            rest = after;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        let template = Self(pieces);
        if !template.has(&Piece::Body) {
            return Err(node.fail("the signed text must hold {body}: a signature that does not cover it proves nothing"));
        }
        Ok(template)
    }

    /// Whether a piece is part of it.
    pub fn has(&self, piece: &Piece) -> bool {
        self.0.contains(piece)
    }

    /// The signed text of a request, in pieces.
    pub fn fill<'a>(&'a self, values: &Values<'a>) -> Vec<&'a [u8]> {
        let pieces = self.0.iter().map(|piece| match piece {
            Piece::Text(text) => text.as_bytes(),
            Piece::Id => values.id.as_bytes(),
            Piece::Timestamp => values.timestamp.as_bytes(),
            Piece::Body => values.body,
            Piece::Method => values.method.as_bytes(),
            Piece::Uri => values.uri.as_bytes(),
        });
        pieces.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::mapping::document::read;

    fn template(text: &str) -> Result<Template, MappingError> {
        read(&format!("t = '{text}'"), |mut entries| Template::load(entries.require("t")?))
    }

    #[test]
    fn parts_and_text_are_put_together() {
        let values = Values { id: "i", timestamp: "7", body: b"{}", method: "POST", uri: "https://h/x" };
        let filled = |text: &str| template(text).unwrap().fill(&values).concat();
        assert_eq!(filled("{id}.{ts}.{body}"), b"i.7.{}");
        assert_eq!(filled("{method}{uri}{body}{ts}"), b"POSThttps://h/x{}7");
        assert_eq!(filled("{{v0:{body}}"), b"{v0:{}}");
    }

    #[test]
    fn what_covers_no_body_or_is_unknown_is_refused() {
        for (text, part) in [("{id}.{ts}", "must hold {body}"), ("{nonce}{body}", "unknown part"), ("{body", "no `}`")] {
            let error = template(text).unwrap_err();
            assert!(error.message.contains(part), "{error}");
        }
    }
}
