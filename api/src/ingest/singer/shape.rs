//! What a stream's declaration says of its records' keys, and the key of a record by it.
//!
//! A Singer SCHEMA is a whole JSON Schema, and a target may hold each record against it. Here the mapping is the judge of what
//! a record says; of the schema only what makes the key is checked: that the record is an object, that each key property is
//! there and not null, and that it is of a type that the schema gives it. A record that fails is refused, alone.

use std::borrow::Cow;

use serde_json::Value;

use super::super::envelope::{Reject, RejectCode};
use super::super::json::Json;

/// The types of JSON Schema.
const TYPES: [&str; 7] = ["string", "integer", "number", "boolean", "array", "object", "null"];

/// The key of a stream's records; empty: append only.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Shape(Vec<Property>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Property {
    /// The names from the record inwards; a Singer key has one.
    path: Vec<String>,
    /// The types that the schema allows; none: any.
    types: Option<Vec<&'static str>>,
}

impl Shape {
    /// By `key_properties` and the `schema` beside them.
    pub fn declared(keys: &[String], schema: Option<&Value>) -> Self {
        let types = |key: &String| {
            let names = match schema?.get("properties")?.get(key)?.get("type")? {
                Value::String(name) => vec![name.as_str()],
                Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
                _ => return None,
            };
            // Other words name no type; each is kept once, however long the list is.
            Some(TYPES.into_iter().filter(|kind| names.contains(kind)).collect())
        };
        Self(keys.iter().map(|key| Property { path: vec![key.clone()], types: types(key) }).collect())
    }

    /// By the paths of a catalogue's primary key.
    pub fn primary_key(paths: Vec<Vec<String>>) -> Self {
        Self(paths.into_iter().map(|path| Property { path, types: None }).collect())
    }

    /// The record's key: the text of its properties, `|` between several.
    pub fn key(&self, record: &str) -> Result<Option<String>, Reject> {
        if !record.starts_with('{') {
            let reason = "The record is no JSON object, whatever its SCHEMA says. Look at the tap.";
            return Err(Reject::new(RejectCode::BrokenJson, reason));
        }
        if self.0.is_empty() {
            return Ok(None);
        }
        let record = Json::parse(record)?;
        if let [only] = self.0.as_slice() {
            return only.text(&record).map(|text| Some(text.into_owned()));
        }
        let mut key = String::new();
        for (index, property) in self.0.iter().enumerate() {
            if index > 0 {
                key.push('|');
            }
            // So that ("a|b", "c") and ("a", "b|c") stay two keys.
            key.push_str(&property.text(&record)?.replace('\\', "\\\\").replace('|', "\\|"));
        }
        Ok(Some(key))
    }
}

impl Property {
    fn text<'a>(&self, record: &'a Json<'_>) -> Result<Cow<'a, str>, Reject> {
        let name = self.path.join(".");
        let value = self.path.iter().try_fold(record, |value, name| value.get(name));
        let (text, kinds): (Cow<'a, str>, &[&str]) = match value {
            None | Some(Json::Null) => {
                let reason = format!(
                    "The record has no value in its key property `{name}`, which the stream declares. Correct it at the source, \
                     or declare another key."
                );
                return Err(Reject::new(RejectCode::MissingField, reason));
            }
            Some(Json::Text(text)) => (text.as_ref().into(), &["string"]),
            Some(Json::Number(number)) if is_whole(number) => ((*number).into(), &["integer", "number"]),
            Some(Json::Number(number)) => ((*number).into(), &["number"]),
            Some(Json::Bool(true)) => ("true".into(), &["boolean"]),
            Some(Json::Bool(false)) => ("false".into(), &["boolean"]),
            Some(Json::List(_) | Json::Object(_)) => {
                let reason =
                    format!("The key property `{name}` is no single value. Declare a key of texts and numbers.");
                return Err(Reject::new(RejectCode::WrongType, reason));
            }
        };
        match &self.types {
            Some(allowed) if !allowed.iter().any(|allowed| kinds.contains(allowed)) => {
                let allowed = allowed.join(", ");
                let reason = format!(
                    "The key property `{name}` is not of a type that the SCHEMA gives it ({allowed}). Run discovery again."
                );
                Err(Reject::new(RejectCode::WrongType, reason))
            }
            _ => Ok(text),
        }
    }
}

/// To JSON Schema 1.0 is an integer too.
fn is_whole(number: &str) -> bool {
    match number.split_once('.') {
        None => !number.contains(['e', 'E']),
        Some((_, fraction)) => fraction.bytes().all(|byte| byte == b'0'),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shape(keys: &[&str], schema: &Value) -> Shape {
        Shape::declared(&keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>(), Some(schema))
    }

    #[test]
    fn parts_of_a_key_stay_apart() {
        let key = |record: &str, keys: &[&str]| shape(keys, &json!({})).key(record).unwrap().unwrap();
        let (first, second) = (r#"{"x":"a|b","y":"c"}"#, r#"{"x":"a","y":"b|c"}"#);
        assert_eq!(key(first, &["x", "y"]), "a\\|b|c");
        assert_eq!(key(second, &["x", "y"]), "a|b\\|c");
        assert_eq!(key(first, &["x"]), "a|b");
    }

    #[test]
    fn a_record_that_contradicts_its_declaration_is_refused() {
        let schema = json!({"properties": {"id": {"type": ["integer", "null"]}, "at": {"type": "string"}, "any": {}}});
        let code = |keys: &[&str], record: &str| shape(keys, &schema).key(record).map_err(|reject| reject.code);
        assert_eq!(code(&["id"], r#"{"id":1.0}"#), Ok(Some("1.0".into())));
        assert_eq!(code(&["id"], r#"{"id":null}"#), Err(RejectCode::MissingField));
        assert_eq!(code(&["id"], r#"{"ID":1}"#), Err(RejectCode::MissingField));
        assert_eq!(code(&["id"], r#"{"id":"1"}"#), Err(RejectCode::WrongType));
        assert_eq!(code(&["id"], r#"{"id":1.5}"#), Err(RejectCode::WrongType));
        assert_eq!(code(&["at"], r#"{"at":true}"#), Err(RejectCode::WrongType));
        assert_eq!(code(&["any"], r#"{"any":[1]}"#), Err(RejectCode::WrongType));
        assert_eq!(code(&["any"], r#"{"any":false}"#), Ok(Some("false".into())));
        assert_eq!(code(&[], "[1]"), Err(RejectCode::BrokenJson));
        assert_eq!(code(&[], "{}"), Ok(None));
    }

    #[test]
    fn a_primary_key_may_lie_within() {
        let shape = Shape::primary_key(vec![vec!["a".into(), "id".into()]]);
        assert_eq!(shape.key(r#"{"a":{"id":7}}"#).unwrap().as_deref(), Some("7"));
        assert!(shape.key(r#"{"a":7}"#).unwrap_err().reason.contains("`a.id`"));
    }
}
