//! `LimeSurvey`: responses, participants and surveys, as its `RemoteControl` gives them.

/// The key that a source file names.
pub const KEY: &str = "limesurvey";

/// The mapping.
pub const MAPPING: &str = include_str!("limesurvey.toml");

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::ingest::preset::sample::{Product, known, row, rows};

    const SOURCE: &str = "time_zone = \"Europe/Berlin\"\n[constants]\nsurvey = \"552489\"\n[lookup.question_kind]\ndelivery = \"CSAT\"\n[lookup.scale_max]\ndelivery = 5";

    #[test]
    fn every_column_of_its_own_is_an_answer() {
        let response = &Product::with("limesurvey", SOURCE).taken("responses")[0];
        assert_eq!(
            (response.key.as_deref(), response.profiles[0].key.as_str()),
            (Some("552489:1"), "token:552489:Rv8SkBu6Ee0vS3P")
        );
        assert_eq!(
            row(response, "survey_response"),
            json!({
                "survey": {"stream": "surveys", "key": "552489", "part": ""},
                "invitation": {"stream": "participants", "key": "552489:Rv8SkBu6Ee0vS3P", "part": ""}, "channel": "WEB", "language": "de",
                "finished": true, "answered_at": "2026-07-01T08:30:00.000000Z", "kind": "NPS", "score": 9, "comment": "Gute Beratung"
            })
        );
        let answers = rows(response, "survey_answer");
        let brief: Vec<_> = answers
            .iter()
            .map(|answer| {
                (answer["question_key"].as_str().unwrap(), answer["kind"].as_str().unwrap(), answer.get("score"))
            })
            .collect();
        assert_eq!(
            brief,
            [
                ("nps", "NPS", Some(&json!(9))),
                ("why", "TEXT", None),
                ("brands[SQ001]", "TEXT", None),
                ("delivery", "CSAT", Some(&json!(4)))
            ]
        );
    }

    #[test]
    fn who_broke_off_is_unfinished_and_unknown() {
        let response = &Product::with("limesurvey", SOURCE).taken("responses")[1];
        assert_eq!(response.profiles[0].key, "response:552489:2");
        let fields = row(response, "survey_response");
        assert_eq!(
            (&fields["finished"], &fields["answered_at"]),
            (&json!(false), &json!("2026-07-02T07:02:00.000000Z"))
        );
        assert!(fields.get("invitation").is_none() && rows(response, "survey_answer").is_empty());
    }

    #[test]
    fn participants_are_invitations() {
        let participants = Product::with("limesurvey", SOURCE).taken("participants");
        assert_eq!(known(&participants[0], 0), [("EMAIL", "anna@example.org", "STRONG")]);
        assert_eq!(
            row(&participants[0], "survey_invitation"),
            json!({
                "survey": {"stream": "surveys", "key": "552489", "part": ""}, "channel": "EMAIL", "sent_at": "2026-06-30T06:00:00.000000Z",
                "answered_at": "2026-07-01T08:30:00.000000Z", "state": "ANSWERED"
            })
        );
        assert!(participants[1].rows.is_empty(), "not yet invited");
    }

    #[test]
    fn only_times_of_questions_are_no_answers() {
        let record = r#"{"id":"9","submitdate":"2026-07-01 10:30:00","deliveryTime":"3 days","nps":"9","npsTime":"4.2","groupTime12":"60.5"}"#;
        let response = Product::with("limesurvey", SOURCE).map("responses", record).unwrap();
        let answers = rows(&response, "survey_answer");
        let keys: Vec<_> = answers.iter().map(|answer| answer["question_key"].as_str().unwrap()).collect();
        assert_eq!(keys, ["deliveryTime", "nps"]);
    }
}
