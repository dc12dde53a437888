//! Where a row of a silo hangs: the record it came in, the profile and customer it belongs to, and what it refers to.
//!
//! The intake resolves all this for a whole flush at once; a silo's record then turns into table rows without asking the
//! database. Nothing here knows a table of a silo.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::access::SiloKey;
use crate::database::{OnConflict, WriteBatch, WriteRow};
use crate::error::{Error, Result};

/// Another row of the same source, by the stream and key it came under.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// Stream of the other record.
    pub stream: String,
    /// Key of the other record.
    pub key: String,
    /// Part of that record the row was made from.
    #[serde(default)]
    pub part: String,
}

/// What the records of a flush refer to, gathered before it is looked up.
#[derive(Debug, Default)]
pub struct Needs {
    /// The source's own keys of members of staff.
    pub staff: BTreeSet<String>,
    /// Rows of other records of the source.
    pub references: BTreeSet<Reference>,
    /// Keys of other profiles of the source.
    pub profiles: BTreeSet<String>,
}

impl Needs {
    /// A member of staff, if one is named.
    pub fn staff(&mut self, key: Option<&String>) {
        self.staff.extend(key.cloned());
    }

    /// Another row, if one is named.
    pub fn reference(&mut self, reference: Option<&Reference>) {
        self.references.extend(reference.cloned());
    }
}

/// A profile and the customer it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holder {
    /// The profile.
    pub profile_id: Uuid,
    /// Its customer.
    pub customer_id: Uuid,
}

/// What was found for the needs of one source.
#[derive(Debug, Default)]
pub struct Found {
    /// Staff by the source's own word; none where it calls several people so.
    pub staff: HashMap<String, Option<Uuid>>,
    /// Row ids by reference.
    pub references: HashMap<Reference, Uuid>,
    /// Profiles by key.
    pub profiles: HashMap<String, Holder>,
}

/// Where one row hangs.
pub struct Placement<'a> {
    /// Id of the row.
    pub id: Uuid,
    /// The raw record.
    pub record_id: Uuid,
    /// Key of the source.
    pub source: &'a str,
    /// When the record reached us: the time of what has none.
    pub received_at: DateTime<Utc>,
    /// Whom it is about.
    pub holder: Option<Holder>,
    /// What it refers to.
    pub found: &'a Found,
}

impl Placement<'_> {
    /// Whom the row is about, or the sentence that says that nobody is named.
    pub fn holder(&self) -> Result<Holder> {
        self.holder.ok_or_else(|| {
            Error::bad_input("The record names nobody it is about. Let the mapping give the row a `profile`.")
        })
    }

    /// The member of staff behind the source's key, if known.
    pub fn staff(&self, key: Option<&String>) -> Option<Uuid> {
        key.and_then(|key| self.found.staff.get(key)).copied().flatten()
    }

    /// The id of another row of the source. Every reference has one: it is given at the first mention.
    pub fn reference(&self, reference: Option<&Reference>) -> Option<Uuid> {
        reference.and_then(|reference| self.found.references.get(reference)).copied()
    }
}

