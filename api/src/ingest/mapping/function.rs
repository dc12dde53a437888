//! The closed set of functions a mapping may apply to a value. A function that is not here is an error on loading.
//!
//! Each passes null through, except `default`. Adding one: a variant, a line in [`Function::load`], a line in
//! [`Function::apply`], a test.

use std::borrow::Cow;

use chrono::NaiveDate;

use super::Lookups;
use super::document::{MappingError, Node};
use super::time::{self, Format};
use super::value::{FALSE, Problem, TRUE, Val, truth};
use crate::ingest::decimal::Decimal;
use crate::ingest::envelope::RejectCode;
use crate::ingest::json::Json;

const NAMES: &str =
    "trim, lower, upper, type, bool, html_to_text, split, join, default, lookup, time, date, scale, number";

/// One step from the path's value to the field's.
#[derive(Debug, Clone, PartialEq)]
pub enum Function {
    /// Without white space at both ends.
    Trim,
    /// In small letters.
    Lower,
    /// In capitals.
    Upper,
    /// The kind of value: `text`, `number`, `bool`, `list`, `object`.
    Type,
    /// Yes or no, from these words.
    Bool(Vec<String>, Vec<String>),
    /// Without markup.
    HtmlToText,
    /// The piece at the position (from the end if negative), or all pieces.
    Split(String, Option<i32>),
    /// The values of a list or object, joined.
    Join(String),
    /// This, where there is nothing.
    Default(String),
    /// What the named table says.
    Lookup(String, Missing),
    /// A point in time, by the first format that fits.
    Time(Vec<Format>),
    /// A day, by a pattern.
    Date(String),
    /// The number times 10 to this power.
    Power(i32),
    /// The number on another rating scale.
    Rescale((i64, i64), (i64, i64)),
    /// A number written for people, with this decimal mark.
    Number(char),
}

/// What a lookup gives for a value that its table does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Missing {
    /// The record is refused: somebody must decide what the value means.
    Reject,
    /// Nothing.
    Null,
    /// This text.
    Fallback(String),
}

impl Function {
    /// Reads `"trim"` or `{ split = { sep = "@", index = 0 } }`.
    pub fn load(node: Node<'_>, lookups: &Lookups) -> Result<Self, MappingError> {
        if let Some(name) = node.as_text() {
            return Ok(match name {
                "trim" => Self::Trim,
                "lower" => Self::Lower,
                "upper" => Self::Upper,
                "type" => Self::Type,
                "bool" => Self::Bool(owned(TRUE), owned(FALSE)),
                "html_to_text" => Self::HtmlToText,
                "number" => Self::Number('.'),
                "time" => Self::Time(vec![Format::Rfc3339]),
                "date" => Self::Date("%Y-%m-%d".into()),
                _ => return Err(node.fail(format!("unknown function `{name}`; known are {NAMES}"))),
            });
        }
        let mut entries = node.table("a function with arguments")?.all();
        let (Some((name, _, argument)), true) = (entries.pop(), entries.is_empty()) else {
            return Err(node.fail("a function is a table with one key, its name"));
        };
        match name {
            "split" => Self::load_split(argument),
            "join" => Ok(Self::Join(argument.text()?.to_owned())),
            "default" => Ok(Self::Default(argument.scalar()?)),
            "lookup" => Self::load_lookup(argument, lookups),
            "time" => Self::load_time(argument),
            "date" => {
                let pattern = argument.text()?;
                let known = time::is_pattern(pattern);
                known.then(|| Self::Date(pattern.to_owned())).ok_or_else(|| argument.fail("this is no date pattern"))
            }
            "scale" => Self::load_scale(argument),
            "number" => {
                let mut entries = argument.table("number")?;
                let mark = entries.require("decimal")?;
                entries.finish()?;
                match mark.text()? {
                    "," => Ok(Self::Number(',')),
                    "." => Ok(Self::Number('.')),
                    _ => Err(mark.fail("the decimal mark is \",\" or \".\"")),
                }
            }
            "bool" => {
                let mut entries = argument.table("bool")?;
                let (yes, no) = (entries.require("true")?.texts()?, entries.require("false")?.texts()?);
                entries.finish().map(|()| Self::Bool(yes, no))
            }
            _ => Err(argument.fail(format!("unknown function `{name}`; known are {NAMES}"))),
        }
    }

