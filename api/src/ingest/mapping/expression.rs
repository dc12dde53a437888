//! Value expressions: where a value comes from and what is done to it. `"/a/b"`, or a table with `path`, `value`,
//! `template` or `first`, and `fn`, `when`, `required` beside it.

use std::borrow::Cow;

use super::Lookups;
use super::document::{Entries, MappingError, Node};
use super::function::Function;
use super::time;
use super::value::{Problem, Val};
use crate::ingest::envelope::{Envelope, Reject, RejectCode};
use crate::ingest::json::{Json, pointer};

/// What expressions are read against.
pub struct Scope<'a> {
    /// The record.
    pub record: &'a Json<'a>,
    /// The envelope it came in.
    pub envelope: &'a Envelope,
    /// The lookup tables.
    pub lookups: &'a Lookups,
    /// Within `for_each`: the item, its key and its position.
    pub item: Option<(&'a Json<'a>, &'a str, usize)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Root {
    Record,
    Item,
    Key,
    Index,
    Stream,
    OccurredAt,
    ReceivedAt,
}

/// A compiled path.
#[derive(Debug, Clone)]
pub struct Path {
    text: String,
    root: Root,
    steps: Vec<String>,
}

impl Path {
    /// Reads a path; `in_loop` says whether `@item`, `@key` and `@index` mean something.
    pub fn load(node: Node<'_>, text: &str, in_loop: bool) -> Result<Self, MappingError> {
        let (name, rest) = text.split_at(text.find('/').unwrap_or(text.len()));
        let root = match name {
            "" if !text.is_empty() => Root::Record,
            "@item" if in_loop => Root::Item,
            "@key" if in_loop && rest.is_empty() => Root::Key,
            "@index" if in_loop && rest.is_empty() => Root::Index,
            "@stream" if rest.is_empty() => Root::Stream,
            "@occurred_at" if rest.is_empty() => Root::OccurredAt,
            "@received_at" if rest.is_empty() => Root::ReceivedAt,
            "@item" | "@key" | "@index" => {
                return Err(node.fail(format!("`{text}` means something only beside `for_each`")));
            }
            _ => {
                let known = "/field/field, @item, @key, @index, @stream, @occurred_at, @received_at";
                return Err(node.fail(format!("`{text}` is not a path; paths are {known}")));
            }
        };
        Ok(Self { text: text.to_owned(), root, steps: pointer(rest).unwrap_or_default() })
    }

