//! A value while an expression is worked out.

use std::borrow::Cow;

use chrono::{DateTime, FixedOffset, TimeDelta};

use super::Fault;
use crate::ingest::decimal::{Decimal, NotDecimal};
use crate::ingest::json::Json;
use crate::ingest::mapping::value::Val;

/// A value.
#[derive(Debug, Clone)]
pub(super) enum Cel<'a> {
    Null,
    Bool(bool),
    Int(i64),
    /// A number with a fraction, exact.
    Decimal(Decimal),
    Text(Cow<'a, str>),
    Time(DateTime<FixedOffset>),
    Span(TimeDelta),
    List(Vec<Self>),
    /// A list or object of the record.
    Tree(&'a Json<'a>),
}

impl<'a> Cel<'a> {
    /// The value of the record.
    pub fn of(json: &'a Json<'a>) -> Result<Self, Fault> {
        Ok(match json {
            Json::Null => Self::Null,
            Json::Bool(truth) => Self::Bool(*truth),
            Json::Number(number) => Self::number(number).map_err(|_| Fault::new("a number is too large"))?,
            Json::Text(text) => Self::Text(Cow::Borrowed(text)),
            Json::List(_) | Json::Object(_) => Self::Tree(json),
        })
    }

    /// A number: whole if it is written without fraction and exponent.
    pub fn number(text: &str) -> Result<Self, NotDecimal> {
        match text.parse() {
            Ok(whole) => Ok(Self::Int(whole)),
            Err(_) => Decimal::parse(text).map(Self::Decimal),
        }
    }

    /// The number as a decimal.
    pub fn decimal(&self) -> Option<Decimal> {
        match self {
            Self::Int(whole) => Some(Decimal::from(*whole)),
            Self::Decimal(number) => Some(*number),
            _ => None,
        }
    }

    /// The number with the other sign.
    pub fn negated(self) -> Option<Self> {
        match self {
            Self::Int(whole) => whole.checked_neg().map(Self::Int),
            Self::Decimal(number) => match number.negated().to_i64() {
                // Written as 9223372036854775808 behind a minus: the least whole number.
                Some(whole) if number.is_whole() => Some(Self::Int(whole)),
                _ => Some(Self::Decimal(number.negated())),
            },
            _ => None,
        }
    }

    /// The kind of value, as CEL names it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null_type",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Decimal(_) => "double",
            Self::Text(_) => "string",
            Self::Time(_) => "timestamp",
            Self::Span(_) => "duration",
            Self::List(_) | Self::Tree(Json::List(_)) => "list",
            Self::Tree(_) => "map",
        }
    }

    /// What a mapping goes on with. A list gives its texts.
    pub fn into_val(self) -> Result<Val<'static>, Fault> {
        Ok(match self {
            Self::Null => Val::Null,
            Self::Bool(truth) => Val::Bool(truth),
            Self::Int(whole) => Val::Number(whole.to_string().into()),
            Self::Decimal(number) => Val::Number(number.to_string().into()),
            Self::Text(text) => Val::Text(text.into_owned().into()),
            Self::Time(time) => Val::Time(time),
            Self::List(items) => Val::Texts(texts(items.into_iter().map(Ok))?),
            Self::Tree(Json::List(items)) => Val::Texts(texts(items.iter().map(Cel::of))?),
            Self::Span(_) => return Err(Fault::new("it gives a span of time; getSeconds() makes a number of it")),
            Self::Tree(_) => return Err(Fault::new("it gives an object, where a value was expected")),
        })
    }

    /// The text of a scalar.
    pub fn text(self) -> Option<Cow<'a, str>> {
        match self {
            Self::Text(text) => Some(text),
            scalar @ (Self::Bool(_) | Self::Int(_) | Self::Decimal(_) | Self::Time(_)) => {
                let val = scalar.into_val().ok()?;
                val.text().ok().flatten()
            }
            _ => None,
        }
    }
}

fn texts<'a>(items: impl Iterator<Item = Result<Cel<'a>, Fault>>) -> Result<Vec<String>, Fault> {
    let mut texts = Vec::new();
    for item in items {
        match item? {
            Cel::Null => {}
            item => {
                let wrong = || Fault::new("it gives a list of lists or objects, where values were expected");
                texts.push(item.text().ok_or_else(wrong)?.into_owned());
            }
        }
    }
    Ok(texts)
}
