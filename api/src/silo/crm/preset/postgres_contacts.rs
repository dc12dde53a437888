//! Contacts and notes of a `PostgreSQL` database, as its Singer tap sends them.

/// The key that a source file names.
pub const KEY: &str = "postgres-contacts";

/// The mapping.
pub const MAPPING: &str = include_str!("postgres_contacts.toml");

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::ingest::envelope::{Mapped, Reject, RejectCode};
    use crate::ingest::lines::Origin;
    use crate::ingest::mapping::Mapping;
    use crate::ingest::singer::{Message, Singer};

    const FULL: &str = include_str!("../../../../../tests/data/streams/singer-tap-postgres-full-incremental.jsonl");
    const LOG: &str = include_str!("../../../../../tests/data/streams/singer-tap-postgres-logbased.jsonl");
    const DELETES: &str = include_str!("../../../../../tests/data/streams/singer-tap-postgres-logbased-deletes.jsonl");
    const ACTIVATE: &str = include_str!("../../../../../tests/data/streams/singer-tap-postgres-activate-version.jsonl");
    const BATCH: &str = include_str!("../../../../../tests/data/streams/singer-tap-jsonl-batch.jsonl");

    fn read(stream: &str) -> (Vec<Result<Mapped, Reject>>, Vec<String>, usize) {
        let mapping = Mapping::parse(super::MAPPING).unwrap();
        let (mut records, mut notices, mut states) = (Vec::new(), Vec::new(), 0);
        for message in Singer::new(stream.as_bytes(), Origin::new("crm")) {
            match message.unwrap() {
                Message::Record(envelope) => records.push(mapping.map(&envelope)),
                Message::Notice(notice) => notices.push(notice.kind),
                Message::State(_) => states += 1,
                Message::ActivateVersion { .. } => notices.push("ACTIVATE_VERSION".to_owned()),
                Message::Schema { .. } => {}
                Message::Rejected(bad) => panic!("{}", bad.reject),
            }
        }
        (records, notices, states)
    }

    #[test]
    fn contacts_and_notes_come_in_with_exact_amounts() {
        let (records, notices, states) = read(FULL);
        let records: Vec<_> = records.into_iter().map(Result::unwrap).collect();
        assert_eq!((records.len(), notices.len(), states), (4, 0, 2));
        let anna = &records[0];
        assert_eq!((anna.key.as_deref(), anna.profiles[0].attributes["owner"].as_str()), (Some("1"), "kim"));
        assert_eq!(anna.version.as_deref(), Some("2026-11-21T22:46:41.358907Z|"));
        assert_eq!(
            Value::from(anna.rows[0].fields.clone()),
            json!({"lifetime_value": "1234.50", "currency": "EUR", "observed_at": "2026-11-21T22:46:41.358907Z"})
        );
        assert!(!records[1].rows[0].fields.contains_key("currency"));
        let note = &records[2].rows[0];
        assert_eq!((note.table, note.profile.as_deref()), ("contact_note", Some("1")));
        assert_eq!(
            Value::from(note.fields.clone()),
            json!({"text": "Möchte Angebot bis Freitag.", "author": "kim", "staff": "kim", "noted_at": "2026-11-21T22:46:41.359894Z"})
        );
    }

    #[test]
    fn the_log_spells_otherwise_and_orders_after_the_full_table() {
        let (full, ..) = read(FULL);
        let (log, _, states) = read(LOG);
        let (full, log) = (full[0].as_ref().unwrap(), log[0].as_ref().unwrap());
        assert_eq!(states, 1);
        assert_eq!(log.version.as_deref(), Some("2026-11-21T22:46:41.358907Z|00000000000026414016"));
        assert!(log.version > full.version);
        assert_eq!((&log.key, log.occurred_at), (&full.key, full.occurred_at));
        assert_eq!(log.rows[0].fields["lifetime_value"], "99.0");
    }

    #[test]
    fn deletes_are_kept_as_not_supported_yet() {
        let (records, ..) = read(DELETES);
        let codes: Vec<_> = records.iter().map(|record| record.as_ref().err().map(|reject| reject.code)).collect();
        let delete = Some(RejectCode::NotSupportedYet);
        assert_eq!(codes, [delete, None, None, delete]);
    }

    #[test]
    fn versions_and_batches_are_noticed() {
        let (records, notices, states) = read(ACTIVATE);
        assert!(records.iter().all(Result::is_ok));
        assert_eq!((records.len(), notices, states), (4, vec!["ACTIVATE_VERSION".to_owned()], 2));
        let (records, notices, states) = read(BATCH);
        assert_eq!((records.len(), notices, states), (0, vec!["BATCH".to_owned()], 0));
    }
}
