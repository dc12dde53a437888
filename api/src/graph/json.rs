//! JSON text inside the answer. What is at hand is written as text at once and travels through the library's value tree
//! as [`Value::Binary`], which no scalar of the schema uses otherwise; [`write()`] puts it in place.

use std::borrow::Cow;

use async_graphql::Value;
use async_graphql::resolver_utils::EnumType;

use super::timestamp::Timestamp;

/// Text that is JSON already, as a value of the tree.
pub fn text(json: Vec<u8>) -> Value {
    Value::Binary(json.into())
}

/// Writes a value of the tree.
pub fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Binary(json) => out.extend_from_slice(json),
        Value::List(list) => {
            out.push(b'[');
            for (index, value) in list.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write(value, out);
            }
            out.push(b']');
        }
        Value::Object(fields) => {
            out.push(b'{');
            for (index, (key, value)) in fields.iter().enumerate() {
                write_key(index == 0, key, out);
                write(value, out);
            }
            out.push(b'}');
        }
        leaf => write_plain(leaf, out),
    }
}

/// Writes the key of an object's field. GraphQL names need no escaping.
pub fn write_key(first: bool, key: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(if first { b"\"" } else { b",\"" });
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(b"\":");
}

fn write_plain<T: serde::Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) {
    let start = out.len();
    if serde_json::to_writer(&mut *out, value).is_err() {
        // Writing into memory cannot fail; only a broken serializer of a scalar of ours could.
        out.truncate(start);
        out.extend_from_slice(b"null");
    }
}

/// A value without fields of its own, as it is written into the answer.
pub trait Leaf {
    /// Writes it.
    fn write(&self, out: &mut Vec<u8>);

    /// The same as a [`Writer`](super::at_hand::Writer) has it: true, since it is written.
    fn put(&self, out: &mut Vec<u8>) -> bool {
        self.write(out);
        true
    }
}

macro_rules! plain {
    ($($type:ty),+) => {
        $(impl Leaf for $type {
            fn write(&self, out: &mut Vec<u8>) {
                write_plain(self, out);
            }
        })+
    };
}
plain!(i64, f64, bool, Vec<String>);

impl Leaf for str {
    fn write(&self, out: &mut Vec<u8>) {
        // Few texts have anything to escape, and all letters of one are looked at together sooner than one by one.
        let escaped = self.bytes().map(|byte| u8::from(byte < b' ' || byte == b'"' || byte == b'\\'));
        if escaped.fold(0, |any, one| any | one) == 0 {
            out.reserve(self.len() + 2);
            out.push(b'"');
            out.extend_from_slice(self.as_bytes());
            out.push(b'"');
        } else {
            write_plain(self, out);
        }
    }
}

impl Leaf for String {
    fn write(&self, out: &mut Vec<u8>) {
        self.as_str().write(out);
    }
}

impl Leaf for Cow<'_, str> {
    fn write(&self, out: &mut Vec<u8>) {
        str::write(self, out);
    }
}

impl Leaf for Timestamp {
    fn write(&self, out: &mut Vec<u8>) {
        self.as_str().write(out);
    }
}

impl<T: Leaf + ?Sized> Leaf for &T {
    fn write(&self, out: &mut Vec<u8>) {
        T::write(self, out);
    }
}

impl<T: Leaf> Leaf for Option<T> {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Some(value) => value.write(out),
            None => out.extend_from_slice(b"null"),
        }
    }
}

/// A word of an enum, as it is written into the answer.
pub struct Word<T>(pub T);

impl<T: EnumType> Leaf for Word<T> {
    fn write(&self, out: &mut Vec<u8>) {
        match T::items().iter().find(|item| item.value == self.0) {
            Some(item) => item.name.write(out),
            None => out.extend_from_slice(b"null"),
        }
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::{Name, value};

    use super::*;

    #[test]
    fn text_is_put_in_place() {
        let mut value = value!({ "a": [1, null, "x\"y"], "b": { "c": true } });
        if let Value::Object(fields) = &mut value {
            fields.insert(Name::new("d"), text(br#"{"e":2}"#.to_vec()));
        }
        let mut out = Vec::new();
        write(&value, &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), r#"{"a":[1,null,"x\"y"],"b":{"c":true},"d":{"e":2}}"#);
    }

    #[test]
    fn texts_are_escaped_where_they_have_to_be() {
        for text in ["", "Müller", "a\"b", "a\\b", "a\nb", "\u{1f}", "\u{7f}", " \u{2028}"] {
            let mut out = Vec::new();
            text.write(&mut out);
            assert_eq!(String::from_utf8(out).unwrap(), serde_json::to_string(text).unwrap());
        }
    }

    #[test]
    fn numbers_that_json_has_not_are_null() {
        let mut out = Vec::new();
        f64::NAN.write(&mut out);
        assert_eq!(out, b"null");
    }
}
