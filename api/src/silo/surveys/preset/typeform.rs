//! Typeform: responses of its webhooks and its API, and the streams of its tap.

/// The key that a source file names.
pub const KEY: &str = "typeform";

/// The mapping.
pub const MAPPING: &str = include_str!("typeform.toml");

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::ingest::preset::sample::{Product, known, row, rows};

    #[test]
    fn a_response_with_its_answers() {
        let source = "[lookup.other_person]\nfriend = \"yes\"\n[lookup.scale_max]\ndelivery = 5\n[lookup.aspect]\ndelivery = \"DELIVERY\"\n[lookup.touchpoint]\nlT4Z3j = \"delivery\"";
        let responses = Product::with("typeform", source).taken("responses");
        let response = &responses[0];
        assert_eq!(response.profiles[0].key, "user:U-1001");
        assert_eq!(known(response, 0), [("USER_ID", "U-1001", "STRONG"), ("EMAIL", "anna@example.org", "STRONG")]);
        assert_eq!(
            row(response, "survey_response"),
            json!({
                "survey": {"stream": "forms", "key": "lT4Z3j", "part": ""}, "touchpoint": "delivery", "channel": "WEB",
                "finished": true, "answered_at": "2026-11-07T18:17:02.000000Z", "kind": "NPS", "score": 9, "comment": "It was fast"
            })
        );
        let answers = rows(response, "survey_answer");
        let brief: Vec<_> = answers
            .iter()
            .map(|answer| {
                (
                    answer["question_key"].as_str().unwrap(),
                    answer["kind"].as_str().unwrap(),
                    answer["raw_value"].as_str().unwrap(),
                )
            })
            .collect();
        assert_eq!(
            brief,
            [
                ("why", "TEXT", "It was fast"),
                ("nps", "NPS", "9"),
                ("delivery", "RATING", "4"),
                ("channel", "CHOICE", "Web shop"),
                ("pumps", "CHOICE", "P1, P2"),
                ("since", "TEXT", "2012-03-20"),
                ("may_call", "CHOICE", "true")
            ]
        );
        assert_eq!(
            answers[2],
            json!({
                "response": {"stream": "responses", "key": "a3a12ec67a1365927098a606107fac15", "part": ""},
                "survey": {"stream": "forms", "key": "lT4Z3j", "part": ""}, "question_key": "delivery",
                "question": "How would you rate the delivery?", "kind": "RATING", "aspect": "DELIVERY", "raw_value": "4", "scale_max": 5,
                "score": 4, "position": 3, "answered_at": "2026-11-07T18:17:02.000000Z"
            })
        );
    }

    #[test]
    fn a_partial_response_is_unfinished() {
        let response = &Product::new("typeform").taken("responses")[1];
        assert_eq!(response.profiles[0].key, "response:21085286190ffad1248d17c4135ee56f");
        let fields = row(response, "survey_response");
        assert_eq!(
            (&fields["finished"], &fields["answered_at"]),
            (&json!(false), &json!("2026-11-08T10:00:00.000000Z"))
        );
    }

    #[test]
    fn the_tap_takes_a_response_apart() {
        let product = Product::new("typeform");
        let landing = &product.taken("submitted_landings")[0];
        assert_eq!(row(landing, "survey_response")["survey"]["key"], "lT4Z3j");
        let answers = product.taken("answers");
        assert_eq!(answers[0].profiles[0].key, landing.profiles[0].key);
        assert_eq!((known(&answers[0], 0), answers[0].rows.len()), (vec![("EMAIL", "anna@example.org", "STRONG")], 0));
        let nps = row(&answers[1], "survey_answer");
        assert_eq!((&nps["kind"], &nps["score"]), (&json!("NPS"), &json!(10)));
        assert_eq!(nps["response"]["stream"], "submitted_landings");
        assert_eq!(
            row(&product.taken("forms")[0], "survey")["source_url"],
            "https://admin.typeform.com/form/lT4Z3j/results"
        );
    }

    #[test]
    fn the_complete_response_counts_whichever_comes_first() {
        let product = Product::new("typeform");
        let map = |more: &str| {
            let text = format!(
                r#"{{"form_id":"f","token":"t","landed_at":"2026-11-07T18:10:00Z",{more},"answers":[{{"type":"number","number":491701234567,"field":{{"id":"1","type":"number","ref":"phone"}}}}]}}"#
            );
            product.map("responses", &text).unwrap()
        };
        let complete = map(r#""submitted_at":"2026-11-07T18:17:02Z""#);
        let partial = map(r#""submitted_at":"0001-01-01T00:00:00Z","response_type":"partial""#);
        assert!(partial.version < complete.version);
        // A number that was asked for is what was said, and no rating.
        let answer = &rows(&complete, "survey_answer")[0];
        assert_eq!(
            (&answer["kind"], &answer["raw_value"], answer.get("score")),
            (&json!("TEXT"), &json!("491701234567"), None)
        );
        let silent = r#"{"form_id":"f","token":"u","submitted_at":"2026-11-07T18:17:02Z","answers":""}"#;
        assert!(rows(&product.map("responses", silent).unwrap(), "survey_answer").is_empty(), "an empty list is none");
    }
}
