//! Rows of which only some columns were read: their JSON has the values of those, and the others are taken for null.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::UnitDeserializer;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, Error as _, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

/// Which columns of a row were read: a bit for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Asked(pub u128);

impl Asked {
    /// Every column.
    pub const ALL: Self = Self(u128::MAX);

    /// Whether the column of this number was read.
    pub const fn has(self, column: usize) -> bool {
        self.0 >> column & 1 == 1
    }

    /// Reads a JSON list of rows.
    ///
    /// # Errors
    /// Text that is no such list.
    pub fn rows<R: DeserializeOwned>(self, text: &str) -> serde_json::Result<Vec<R>> {
        read(text, List(One(self, PhantomData)))
    }

    /// Reads a JSON list of pairs: what a row is sorted by, and the row.
    ///
    /// # Errors
    /// Text that is no such list.
    pub fn sorted_rows<R: DeserializeOwned>(self, text: &str) -> serde_json::Result<Vec<(String, R)>> {
        read(text, List(Pair(One(self, PhantomData))))
    }
}

fn read<'de, S: DeserializeSeed<'de>>(text: &'de str, seed: S) -> serde_json::Result<S::Value> {
    let mut from = serde_json::Deserializer::from_str(text);
    let value = seed.deserialize(&mut from)?;
    from.end()?;
    Ok(value)
}

/// Reads a list, each item by the same seed.
struct List<S>(S);

impl<'de, S: DeserializeSeed<'de> + Copy> DeserializeSeed<'de> for List<S> {
    type Value = Vec<S::Value>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de, S: DeserializeSeed<'de> + Copy> Visitor<'de> for List<S> {
    type Value = Vec<S::Value>;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("a list of rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut all = Vec::new();
        while let Some(item) = items.next_element_seed(self.0)? {
            all.push(item);
        }
        Ok(all)
    }
}

/// Reads a row.
struct One<R>(Asked, PhantomData<fn() -> R>);

impl<R> Clone for One<R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for One<R> {}

impl<'de, R: DeserializeOwned> DeserializeSeed<'de> for One<R> {
    type Value = R;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<R, D::Error> {
        R::deserialize(Sparse { from, asked: self.0 })
    }
}

/// Reads what a row is sorted by, and the row.
#[derive(Clone, Copy)]
struct Pair<S>(S);

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Pair<S> {
    type Value = (String, S::Value);

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_tuple(2, self)
    }
}

impl<'de, S: DeserializeSeed<'de>> Visitor<'de> for Pair<S> {
    type Value = (String, S::Value);

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("a value to sort by and a row")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Self::Value, A::Error> {
        let short = || A::Error::custom("a row without what it is sorted by");
        let sort = parts.next_element()?.ok_or_else(short)?;
        Ok((sort, parts.next_element_seed(self.0)?.ok_or_else(short)?))
    }
}

/// What a row is read from.
struct Sparse<D> {
    from: D,
    asked: Asked,
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Sparse<D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.from.deserialize_any(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.from.deserialize_seq(Columns { visitor, asked: self.asked })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

struct Columns<V> {
    visitor: V,
    asked: Asked,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Columns<V> {
    type Value = V::Value;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(to)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, values: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_seq(Spread { values, asked: self.asked, column: 0 })
    }
}

/// The values of a row, with null between them for what was not read.
struct Spread<A> {
    values: A,
    asked: Asked,
    column: usize,
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Spread<A> {
    type Error = A::Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, A::Error> {
        let column = self.column;
        self.column += 1;
        if self.asked.has(column) {
            self.values.next_element_seed(seed)
        } else {
            seed.deserialize(UnitDeserializer::new()).map(Some)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::database::or_default;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Row {
        id: i64,
        name: Option<String>,
        #[serde(deserialize_with = "or_default")]
        tags: Vec<String>,
        open: bool,
    }

    fn row(id: i64, name: Option<&str>, tags: &[&str]) -> Row {
        let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
        Row { id, name: name.map(str::to_owned), tags, open: true }
    }

    #[test]
    fn what_was_not_read_is_null() {
        let whole = r#"[[1,"Anna",["a"],true],[2,null,null,true]]"#;
        assert_eq!(Asked::ALL.rows::<Row>(whole).unwrap(), [row(1, Some("Anna"), &["a"]), row(2, None, &[])]);
        let some = Asked(0b1001).rows::<Row>("[[1,true],[2,true]]").unwrap();
        assert_eq!(some, [row(1, None, &[]), row(2, None, &[])]);
        let sorted = Asked(0b1011).sorted_rows::<Row>(r#"[["2026",[1,"Anna",true]]]"#).unwrap();
        assert_eq!(sorted, [("2026".to_owned(), row(1, Some("Anna"), &[]))]);
    }

    #[test]
    fn a_row_of_another_length_is_refused() {
        for text in ["[[1]]", "[[1,true,2]]", "[1]", "{}", "[[1,true]", "[] []"] {
            assert!(Asked(0b1001).rows::<Row>(text).is_err(), "{text}");
        }
    }
}
