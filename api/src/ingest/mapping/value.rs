//! A value on its way from the record to a field: what functions work on, and how it becomes the field's type.

use std::borrow::Cow;

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, Utc};
use serde_json::Value;

use super::table::FieldType;
use super::time;
use crate::ingest::decimal::{Decimal, NotDecimal};
use crate::ingest::envelope::RejectCode;
use crate::ingest::json::Json;

/// A value between path and field.
#[derive(Debug, Clone, PartialEq)]
pub enum Val<'a> {
    /// Nothing there.
    Null,
    /// Yes or no.
    Bool(bool),
    /// A number as written.
    Number(Cow<'a, str>),
    /// A text.
    Text(Cow<'a, str>),
    /// A point in time, in the zone it was written in: the day of a time is the day there.
    Time(DateTime<FixedOffset>),
    /// A day.
    Date(NaiveDate),
    /// Several texts.
    Texts(Vec<String>),
    /// A list or object of the record.
    Tree(&'a Json<'a>),
}

/// What is wrong with a value, without the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The code of the refusal it becomes.
    pub code: RejectCode,
    /// The rest of the sentence "`field` (path) …".
    pub text: String,
}

impl Problem {
    /// A value of another type than was asked for.
    pub fn wrong_type(expected: &str, found: &Val<'_>) -> Self {
        Self { code: RejectCode::WrongType, text: format!("is {}, where {expected} was expected", found.kind()) }
    }

    /// A value beyond what can be kept.
    pub fn out_of_range(text: impl Into<String>) -> Self {
        Self { code: RejectCode::OutOfRange, text: text.into() }
    }
}

impl<'a> Val<'a> {
    /// The value of the record.
    pub fn of(json: &'a Json<'a>) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(truth) => Self::Bool(*truth),
            Json::Number(number) => Self::Number(Cow::Borrowed(number)),
            Json::Text(text) => Self::Text(Cow::Borrowed(text)),
            Json::List(_) | Json::Object(_) => Self::Tree(json),
        }
    }

    /// Whether there is nothing: null, or an empty text. A file cannot tell the two apart, so nobody shall.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Text(text) => text.is_empty(),
            _ => false,
        }
    }

    /// What kind of value it is, for people.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a truth value",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::Time(_) => "a time",
            Self::Date(_) => "a date",
            Self::Texts(_) => "a list",
            Self::Tree(tree) if tree.kind() == "list" => "a list",
            Self::Tree(_) => "an object",
        }
    }

    /// The scalar as text; null is none; lists and objects are no text.
    pub fn text(self) -> Result<Option<Cow<'a, str>>, Problem> {
        Ok(Some(match self {
            Self::Null => return Ok(None),
            Self::Bool(truth) => Cow::Borrowed(if truth { "true" } else { "false" }),
            Self::Number(text) | Self::Text(text) => text,
            Self::Time(time) => Cow::Owned(time::text(time.to_utc())),
            Self::Date(date) => Cow::Owned(date.to_string()),
            Self::Texts(_) | Self::Tree(_) => return Err(Problem::wrong_type("a text", &self)),
        }))
    }

    /// The exact number.
    pub fn decimal(&self) -> Result<Decimal, Problem> {
        let (Self::Number(text) | Self::Text(text)) = self else { return Err(Problem::wrong_type("a number", self)) };
        Decimal::parse(text.trim()).map_err(|reason| match reason {
            NotDecimal::NoNumber => Problem::wrong_type("a number", self),
            NotDecimal::TooLarge => Problem::out_of_range("is too large a number"),
        })
    }

    /// The point in time; the text forms are those of [`time::parse_any`].
    pub fn time(&self) -> Result<DateTime<Utc>, Problem> {
        match self {
            Self::Time(time) => Ok(time.to_utc()),
            Self::Date(date) => time::midnight(*date),
            Self::Text(text) => Ok(time::parse_any(text)?.to_utc()),
            _ => Err(Problem::wrong_type("a time", self)),
        }
    }

    fn date(&self) -> Result<NaiveDate, Problem> {
        let date = match self {
            Self::Date(date) => *date,
            Self::Time(time) => time.date_naive(),
            Self::Text(text) => time::parse_any(text)?.date_naive(),
            _ => return Err(Problem::wrong_type("a date", self)),
        };
        time::in_range(date.year()).map(|()| date)
    }

    fn texts(self) -> Result<Vec<String>, Problem> {
        match self {
            Self::Texts(texts) => Ok(texts),
            Self::Tree(Json::List(items)) => {
                let texts = items.iter().filter_map(|item| Val::of(item).text().transpose());
                texts.map(|text| text.map(Cow::into_owned)).collect()
            }
            Self::Tree(_) => Err(Problem::wrong_type("a list", &self)),
            other => Ok(other.text()?.map(Cow::into_owned).into_iter().collect()),
        }
    }

    /// The value as a field of that type keeps it; none: there is nothing.
    pub fn into_field(self, kind: FieldType) -> Result<Option<Value>, Problem> {
        if self.is_empty() {
            return Ok(None);
        }
        let value = match kind {
            FieldType::Text | FieldType::Reference => {
                return Ok(self.text()?.map(|text| Value::from(text.into_owned())));
            }
            FieldType::Choice(choices) => choice(self, choices)?,
            FieldType::Integer => {
                let number = self.decimal()?;
                match number.to_i64() {
                    Some(whole) => Value::from(whole),
                    None if number.round(0) == number => return Err(Problem::out_of_range("is too large a number")),
                    None => return Err(Problem::wrong_type("a whole number", &self)),
                }
            }
            FieldType::Number => {
                let number = self.decimal()?;
                number.to_i64().map_or_else(|| Value::from(number.to_f64()), Value::from)
            }
            FieldType::Money => {
                let number = self.decimal()?;
                number.to_money().ok_or_else(|| Problem::out_of_range("is too large an amount"))?;
                Value::from(number.round(4).to_string())
            }
            FieldType::Bool => Value::from(truth(&self, TRUE, FALSE)?),
            FieldType::Time => Value::from(time::text(self.time()?)),
            FieldType::Date => Value::from(self.date()?.to_string()),
            FieldType::Texts => Value::from(self.texts()?),
            FieldType::Url => match self.text()? {
                Some(text) if is_web_address(&text) => Value::from(text.into_owned()),
                _ => {
                    let text = "is not the address of a page (http:// or https://)";
                    return Err(Problem { code: RejectCode::WrongType, text: text.into() });
                }
            },
        };
        Ok(Some(value))
    }
}

