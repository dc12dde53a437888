//! Conditions: whether a record is a delete, or a profile, row or value is there at all.

use super::Lookups;
use super::document::{MappingError, Node};
use super::expression::Expression;
use super::function::Function;
use super::path::Scope;
use super::value::{Problem, Val};
use crate::ingest::envelope::Reject;

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

    /// Whether it holds.
    pub(super) fn evaluate(&self, scope: &Scope<'_>) -> Result<bool, Problem> {
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
