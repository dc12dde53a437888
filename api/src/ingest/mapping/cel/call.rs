//! The functions of an expression. The set is closed.

use std::borrow::Cow;

use chrono::Timelike;

use super::Fault;
use super::evaluate::Run;
use super::value::Cel;
use crate::ingest::decimal::Decimal;
use crate::ingest::json::Json;
use crate::ingest::mapping::time;

/// How a function is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// `size(x)`
    Alone,
    /// `x.size()`
    On,
}

macro_rules! functions {
    ($($name:ident $spelled:literal $(alone $alone:literal)? $(on $from:literal $to:literal)?;)*) => {
        /// A function.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Function { $($name),* }

        /// Name, function, values when it is called alone, values when it is called on one of them.
        const FUNCTIONS: &[(&str, Function, Option<usize>, Option<(usize, usize)>)] = &[
            $(($spelled, Function::$name, functions!(@alone $($alone)?), functions!(@on $($from $to)?))),*
        ];
    };
    (@alone) => { None };
    (@alone $count:literal) => { Some($count) };
    (@on) => { None };
    (@on $from:literal $to:literal) => { Some(($from, $to)) };
}

functions! {
    Size "size" alone 1 on 1 1;
    Type "type" alone 1;
    Text "string" alone 1;
    Int "int" alone 1;
    Double "double" alone 1;
    Bool "bool" alone 1;
    Timestamp "timestamp" alone 1;
    Contains "contains" on 2 2;
    StartsWith "startsWith" on 2 2;
    EndsWith "endsWith" on 2 2;
    LowerAscii "lowerAscii" on 1 1;
    UpperAscii "upperAscii" on 1 1;
    Trim "trim" on 1 1;
    Split "split" on 2 2;
    Join "join" on 1 2;
    Replace "replace" on 3 3;
    Substring "substring" on 2 3;
    IndexOf "indexOf" on 2 2;
    Seconds "getSeconds" on 1 1;
    Minutes "getMinutes" on 1 1;
    Hours "getHours" on 1 1;
    FullYear "getFullYear" on 1 1;
}

impl Function {
    /// The function of that name for so many values, the one it is called on among them.
    pub fn find(name: &str, style: Style, count: usize) -> Result<Self, String> {
        let Some((_, function, alone, on)) = FUNCTIONS.iter().find(|(known, ..)| *known == name) else {
            let known: Vec<_> = FUNCTIONS.iter().map(|(name, ..)| *name).collect();
            return Err(format!("unknown function `{name}`; known are has, {}", known.join(", ")));
        };
        let fits = match style {
            Style::Alone => *alone == Some(count),
            Style::On => on.is_some_and(|(from, to)| (from..=to).contains(&count)),
        };
        if fits { Ok(*function) } else { Err(format!("`{name}` is not called like this")) }
    }

    fn name(self) -> &'static str {
        FUNCTIONS.iter().find(|(_, function, ..)| *function == self).map_or("?", |(name, ..)| name)
    }
}