/// The rows that a flush writes.
#[derive(Default)]
pub struct Placed {
    /// Rows by table.
    pub batch: WriteBatch,
    /// What changed: table, row, customer.
    pub changed: Vec<(&'static str, Uuid, Option<Uuid>)>,
    /// The newest moment of contact of each customer.
    pub contacts: HashMap<Uuid, DateTime<Utc>>,
    /// Rows that were there before.
    pub rewritten: Vec<Uuid>,
    /// The customer and the moment of each contact.
    pub met: HashMap<Uuid, (Uuid, DateTime<Utc>)>,
    /// Customers of whom a contact was told that turned out to be another's, or at another time.
    pub left: BTreeSet<Uuid>,
    /// Rows that leave the timeline: what happened was taken back.
    pub gone: BTreeSet<Uuid>,
    /// Rows that are internal: one that was not before is no contact any more.
    pub internal: Vec<Uuid>,
    /// What sources call members of staff: the source's word and the person, for the records that follow; none where it is the
    /// word for several.
    pub aliases: Vec<(String, Option<Uuid>)>,
}

/// One thing that happened, for the timeline.
pub struct Happening<'a> {
    /// Silo of the row.
    pub silo: SiloKey,
    /// What it is: TICKET, PURCHASE …
    pub kind: &'static str,
    /// Channel, if any.
    pub channel: Option<&'a str>,
    /// Key of the touchpoint, if any.
    pub touchpoint: Option<&'a str>,
    /// Whether only those who may read internal rows see it.
    pub internal: bool,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

impl Placed {
    /// Writes a row, in place of an older one of the same key, and tells the change.
    pub fn row<M: WriteRow>(&mut self, id: Uuid, customer_id: Option<Uuid>, row: &M) -> Result<()> {
        self.changed.push((self.batch.push(OnConflict::Replace, row)?, id, customer_id));
        Ok(())
    }

    /// Writes a row that several sources may know: what one of them leaves out stays as another said it.
    pub fn filled<M: WriteRow>(&mut self, id: Uuid, row: &M) -> Result<()> {
        self.changed.push((self.batch.push(OnConflict::Fill, row)?, id, None));
        Ok(())
    }

