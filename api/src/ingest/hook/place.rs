//! Where in the head of a request a value stands: the whole of a header, or the parts of it that begin in a certain way.
//! That takes apart all that products write: `sha256=…`, `v1,… v1,…`, `t=…,v1=…,v1=…`, `Bearer …`.

use axum::http::{HeaderMap, HeaderName};

use super::super::mapping::document::{Entries, MappingError, Node};

/// So many values of one header are looked at: a sender that rotates its keys has two.
const MOST: usize = 16;

/// Where a value stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    header: HeaderName,
    separator: Option<String>,
    prefix: String,
}

impl Place {
    /// Reads `"header-name"`, or a table with `header` and, if they apply, `separator` and `prefix`.
    pub fn load(node: Node<'_>) -> Result<Self, MappingError> {
        if node.as_text().is_some() {
            return Ok(Self { header: header(node)?, separator: None, prefix: String::new() });
        }
        let mut entries = node.table("the place of a value")?;
        let place = Self::load_entries(&mut entries)?;
        entries.finish()?;
        Ok(place)
    }

    /// The part of a table that says where the value stands; a timestamp has its format beside it.
    pub(super) fn load_entries(entries: &mut Entries<'_>) -> Result<Self, MappingError> {
        let header = header(entries.require("header")?)?;
        let separator = match entries.take("separator") {
            Some(node) if node.text()?.is_empty() => return Err(node.fail("a separator is at least one character")),
            Some(node) => Some(node.text()?.to_owned()),
            None => None,
        };
        let prefix = entries.text("prefix")?.unwrap_or_default();
        Ok(Self { header, separator, prefix })
    }

    /// The header's name.
    pub fn header(&self) -> &HeaderName {
        &self.header
    }

    /// The same place in another header.
    pub(super) fn rename(&mut self, header: &HeaderName) {
        self.header = header.clone();
    }

    /// The values there. A header that is not there, not text, or there twice has none: with two there is no telling which of
    /// them a proxy has looked at.
    pub fn values<'r>(&self, headers: &'r HeaderMap) -> Vec<&'r str> {
        let mut all = headers.get_all(&self.header).iter();
        let (Some(value), None) = (all.next(), all.next()) else { return Vec::new() };
        let Ok(text) = value.to_str() else { return Vec::new() };
        match &self.separator {
            None => self.strip(text.trim()).into_iter().collect(),
            Some(separator) => {
                text.split(separator.as_str()).filter_map(|part| self.strip(part.trim())).take(MOST).collect()
            }
        }
    }

    /// The one value there; several are none.
    pub fn value<'r>(&self, headers: &'r HeaderMap) -> Option<&'r str> {
        match self.values(headers).as_slice() {
            [value] if !value.is_empty() => Some(value),
            _ => None,
        }
    }

    /// The text after the prefix, which may be written in small or capital letters (as `Bearer` may).
    fn strip<'r>(&self, text: &'r str) -> Option<&'r str> {
        let (start, rest) = text.split_at_checked(self.prefix.len())?;
        start.eq_ignore_ascii_case(&self.prefix).then_some(rest)
    }
}

/// A header's name.
pub(super) fn header(node: Node<'_>) -> Result<HeaderName, MappingError> {
    let text = node.text()?;
    text.parse().map_err(|_| node.fail(format!("`{text}` cannot be the name of a header")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::mapping::document::read;

    fn place(text: &str) -> Place {
        let text = format!("place = {text}");
        read(&text, |mut entries| Place::load(entries.require("place")?)).unwrap()
    }

    fn headers(values: &[&str]) -> HeaderMap {
        values.iter().map(|value| (HeaderName::from_static("x-s"), value.parse().unwrap())).collect()
    }

    #[test]
    fn a_header_is_taken_apart() {
        let many = place(r#"{ header = "X-S", separator = " ", prefix = "v1," }"#);
        assert_eq!(many.values(&headers(&["v1,aa v1a,bb  v1,cc"])), ["aa", "cc"]);
        let pairs = place(r#"{ header = "x-s", separator = ",", prefix = "t=" }"#);
        assert_eq!(pairs.value(&headers(&["t=12, v1=ab,v0=cd"])), Some("12"));
        assert_eq!(pairs.value(&headers(&["t=12,t=13"])), None);
        let bearer = place(r#"{ header = "x-s", prefix = "Bearer " }"#);
        assert_eq!(bearer.value(&headers(&["bearer abc"])), Some("abc"));
        assert_eq!(bearer.value(&headers(&["Basic abc"])), None);
        let whole = place("\"x-s\"");
        assert_eq!(whole.value(&headers(&["a=b, c"])), Some("a=b, c"));
        assert_eq!(whole.value(&headers(&["a", "a"])), None);
        assert_eq!(whole.value(&headers(&[""])), None);
        assert_eq!(whole.value(&HeaderMap::new()), None);
    }

    #[test]
    fn what_no_header_can_be_called_is_refused() {
        let error = read("place = \"a b\"", |mut entries| Place::load(entries.require("place")?)).unwrap_err();
        assert!(error.message.contains("cannot be the name of a header"), "{error}");
    }
}
