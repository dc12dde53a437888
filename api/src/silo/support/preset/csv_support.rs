//! Tickets and their messages from CSV files.

/// The key that a source file names.
pub const KEY: &str = "csv-support";

/// The mapping.
pub const MAPPING: &str = include_str!("csv_support.toml");

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
    fn tickets_and_messages_are_taken() {
        let ticket = read(
            "tickets",
            "id,number,status,subject,opened_at,updated_at,email,reopened_count\n7,T-7,OPEN,Invoice,2026-01-02T08:00:00Z,2026-01-03,a@b.de,1\n",
        );
        assert_eq!(ticket.version.as_deref(), Some("2026-01-03T00:00:00.000000Z"));
        assert_eq!(
            (ticket.rows[0].profile.as_deref(), &ticket.rows[0].fields["reopened_count"]),
            (Some("a@b.de"), &Value::from(1))
        );
        let message =
            read("messages", "id,ticket,text,sent_at,internal,author_kind\n1,7,Hello,2026-01-02T08:00:00Z,no,AGENT\n");
        assert_eq!(
            (&message.rows[0].fields["ticket"]["key"], &message.rows[0].fields["internal"]),
            (&"7".into(), &false.into())
        );
        assert_eq!(read("staff", "key,name\nkim,Kim\n").rows[0].table, "staff");
    }
}