/// What the function gives. Null gives null, but for `size`, `type` and `string` comparisons of one's own.
pub(super) fn apply<'e>(run: &Run<'e>, function: Function, values: Vec<Cel<'e>>) -> Result<Cel<'e>, Fault> {
    let mut values = values.into_iter();
    let first = values.next().unwrap_or(Cel::Null);
    if matches!(first, Cel::Null) && !matches!(function, Function::Type | Function::Size) {
        return Ok(Cel::Null);
    }
    match (function, first, values.next(), values.next()) {
        (Function::Type, value, None, _) => Ok(Cel::Text(value.kind().into())),
        (Function::Size, value, None, _) => size(run, &value),
        (Function::Split, Cel::Text(text), Some(Cel::Text(mark)), _) if !mark.is_empty() => {
            run.charge_text(text.len().saturating_mul(2))?;
            run.charge(text.matches(mark.as_ref()).count())?;
            let pieces = text.split(mark.as_ref()).map(|piece| Cel::Text(piece.to_owned().into()));
            Ok(Cel::List(pieces.collect()))
        }
        (Function::Join, list @ (Cel::List(_) | Cel::Tree(Json::List(_))), mark, _) => join(run, list, mark),
        (Function::Replace, Cel::Text(text), Some(Cel::Text(old)), Some(Cel::Text(new))) if !old.is_empty() => {
            // The most it can grow to, so that a small text cannot become a large one unpaid.
            run.charge_text(text.len())?;
            let grown = text.matches(old.as_ref()).count().saturating_mul(new.len());
            run.charge_text(text.len().saturating_add(grown))?;
            Ok(Cel::Text(text.replace(old.as_ref(), &new).into()))
        }
        (Function::Substring, Cel::Text(text), Some(Cel::Int(from)), to) => substring(run, &text, from, to),
        (Function::Seconds | Function::Minutes | Function::Hours, Cel::Span(span), None, _) => {
            Ok(Cel::Int(match function {
                Function::Seconds => span.num_seconds(),
                Function::Minutes => span.num_minutes(),
                _ => span.num_hours(),
            }))
        }
        (Function::Seconds | Function::Minutes | Function::Hours, Cel::Time(time), None, _) => {
            let time = time.to_utc();
            Ok(Cel::Int(match function {
                Function::Seconds => time.second().into(),
                Function::Minutes => time.minute().into(),
                _ => time.hour().into(),
            }))
        }
        (Function::FullYear, Cel::Time(time), None, _) => Ok(Cel::Int(chrono::Datelike::year(&time.to_utc()).into())),
        (_, Cel::Text(text), second, None) => of_text(run, function, text, second),
        (_, value, None, _) => converted(function, value),
        (_, value, ..) => Err(unfit(function, &value)),
    }
}

fn unfit(function: Function, value: &Cel<'_>) -> Fault {
    Fault::new(format!("`{}` was given {} or unfitting values beside it", function.name(), value.kind()))
}

fn size<'e>(run: &Run<'e>, value: &Cel<'e>) -> Result<Cel<'e>, Fault> {
    let size = match value {
        Cel::Null => 0,
        Cel::Text(text) => {
            run.charge_text(text.len())?;
            text.chars().count()
        }
        Cel::List(items) => items.len(),
        Cel::Tree(Json::List(items)) => items.len(),
        Cel::Tree(Json::Object(entries)) => entries.len(),
        other => return Err(unfit(Function::Size, other)),
    };
    Ok(Cel::Int(i64::try_from(size).unwrap_or(i64::MAX)))
}

fn of_text<'e>(
    run: &Run<'e>,
    function: Function,
    text: Cow<'e, str>,
    second: Option<Cel<'e>>,
) -> Result<Cel<'e>, Fault> {
    run.charge_text(text.len())?;
    Ok(match (function, second) {
        (Function::Contains, Some(Cel::Text(part))) => Cel::Bool(text.contains(part.as_ref())),
        (Function::StartsWith, Some(Cel::Text(part))) => Cel::Bool(text.starts_with(part.as_ref())),
        (Function::EndsWith, Some(Cel::Text(part))) => Cel::Bool(text.ends_with(part.as_ref())),
        (Function::IndexOf, Some(Cel::Text(part))) => {
            let place = text.find(part.as_ref()).map(|at| text[..at].chars().count());
            Cel::Int(place.map_or(-1, |place| i64::try_from(place).unwrap_or(i64::MAX)))
        }
        (Function::LowerAscii, None) => Cel::Text(text.to_ascii_lowercase().into()),
        (Function::UpperAscii, None) => Cel::Text(text.to_ascii_uppercase().into()),
        (Function::Trim, None) => Cel::Text(text.trim().to_owned().into()),
        (Function::Text, None) => Cel::Text(text),
        (Function::Int, None) => match text.trim().parse() {
            Ok(whole) => Cel::Int(whole),
            Err(_) => return Err(Fault::new("`int` was given a text that is no whole number")),
        },
        (Function::Double, None) => match Decimal::parse(text.trim()) {
            Ok(number) => Cel::Decimal(number),
            Err(_) => return Err(Fault::new("`double` was given a text that is no number")),
        },
        (Function::Bool, None) => match text.as_ref() {
            "true" | "True" | "TRUE" | "t" | "1" => Cel::Bool(true),
            "false" | "False" | "FALSE" | "f" | "0" => Cel::Bool(false),
            _ => return Err(Fault::new("`bool` was given a text that is neither true nor false")),
        },
        (Function::Timestamp, None) => {
            let wrong =
                |_| Fault::new("`timestamp` was given a text that is no time with its zone (2026-11-21T22:46:41Z)");
            Cel::Time(time::parse_any(text.trim()).map_err(wrong)?)
        }
        (_, second) => return Err(unfit(function, &second.unwrap_or(Cel::Text(text)))),
    })
}

