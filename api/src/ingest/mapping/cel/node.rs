//! What an expression is once it was read.

use super::call::Function;
use super::value::Cel;

/// A part of an expression.
#[derive(Debug, Clone)]
pub(super) enum Expr {
    /// A literal.
    Fixed(Cel<'static>),
    /// A variable.
    Of(Variable),
    /// The item that a macro is at. Macros do not stand within each other, so there is one at most.
    Item,
    /// A constant of the source.
    Constant(String),
    /// A field.
    Field(Box<Self>, String),
    /// Whether there is such a field.
    Has(Box<Self>, String),
    /// An item by its place, a field by its name.
    At(Box<Self>, Box<Self>),
    /// A list.
    List(Vec<Self>),
    /// `!`
    Not(Box<Self>),
    /// `-`
    Minus(Box<Self>),
    /// `&&` of all of them.
    And(Vec<Self>),
    /// `||` of all of them.
    Or(Vec<Self>),
    /// `condition ? one : other`
    If(Box<[Self; 3]>),
    /// Two values and what is between them.
    Two(Operator, Box<[Self; 2]>),
    /// A function; what it is called on comes first.
    Call(Function, Vec<Self>),
    /// A macro: over which list, and what is asked of each item.
    Loop(Macro, Box<[Self; 2]>),
}

/// What an expression can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Variable {
    Record,
    Item,
    Key,
    Index,
    Stream,
    OccurredAt,
    ReceivedAt,
}

/// What can stand between two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    Plus,
    Minus,
    Times,
    Over,
    Modulo,
}

/// What can be asked of the items of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Macro {
    All,
    Exists,
    ExistsOne,
    Filter,
    Map,
}

impl Expr {
    /// The constants it names.
    pub fn constants(&self) -> Vec<&str> {
        let mut found = Vec::new();
        let mut open = vec![self];
        while let Some(part) = open.pop() {
            match part {
                Self::Constant(name) => found.push(name.as_str()),
                Self::Fixed(_) | Self::Of(_) | Self::Item => {}
                Self::Field(of, _) | Self::Has(of, _) | Self::Not(of) | Self::Minus(of) => open.push(of),
                Self::At(of, place) => open.extend([of.as_ref(), place]),
                Self::List(parts) | Self::And(parts) | Self::Or(parts) | Self::Call(_, parts) => open.extend(parts),
                Self::If(parts) => open.extend(parts.as_ref()),
                Self::Two(_, parts) | Self::Loop(_, parts) => open.extend(parts.as_ref()),
            }
        }
        found
    }
}
