//! Qualtrics: responses of its export, surveys, contacts and the history of its distributions.

/// The key that a source file names.
pub const KEY: &str = "qualtrics";

/// The mapping.
pub const MAPPING: &str = include_str!("qualtrics.toml");

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::ingest::preset::sample::{Product, known, row, rows};

    #[test]
    fn a_response_with_its_answers() {
        let product = Product::with(
            "qualtrics",
            "[constants]\nexternal_reference = \"CUSTOMER_NUMBER\"\n[lookup.question_kind]\nQID3 = \"CSAT\"\n[lookup.scale_max]\nQID3 = 5",
        );
        let responses = product.taken("responses");
        let response = &responses[0];
        assert_eq!(response.profiles[0].key, "reference:K-1001");
        assert_eq!(
            known(response, 0),
            [("EMAIL", "anna@example.org", "STRONG"), ("CUSTOMER_NUMBER", "K-1001", "STRONG")]
        );
        assert_eq!(
            row(response, "survey_response"),
            json!({
                "survey": {"stream": "surveys", "key": "SV_6mudEEycYo5zehT", "part": ""}, "channel": "EMAIL", "language": "de",
                "finished": true, "answered_at": "2026-11-10T10:05:30.000000Z", "kind": "NPS", "score": 9
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
                    answer.get("score"),
                )
            })
            .collect();
        assert_eq!(
            brief,
            [
                ("QID1", "NPS", "9", Some(&json!(9))),
                ("QID2_TEXT", "TEXT", "Quick help", None),
                ("QID3", "CSAT", "Satisfied", Some(&json!(2))),
                ("QID4", "CHOICE", "Phone, Mail", None)
            ]
        );
        assert!(responses[1].rows.is_empty() && responses[1].profiles.is_empty(), "a preview is no response");
    }

    #[test]
    fn contacts_invitations_and_who_unsubscribed() {
        let product = Product::with("qualtrics", "[constants]\nsurvey = \"SV_6mudEEycYo5zehT\"");
        let contacts = product.taken("directories_contacts");
        assert!(contacts[0].rows.is_empty());
        let consent = row(&contacts[1], "consent");
        assert_eq!((&consent["purpose"], &consent["state"]), (&json!("SURVEY"), &json!("WITHDRAWN")));
        let invitation = &product.taken("distribution_history")[0];
        assert_eq!(
            (invitation.key.as_deref(), invitation.profiles[0].key.as_str()),
            (Some("EMD_1:CID_1cHfnMaRZJ6i0lp"), "contact:CID_1cHfnMaRZJ6i0lp")
        );
        assert_eq!(
            row(invitation, "survey_invitation"),
            json!({
                "survey": {"stream": "surveys", "key": "SV_6mudEEycYo5zehT", "part": ""}, "sent_at": "2026-11-10T08:00:00.000000Z",
                "answered_at": "2026-11-10T10:05:30.000000Z", "state": "ANSWERED"
            })
        );
        assert_eq!(row(&product.taken("surveys")[0], "survey")["name"], "After a call");
    }

    #[test]
    fn a_link_leads_to_the_survey_of_the_response() {
        let record = r#"{"responseId":"R_1","survey_id":"SV_B","values":{"endDate":"2026-11-10T10:05:30Z","recordedDate":"2026-11-10T10:05:31Z","finished":1}}"#;
        for source in ["[constants]\nhost = \"acme.test\"", "[constants]\nhost = \"acme.test\"\nsurvey = \"SV_A\""] {
            let product = Product::with("qualtrics", source);
            let response = product.map("responses", record).unwrap();
            assert_eq!(row(&response, "survey_response")["source_url"], "https://acme.test/responses/#/surveys/SV_B");
        }
    }
}
