//! CEL, the Common Expression Language, as far as a mapping needs it: conditions and small values that paths and functions cannot say.
//!
//! Our own reader and evaluator of a closed part of the language, since a mapping must not be able to stop a worker. The crate `cel`
//! (0.15) was measured: it wants every record turned into values of its own (some 45 µs for 22 fields; here none is), has no
//! limit on what an evaluation may use (`record.list.map(x, x + record.text)` over a record of half a megabyte and 1,000 items took
//! 980 MB), and its earlier parser took a gigabyte for 125 bytes. Here:
//!
//! * an expression is at most [`MAX_BYTES`] long and nests at most [`MAX_DEPTH`] deep; reading it takes time and memory in proportion to
//!   its length (under 8 MB at the limit), so it needs no process of its own;
//! * macros do not stand within each other, so that work is at most one list long at a time;
//! * all expressions of a mapping together have [`BUDGET`] units for one record: one for each part, item and 32 bytes of text looked
//!   at or made, so that at most 64 MB of text can be made. Steps and not seconds are counted,
//!   so that a record that was mapped today is mapped on every rebuild too, on every machine;
//! * there are no files, no clock, no regular expressions, no functions of one's own.
//!
//! What is otherwise than in CEL, because records of real systems leave fields out: a field that is not there is null, and null is
//! false where a truth is wanted. Numbers with a fraction are exact decimals, not binary ones, and may be mixed with whole numbers.
//! Literals of maps, bytes and unsigned numbers are not read.

mod call;
mod evaluate;
mod node;
mod operate;
mod parse;
mod token;
mod value;

use self::node::Expr;
use self::value::Cel;
use super::document::{MappingError, Node};
use super::path::{Scope, Words};
use super::value::{Problem, Val};
use crate::ingest::envelope::RejectCode;

/// So long may an expression be, in bytes.
pub const MAX_BYTES: usize = 32 << 10;

/// So deep may its parts stand within each other.
pub const MAX_DEPTH: usize = 64;

/// So many units of work may one record take: a tenth of a second at worst.
pub const BUDGET: u32 = 2_000_000;

/// A compiled expression.
#[derive(Debug, Clone)]
pub struct Program {
    root: Expr,
}

impl Program {
    /// Reads an expression.
    pub fn load(node: Node<'_>, words: Words<'_>) -> Result<Self, MappingError> {
        let wrong = |problem: parse::Wrong| node.fail(format!("this is not an expression: {problem}"));
        let root = parse::parse(node.text()?, words.in_loop).map_err(wrong)?;
        let unknown = root.constants().into_iter().find(|name| !words.facts.constants.contains_key(*name));
        match unknown {
            Some(name) => Err(node.fail(format!("there is no constant `{name}` in [constants] of this mapping"))),
            None => Ok(Self { root }),
        }
    }

    /// What it gives for a record.
    pub fn run(&self, scope: &Scope<'_>) -> Result<Val<'static>, Problem> {
        let run = evaluate::Run::new(scope);
        run.value(&self.root).and_then(Cel::into_val).map_err(Fault::into_problem)
    }
}

/// Why an expression cannot be worked out, without the values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault(String);

impl Fault {
    fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    fn into_problem(self) -> Problem {
        Problem { code: RejectCode::ExpressionFailed, text: format!("cannot be worked out: {}", self.0) }
    }
}

#[cfg(test)]
mod tests;
