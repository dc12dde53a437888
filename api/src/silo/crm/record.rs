//! crm as records: what a mapping may fill, with the checks that reject what cannot be.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use serde::Deserialize;

use super::types::ConsentState;
use crate::access::SiloKey;
use crate::catalogue::record::word;
use crate::catalogue::types::Channel;
use crate::error::{Error, Result};
use crate::identity::place::{Happening, Needs, Placed, Placement, Record, RecordKind, money};

/// The tables of crm that a mapping may fill.
pub const RECORDS: &[RecordKind] = &[
    RecordKind::of::<CrmProfileRecord>("crm_profile"),
    RecordKind::of::<ConsentRecord>("consent"),
    RecordKind::of::<PreferenceRecord>("preference"),
];

/// Master data as a source says it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CrmProfileRecord {
    segment: Option<String>,
    #[serde(default, with = "money")]
    revenue: Option<i64>,
    #[serde(default, with = "money")]
    contribution_margin: Option<i64>,
    #[serde(default, with = "money")]
    lifetime_value: Option<i64>,
    currency: Option<String>,
    loyalty_tier: Option<String>,
    loyalty_since: Option<String>,
    products_held: Option<Vec<String>>,
    employees: Option<u32>,
    industry: Option<String>,
    observed_at: Option<DateTime<Utc>>,
    source_url: Option<String>,
}

impl Record for CrmProfileRecord {
    fn needs(&self, _: &mut Needs) {}

    fn place(self: Box<Self>, at: &Placement<'_>, placed: &mut Placed) -> Result<()> {
        let holder = at.holder()?;
        let currency = self.currency.as_deref().map(currency).transpose()?;
        if let Some(since) = &self.loyalty_since {
            check_date(since)?;
        }
        placed.row(
            at.id,
            Some(holder.customer_id),
            &entity::crm_profile::Model {
                id: at.id,
                record_id: at.record_id,
                source: at.source.to_owned(),
                source_profile_id: holder.profile_id,
                customer_id: holder.customer_id,
                source_url: self.source_url,
                segment: self.segment,
                revenue: self.revenue,
                contribution_margin: self.contribution_margin,
                lifetime_value: self.lifetime_value,
                currency,
                loyalty_tier: self.loyalty_tier,
                loyalty_since: self.loyalty_since,
                products_held: self.products_held.map(|keys| serde_json::json!(keys)),
                employees: self.employees.map(i64::from),
                industry: self.industry,
                observed_at: self.observed_at.unwrap_or(at.received_at),
            },
        )
    }
}

/// A consent, a denial or a withdrawal as a source says it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConsentRecord {
    purpose: String,
    channel: Option<Channel>,
    state: ConsentState,
    evidence: Option<String>,
    recorded_at: DateTime<Utc>,
}

impl Record for ConsentRecord {
    fn needs(&self, _: &mut Needs) {}

    fn place(self: Box<Self>, at: &Placement<'_>, placed: &mut Placed) -> Result<()> {
        let holder = at.holder()?;
        check_purpose(&self.purpose)?;
        let channel = word(self.channel)?;
        placed.happened(
            at,
            holder,
            &Happening {
                silo: SiloKey::Crm,
                kind: "CONSENT",
                channel: channel.as_deref(),
                touchpoint: None,
                internal: false,
                occurred_at: self.recorded_at,
            },
        )?;
        placed.row(
            at.id,
            Some(holder.customer_id),
            &entity::consent::Model {
                id: at.id,
                record_id: at.record_id,
                source: at.source.to_owned(),
                source_profile_id: holder.profile_id,
                customer_id: holder.customer_id,
                source_url: None,
                purpose: self.purpose,
                channel,
                state: word(Some(self.state))?.unwrap_or_default(),
                evidence: self.evidence,
                recorded_at: self.recorded_at,
            },
        )
    }
}

/// A preference as a source says it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PreferenceRecord {
    key: String,
    value: String,
    recorded_at: Option<DateTime<Utc>>,
}

impl Record for PreferenceRecord {
    fn needs(&self, _: &mut Needs) {}

    fn place(self: Box<Self>, at: &Placement<'_>, placed: &mut Placed) -> Result<()> {
        let holder = at.holder()?;
        if self.key.trim().is_empty() || self.value.trim().is_empty() {
            return Err(Error::bad_input(
                "The preference does not say what it is about or what is preferred. Let the mapping give `key` and `value`.",
            ));
        }
        placed.row(
            at.id,
            Some(holder.customer_id),
            &entity::preference::Model {
                id: at.id,
                record_id: at.record_id,
                source: at.source.to_owned(),
                source_profile_id: holder.profile_id,
                customer_id: holder.customer_id,
                source_url: None,
                key: self.key,
                value: self.value,
                recorded_at: self.recorded_at.unwrap_or(at.received_at),
            },
        )
    }
}

