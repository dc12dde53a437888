//! Conditions: whether a record is a delete, or a profile, row or value is there at all.

use super::document::{MappingError, Node};
use super::expression::Expression;
use super::function::Function;
use super::path::{Scope, Words};
use super::value::{Problem, Val};
use crate::ingest::envelope::{Reject, RejectCode};

/// What must hold for a value.
#[derive(Debug, Clone)]
pub enum Test {
    /// There is one.
    Present,
    /// There is none.
    Absent,
    /// Its text is one of these.
    OneOf(Vec<String>),
    /// It is of this kind.
    Type(String),
    /// A CEL expression is its own test.
    Truth,
}

/// A condition.
#[derive(Debug, Clone)]
pub enum Condition {
    /// All of these hold.
    All(Vec<Self>),
    /// One of these holds at least.
    Any(Vec<Self>),
    /// This does not hold.
    Not(Box<Self>),
    /// A value, and what must hold for it.
    Of(Box<Expression>, Test),
}

/// The keys of a table that is a condition of conditions.
pub const JOINTS: [&str; 3] = ["all", "any", "not"];

/// The tests beside a value.
pub const TESTS: [&str; 4] = ["equals", "in", "absent", "type"];

impl Condition {
    /// Reads `"/path"` (there is a value), a value with `equals`, `in`, `absent` or `type`, a CEL expression, `all`, `any` or
    /// `not` of conditions, or a list of conditions, which must all hold.
    pub fn load(node: Node<'_>, words: Words<'_>) -> Result<Self, MappingError> {
        if node.value().is_array() {
            let mut tests = node.list()?.into_iter().map(|node| Self::load_one(node, words));
            return match (tests.next(), tests.next()) {
                (Some(only), None) => only,
                (first, second) => {
                    Ok(Self::All(first.into_iter().chain(second).chain(tests).collect::<Result<_, _>>()?))
                }
            };
        }
        Self::load_one(node, words)
    }

    fn load_one(node: Node<'_>, words: Words<'_>) -> Result<Self, MappingError> {
        if node.as_text().is_some() {
            return Ok(Self::Of(Box::new(Expression::load(node, words)?), Test::Present));
        }
        let mut entries = node.table("a condition")?;
        let [all, any, not] = JOINTS.map(|joint| entries.take(joint));
        let several = |nodes: Node<'_>| -> Result<Vec<Self>, MappingError> {
            nodes.list()?.into_iter().map(|node| Self::load(node, words)).collect()
        };
        match (all, any, not) {
            (None, None, None) => {}
            (Some(all), None, None) => return entries.finish().and_then(|()| Ok(Self::All(several(all)?))),
            (None, Some(any), None) => return entries.finish().and_then(|()| Ok(Self::Any(several(any)?))),
            (None, None, Some(not)) => {
                return entries.finish().and_then(|()| Ok(Self::Not(Box::new(Self::load(not, words)?))));
            }
            _ => return Err(node.fail("a condition is one of `all`, `any` and `not`")),
        }
        let expression = Expression::load_entries(node, &mut entries, words)?;
        let tests = TESTS.map(|test| entries.take(test));
        let test = match tests {
            [None, None, None, None] if expression.is_cel() => Test::Truth,
            [None, None, None, None] => Test::Present,
            [Some(value), None, None, None] => Test::OneOf(vec![value.scalar()?]),
            [None, Some(values), None, None] => {
                Test::OneOf(values.list()?.iter().map(Node::scalar).collect::<Result<_, _>>()?)
            }
            [None, None, Some(absent), None] => {
                if absent.bool()? {
                    Test::Absent
                } else {
                    Test::Present
                }
            }
            [None, None, None, Some(kind)] => {
                let kinds = ["text", "number", "bool", "list", "object", "null"];
                let text = kind.text()?;
                if !kinds.contains(&text) {
                    return Err(kind.fail(format!("unknown type `{text}`; known are {}", kinds.join(", "))));
                }
                Test::Type(text.to_owned())
            }
            _ => return Err(node.fail("a condition is at most one of `equals`, `in`, `absent` and `type`")),
        };
        entries.finish()?;
        Ok(Self::Of(Box::new(expression), test))
    }

    /// Whether it holds; `field` is what a refusal names.
    pub fn holds(&self, scope: &Scope<'_>, field: &str) -> Result<bool, Reject> {
        self.evaluate(scope)
            .map_err(|problem| Reject::new(problem.code, format!("The condition of `{field}` {}.", problem.text)))
    }

    /// Whether it holds.
    pub(super) fn evaluate(&self, scope: &Scope<'_>) -> Result<bool, Problem> {
        let (expression, test) = match self {
            Self::All(conditions) => {
                for condition in conditions {
                    if !condition.evaluate(scope)? {
                        return Ok(false);
                    }
                }
                return Ok(true);
            }
            Self::Any(conditions) => {
                for condition in conditions {
                    if condition.evaluate(scope)? {
                        return Ok(true);
                    }
                }
                return Ok(false);
            }
            Self::Not(condition) => return condition.evaluate(scope).map(|holds| !holds),
            Self::Of(expression, test) => (expression, test),
        };
        let value = expression.evaluate(scope)?;
        Ok(match test {
            Test::Present => !value.is_empty(),
            Test::Absent => value.is_empty(),
            Test::Type(kind) => match Function::Type.apply(value, scope.facts)? {
                Val::Text(found) => found == kind.as_str(),
                _ => kind == "null",
            },
            Test::OneOf(values) => {
                let text = if matches!(value, Val::Tree(_) | Val::Texts(_)) { None } else { value.text()? };
                text.is_some_and(|text| values.iter().any(|value| value == text.as_ref()))
            }
            Test::Truth => match value {
                Val::Null => false,
                Val::Bool(truth) => truth,
                other => {
                    let text = format!("gives {}, where true or false was expected", other.kind());
                    return Err(Problem { code: RejectCode::ExpressionFailed, text });
                }
            },
        })
    }
}
