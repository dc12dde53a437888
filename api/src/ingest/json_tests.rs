//! The reader against its rules, and against `serde_json` on arbitrary text.

use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn same(ours: &Json<'_>, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Json::Null, Value::Null) => true,
        (Json::Bool(a), Value::Bool(b)) => a == b,
        (Json::Number(a), Value::Number(b)) => a.parse::<f64>().ok() == b.as_f64(),
        (Json::Text(a), Value::String(b)) => a == b,
        (Json::List(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Json::Object(_), Value::Object(b)) => b.iter().all(|(key, b)| ours.get(key).is_some_and(|a| same(a, b))),
        _ => false,
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[^\u{0}]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map("[^\u{0}]{0,6}", inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn reads_what_serde_json_writes(value in any_json()) {
        let text = value.to_string();
        prop_assert!(same(&Json::parse(&text).unwrap(), &value));
    }

    #[test]
    fn agrees_with_serde_json_on_what_is_json(text in r#"[\[\]{}",:.0-9eE+\-truefalsn\\ u]{0,16}"#) {
        let theirs = serde_json::from_str::<Value>(&text);
        match (Json::parse(&text), theirs) {
            (Ok(ours), Ok(theirs)) => prop_assert!(same(&ours, &theirs)),
            // A number beyond f64 is no number to serde_json; a NUL no text to us.
            (Ok(_), Err(error)) => prop_assert!(error.to_string().contains("number out of range")),
            (Err(reject), Ok(_)) => prop_assert_eq!(reject.code, RejectCode::NulCharacter),
            (Err(_), Err(_)) => {}
        }
    }

    #[test]
    fn never_panics(text in any::<String>()) {
        let _ = Json::parse(&text);
    }

    #[test]
    fn a_number_stays_as_written(text in "-?(0|[1-9][0-9]{0,40})(\\.[0-9]{1,40})?([eE][+-]?[0-9]{1,3})?") {
        prop_assert_eq!(Json::parse(&text).unwrap(), Json::Number(&text));
    }
}

#[test]
fn refuses_what_cannot_be_kept() {
    let deep = "[".repeat(100) + &"]".repeat(100);
    assert_eq!(Json::parse(&deep).unwrap_err().code, RejectCode::TooDeep);
    let nested = "[".repeat(64) + &"]".repeat(64);
    assert!(Json::parse(&nested).is_ok());
    assert_eq!(Json::parse(r#"{"a":"x\u0000y"}"#).unwrap_err().code, RejectCode::NulCharacter);
    assert_eq!(Json::parse(r#""\ud800""#).unwrap_err().code, RejectCode::BrokenJson);
    assert_eq!(Json::parse(r#"{"a":NaN}"#).unwrap_err().code, RejectCode::BrokenJson);
    assert_eq!(Json::parse("").unwrap_err().code, RejectCode::BrokenJson);
}

#[test]
fn finds_by_pointer() {
    let json = Json::parse(r#"{"a":[{"b/c":1.50}],"a":[{"b/c":2.50}]}"#).unwrap();
    assert_eq!(json.at(&pointer("/a/0/b~1c").unwrap()), Some(&Json::Number("2.50")));
    assert_eq!(json.at(&pointer("/a/1").unwrap()), None);
    assert_eq!(json.at(&pointer("").unwrap()), Some(&json));
    assert_eq!(pointer("a"), None);
}

#[test]
fn joins_the_halves_of_a_character() {
    assert_eq!(Json::parse(r#""\ud83d\ude00 \u00fc\n""#).unwrap(), Json::Text("😀 ü\n".into()));
}