/// `string`, `int`, `double`, `bool` and `timestamp` of what is no text.
fn converted(function: Function, value: Cel<'_>) -> Result<Cel<'_>, Fault> {
    let large = || Fault::new("a number or time becomes too large");
    Ok(match (function, value) {
        (Function::Text, value @ (Cel::Bool(_) | Cel::Int(_) | Cel::Decimal(_) | Cel::Time(_))) => {
            value.text().map_or(Cel::Null, Cel::Text)
        }
        (Function::Int, Cel::Int(whole)) => Cel::Int(whole),
        (Function::Int, Cel::Decimal(number)) => Cel::Int(number.whole().ok_or_else(large)?),
        (Function::Int, Cel::Time(time)) => Cel::Int(time.timestamp()),
        (Function::Double, number @ (Cel::Int(_) | Cel::Decimal(_))) => {
            number.decimal().map_or(Cel::Null, Cel::Decimal)
        }
        (Function::Bool, Cel::Bool(truth)) => Cel::Bool(truth),
        (Function::Timestamp, Cel::Time(time)) => Cel::Time(time),
        (Function::Timestamp, Cel::Int(seconds)) => {
            let time = chrono::DateTime::from_timestamp(seconds, 0).ok_or_else(large)?;
            time::in_range(chrono::Datelike::year(&time)).map_err(|_| large())?;
            Cel::Time(time.fixed_offset())
        }
        (_, value) => return Err(unfit(function, &value)),
    })
}

fn join<'e>(run: &Run<'e>, list: Cel<'e>, mark: Option<Cel<'e>>) -> Result<Cel<'e>, Fault> {
    let mark = match mark {
        None => Cow::Borrowed(""),
        Some(Cel::Text(mark)) => mark,
        Some(other) => return Err(unfit(Function::Join, &other)),
    };
    let mut joined = String::new();
    for (index, item) in run.items(list)?.into_iter().enumerate() {
        let Cel::Text(text) = item else { return Err(unfit(Function::Join, &item)) };
        run.charge(1)?;
        run.charge_text(text.len() + mark.len())?;
        if index > 0 {
            joined.push_str(&mark);
        }
        joined.push_str(&text);
    }
    Ok(Cel::Text(joined.into()))
}

/// The characters from one place up to another; places beyond the text are its end.
fn substring<'e>(run: &Run<'e>, text: &str, from: i64, to: Option<Cel<'e>>) -> Result<Cel<'e>, Fault> {
    run.charge_text(text.len())?;
    let to = match to {
        None => usize::MAX,
        Some(Cel::Int(to)) => usize::try_from(to).unwrap_or(0),
        Some(other) => return Err(unfit(Function::Substring, &other)),
    };
    let from = usize::try_from(from).map_err(|_| Fault::new("`substring` was given a place before the text"))?;
    Ok(Cel::Text(text.chars().skip(from).take(to.saturating_sub(from)).collect::<String>().into()))
}
