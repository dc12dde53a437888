//! Sales as records: what a mapping may fill, with the checks that reject what cannot be. One file for each table.

use crate::identity::place::RecordKind;

mod contract;
mod note;
mod opportunity;
mod purchase;

/// The tables of sales that a mapping may fill.
pub const RECORDS: &[RecordKind] = &[
    RecordKind::of::<note::ContactNoteRecord>("contact_note"),
    RecordKind::of::<opportunity::OpportunityRecord>("opportunity"),
    RecordKind::of::<purchase::PurchaseRecord>("purchase"),
    RecordKind::of::<contract::ContractRecord>("contract"),
];

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::*;
    use crate::error::Result;
    use crate::identity::place::{Found, Placed, testing};

    fn place(table: &str, fields: Value) -> Result<Placed> {
        testing::place(RECORDS, table, fields, &Found::default())
    }

    #[test]
    fn takes_what_can_be() {
        let whole = [
            (
                "contact_note",
                json!({"text": "Called.", "noted_at": "2026-11-20T10:00:00Z", "promise_text": "Call back"}),
            ),
            ("opportunity", json!({"name": "Renewal", "opened_at": "2026-11-20T10:00:00Z", "amount": "1200.50"})),
            ("purchase", json!({"ordered_at": "2026-11-20T10:00:00Z", "quantity": 2, "currency": "eur"})),
            ("contract", json!({"starts_on": "2026-01-01", "ends_on": "2026-12-31", "notice_by": "2026-09-30"})),
        ];
        for (table, fields) in whole {
            let placed = place(table, fields).unwrap();
            assert_eq!(placed.changed, [(table, Uuid::from_u128(1), Some(Uuid::from_u128(4)))]);
            assert_eq!(placed.contacts.len(), 1, "{table} stands on the timeline");
        }
    }

    #[test]
    fn rejects_what_cannot_be_without_quoting_it() {
        let noted = "2026-11-20T10:00:00Z";
        let wrong = [
            ("contact_note", json!({"text": "Called.", "noted_at": noted, "promise_due_at": noted})),
            ("contact_note", json!({"text": "Called.", "noted_at": noted, "currency": "Euros"})),
            ("opportunity", json!({"name": "Renewal", "opened_at": noted, "probability": 1.5})),
            ("opportunity", json!({"name": "Renewal", "opened_at": noted, "closed_at": "2026-11-19T10:00:00Z"})),
            ("opportunity", json!({"name": "Renewal", "opened_at": noted, "closed_at": "2026-11-21T10:00:00Z"})),
            ("purchase", json!({"ordered_at": noted, "delivered_at": "2026-11-19T10:00:00Z"})),
            ("purchase", json!({"ordered_at": noted, "quantity": -3.5})),
            ("contract", json!({"starts_on": "2026-13-01"})),
            ("contract", json!({"starts_on": "2026-01-02", "ends_on": "2026-01-01"})),
            ("contract", json!({"starts_on": "2026-01-02", "ends_on": "2026-02-01", "notice_by": "2026-02-02"})),
            ("purchase", json!({"ordered_at": noted, "colour": "scarlet"})),
        ];
        for (table, fields) in wrong {
            let Err(error) = place(table, fields) else { panic!("{table} was taken") };
            for value in ["Euros", "1.5", "3.5", "2026-", "scarlet"] {
                assert!(!error.message.contains(value), "{}", error.message);
            }
        }
    }
}
