//! Reviews from CSV files.

/// The key that a source file names.
pub const KEY: &str = "csv-reviews";

/// The mapping.
pub const MAPPING: &str = include_str!("csv_reviews.toml");

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
    fn a_review_hangs_on_its_handle_if_nothing_better_is_known() {
        let file = "id,origin,kind,rating,scale_max,recommends,text,reviewed_at,handle\n1,shop,REVIEW,4.5,5,ja,Gut,2026-01-02,anna80\n";
        let review = read("reviews", file);
        assert_eq!(
            (review.profiles[0].key.as_str(), review.profiles[0].attributes["name"].as_str()),
            ("shop:anna80", "anna80")
        );
        assert_eq!(
            (&review.rows[0].fields["rating"], &review.rows[0].fields["recommends"]),
            (&Value::from(4.5), &true.into())
        );
    }
}