/// A currency as ISO 4217 writes it.
fn currency(text: &str) -> Result<String> {
    let text = text.trim();
    if text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return Ok(text.to_ascii_uppercase());
    }
    Err(Error::bad_input(
        "The currency is no code of three letters. Let the mapping give the code of ISO 4217, such as EUR.",
    ))
}

fn check_date(text: &str) -> Result<()> {
    // The date is written again, because the parser is lenient about spaces and leading zeros.
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    if date.is_some_and(|date| (1900..=2199).contains(&date.year()) && date.to_string() == text) {
        return Ok(());
    }
    Err(Error::bad_input(
        "The date is not one of the calendar between 1900 and 2199. Let the mapping give `loyalty_since` as YYYY-MM-DD.",
    ))
}

fn check_purpose(purpose: &str) -> Result<()> {
    let word = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    if purpose.len() <= 64 && purpose.starts_with(|first: char| first.is_ascii_uppercase()) && purpose.bytes().all(word)
    {
        return Ok(());
    }
    Err(Error::bad_input(
        "The purpose of a consent is one word in capitals, such as MARKETING or PRODUCT_NEWS. Translate it in the mapping with a lookup table.",
    ))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::identity::place::{Found, Holder};

    fn place(table: &str, fields: serde_json::Value, found: &Found) -> Result<Placed> {
        let kind = RECORDS.iter().find(|kind| kind.table == table).unwrap();
        let serde_json::Value::Object(fields) = fields else { panic!("fields are an object") };
        let at = Placement {
            id: Uuid::from_u128(1),
            record_id: Uuid::from_u128(2),
            source: "source",
            received_at: DateTime::from_timestamp_millis(9).unwrap(),
            holder: Some(Holder { profile_id: Uuid::from_u128(3), customer_id: Uuid::from_u128(4) }),
            found,
        };
        let mut placed = Placed::default();
        (kind.read)(fields)?.place(&at, &mut placed)?;
        Ok(placed)
    }

    #[test]
    fn records_become_rows_and_a_consent_stands_on_the_timeline() {
        let found = Found::default();
        for (table, fields, rows, contacts) in [
            ("crm_profile", json!({"revenue": "1234.50", "currency": "eur", "products_held": ["a"]}), 1, 0),
            (
                "consent",
                json!({"purpose": "MARKETING", "state": "GRANTED", "recorded_at": "2026-01-02T03:04:05Z"}),
                2,
                1,
            ),
            ("preference", json!({"key": "preferred_channel", "value": "PHONE"}), 1, 0),
        ] {
            let placed = place(table, fields, &found).unwrap();
            assert_eq!((placed.batch.len(), placed.contacts.len()), (rows, contacts), "{table}");
        }
        assert!(place("preference", json!({"key": " ", "value": "PHONE"}), &found).is_err());
        assert!(place("crm_profile", json!({"revenue": "1,5"}), &found).is_err());
    }

    #[test]
    fn currencies_are_codes() {
        assert_eq!(currency(" eur ").unwrap(), "EUR");
        for text in ["", "€", "EURO", "E1R", "äö"] {
            assert!(currency(text).is_err());
        }
    }

    #[test]
    fn dates_are_days_of_the_calendar() {
        assert!(check_date("2024-02-29").is_ok());
        for text in [
            "2023-02-29",
            "2024-2-29",
            "0024-02-29",
            "2200-01-01",
            "2024-02-29T00:00:00Z",
            "+024-02-29",
            "\u{2003}\u{2003}2024",
        ] {
            assert!(check_date(text).is_err());
        }
    }

    #[test]
    fn purposes_are_words_in_capitals() {
        assert!(check_purpose("PRODUCT_NEWS").is_ok());
        for text in ["", "marketing", "_X", "PRODUCT NEWS", "WERBUNG!"] {
            assert!(check_purpose(text).is_err());
        }
    }

    proptest! {
        #[test]
        fn no_text_brings_the_checks_down_or_is_repeated(text in "\\PC{8,40}") {
            for error in [currency(&text).err(), check_date(&text).err(), check_purpose(&text).err()] {
                prop_assert!(error.is_none_or(|error| !error.message.contains(&text)));
            }
        }
    }
}
