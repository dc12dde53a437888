//! Value expressions: where a value comes from and what is done to it. `"/a/b"`, or a table with `path`, `value`,
//! `template` or `first`, and `fn`, `when`, `required` beside it.

use std::borrow::Cow;

use super::Lookups;
use super::condition::Condition;
use super::document::{Entries, MappingError, Node};
use super::function::Function;
use super::path::{Path, Scope};
use super::time;
use super::value::{Problem, Val};
use crate::ingest::envelope::{Reject, RejectCode};

#[derive(Debug, Clone)]
enum Origin {
    Path(Path),
    Value(String),
    Template(Vec<Piece>),
    First(Vec<Expression>),
}

#[derive(Debug, Clone)]
enum Piece {
    Text(String),
    Path(Path),
}

/// A compiled value expression.
#[derive(Debug, Clone)]
pub struct Expression {
    origin: Origin,
    functions: Vec<Function>,
    when: Option<Box<Condition>>,
    /// Whether null refuses the record.
    pub required: bool,
}

impl Expression {
    /// Reads a value expression.
    pub fn load(node: Node<'_>, lookups: &Lookups, in_loop: bool) -> Result<Self, MappingError> {
        if let Some(text) = node.as_text() {
            let origin = Origin::Path(Path::load(node, text, in_loop)?);
            return Ok(Self { origin, functions: Vec::new(), when: None, required: false });
        }
        let mut entries = node.table("a value")?;
        let expression = Self::load_entries(node, &mut entries, lookups, in_loop)?;
        entries.finish()?;
        Ok(expression)
    }

    /// The part of a table that says where the value comes from; a condition has its test beside it.
    pub(super) fn load_entries(
        node: Node<'_>,
        entries: &mut Entries<'_>,
        lookups: &Lookups,
        in_loop: bool,
    ) -> Result<Self, MappingError> {
        let origins = (entries.take("path"), entries.take("value"), entries.take("template"), entries.take("first"));
        let origin = match origins {
            (Some(path), None, None, None) => Origin::Path(Path::load(path, path.text()?, in_loop)?),
            (None, Some(value), None, None) => Origin::Value(value.scalar()?),
            (None, None, Some(template), None) => Origin::Template(pieces(template, in_loop)?),
            (None, None, None, Some(first)) => {
                let load = |node: &Node<'_>| Self::load(*node, lookups, in_loop);
                Origin::First(first.list()?.iter().map(load).collect::<Result<_, _>>()?)
            }
            _ => return Err(node.fail("a value is exactly one of `path`, `value`, `template` and `first`")),
        };
        let functions = entries.list("fn")?;
        let functions = functions.into_iter().map(|node| Function::load(node, lookups)).collect::<Result<_, _>>()?;
        let when = entries.take("when").map(|node| Condition::load(node, lookups, in_loop)).transpose()?;
        let required = entries.take("required").map_or(Ok(false), |node| node.bool())?;
        Ok(Self { origin, functions, when: when.map(Box::new), required })
    }

