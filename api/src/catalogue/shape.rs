//! The shape of a record: its keys and types, and nothing that it says. So a mapping can be mended by someone who must not see
//! whom the record is about.

use serde_json::{Map, Value, json};

/// A key longer than this is no name of a field.
const LONGEST: usize = 64;

/// The shape of a JSON text: texts become `…`, numbers 0, truth false; of a list only unlike elements remain. None where it is
/// not JSON, or no object or list.
pub fn of(payload: &str) -> Option<String> {
    match serde_json::from_str(payload).ok()? {
        value @ (Value::Object(_) | Value::Array(_)) => Some(shape(value).to_string()),
        _ => None,
    }
}

fn shape(value: Value) -> Value {
    match value {
        Value::Null => Value::Null,
        Value::Bool(_) => json!(false),
        Value::Number(_) => json!(0),
        Value::String(_) => json!("…"),
        Value::Array(items) => {
            let mut shapes = Vec::new();
            for item in items {
                let item = shape(item);
                if !shapes.contains(&item) && shapes.len() < 20 {
                    shapes.push(item);
                }
            }
            Value::Array(shapes)
        }
        Value::Object(fields) => {
            let mut shapes = Map::new();
            for (key, value) in fields {
                let key = if names_a_field(&key) { key } else { "…".to_owned() };
                shapes.insert(key, shape(value));
            }
            Value::Object(shapes)
        }
    }
}

/// Whether a key looks like the name of a field rather than like a value that something is filed under: an address, a number, a
/// date, an id.
fn names_a_field(key: &str) -> bool {
    let digits = key.bytes().filter(u8::is_ascii_digit).count();
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ' ' | ':' | '/' | '$');
    key.len() <= LONGEST
        && digits < 4
        && key.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '$')
        && key.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys_and_types_remain() {
        let payload = r#"{"id": 7, "name": "Anna", "vip": true, "note": null, "tags": ["a", "b", 1], "by": {"anna@example.com": 1,
            "+49 151 1234567": 2, "1971-03-04": 3}, "lines": [{"sku": "x"}, {"sku": "y"}, {"sku": "z", "n": 1}]}"#;
        let shown: Value = serde_json::from_str(&of(payload).unwrap()).unwrap();
        let expected = json!({"id": 0, "name": "…", "vip": false, "note": null, "tags": ["…", 0], "by": {"…": 0},
            "lines": [{"sku": "…"}, {"sku": "…", "n": 0}]});
        assert_eq!(shown, expected);
    }

    #[test]
    fn what_is_no_json_object_has_no_shape() {
        for payload in ["", "anna@example.com", "\"anna@example.com\"", "4915112345678", "{\"name\": \"Anna", "null"] {
            assert_eq!(of(payload), None, "{payload}");
        }
    }

    proptest! {
        #[test]
        fn no_value_remains(name in "[A-Z][a-z]{3,12}", address in "[a-z]{3,9}@[a-z]{3,9}\\.de", number in 1000_u32..) {
            let payload = json!({"a": name, "b": [address, number], "c": {address.as_str(): {number.to_string(): name}}});
            let shown = of(&payload.to_string()).unwrap();
            prop_assert!(!shown.contains(&name) && !shown.contains(&address) && !shown.contains(&number.to_string()));
        }
    }
}