    /// The value there; a path that does not exist is null.
    pub fn read<'a>(&self, scope: &Scope<'a>) -> Val<'a> {
        let time = |time: Option<_>| time.map_or(Val::Null, Val::Time);
        match (self.root, scope.item) {
            (Root::Record, _) => scope.record.at(&self.steps).map_or(Val::Null, Val::of),
            (Root::Item, Some((item, _, _))) => item.at(&self.steps).map_or(Val::Null, Val::of),
            (Root::Key, Some((_, key, _))) => Val::Text(Cow::Borrowed(key)),
            (Root::Index, Some((_, _, index))) => Val::Number(index.to_string().into()),
            (Root::Stream, _) => Val::Text(Cow::Borrowed(&scope.envelope.stream)),
            (Root::OccurredAt, _) => time(scope.envelope.occurred_at),
            (Root::ReceivedAt, _) => time(Some(scope.envelope.received_at)),
            (Root::Item | Root::Key | Root::Index, None) => Val::Null,
        }
    }

    /// The path as the mapping spells it.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

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

    fn load_entries(
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
        let value = self.evaluate(scope).map_err(|problem| self.reject(field, problem))?;
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
        value.text().map_err(|problem| self.reject(field, problem))
    }

    /// The value as a point in time.
    pub fn read_time(&self, scope: &Scope<'_>, field: &str) -> Result<Option<chrono::DateTime<chrono::Utc>>, Reject> {
        let value = self.read(scope, field)?;
        if value.is_empty() {
            return Ok(None);
        }
        value.time().map(Some).map_err(|problem| self.reject(field, problem))
    }

    fn evaluate<'a>(&self, scope: &Scope<'a>) -> Result<Val<'a>, Problem> {
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
    pub fn reject(&self, field: &str, problem: Problem) -> Reject {
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
            Origin::Path(path) => path.text.clone(),
            Origin::Value(_) => "a constant of the mapping".into(),
            Origin::Template(pieces) => {
                let paths = pieces.iter().filter_map(|piece| match piece {
                    Piece::Path(path) => Some(path.text.as_str()),
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

#[derive(Debug, Clone)]
enum Test {
    Present,
    Absent,
    OneOf(Vec<String>),
    Type(String),
}

/// A condition: a value, and what must hold for it. All of several must hold.
#[derive(Debug, Clone)]
pub struct Condition(Vec<(Expression, Test)>);

impl Condition {
    /// Reads `"/path"` (there is a value), or a value with `equals`, `in`, `absent` or `type`, or a list of such.
    pub fn load(node: Node<'_>, lookups: &Lookups, in_loop: bool) -> Result<Self, MappingError> {
        if node.value().is_array() {
            let tests = node.list()?.into_iter().map(|node| Self::load_one(node, lookups, in_loop));
            return Ok(Self(tests.collect::<Result<_, _>>()?));
        }
        Ok(Self(vec![Self::load_one(node, lookups, in_loop)?]))
    }

    fn load_one(node: Node<'_>, lookups: &Lookups, in_loop: bool) -> Result<(Expression, Test), MappingError> {
        if node.as_text().is_some() {
            return Ok((Expression::load(node, lookups, in_loop)?, Test::Present));
        }
        let mut entries = node.table("a condition")?;
        let expression = Expression::load_entries(node, &mut entries, lookups, in_loop)?;
        let tests = (entries.take("equals"), entries.take("in"), entries.take("absent"), entries.take("type"));
        let test = match tests {
            (None, None, None, None) => Test::Present,
            (Some(value), None, None, None) => Test::OneOf(vec![value.scalar()?]),
            (None, Some(values), None, None) => {
                Test::OneOf(values.list()?.iter().map(Node::scalar).collect::<Result<_, _>>()?)
            }
            (None, None, Some(absent), None) => {
                if absent.bool()? {
                    Test::Absent
                } else {
                    Test::Present
                }
            }
            (None, None, None, Some(kind)) => Test::Type(kind.text()?.to_owned()),
            _ => return Err(node.fail("a condition is at most one of `equals`, `in`, `absent` and `type`")),
        };
        entries.finish()?;
        Ok((expression, test))
    }

    /// Whether it holds; `field` is what a refusal names.
    pub fn holds(&self, scope: &Scope<'_>, field: &str) -> Result<bool, Reject> {
        self.evaluate(scope)
            .map_err(|problem| Reject::new(problem.code, format!("The condition of `{field}` {}.", problem.text)))
    }

    fn evaluate(&self, scope: &Scope<'_>) -> Result<bool, Problem> {
        for (expression, test) in &self.0 {
            let value = expression.evaluate(scope)?;
            let holds = match test {
                Test::Present => !value.is_empty(),
                Test::Absent => value.is_empty(),
                Test::Type(kind) => match Function::Type.apply(value, scope.lookups)? {
                    Val::Text(found) => found == kind.as_str(),
                    _ => kind == "null",
                },
                Test::OneOf(values) => {
                    let text = if matches!(value, Val::Tree(_) | Val::Texts(_)) { None } else { value.text()? };
                    text.is_some_and(|text| values.iter().any(|value| value == text.as_ref()))
                }
            };
            if !holds {
                return Ok(false);
            }
        }
        Ok(true)
    }
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
            Val::Time(moment) => time::text(moment),
            number @ Val::Number(_) => {
                let whole = number.decimal().map_err(|problem| part.reject("version", problem))?.to_i64();
                let whole = whole
                    .filter(|whole| *whole >= 0)
                    .ok_or_else(|| part.reject("version", Problem::wrong_type("a whole number from 0 up", &number)))?;
                format!("{whole:020}")
            }
            other => other.text().map_err(|problem| part.reject("version", problem))?.unwrap_or_default().into_owned(),
        };
        filled = true;
        version.push_str(&text);
    }
    Ok(filled.then_some(version))
}