    /// The value, or what is wrong with it; `field` is what a refusal names.
    pub fn read<'a>(&self, scope: &Scope<'a>, field: &str) -> Result<Val<'a>, Reject> {
        let value = self.evaluate(scope).map_err(|problem| self.reject(field, &problem))?;
        if self.required && value.is_empty() {
            return Err(self.missing(field));
        }
        Ok(value)
    }

    /// The value as text; empty is none.
    pub fn read_text<'a>(&self, scope: &Scope<'a>, field: &str) -> Result<Option<Cow<'a, str>>, Reject> {
        let value = self.read(scope, field)?;
        if value.is_empty() {
            return Ok(None);
        }
        value.text().map_err(|problem| self.reject(field, &problem))
    }

    /// The value as a point in time.
    pub fn read_time(&self, scope: &Scope<'_>, field: &str) -> Result<Option<chrono::DateTime<chrono::Utc>>, Reject> {
        let value = self.read(scope, field)?;
        if value.is_empty() {
            return Ok(None);
        }
        value.time().map(Some).map_err(|problem| self.reject(field, &problem))
    }

    /// The value, or what is wrong with it.
    pub(super) fn evaluate<'a>(&self, scope: &Scope<'a>) -> Result<Val<'a>, Problem> {
        if let Some(when) = &self.when
            && !when.evaluate(scope)?
        {
            return Ok(Val::Null);
        }
        let mut value = match &self.origin {
            Origin::Path(path) => path.read(scope),
            Origin::Value(text) => Val::Text(text.clone().into()),
            Origin::Template(pieces) => template(pieces, scope)?,
            Origin::First(candidates) => {
                let mut found = Val::Null;
                for candidate in candidates {
                    found = candidate.evaluate(scope)?;
                    if !found.is_empty() {
                        break;
                    }
                }
                found
            }
        };
        for function in &self.functions {
            value = function.apply(value, scope.lookups)?;
        }
        Ok(value)
    }

    /// The refusal for a value that cannot be taken.
    pub fn reject(&self, field: &str, problem: &Problem) -> Reject {
        Reject::new(problem.code, format!("`{field}` ({}) {}.", self.source(), problem.text))
    }

    /// The refusal for a value that is missing.
    pub fn missing(&self, field: &str) -> Reject {
        let source = self.source();
        let advice = "Send it, or correct the path in the mapping and replay";
        Reject::new(
            RejectCode::MissingField,
            format!("`{field}` has no value: {source} is missing, null or empty. {advice}."),
        )
    }

    fn source(&self) -> String {
        match &self.origin {
            Origin::Path(path) => path.as_str().to_owned(),
            Origin::Value(_) => "a constant of the mapping".into(),
            Origin::Template(pieces) => {
                let paths = pieces.iter().filter_map(|piece| match piece {
                    Piece::Path(path) => Some(path.as_str()),
                    Piece::Text(_) => None,
                });
                paths.collect::<Vec<_>>().join(" with ")
            }
            Origin::First(candidates) => candidates.iter().map(Self::source).collect::<Vec<_>>().join(" or "),
        }
    }
}

/// `{/a}` in a template is a path, `{{` a brace.
fn pieces(node: Node<'_>, in_loop: bool) -> Result<Vec<Piece>, MappingError> {
    let mut rest = node.text()?;
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
        pieces.push(Piece::Path(Path::load(node, &after[..close], in_loop)?));
        rest = &after[close + 1..];
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest.to_owned()));
    }
    Ok(pieces)
}

/// Missing values leave a gap; if all are missing there is nothing.
fn template<'a>(pieces: &[Piece], scope: &Scope<'a>) -> Result<Val<'a>, Problem> {
    let mut text = String::new();
    let mut filled = false;
    for piece in pieces {
        match piece {
            Piece::Text(plain) => text.push_str(plain),
            Piece::Path(path) => {
                if let Some(value) = path.read(scope).text()? {
                    filled |= !value.is_empty();
                    text.push_str(&value);
                }
            }
        }
    }
    let trimmed = text.trim();
    Ok(if filled && !trimmed.is_empty() { Val::Text(trimmed.to_owned().into()) } else { Val::Null })
}

/// What orders the versions of a key: its parts as text that compares as it should.
pub fn version(parts: &[Expression], scope: &Scope<'_>) -> Result<Option<String>, Reject> {
    let mut version = String::new();
    let mut filled = false;
    for (position, part) in parts.iter().enumerate() {
        if position > 0 {
            version.push('|');
        }
        let text = match part.read(scope, "version")? {
            value if value.is_empty() => continue,
            Val::Time(moment) => time::text(moment.to_utc()),
            number @ Val::Number(_) => {
                let whole = number.decimal().map_err(|problem| part.reject("version", &problem))?.to_i64();
                let whole = whole
                    .filter(|whole| *whole >= 0)
                    .ok_or_else(|| part.reject("version", &Problem::wrong_type("a whole number from 0 up", &number)))?;
                format!("{whole:020}")
            }
            other => {
                let text = other.text().map_err(|problem| part.reject("version", &problem))?.unwrap_or_default();
                comparable(&text)
            }
        };
        filled = true;
        version.push_str(&text);
    }
    Ok(filled.then_some(version))
}

/// A CSV file has texts only: whole numbers among them compare as numbers and times as times; any other compares as it is.
fn comparable(text: &str) -> String {
    let text = text.trim();
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return format!("{text:0>20}");
    }
    time::parse_any(text).map_or_else(|_| text.to_owned(), |moment| time::text(moment.to_utc()))
}