    fn load_split(node: Node<'_>) -> Result<Self, MappingError> {
        let mut entries = node.table("split")?;
        let separator = entries.require("sep")?;
        if separator.text()?.is_empty() {
            return Err(separator.fail("`sep` is a text of at least one character"));
        }
        let index = match entries.take("index") {
            Some(node) => Some(i32::try_from(node.integer()?).map_err(|_| node.fail("the index is too large"))?),
            None => None,
        };
        entries.finish()?;
        Ok(Self::Split(separator.text()?.to_owned(), index))
    }

    fn load_lookup(node: Node<'_>, lookups: &Lookups) -> Result<Self, MappingError> {
        let (table, missing) = if let Some(name) = node.as_text() {
            (name, Missing::Reject)
        } else {
            let mut entries = node.table("lookup")?;
            let table = entries.require("table")?.text()?;
            let missing = match (entries.take("fallback"), entries.take("missing")) {
                (Some(fallback), None) => Missing::Fallback(fallback.scalar()?),
                (None, Some(missing)) if missing.as_text() == Some("null") => Missing::Null,
                (None, None) => Missing::Reject,
                _ => return Err(node.fail("lookup takes `fallback = \"…\"` or `missing = \"null\"`")),
            };
            entries.finish()?;
            (table, missing)
        };
        if !lookups.contains_key(table) {
            return Err(node.fail(format!("there is no table [lookup.{table}] in this mapping")));
        }
        Ok(Self::Lookup(table.to_owned(), missing))
    }

    fn load_time(node: Node<'_>) -> Result<Self, MappingError> {
        let (formats, zone) = if node.value().is_table() {
            let mut entries = node.table("time")?;
            let formats = entries.require("format")?;
            let zone = match entries.take("zone") {
                Some(zone) => Some(
                    time::zone(zone.text()?)
                        .ok_or_else(|| zone.fail("a zone is \"UTC\" or an offset such as \"+01:00\""))?,
                ),
                None => None,
            };
            entries.finish()?;
            (formats, zone)
        } else {
            (node, None)
        };
        let named = |name: &String| {
            Format::named(name, zone).ok_or_else(|| {
                let known = "rfc3339, postgres, date, unix_s, unix_ms, unix_us, or a pattern such as %d.%m.%Y %H:%M";
                formats.fail(format!("unknown time format `{name}`; known are {known}"))
            })
        };
        Ok(Self::Time(formats.texts()?.iter().map(named).collect::<Result<_, _>>()?))
    }

    fn load_scale(node: Node<'_>) -> Result<Self, MappingError> {
        let mut entries = node.table("scale")?;
        let scale = match (entries.take("power"), entries.take("from"), entries.take("to")) {
            (Some(power), None, None) => {
                let small = i32::try_from(power.integer()?).ok().filter(|power| power.abs() <= 18);
                Self::Power(small.ok_or_else(|| power.fail("`power` is between -18 and 18"))?)
            }
            (None, Some(from), Some(to)) => {
                let (from_ends, to_ends) = (ends(from)?, ends(to)?);
                if from_ends.0 == from_ends.1 {
                    return Err(from.fail("both ends of `from` are the same"));
                }
                Self::Rescale(from_ends, to_ends)
            }
            _ => return Err(node.fail("scale takes `power = n`, or `from = [a, b]` and `to = [c, d]`")),
        };
        entries.finish().map(|()| scale)
    }

