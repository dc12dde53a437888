//! Sessions and events from CSV files.

/// The key that a source file names.
pub const KEY: &str = "csv-analytics";

/// The mapping.
pub const MAPPING: &str = include_str!("csv_analytics.toml");

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
    fn a_visitor_is_anonymous_until_known() {
        let session =
            read("sessions", "id,started_at,pages,bounced,country,visitor\ns1,2026-01-02T08:00:00Z,1,true,DE,c-1\n");
        assert_eq!((session.profiles[0].key.as_str(), &session.rows[0].fields["pages"]), ("c-1", &Value::from(1)));
        let event = read(
            "events",
            "id,session,name,kind,occurred_at,visitor,user_id\ne1,s1,Pricing,PAGE,2026-01-02T08:00:00Z,c-1,u-1\n",
        );
        assert_eq!((event.profiles[0].key.as_str(), event.profiles[0].identifiers.len()), ("u-1", 2));
        assert_eq!(event.rows[0].fields["session"]["key"], "s1");
    }
}
