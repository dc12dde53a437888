//! How each [`Function`] is written in a mapping file, and which arguments it takes.

use super::document::{MappingError, Node};
use super::function::{Function, Missing};
use super::path::Words;
use super::time::{self, Format, Zone};
use super::value::{FALSE, TRUE};

/// The time formats that have a name.
pub const FORMATS: [&str; 9] =
    ["rfc3339", "iso", "local", "postgres", "date", "unix_s", "unix_ms", "unix_us", "unix_ns"];

/// The functions that take no argument, or may be left without.
pub const PLAIN: [&str; 9] = ["trim", "lower", "upper", "type", "bool", "html_to_text", "number", "time", "date"];

/// The functions that take an argument, and what keys it has if it is a table.
pub const WITH_ARGUMENT: [(&str, &[&str]); 9] = [
    ("split", &["sep", "index"]),
    ("join", &[]),
    ("default", &[]),
    ("lookup", &["table", "fallback", "missing"]),
    ("time", &["format", "zone"]),
    ("date", &[]),
    ("scale", &["power", "from", "to", "round"]),
    ("number", &["decimal"]),
    ("bool", &["true", "false"]),
];

fn unknown(node: Node<'_>, name: &str) -> MappingError {
    let others = WITH_ARGUMENT.iter().map(|(name, _)| *name).filter(|name| !PLAIN.contains(name));
    let known: Vec<_> = PLAIN.into_iter().chain(others).collect();
    node.fail(format!("unknown function `{name}`; known are {}", known.join(", ")))
}

impl Function {
    /// Reads `"trim"` or `{ split = { sep = "@", index = 0 } }`.
    pub fn load(node: Node<'_>, words: Words<'_>) -> Result<Self, MappingError> {
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
                _ => return Err(unknown(node, name)),
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
            "lookup" => Self::load_lookup(argument, words),
            "time" => Self::load_time(argument, words),
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
            _ => Err(unknown(argument, name)),
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

    fn load_lookup(node: Node<'_>, words: Words<'_>) -> Result<Self, MappingError> {
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
        if !words.facts.lookups.contains_key(table) {
            return Err(node.fail(format!("there is no table [lookup.{table}] in this mapping")));
        }
        Ok(Self::Lookup(table.to_owned(), missing))
    }

    fn load_time(node: Node<'_>, words: Words<'_>) -> Result<Self, MappingError> {
        let (formats, zone) = if node.value().is_table() {
            let mut entries = node.table("time")?;
            let formats = entries.require("format")?;
            let zone = entries.take("zone").map(self::zone).transpose()?;
            entries.finish()?;
            (formats, zone)
        } else {
            (node, None)
        };
        let named = |name: &String| {
            let format = Format::named(name, zone).ok_or_else(|| {
                formats.fail(format!(
                    "unknown time format `{name}`; known are {}, or a pattern such as %d.%m.%Y %H:%M",
                    FORMATS.join(", ")
                ))
            })?;
            if zone.is_some() && matches!(format, Format::Pattern(_, time::Where::Told)) {
                return Err(formats.fail(format!("times of `{name}` name their own zone: take `zone` away")));
            }
            if format.needs_zone() && !words.facts.has_zone {
                return Err(formats.fail(format!(
                    "times of `{name}` name no zone: give `zone`, or `time_zone` at the top of the mapping"
                )));
            }
            Ok(format)
        };
        Ok(Self::Time(formats.texts()?.iter().map(named).collect::<Result<_, _>>()?))
    }

    fn load_scale(node: Node<'_>) -> Result<Self, MappingError> {
        let mut entries = node.table("scale")?;
        let whole = entries.take("round");
        let scale = match (entries.take("power"), entries.take("from"), entries.take("to")) {
            (Some(power), None, None) if whole.is_none() => {
                let small = i32::try_from(power.integer()?).ok().filter(|power| power.abs() <= 18);
                Self::Power(small.ok_or_else(|| power.fail("`power` is between -18 and 18"))?)
            }
            (None, Some(from), Some(to)) => {
                let (from_ends, to_ends) = (ends(from)?, ends(to)?);
                if from_ends.0 == from_ends.1 {
                    return Err(from.fail("both ends of `from` are the same"));
                }
                Self::Rescale(from_ends, to_ends, whole.map_or(Ok(false), |node| node.bool())?)
            }
            _ => return Err(node.fail(
                "scale takes `power = n`, or `from = [a, b]` and `to = [c, d]`, with `round = true` for whole numbers",
            )),
        };
        entries.finish().map(|()| scale)
    }
}

/// A time zone.
pub fn zone(node: Node<'_>) -> Result<Zone, MappingError> {
    let known =
        "a zone is \"UTC\", an offset such as \"+01:00\", or a name of the IANA database such as \"Europe/Berlin\"";
    Zone::named(node.text()?).ok_or_else(|| node.fail(known))
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
