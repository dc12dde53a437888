//! The closed set of functions a mapping may apply to a value. A function that is not here is an error on loading.
//!
//! Each passes null through, except `default`. Adding one: a variant, a line in `signature.rs`, a line in [`Function::apply`], a
//! test.

use std::borrow::Cow;

use chrono::NaiveDate;

use super::time::{self, Format};
use super::value::{Problem, Val, truth};
use super::{Facts, markup};
use crate::ingest::decimal::Decimal;
use crate::ingest::envelope::RejectCode;
use crate::ingest::json::Json;

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
    /// The number of one rating scale on another, to four places or, if said so, to the whole number, half away from zero.
    Rescale((i64, i64), (i64, i64), bool),
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
    /// What comes out for a value.
    pub fn apply<'a>(&self, value: Val<'a>, facts: &Facts) -> Result<Val<'a>, Problem> {
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
            Self::HtmlToText => Val::Text(markup::without(plain(value)?)),
            Self::Split(separator, None) => {
                Val::Texts(plain(value)?.split(separator.as_str()).map(|piece| piece.trim().to_owned()).collect())
            }
            Self::Split(separator, Some(index)) => piece(&plain(value)?, separator, *index),
            Self::Join(separator) => join(value, separator),
            Self::Lookup(table, missing) => {
                let text = plain(value)?;
                match (facts.lookups.get(table).and_then(|table| table.get(text.as_ref())), missing) {
                    (Some(found), _) => Val::Text(found.clone().into()),
                    (None, Missing::Null) => Val::Null,
                    (None, Missing::Fallback(text)) => Val::Text(text.clone().into()),
                    (None, Missing::Reject) => {
                        let text = format!("is not in the table [lookup.{table}]; add it there, or give a fallback");
                        return Err(Problem { code: RejectCode::UnknownValue, text });
                    }
                }
            }
            Self::Time(formats) => Val::Time(time::parse(&value, formats, facts.zone)?),
            Self::Date(pattern) => {
                let date = NaiveDate::parse_from_str(plain(value)?.trim(), pattern).map_err(|_| {
                    let text = "is not a date in the expected format; `date` in the mapping can declare another one";
                    Problem { code: RejectCode::WrongType, text: text.into() }
                })?;
                time::midnight(date).map(|_| Val::Date(date))?
            }
            Self::Power(power) => number(value.decimal()?.shift(*power).ok())?,
            Self::Rescale(from, to, whole) => {
                let read = value.decimal()?;
                if !read.is_within(*from) {
                    let text = format!("is not on the scale from {} to {}", from.0, from.1);
                    return Err(Problem::out_of_range(text));
                }
                let scaled = read.rescale(*from, *to);
                number(if *whole { scaled.map(|scaled| scaled.round(0)) } else { scaled })?
            }
            Self::Number(mark) => {
                let number = match &value {
                    Val::Text(text) => {
                        Val::Text(ungrouped(text.trim(), *mark).ok_or_else(no_number)?.into()).decimal()?
                    }
                    _ => value.decimal()?,
                };
                Val::Number(number.to_string().into())
            }
        })
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

/// A number written for people as JSON would write it: without the marks between groups of three digits. None: the marks stand
/// where no group ends, so that it may be another number than it seems (`1234.50` is not 123,450).
fn ungrouped(text: &str, decimal: char) -> Option<String> {
    let (whole, fraction) = text.split_once(decimal).map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
    let is_mark = |c: char| matches!(c, '.' | ',' | '\'' | '’') || c.is_whitespace();
    if fraction.is_some_and(|fraction| fraction.contains(is_mark)) {
        return None;
    }
    let digits = whole.trim_start_matches(['-', '+']);
    if let Some(mark) = digits.chars().find(|c| is_mark(*c)) {
        let mut groups = digits.split(mark);
        let begins = groups.next().is_some_and(|group| (1..=3).contains(&group.len()));
        if !begins || !groups.all(|group| group.len() == 3) {
            return None;
        }
    }
    let whole = whole.replace(is_mark, "");
    Some(fraction.map_or_else(|| whole.clone(), |fraction| format!("{whole}.{fraction}")))
}

fn no_number() -> Problem {
    let text = "is not a number in the expected format; `number` in the mapping can declare the decimal mark";
    Problem { code: RejectCode::WrongType, text: text.into() }
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

fn join<'a>(value: Val<'a>, separator: &str) -> Val<'a> {
    let items: Vec<&Json<'_>> = match value {
        Val::Texts(texts) => return Val::Text(texts.join(separator).into()),
        Val::Tree(Json::List(items)) => items.iter().collect(),
        Val::Tree(Json::Object(entries)) => entries.iter().map(|(_, item)| item).collect(),
        scalar => return scalar,
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
    Val::Text(joined.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::mapping::value::{FALSE, TRUE};

    fn apply(function: &Function, text: &'static str) -> Val<'static> {
        function.apply(Val::Text(text.into()), &Facts::default()).unwrap()
    }

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn numbers_and_pieces() {
        assert_eq!(apply(&Function::Number(','), "-1.234,50"), Val::Number("-1234.50".into()));
        let number =
            |mark, value| Function::Number(mark).apply(value, &Facts::default()).map_err(|problem| problem.code);
        let text = |text: &'static str| Val::Text(text.into());
        let is = |number: &'static str| Ok(Val::Number(number.into()));
        assert_eq!(number(',', Val::Number("1234.50".into())), is("1234.50"));
        assert_eq!(number(',', text("1 234 567,5")), is("1234567.5"));
        assert_eq!(number('.', text("1,234.50")), is("1234.50"));
        assert_eq!(number('.', text("1234.50")), is("1234.50"));
        for (mark, wrong) in
            [(',', "1234.50"), (',', "1.23,4"), (',', "1,2,3"), (',', "1.234 567"), ('.', "1,50"), ('.', "1.234.567")]
        {
            assert_eq!(number(mark, text(wrong)), Err(RejectCode::WrongType), "{wrong}");
        }
        assert_eq!(apply(&Function::Power(-2), "12345"), Val::Number("123.45".into()));
        let csat = |text| apply(&Function::Rescale((-103, 103), (1, 5), true), text);
        for (text, is) in
            [("-103", "1"), ("103", "5"), ("0", "3"), ("100", "5"), ("-51", "2"), ("-26", "2"), ("-25", "3")]
        {
            assert_eq!(csat(text), Val::Number(is.into()), "{text}");
        }
        assert_eq!(apply(&Function::Rescale((1, 5), (0, 10), false), "2"), Val::Number("2.5".into()));
        let beyond = Function::Rescale((5, 1), (1, 5), false).apply(Val::Text("6".into()), &Facts::default());
        assert_eq!(beyond.map_err(|problem| problem.code), Err(RejectCode::OutOfRange));
        assert_eq!(apply(&Function::Split("@".into(), Some(-1)), "a@b"), Val::Text("b".into()));
        assert_eq!(apply(&Function::Split("@".into(), Some(5)), "a@b"), Val::Null);
        assert_eq!(apply(&Function::Bool(words(TRUE), words(FALSE)), "Ja"), Val::Bool(true));
        assert_eq!(apply(&Function::Default("x".into()), ""), Val::Text("x".into()));
    }
}
