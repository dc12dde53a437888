//! How a tap's lines are read.

use proptest::prelude::*;

use super::*;

fn read(text: &str) -> Vec<Result<Message, SingerError>> {
    Singer::new(text.as_bytes(), Origin::new("crm")).collect()
}

#[test]
fn keeps_order_key_and_decimals() {
    let messages = read(concat!(
        r#"{"type":"SCHEMA","stream":"a","schema":{},"key_properties":["id","at"]}"#,
        "\n",
        r#"{"type":"RECORD","stream":"a","record":{"id":1,"at":"x","v":1234.50}}"#,
        "\n",
        r#"{"type":"STATE","value":{"b": 1}}"#,
        "\n",
    ));
    let messages: Vec<_> = messages.into_iter().map(Result::unwrap).collect();
    assert!(matches!(&messages[0], Message::Schema { key_properties, .. } if key_properties.len() == 2));
    let Message::Record(envelope) = &messages[1] else { panic!("a record") };
    assert_eq!(&*envelope.payload, r#"{"id":1,"at":"x","v":1234.50}"#);
    assert_eq!(envelope.key.as_deref(), Some("1|x"));
    assert_eq!(envelope.sync, None);
    assert_eq!(messages[2], Message::State(r#"{"b": 1}"#.into()));
}

#[test]
fn a_version_of_a_table_comes_with_its_records() {
    let messages = read(concat!(
        r#"{"type":"SCHEMA","stream":"a","key_properties":["id"]}"#,
        "\n",
        r#"{"type":"ACTIVATE_VERSION","stream":"a","version":17}"#,
        "\n",
        r#"{"type":"RECORD","stream":"a","version":17,"record":{"id":1}}"#,
        "\n",
        r#"{"type":"ACTIVATE_VERSION","stream":"a"}"#,
        "\n",
    ));
    let stream = "a".to_owned();
    assert_eq!(messages[1].as_ref().unwrap(), &Message::ActivateVersion { line: 2, stream, version: 17 });
    assert!(matches!(&messages[2], Ok(Message::Record(envelope)) if envelope.sync == Some(17)));
    assert!(matches!(&messages[3], Ok(Message::Rejected(bad)) if bad.line == 4));
}

#[test]
fn a_name_that_cannot_be_kept_refuses_its_lines_only() {
    for name in ["a\\u0000b".to_owned(), "s".repeat(MAX_KEY + 1)] {
        let messages = read(&format!(
            "{{\"type\":\"SCHEMA\",\"stream\":\"{name}\"}}\n{{\"type\":\"RECORD\",\"stream\":\"{name}\",\"record\":{{}}}}\n\
             {{\"type\":\"STATE\",\"value\":{{}}}}\n"
        ));
        assert!(
            messages[..2]
                .iter()
                .all(|message| { matches!(message, Ok(Message::Rejected(bad)) if bad.envelope.stream.is_empty()) })
        );
        assert!(matches!(messages[2], Ok(Message::State(_))));
    }
}

#[test]
fn what_is_remembered_of_a_tap_is_bounded() {
    let schema = |stream: &str, keys: &[String]| {
        serde_json::json!({"type": "SCHEMA", "stream": stream, "key_properties": keys}).to_string() + "\n"
    };
    let many: String = (0..=MAX_STREAMS).map(|number| schema(&format!("s{number}"), &[])).collect();
    let messages = read(&many);
    assert_eq!(messages.len(), MAX_STREAMS + 1);
    assert!(matches!(messages[MAX_STREAMS], Err(SingerError::TooManyStreams { .. })));
    // One that comes again is none more.
    let again: String = (0..3 * MAX_STREAMS).map(|_| schema("s", &[])).collect();
    assert!(read(&again).iter().all(Result::is_ok));
    for keys in [vec!["k".to_owned(); MAX_KEY_PROPERTIES + 1], vec!["k".repeat(MAX_KEY + 1)]] {
        assert!(matches!(read(&schema("s", &keys))[..], [Err(SingerError::TooManyKeys { line: 1, .. })]));
    }
    let types = serde_json::json!({"properties": {"id": {"type": vec!["string"; 10_000]}}});
    assert_eq!(
        Shape::declared(&["id".to_owned()], Some(&types)),
        Shape::declared(&["id".to_owned()], Some(&serde_json::json!({"properties": {"id": {"type": "string"}}})))
    );
}

#[test]
fn a_record_before_its_schema_ends_it() {
    let messages = read("{\"type\":\"RECORD\",\"stream\":\"a\",\"record\":{}}\n{\"type\":\"STATE\",\"value\":{}}\n");
    assert_eq!(messages.len(), 1);
    assert!(matches!(messages[0], Err(SingerError::NoSchema { line: 1, .. })));
}

#[test]
fn a_broken_line_and_an_unknown_type_do_not_stop_it() {
    let messages =
        read("{oops\n{\"type\":\"NEWS\"}\n{\"type\":\"RECORD\",\"stream\":\"a\"}\n{\"type\":\"STATE\",\"value\":{}}\n");
    assert!(matches!(&messages[0], Ok(Message::Rejected(bad)) if bad.line == 1));
    assert!(matches!(&messages[1], Ok(Message::Notice(notice)) if notice.kind == "NEWS"));
    assert!(matches!(&messages[2], Ok(Message::Rejected(_))));
    assert!(matches!(&messages[3], Ok(Message::State(_))));
}

proptest! {
    #[test]
    fn never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for message in Singer::new(&bytes[..], Origin::new("s")) {
            let _ = message;
        }
    }
}
#[test]
fn a_schema_that_comes_again_changes_the_key_from_there_on() {
    let schema =
        |keys: &str| format!("{{\"type\":\"SCHEMA\",\"stream\":\"a\",\"schema\":{{}},\"key_properties\":{keys}}}\n");
    let record = "{\"type\":\"RECORD\",\"stream\":\"a\",\"record\":{\"id\":1,\"at\":2}}\n";
    let keys: Vec<_> =
        read(&[&schema("[\"id\"]"), record, &schema("[\"at\"]"), record, &schema("[]"), record].concat())
            .into_iter()
            .filter_map(|message| match message.unwrap() {
                Message::Record(envelope) => Some(envelope.key),
                _ => None,
            })
            .collect();
    assert_eq!(keys, [Some("1".to_owned()), Some("2".to_owned()), None]);
}

#[test]
fn a_batch_that_cannot_be_read_holds_every_state_back() {
    let schema = "{\"type\":\"SCHEMA\",\"stream\":\"a\",\"key_properties\":[\"id\"]}\n";
    let batch =
        "{\"type\":\"BATCH\",\"stream\":\"a\",\"encoding\":{\"format\":\"jsonl\"},\"manifest\":[\"file:///a\"]}\n";
    let messages = read(&format!("{schema}{batch}{{\"type\":\"STATE\",\"value\":{{}}}}\n"));
    assert_eq!(messages.len(), 2);
    assert!(matches!(&messages[1], Ok(Message::Failure(notice)) if notice.text.contains("intake.batch_folder")));
    assert!(matches!(read(batch)[0], Err(SingerError::NoSchema { kind: "BATCH", .. })));
}

#[test]
fn airbyte_speaks_here_too() {
    let state = r#"{"type":"STATE","state":{"type":"STREAM","stream":{"stream_state":{"n":1}}}}"#;
    let lines = [
        r#"{"type":"LOG","log":{"level":"INFO","message":"x"}}"#,
        r#"{"type":"TRACE","trace":{"type":"STREAM_STATUS","emitted_at":1.5}}"#,
        r#"{"type":"RECORD","record":{"stream":"users","data":{"id":7,"v":1234.50},"emitted_at":1795302738123}}"#,
        state,
        r#"{"type":"TRACE","trace":{"type":"ERROR","emitted_at":1.5,"error":{"message":"m"}}}"#,
    ];
    let catalogue = Catalogue::parse(r#"{"streams":[{"name":"users","primary_key":[["id"]]}]}"#).unwrap();
    let settings = TapSettings { catalogue, ..TapSettings::default() };
    let lines = lines.join("\n");
    let messages: Vec<_> = Singer::new(lines.as_bytes(), Origin::new("s")).with(settings).map(Result::unwrap).collect();
    let Message::Record(envelope) = &messages[0] else { panic!("a record") };
    assert_eq!((&*envelope.payload, envelope.key.as_deref()), (r#"{"id":7,"v":1234.50}"#, Some("7")));
    assert_eq!(envelope.occurred_at.unwrap().timestamp_millis(), 1_795_302_738_123);
    assert_eq!(messages[1], Message::State(state.into()));
    assert!(matches!(&messages[2], Message::Failure(notice) if notice.kind == "TRACE"));
    assert_eq!(messages.len(), 3);
}
