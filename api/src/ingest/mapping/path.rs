//! Paths: where in the record, the loop or the envelope a value stands. A JSON Pointer, whose steps may also choose an item of a list
//! by its place or by what stands in it: `/custom_fields/[id=360001]/value`.

use std::borrow::Cow;
use std::cell::Cell;

use chrono::{DateTime, Utc};

use super::Facts;
use super::document::{MappingError, Node};
use super::value::Val;
use crate::ingest::envelope::Envelope;
use crate::ingest::json::{Json, pointer};

/// What expressions are read against.
pub struct Scope<'a> {
    /// The record.
    pub record: &'a Json<'a>,
    /// The envelope it came in.
    pub envelope: &'a Envelope,
    /// What mapping and source know besides.
    pub facts: &'a Facts,
    /// What may still be done for the record.
    pub work: &'a Work,
    /// Within `for_each`: the item, its key and its position.
    pub item: Option<(&'a Json<'a>, &'a str, usize)>,
}

/// How much work may still be done for one record. Steps and not seconds are counted, so that a record that was mapped today is
/// mapped on every rebuild too, on every machine.
#[derive(Debug)]
pub struct Work(Cell<u32>);

impl Default for Work {
    /// As much as a record may take.
    fn default() -> Self {
        Self(Cell::new(super::cel::BUDGET))
    }
}

impl Work {
    /// Takes units off what is left; false if that was too little.
    pub fn take(&self, units: usize) -> bool {
        let left = u32::try_from(units).ok().and_then(|units| self.0.get().checked_sub(units));
        self.0.set(left.unwrap_or(0));
        left.is_some()
    }
}

/// What an expression may name where it stands.
#[derive(Clone, Copy)]
pub struct Words<'a> {
    /// What mapping and source know besides the records.
    pub facts: &'a Facts,
    /// Whether there is an item.
    pub in_loop: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Root {
    Record,
    Item,
    Key,
    Index,
    Stream,
    OccurredAt,
    ReceivedAt,
    Constant(String),
}

/// One step into a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// The entry of an object, or the item of a list where the name is a number.
    Entry(String, Option<usize>),
    /// The item of a list, counted from its end: 0 is the last.
    FromEnd(usize),
    /// The first item of a list where this field is that.
    Where(Vec<String>, Wanted),
    /// Every item of a list: in `for_each` only.
    Each,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    Text(String),
    Constant(String),
}

/// A compiled path.
#[derive(Debug, Clone)]
pub struct Path {
    text: String,
    root: Root,
    steps: Vec<Step>,
}

impl Path {
    /// Reads a path.
    pub fn load(node: Node<'_>, text: &str, words: Words<'_>) -> Result<Self, MappingError> {
        let path = Self::load_each(node, text, words)?;
        if path.steps.contains(&Step::Each) {
            return Err(node.fail(
                "`[*]` means every item, and stands in `for_each` only; `[first]` or `[field=value]` chooses one",
            ));
        }
        Ok(path)
    }

    /// Reads a path in which `[*]` may stand.
    pub(super) fn load_each(node: Node<'_>, text: &str, words: Words<'_>) -> Result<Self, MappingError> {
        let (name, rest) = text.split_at(text.find('/').unwrap_or(text.len()));
        let root = match name {
            "" if !text.is_empty() => Root::Record,
            "@record" => Root::Record,
            "@item" if words.in_loop => Root::Item,
            "@key" if words.in_loop && rest.is_empty() => Root::Key,
            "@index" if words.in_loop && rest.is_empty() => Root::Index,
            "@stream" if rest.is_empty() => Root::Stream,
            "@occurred_at" if rest.is_empty() => Root::OccurredAt,
            "@received_at" if rest.is_empty() => Root::ReceivedAt,
            "@item" | "@key" | "@index" => {
                return Err(node.fail(format!("`{text}` means something only beside `for_each`")));
            }
            _ => match name.strip_prefix("@source.") {
                Some(constant) if rest.is_empty() => Root::Constant(declared(node, constant, words)?),
                _ => {
                    let known = "/field/field, @record, @item, @key, @index, @stream, @occurred_at, @received_at, @source.constant";
                    return Err(node.fail(format!("`{text}` is not a path; paths are {known}")));
                }
            },
        };
        let steps = pointer(rest).unwrap_or_default().into_iter().map(|step| self::step(node, step, words));
        Ok(Self { text: text.to_owned(), root, steps: steps.collect::<Result<_, _>>()? })
    }

