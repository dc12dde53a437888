//! Value expressions: where a value comes from and what is done to it. `"/a/b"`, or a table with one of [`ORIGINS`], and `fn`, `when`,
//! `required` beside it.

use std::borrow::Cow;

use super::cel::Program;
use super::condition::Condition;
use super::document::{Entries, MappingError, Node};
use super::function::Function;
use super::path::{Path, Scope, Words};
use super::template::Template;
use super::time;
use super::value::{Problem, Val};
use crate::ingest::envelope::{Reject, RejectCode};

/// Where a value comes from: one of these keys.
pub const ORIGINS: [&str; 6] = ["path", "value", "template", "first", "cel", "is"];

#[derive(Debug, Clone)]
enum Origin {
    Path(Path),
    Value(String),
    Template(Template),
    First(Vec<Expression>),
    Cel(Box<Program>),
    Is(Box<Condition>),
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
    pub fn load(node: Node<'_>, words: Words<'_>) -> Result<Self, MappingError> {
        if let Some(text) = node.as_text() {
            let origin = Origin::Path(Path::load(node, text, words)?);
            return Ok(Self { origin, functions: Vec::new(), when: None, required: false });
        }
        let mut entries = node.table("a value")?;
        let expression = Self::load_entries(node, &mut entries, words)?;
        entries.finish()?;
        Ok(expression)
    }

    /// The part of a table that says where the value comes from; a condition has its test beside it.
    pub(super) fn load_entries(
        node: Node<'_>,
        entries: &mut Entries<'_>,
        words: Words<'_>,
    ) -> Result<Self, MappingError> {
        let origin = match ORIGINS.map(|origin| entries.take(origin)) {
            [Some(path), None, None, None, None, None] => Origin::Path(Path::load(path, path.text()?, words)?),
            [None, Some(value), None, None, None, None] => Origin::Value(value.scalar()?),
            [None, None, Some(template), None, None, None] => Origin::Template(Template::load(template, words)?),
            [None, None, None, Some(first), None, None] => {
                let load = |node: &Node<'_>| Self::load(*node, words);
                Origin::First(first.list()?.iter().map(load).collect::<Result<_, _>>()?)
            }
            [None, None, None, None, Some(cel), None] => Origin::Cel(Box::new(Program::load(cel, words)?)),
            [None, None, None, None, None, Some(is)] => Origin::Is(Box::new(Condition::load(is, words)?)),
            _ => {
                let message = "a value is exactly one of `path`, `value`, `template`, `first`, `cel` and `is`";
                return Err(node.fail(message));
            }
        };
        let functions = entries.list("fn")?;
        let functions = functions.into_iter().map(|node| Function::load(node, words)).collect::<Result<_, _>>()?;
        let when = entries.take("when").map(|node| Condition::load(node, words)).transpose()?;
        let required = entries.take("required").map_or(Ok(false), |node| node.bool())?;
        Ok(Self { origin, functions, when: when.map(Box::new), required })
    }

    /// The same, for a field that is the address of a page: what templates put in is spelled as addresses are.
    #[must_use]
    pub(super) fn of_address(mut self) -> Self {
        match &mut self.origin {
            Origin::Template(template) => template.is_address = true,
            Origin::First(candidates) => {
                *candidates = std::mem::take(candidates).into_iter().map(Self::of_address).collect();
            }
            _ => {}
        }
        self
    }

    /// Whether it is an expression in CEL with nothing done to what it gives.
    pub(super) fn is_cel(&self) -> bool {
        matches!(self.origin, Origin::Cel(_)) && self.functions.is_empty()
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
            Origin::Template(template) => template.read(scope)?,
            Origin::Cel(program) => program.run(scope)?,
            Origin::Is(condition) => Val::Bool(condition.evaluate(scope)?),
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
            value = function.apply(value, scope.facts)?;
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
            Origin::Template(template) => template.source(),
            Origin::Cel(_) => "an expression of the mapping".into(),
            Origin::Is(_) => "a condition of the mapping".into(),
            Origin::First(candidates) => candidates.iter().map(Self::source).collect::<Vec<_>>().join(" or "),
        }
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
