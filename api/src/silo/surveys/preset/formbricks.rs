//! Formbricks: people, surveys and responses, as its Singer tap sends them.

/// The key that a source file names.
pub const KEY: &str = "formbricks";

/// The mapping.
pub const MAPPING: &str = include_str!("formbricks.toml");

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::ingest::envelope::Mapped;
    use crate::ingest::lines::Origin;
    use crate::ingest::mapping::Mapping;
    use crate::ingest::preset::sample::{Product, known, row};
    use crate::ingest::singer::{Message, Singer};

    const STREAM: &str = include_str!("../../../../../tests/data/streams/singer-tap-formbricks-mock.jsonl");

    fn map(stream: &str, record: &str) -> Mapped {
        let mapping = Mapping::parse(super::MAPPING).unwrap();
        mapping.map(&Origin::new("surveys").envelope(stream, None, record)).unwrap()
    }

    #[test]
    fn the_captured_stream_is_taken_whole() {
        let mapping = Mapping::parse(super::MAPPING).unwrap();
        let messages: Vec<_> = Singer::new(STREAM.as_bytes(), Origin::new("surveys")).map(Result::unwrap).collect();
        assert_eq!(messages.iter().filter(|message| matches!(message, Message::Schema { .. })).count(), 5);
        assert_eq!(messages.iter().filter(|message| matches!(message, Message::State(_))).count(), 6);
        let records = messages.iter().filter_map(|message| match message {
            Message::Record(envelope) => Some(mapping.map(envelope).unwrap()),
            _ => None,
        });
        let records: Vec<_> = records.collect();
        assert_eq!(records.len(), 2);

        let person = &records[0].profiles[0];
        assert_eq!((person.key.as_str(), person.attributes["email"].as_str()), ("clp1", "anna@example.org"));
        let known: Vec<_> =
            person.identifiers.iter().map(|known| (known.kind.as_str(), known.value.as_str())).collect();
        assert_eq!(known, [("USER_ID", "C-1001"), ("EMAIL", "anna@example.org")]);
        assert_eq!(records[0].version.as_deref(), Some("2026-11-02T08:00:00.000000Z"));

        let response = &records[1];
        assert_eq!(response.key.as_deref(), Some("clr1"));
        assert!(response.profiles[0].kind.is_none() && response.profiles[0].key == "clp1");
        assert_eq!(
            serde_json::Value::from(response.rows[0].fields.clone()),
            json!({
                "survey": {"stream": "surveys", "key": "cls1", "part": ""}, "channel": "WEB", "language": "de",
                "finished": true, "answered_at": "2026-11-02T08:01:00.000000Z", "kind": "NPS", "score": 9,
                "comment": "Toller Support"
            })
        );
        assert_eq!((response.rows[1].part.as_str(), response.rows[2].part.as_str()), ("nps", "why"));
        assert_eq!(
            serde_json::Value::from(response.rows[1].fields.clone()),
            json!({
                "response": {"stream": "responses", "key": "clr1", "part": ""},
                "survey": {"stream": "surveys", "key": "cls1", "part": ""}, "question_key": "nps", "kind": "NPS",
                "raw_value": "9", "scale_min": 0, "scale_max": 10, "score": 9, "position": 0,
                "answered_at": "2026-11-02T08:01:00.000000Z"
            })
        );
        assert_eq!(response.rows[2].fields["kind"], "TEXT");
        assert_eq!(response.rows[2].fields["text"], "Toller Support");
    }

    #[test]
    fn an_unknown_person_and_other_values_are_taken() {
        let record = r#"{"id":"r2","createdAt":"2026-11-02T08:00:00Z","updatedAt":null,"surveyId":"s","finished":false,
            "data":{"pick":["a","b"],"matrix":{"x":"1"},"stars":4,"nothing":null},"language":"default"}"#;
        let mapped = map("responses", record);
        assert_eq!(mapped.profiles[0].key, "response:r2");
        let kinds: Vec<_> = mapped.rows[1..].iter().map(|row| row.fields["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["CHOICE", "CHOICE", "RATING", "TEXT"]);
        assert_eq!(mapped.rows[1].fields["raw_value"], "a, b");
        assert!(!mapped.rows[0].fields.contains_key("kind") && !mapped.rows[0].fields.contains_key("language"));
        assert_eq!(map("surveys", r#"{"id":"s","name":"Relation"}"#).rows[0].fields["name"], "Relation");
        assert!(map("action-classes", r#"{"id":"a"}"#).rows.is_empty());
    }
    #[test]
    fn a_webhook_brings_the_person_along() {
        let product = Product::with("formbricks", "[constants]\nhost = \"forms.acme.test\"\nenvironment = \"env1\"");
        let response = &product.taken("responses")[0];
        assert_eq!(
            (response.profiles[0].key.as_str(), known(response, 0)),
            ("clp1", vec![("USER_ID", "U-1001", "STRONG"), ("EMAIL", "anna@example.org", "STRONG")])
        );
        let odd = r#"{"id":"r3","createdAt":"2026-11-11T08:00:00.000Z","surveyId":"s","finished":true,"data":{"hidden":49.9,"serial":5000000000}}"#;
        let odd = product.map("responses", odd).unwrap();
        assert!(
            odd.rows[1..].iter().all(|row| !row.fields.contains_key("score"))
                && odd.rows[1].fields["raw_value"] == "49.9"
        );
        let fields = row(response, "survey_response");
        assert_eq!((&fields["score"], &fields["comment"]), (&json!(8), &json!("Freundlich")));
        assert_eq!(fields["source_url"], "https://forms.acme.test/environments/env1/surveys/cls1/responses");
    }
}