    /// The value there; a path that does not exist is null.
    pub fn read<'a>(&self, scope: &Scope<'a>) -> Val<'a> {
        let time = |time: Option<DateTime<Utc>>| time.map_or(Val::Null, |time| Val::Time(time.fixed_offset()));
        match (&self.root, scope.item) {
            (Root::Record, _) => follow(scope.record, &self.steps, scope.facts).map_or(Val::Null, Val::of),
            (Root::Item, Some((item, _, _))) => follow(item, &self.steps, scope.facts).map_or(Val::Null, Val::of),
            (Root::Key, Some((_, key, _))) => Val::Text(Cow::Borrowed(key)),
            (Root::Index, Some((_, _, index))) => Val::Number(index.to_string().into()),
            (Root::Stream, _) => Val::Text(Cow::Borrowed(&scope.envelope.stream)),
            (Root::OccurredAt, _) => time(scope.envelope.occurred_at),
            (Root::ReceivedAt, _) => time(Some(scope.envelope.received_at)),
            (Root::Constant(name), _) => {
                scope.facts.constant(name).map_or(Val::Null, |text| Val::Text(Cow::Borrowed(text)))
            }
            (Root::Item | Root::Key | Root::Index, None) => Val::Null,
        }
    }

    /// The path as the mapping spells it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it reads what the source's file says, not what the record does.
    pub(super) fn is_constant(&self) -> bool {
        matches!(self.root, Root::Constant(_))
    }

    /// Where it starts, and its steps.
    pub(super) fn parts<'a>(&self, scope: &Scope<'a>) -> (Option<&'a Json<'a>>, &[Step]) {
        let start = match &self.root {
            Root::Record => Some(scope.record),
            Root::Item => scope.item.map(|(item, ..)| item),
            _ => None,
        };
        (start, &self.steps)
    }
}

fn step(node: Node<'_>, text: String, words: Words<'_>) -> Result<Step, MappingError> {
    let Some(chosen) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) else {
        let position = text.parse().ok();
        return Ok(Step::Entry(text, position));
    };
    if let Some((field, value)) = chosen.split_once('=') {
        let field: Vec<String> = field.split('.').map(str::to_owned).collect();
        if field.iter().any(String::is_empty) {
            return Err(node.fail(format!("`[{chosen}]` names no field; write [field=value] or [field.field=value]")));
        }
        let wanted = match value.strip_prefix("@source.") {
            Some(constant) => Wanted::Constant(declared(node, constant, words)?),
            None => Wanted::Text(value.to_owned()),
        };
        return Ok(Step::Where(field, wanted));
    }
    match chosen {
        "first" => Ok(Step::Entry("0".into(), Some(0))),
        "last" => Ok(Step::FromEnd(0)),
        "*" => Ok(Step::Each),
        _ => match chosen.strip_prefix('-').and_then(|place| place.parse::<usize>().ok()) {
            Some(place) if place > 0 => Ok(Step::FromEnd(place - 1)),
            _ => {
                let known = "[first], [last], [-2], [field=value], and in `for_each` [*]";
                Err(node.fail(format!("`[{chosen}]` chooses no item; known are {known}")))
            }
        },
    }
}

/// The name of a constant, which the mapping must declare.
fn declared(node: Node<'_>, name: &str, words: Words<'_>) -> Result<String, MappingError> {
    if words.facts.constants.contains_key(name) {
        return Ok(name.to_owned());
    }
    Err(node.fail(format!("there is no constant `{name}` in [constants] of this mapping")))
}

/// The value that the steps lead to.
pub(super) fn follow<'a>(start: &'a Json<'a>, steps: &[Step], facts: &Facts) -> Option<&'a Json<'a>> {
    steps.iter().try_fold(start, |value, step| match (step, value) {
        (Step::Entry(_, position), Json::List(items)) => items.get((*position)?),
        (Step::Entry(name, _), _) => value.get(name),
        (Step::FromEnd(place), Json::List(items)) => items.iter().rev().nth(*place),
        (Step::Where(field, wanted), Json::List(items)) => {
            let wanted = match wanted {
                Wanted::Text(text) => text,
                Wanted::Constant(name) => facts.constant(name)?,
            };
            items.iter().find(|item| item.at(field).is_some_and(|found| says(found, wanted)))
        }
        _ => None,
    })
}

fn says(value: &Json<'_>, wanted: &str) -> bool {
    match value {
        Json::Text(text) => text == wanted,
        Json::Number(number) => *number == wanted,
        Json::Bool(truth) => wanted == if *truth { "true" } else { "false" },
        _ => false,
    }
}