    /// What comes out for a value.
    pub fn apply<'a>(&self, value: Val<'a>, lookups: &Lookups) -> Result<Val<'a>, Problem> {
        if value.is_empty() {
            return Ok(match self {
                Self::Default(text) => Val::Text(text.clone().into()),
                _ => Val::Null,
            });
        }
        Ok(match self {
            Self::Default(_) => value,
            Self::Trim => Val::Text(match plain(value)? {
                Cow::Borrowed(text) => text.trim().into(),
                Cow::Owned(text) => text.trim().to_owned().into(),
            }),
            Self::Lower => Val::Text(plain(value)?.to_lowercase().into()),
            Self::Upper => Val::Text(plain(value)?.to_uppercase().into()),
            Self::Type => Val::Text(kind(&value).into()),
            Self::Bool(yes, no) => Val::Bool(truth(&value, yes, no)?),
            Self::HtmlToText => Val::Text(nanohtml2text::html2text(&plain(value)?).trim().replace("\r\n", "\n").into()),
            Self::Split(separator, None) => {
                Val::Texts(plain(value)?.split(separator.as_str()).map(|piece| piece.trim().to_owned()).collect())
            }
            Self::Split(separator, Some(index)) => piece(&plain(value)?, separator, *index),
            Self::Join(separator) => join(value, separator)?,
            Self::Lookup(table, missing) => {
                let text = plain(value)?;
                match (lookups.get(table).and_then(|table| table.get(text.as_ref())), missing) {
                    (Some(found), _) => Val::Text(found.clone().into()),
                    (None, Missing::Null) => Val::Null,
                    (None, Missing::Fallback(text)) => Val::Text(text.clone().into()),
                    (None, Missing::Reject) => {
                        let text = format!("is not in the table [lookup.{table}]; add it there, or give a fallback");
                        return Err(Problem { code: RejectCode::UnknownValue, text });
                    }
                }
            }
            Self::Time(formats) => Val::Time(time::parse(&value, formats)?),
            Self::Date(pattern) => match NaiveDate::parse_from_str(plain(value)?.trim(), pattern) {
                Ok(date) => time::midnight(date).map(|_| Val::Date(date))?,
                Err(_) => {
                    let text = "is not a date in the expected format; `date` in the mapping can declare another one";
                    return Err(Problem { code: RejectCode::WrongType, text: text.into() });
                }
            },
            Self::Power(power) => number(value.decimal()?.shift(*power).ok())?,
            Self::Rescale(from, to) => number(value.decimal()?.rescale(*from, *to))?,
            Self::Number('.') => Val::Number(value.decimal()?.to_string().into()),
            Self::Number(_) => {
                let text = plain(value)?.trim().replace(['.', ' ', '\u{a0}', '\''], "").replace(',', ".");
                Val::Number(Val::Text(text.into()).decimal()?.to_string().into())
            }
        })
    }
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn ends(node: Node<'_>) -> Result<(i64, i64), MappingError> {
    match node.list()?.as_slice() {
        [low, high] => Ok((low.integer()?, high.integer()?)),
        _ => Err(node.fail("a scale is a list of its two ends")),
    }
}

fn plain(value: Val<'_>) -> Result<Cow<'_, str>, Problem> {
    Ok(value.text()?.unwrap_or_default())
}

fn kind(value: &Val<'_>) -> &'static str {
    match value {
        Val::Null => "null",
        Val::Bool(_) => "bool",
        Val::Number(_) => "number",
        Val::Text(_) | Val::Time(_) | Val::Date(_) => "text",
        Val::Texts(_) => "list",
        Val::Tree(tree) => tree.kind(),
    }
}

fn number<'a>(number: Option<Decimal>) -> Result<Val<'a>, Problem> {
    let number = number.ok_or_else(|| Problem::out_of_range("is too large a number"))?;
    Ok(Val::Number(number.to_string().into()))
}

fn piece<'a>(text: &str, separator: &str, index: i32) -> Val<'a> {
    let distance = usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX);
    let found = if index < 0 { text.rsplit(separator).nth(distance - 1) } else { text.split(separator).nth(distance) };
    found.map_or(Val::Null, |piece| Val::Text(piece.to_owned().into()))
}

fn join<'a>(value: Val<'a>, separator: &str) -> Result<Val<'a>, Problem> {
    let items: Vec<&Json<'_>> = match value {
        Val::Texts(texts) => return Ok(Val::Text(texts.join(separator).into())),
        Val::Tree(Json::List(items)) => items.iter().collect(),
        Val::Tree(Json::Object(entries)) => entries.iter().map(|(_, item)| item).collect(),
        scalar => return Ok(scalar),
    };
    let mut joined = String::new();
    for item in items {
        // A list within a list is shown as nothing rather than refused: only people read joined text.
        let Ok(Some(text)) = Val::of(item).text() else { continue };
        if !joined.is_empty() {
            joined.push_str(separator);
        }
        joined.push_str(&text);
    }
    Ok(Val::Text(joined.into()))
}
