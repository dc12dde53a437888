//! Questionnaires, invitations, responses and answers from CSV files.

/// The key that a source file names.
pub const KEY: &str = "csv-surveys";

/// The mapping.
pub const MAPPING: &str = include_str!("csv_surveys.toml");

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use crate::ingest::csv::CsvRows;
    use crate::ingest::envelope::Mapped;
    use crate::ingest::lines::Origin;
    use crate::ingest::mapping::Mapping;

    fn read(stream: &str, file: &str) -> Mapped {
        let mapping = Mapping::parse(super::MAPPING).unwrap();
        let mut rows = CsvRows::new(file.as_bytes(), Origin::new("csv"), stream).unwrap();
        mapping.map(&rows.next().unwrap().unwrap().unwrap()).unwrap()
    }

    #[test]
    fn a_file_per_table_is_taken() {
        let survey = read("surveys", "id,name,kind\ns1,Relation 2026,RELATIONSHIP\n");
        assert_eq!((survey.rows[0].table, survey.profiles.len()), ("survey", 0));
        let invitation =
            read("invitations", "id,survey,sent_at,channel,email\ni1,s1,2026-01-02,EMAIL,Anna@Example.org\n");
        assert_eq!(invitation.rows[0].profile.as_deref(), Some("anna@example.org"));
        let response = read(
            "responses",
            "id;survey;invitation;answered_at;finished;kind;score;customer_number\nr1;s1;i1;2026-01-03T10:00:00+01:00;yes;NPS;9;K-1\n",
        );
        let fields = &response.rows[0].fields;
        assert_eq!((&fields["score"], &fields["finished"]), (&Value::from(9), &Value::from(true)));
        assert_eq!(
            (&fields["answered_at"], &fields["invitation"]["key"]),
            (&"2026-01-03T09:00:00.000000Z".into(), &"i1".into())
        );
        let answer = read("answers", "id,response,question_key,kind,score,answered_at\na1,r1,nps,NPS,9,2026-01-03\n");
        assert_eq!(answer.rows[0].profile, None);
        assert_eq!(answer.rows[0].fields["response"]["stream"], "responses");
    }
}
