//! Notes, opportunities, purchases and contracts from CSV files.

/// The key that a source file names.
pub const KEY: &str = "csv-sales";

/// The mapping.
pub const MAPPING: &str = include_str!("csv_sales.toml");

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
        let note =
            read("notes", "id,text,noted_at,staff,customer_number\nn1,<p>Call back</p>,2026-01-02T08:00:00Z,kim,K-1\n");
        assert_eq!(
            (&note.rows[0].fields["text"], &note.rows[0].fields["department"]),
            (&"Call back".into(), &"SALES".into())
        );
        let deal = read(
            "opportunities",
            "id,name,opened_at,amount,currency,probability,email\no1,Renewal,2026-01-02,1234.50,EUR,0.4,a@b.de\n",
        );
        assert_eq!(
            (&deal.rows[0].fields["amount"], &deal.rows[0].fields["probability"]),
            (&"1234.50".into(), &Value::from(0.4))
        );
        let purchase = read(
            "purchases",
            "id,number,state,ordered_at,quantity,phone,country\np1,A-1,ORDERED,2026-01-02,2,030 123,de\n",
        );
        assert_eq!(
            (purchase.profiles[0].country.as_deref(), &purchase.rows[0].fields["quantity"]),
            (Some("DE"), &Value::from(2))
        );
        let contract = read("contracts", "id,starts_on,ends_on,customer_number\nc1,2026-01-01,2026-12-31,K-1\n");
        assert_eq!(contract.rows[0].fields["ends_on"], "2026-12-31");
        assert_eq!(read("staff", "key,name,email\nkim,Kim Lee,kim@acme.test\n").profiles.len(), 0);
        assert_eq!(read("products", "key,name\np,Pump\n").rows[0].table, "product");
    }
}