/// Words that mean yes.
pub const TRUE: &[&str] = &["true", "1", "yes", "y", "t", "ja", "j"];
/// Words that mean no.
pub const FALSE: &[&str] = &["false", "0", "no", "n", "f", "nein"];

/// The truth value that a bool, a number or a word stands for.
pub fn truth<S: AsRef<str>>(value: &Val<'_>, yes: &[S], no: &[S]) -> Result<bool, Problem> {
    let (Val::Number(text) | Val::Text(text)) = value else {
        return if let Val::Bool(truth) = value { Ok(*truth) } else { Err(Problem::wrong_type("yes or no", value)) };
    };
    let text = text.trim();
    let is = |words: &[S]| words.iter().any(|word| word.as_ref().eq_ignore_ascii_case(text));
    match (is(yes), is(no)) {
        (true, _) => Ok(true),
        (_, true) => Ok(false),
        _ => Err(Problem { code: RejectCode::UnknownValue, text: "is neither yes nor no".into() }),
    }
}

/// Whether a browser may be sent there: http or https with a host, and nothing that only hides where it leads.
fn is_web_address(text: &str) -> bool {
    let scheme = ["https://", "http://"]
        .iter()
        .find(|scheme| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
    let Some(rest) = scheme.and_then(|scheme| text.get(scheme.len()..)) else { return false };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let is_plain = |c: char| !c.is_whitespace() && !c.is_control() && !matches!(c, '<' | '>' | '"' | '\\');
    !host.is_empty() && !host.contains('@') && text.chars().all(is_plain)
}

fn choice(value: Val<'_>, choices: &[&str]) -> Result<Value, Problem> {
    let text = value.text()?.unwrap_or_default();
    if choices.contains(&text.as_ref()) {
        return Ok(Value::from(text.into_owned()));
    }
    let text = format!("is none of {}; a lookup table in the mapping can translate it", choices.join(", "));
    Err(Problem { code: RejectCode::UnknownValue, text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_are_addresses() {
        let taken = |text: &'static str| Val::Text(text.into()).into_field(FieldType::Url).is_ok();
        assert!(taken("https://acme.example.org/tickets/7?a=%20#b") && taken("HTTP://localhost:8080"));
        for wrong in [
            "javascript:alert(1)",
            "data:text/html,x",
            "//example.org",
            "https://",
            "https://a b",
            "https://bank.org@evil.org/",
        ] {
            assert!(!taken(wrong), "{wrong}");
        }
    }

    #[test]
    fn the_day_of_a_time_is_the_day_where_it_was_written() {
        let day = |text: &'static str| Val::Text(text.into()).into_field(FieldType::Date).unwrap().unwrap();
        for text in ["2027-01-01", "2027-01-01T00:00:00+01:00", "2027-01-01 23:30:00-05"] {
            assert_eq!(day(text), "2027-01-01", "{text}");
        }
        let format = time::Format::named("%d.%m.%Y %H:%M", time::Zone::named("+01:00")).unwrap();
        let time = Val::Time(time::parse(&Val::Text("01.01.2027 00:30".into()), &[format], None).unwrap());
        assert_eq!(time.clone().into_field(FieldType::Date).unwrap().unwrap(), "2027-01-01");
        assert_eq!(time.into_field(FieldType::Time).unwrap().unwrap(), "2026-12-31T23:30:00.000000Z");
    }
}
