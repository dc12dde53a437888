//! How each [`Function`] is written in a mapping file, and which arguments it takes.

use super::Lookups;
use super::document::{MappingError, Node};
use super::function::{Function, Missing};
use super::time::{self, Format};
use super::value::{FALSE, TRUE};

const NAMES: &str =
    "trim, lower, upper, type, bool, html_to_text, split, join, default, lookup, time, date, scale, number";

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
            let format = Format::named(name, zone).ok_or_else(|| {
                let known = "rfc3339, postgres, date, unix_s, unix_ms, unix_us, or a pattern such as %d.%m.%Y %H:%M";
                formats.fail(format!("unknown time format `{name}`; known are {known}"))
            })?;
            match &format {
                Format::Pattern(pattern, None) if !time::names_zone(pattern) => {
                    Err(formats.fail(format!("times of `{name}` name no zone: give `zone`, or a pattern with %z")))
                }
                Format::Pattern(pattern, Some(_)) if time::names_zone(pattern) => {
                    Err(formats.fail(format!("times of `{name}` name their own zone: take `zone` away")))
                }
                _ => Ok(format),
            }
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
