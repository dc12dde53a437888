//! The staff door: what people who work here write becomes a record of the source `staff` like any other, so that a rebuild
//! replays it. Its profiles hang on the customer whose id is their key, and its values go before all others.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::envelope::{Envelope, Op, Reject, RejectCode};
use super::heads::Fate;
use super::intake::Intake;
use super::mapping::Mapping;
use super::prepare::Prepared;
use super::source::Source;
use crate::error::{Error, Result};

/// Key of the source.
pub const KEY: &str = "staff";

const MAPPING: &str = include_str!("staff.toml");

/// What a member of staff writes of a customer.
#[derive(Debug, Clone)]
pub struct StaffEntry {
    /// `notes`, `consents` or `corrections`.
    pub stream: &'static str,
    /// Key of the entry: the same key again writes the entry anew. Make it from the idempotency key, or of the entry that is
    /// updated.
    pub key: String,
    /// The customer; a retired id leads to its survivor.
    pub customer: Uuid,
    /// The fields of the stream, as `staff.toml` lists them.
    pub fields: Map<String, Value>,
    /// When it was written.
    pub written_at: DateTime<Utc>,
    /// What is kept as the answer to the request that it came by, if it came by one.
    pub answered: Option<entity::idempotency_key::Model>,
}

impl Intake {
    /// Writes an entry with what is answered to its request, and gives the id of its row (the note, the consent; of a
    /// correction that of its record). Nothing is written, and none given, if the request's key was used meanwhile.
    pub async fn staff_entry(&self, entry: StaffEntry) -> Result<Option<Uuid>> {
        let mut payload = entry.fields;
        payload.insert("key".to_owned(), Value::from(entry.key.clone()));
        payload.insert("customer".to_owned(), Value::from(entry.customer.to_string()));
        payload.insert("written_at".to_owned(), Value::from(crate::database::time_text(entry.written_at)));
        let envelope = Envelope {
            source: KEY.to_owned(),
            stream: entry.stream.to_owned(),
            key: Some(entry.key),
            op: Op::Upsert,
            payload: Value::Object(payload).to_string().into(),
            occurred_at: Some(entry.written_at),
            received_at: entry.written_at,
            dedupe_key: None,
            sync: None,
        };
        let report = self.flush_answered(Ok(envelope), entry.answered.as_ref()).await?;
        if let Some(refused) = report.rejected.into_iter().next() {
            return Err(match refused.code {
                RejectCode::UnknownValue => Error::not_found(refused.reason),
                _ => Error::bad_input(refused.reason),
            });
        }
        // Another node's clock may be ahead of ours: what would show nowhere must not be acknowledged.
        if report.superseded > 0 {
            return Err(Error::conflict("A newer change of this entry is there already. Look at it, and try again."));
        }
        if report.taken + report.repeated == 0 {
            return Ok(None);
        }
        let id = report.origins.into_iter().flatten().next();
        id.map(Some).ok_or_else(|| Error::internal("an entry without an id"))
    }
}

/// The source that is the product's own.
pub(super) fn source() -> Result<Source> {
    let mapping = Mapping::parse(MAPPING).map_err(Error::internal)?;
    Ok(Source {
        key: KEY.to_owned(),
        name: mapping.name.clone(),
        silo: mapping.silo,
        default_country: None,
        priority: mapping.priority,
        expected_every_seconds: None,
        secrets: Vec::new(),
        tokens: Vec::new(),
        hook: None,
        file: None,
        mapping: Arc::new(mapping),
    })
}

/// Whether it is the product's own source.
pub(super) fn is_own(source: &Source) -> bool {
    source.key == KEY
}

/// The customer that a profile of this source hangs on.
pub(super) fn target(key: &str) -> Option<Uuid> {
    Uuid::parse_str(key).ok()
}

/// Adds the customers that entries are for to those a flush loads. Gives the records that name none.
pub(super) fn targets(
    prepared: &[Prepared<'_>],
    fates: &[Fate],
    wanted: &mut BTreeSet<Uuid>,
) -> HashMap<usize, Reject> {
    let mut refused = HashMap::new();
    for (index, (record, fate)) in prepared.iter().zip(fates).enumerate() {
        let (Fate::Applied(_), Ok(content)) = (fate, &record.content) else { continue };
        for profile in content.profiles.iter().filter(|_| is_own(record.source)) {
            match target(&profile.key) {
                Some(customer) => {
                    wanted.insert(customer);
                }
                None => {
                    refused.insert(index, unknown_customer());
                }
            }
        }
    }
    refused
}

/// The refusal of an entry for nobody.
pub(super) fn unknown_customer() -> Reject {
    Reject::new(RejectCode::UnknownValue, "There is no such customer.")
}
