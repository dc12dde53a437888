//! crm as records: what a mapping may fill, with the checks that reject what cannot be.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::types::ConsentState;
use crate::access::SiloKey;
use crate::catalogue::check;
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
        let currency = check::currency(self.currency)?;
        let loyalty_since = check::day_text("loyalty_since", self.loyalty_since.as_ref())?;
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
                loyalty_since,
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
    source_url: Option<String>,
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
                source_url: self.source_url,
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
    source_url: Option<String>,
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
                source_url: self.source_url,
                key: self.key,
                value: self.value,
                recorded_at: self.recorded_at.unwrap_or(at.received_at),
            },
        )
    }
}

/// Whether it may be the purpose of a consent: one word in capitals.
pub fn is_purpose(purpose: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    purpose.len() <= 64 && purpose.starts_with(|first: char| first.is_ascii_uppercase()) && purpose.bytes().all(word)
}

fn check_purpose(purpose: &str) -> Result<()> {
    if is_purpose(purpose) {
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

    use super::*;
    use crate::identity::place::{Found, testing};

    fn place(table: &str, fields: serde_json::Value, found: &Found) -> Result<Placed> {
        testing::place(RECORDS, table, fields, found)
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
        for wrong in [json!({"revenue": "1,5"}), json!({"currency": "EURO"}), json!({"loyalty_since": "2023-02-29"})] {
            assert!(place("crm_profile", wrong, &found).is_err());
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
        fn no_text_brings_the_check_down_or_is_repeated(text in "\\PC{8,40}") {
            prop_assert!(check_purpose(&text).err().is_none_or(|error| !error.message.contains(&text)));
        }
    }
}
