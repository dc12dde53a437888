//! Contacts, companies, consents and the catalogue from CSV files.

/// The key that a source file names.
pub const KEY: &str = "csv-crm";

/// The mapping.
pub const MAPPING: &str = include_str!("csv_crm.toml");

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::identity::PartyKind;
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
    fn master_data_is_taken() {
        let contact = read(
            "contacts",
            "customer_number,name,email,company_number,title,lifetime_value,currency,products_held,stage,updated_at\nK-1,Anna Schmidt,a@b.de,F-1,Head of IT,1234.50,EUR,p1|p2,USAGE,2026-01-02\n",
        );
        assert_eq!(
            (contact.profiles.len(), contact.profiles[1].key.as_str(), contact.profiles[1].kind),
            (2, "F-1", None)
        );
        let [relation, master] = contact.rows.as_slice() else { panic!("two rows") };
        assert_eq!((&relation.fields["to"], relation.profile.as_deref()), (&"F-1".into(), Some("K-1")));
        assert_eq!(
            (&master.fields["products_held"], &master.fields["lifetime_value"]),
            (&json!(["p1", "p2"]), &"1234.50".into())
        );
        let company = read("companies", "customer_number,name,employees\nF-1,Acme GmbH,120\n");
        assert_eq!(
            (company.profiles[0].kind, &company.rows[0].fields["employees"]),
            (Some(PartyKind::Company), &json!(120))
        );
        let consent =
            read("consents", "id,purpose,state,recorded_at,customer_number\n1,SURVEY,GRANTED,2026-01-02,K-1\n");
        assert_eq!((consent.rows[0].table, consent.rows[0].profile.as_deref()), ("consent", Some("K-1")));
        let relation = read("relations", "id,customer_number,kind,to,valid_from\n1,K-1,HOUSEHOLD,K-2,2026-01-02\n");
        assert_eq!((relation.profiles.len(), &relation.rows[0].fields["valid_from"]), (2, &"2026-01-02".into()));
        let touchpoint = read("touchpoints", "key,name,channel,stages\ninvoice,Invoice,EMAIL,USAGE|RENEWAL\n");
        assert_eq!(touchpoint.rows[0].fields["stages"], json!(["USAGE", "RENEWAL"]));
        assert_eq!(read("preferences", "id,key,value,email\n1,language,de,a@b.de\n").rows[0].fields["value"], "de");
    }
}