    /// Puts a row on the timeline of its customer.
    pub fn happened(&mut self, at: &Placement<'_>, holder: Holder, what: &Happening<'_>) -> Result<()> {
        self.gone.remove(&at.id);
        let met = (holder.customer_id, what.occurred_at);
        let before = if what.internal { self.met.remove(&at.id) } else { self.met.insert(at.id, met) };
        self.left.extend(before.filter(|before| *before != met).map(|(customer_id, _)| customer_id));
        self.batch.push(
            OnConflict::Replace,
            &entity::interaction::Model {
                id: at.id,
                customer_id: holder.customer_id,
                source_profile_id: holder.profile_id,
                source: at.source.to_owned(),
                silo: what.silo.name().to_owned(),
                kind: what.kind.to_owned(),
                channel: what.channel.map(str::to_owned),
                touchpoint: what.touchpoint.map(str::to_owned),
                internal: what.internal,
                occurred_at: what.occurred_at,
            },
        )?;
        // When the customer was last met is shown to everybody: an internal row must not show through it. And what is planned
        // (a contract that begins next year) is no contact yet.
        if what.internal {
            self.internal.push(at.id);
        } else if what.occurred_at <= at.received_at {
            let newest = self.contacts.entry(holder.customer_id).or_insert(what.occurred_at);
            *newest = (*newest).max(what.occurred_at);
        }
        Ok(())
    }
}

/// The id of a row that is told by a key: made from it, so that a row that names the key needs no look-up.
pub fn fixed_id(table: &str, key: &str) -> Uuid {
    let hash = Sha256::new_with_prefix(table).chain_update([0]).chain_update(key).finalize();
    let mut bytes = [0_u8; 16];
    bytes.copy_from_slice(&hash[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// A normalised record of a silo: typed and checked, ready to become rows.
pub trait Record: Send + Sync {
    /// What it refers to.
    fn needs(&self, needs: &mut Needs);

    /// Turns into rows. An error here rejects the record and nothing else.
    fn place(self: Box<Self>, at: &Placement<'_>, placed: &mut Placed) -> Result<()>;
}

/// Reads and checks the fields of a record.
pub type ReadRecord = fn(serde_json::Map<String, serde_json::Value>) -> Result<Box<dyn Record>>;

/// A table that a mapping may fill, and how its fields are read.
pub struct RecordKind {
    /// Name of the table.
    pub table: &'static str,
    /// Reads and checks the fields.
    pub read: ReadRecord,
}

impl RecordKind {
    /// The kind of a record type.
    pub const fn of<T: Record + serde::de::DeserializeOwned + 'static>(table: &'static str) -> Self {
        Self { table, read: read::<T> }
    }
}

fn read<T: Record + serde::de::DeserializeOwned + 'static>(
    fields: serde_json::Map<String, serde_json::Value>,
) -> Result<Box<dyn Record>> {
    match serde_path_to_error::deserialize::<_, T>(serde_json::Value::Object(fields)) {
        Ok(record) => Ok(Box::new(record)),
        Err(error) => {
            let path = error.path().to_string();
            // The error's own text may quote the value, which may be personal: only missing and unknown fields are named.
            let text = error.inner().to_string();
            Err(Error::bad_input(if text.starts_with("missing field") || text.starts_with("unknown field") {
                format!("The record has a {text}. Check the mapping of this table.")
            } else {
                format!(
                    "The field `{path}` has a wrong type or a value out of its range. Check what the mapping makes of it."
                )
            }))
        }
    }
}

/// Reads a money amount, a decimal in text (`"1234.50"`) or a whole number, into 1/10,000.
pub mod money {
    use serde::{Deserialize, Deserializer, de::Error as _};

    /// The amount in 1/10,000, or none.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Amount {
            Text(String),
            Whole(i64),
        }
        match Option::<Amount>::deserialize(deserializer)? {
            None => Ok(None),
            Some(Amount::Whole(whole)) => {
                whole.checked_mul(10_000).map(Some).ok_or_else(|| D::Error::custom("out of range"))
            }
            Some(Amount::Text(text)) => {
                parse(&text).map(Some).ok_or_else(|| D::Error::custom("not a decimal in range"))
            }
        }
    }

    /// A decimal in 1/10,000; more than four digits behind the point are rounded half up, away from zero.
    pub fn parse(text: &str) -> Option<i64> {
        let text = text.trim();
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() && fraction.is_empty() || !all_digits(whole) || !all_digits(fraction) {
            return None;
        }
        let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        let mut kept: i64 = 0;
        for index in 0..4 {
            kept = kept * 10 + fraction.as_bytes().get(index).map_or(0, |byte| i64::from(byte - b'0'));
        }
        if fraction.as_bytes().get(4).is_some_and(|byte| *byte >= b'5') {
            kept += 1;
        }
        let amount = whole.checked_mul(10_000)?.checked_add(kept)?;
        Some(if negative { -amount } else { amount })
    }

    #[cfg(test)]
    mod tests {
        use super::parse;

        #[test]
        fn keeps_decimals_exactly() {
            assert_eq!(parse("1234.50"), Some(12_345_000));
            assert_eq!(parse("-0.00005"), Some(-1));
            assert_eq!(parse(".5"), Some(5_000));
            assert_eq!(parse("99999999999999999999"), None);
            assert_eq!(parse("1,5"), None);
            assert_eq!(parse("."), None);
        }
    }
}

#[cfg(test)]
pub mod testing {
    //! Places a record as the intake would: what the records of all silos are tried with.

    use uuid::Uuid;

    use super::{Found, Holder, Placed, Placement, RecordKind};
    use crate::error::Result;

    /// What a record of this table becomes.
    ///
    /// # Panics
    ///
    /// If the silo has no such table, or the fields are no object.
    pub fn place(kinds: &[RecordKind], table: &str, fields: serde_json::Value, found: &Found) -> Result<Placed> {
        let kind = kinds.iter().find(|kind| kind.table == table).expect("a table of the silo");
        let serde_json::Value::Object(fields) = fields else { panic!("fields are an object") };
        let at = Placement {
            id: Uuid::from_u128(1),
            record_id: Uuid::from_u128(2),
            source: "source",
            received_at: "2026-11-22T00:00:00Z".parse().expect("a time"),
            holder: Some(Holder { profile_id: Uuid::from_u128(3), customer_id: Uuid::from_u128(4) }),
            found,
        };
        let mut placed = Placed::default();
        (kind.read)(fields)?.place(&at, &mut placed)?;
        Ok(placed)
    }
}
