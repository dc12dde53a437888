//! What records of a sample would become: mapped, checked and normalised as an import would, and written nowhere.
//!
//! Whose customer a profile is, whether a version is the newest, and what a reference leads to, only the database knows: not told here.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};

use super::envelope::{Envelope, Reject};
use super::id;
use super::lines::Item;
use super::prepare::{Ordinals, PreparedProfile, content};
use super::source::Source;

/// What one record would become.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Trial {
    /// Its place in the sample, from 1.
    pub record: usize,
    /// Its stream.
    pub stream: String,
    /// What it becomes, or why it is refused.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What becomes of a record.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// It would be taken.
    Taken(Taken),
    /// It would be kept as rejected.
    Rejected {
        /// The stable code.
        code: &'static str,
        /// What is wrong, and what to do.
        reason: String,
    },
}

/// What a record that is taken says.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Taken {
    /// Key of the record; of a keyless stream what its content makes.
    pub key: String,
    /// Whether the source gives the key.
    pub has_key: bool,
    /// Whether its key is written or deleted.
    pub op: &'static str,
    /// What orders the versions of the key.
    pub version: Option<String>,
    /// When it happened.
    pub occurred_at: Option<DateTime<Utc>>,
    /// Whom it is about.
    pub profiles: Vec<Profile>,
    /// What it says.
    pub rows: Vec<Row>,
}

/// A person or company as the record knows it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    /// Its key in the source.
    pub key: String,
    /// Person or company, if it is said.
    pub kind: Option<&'static str>,
    /// Its values.
    pub attributes: BTreeMap<String, String>,
    /// What it is known by.
    pub identifiers: Vec<Identifier>,
}

/// What a profile is known by.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Identifier {
    /// The kind of value.
    pub kind: &'static str,
    /// The value as identity compares it.
    pub value: String,
    /// Whether it joins profiles.
    pub strength: &'static str,
}

/// A row.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// Its table.
    pub table: &'static str,
    /// What tells it from other rows of the record.
    pub part: String,
    /// The profile it hangs on.
    pub profile: Option<String>,
    /// Its fields.
    pub fields: Map<String, Value>,
}

/// Tries the records of a sample, one by one.
pub fn try_all<'a>(
    source: &'a Source,
    default_country: Option<&'a str>,
    items: impl IntoIterator<Item = Item> + 'a,
) -> impl Iterator<Item = Trial> + 'a {
    let mut ordinals = Ordinals::new();
    items.into_iter().enumerate().map(move |(index, item)| {
        let (stream, outcome) = match item {
            Err(refused) => (refused.envelope.stream, Err(refused.reject)),
            Ok(envelope) => {
                let outcome = taken(source, default_country, &envelope, &mut ordinals);
                (envelope.stream, outcome)
            }
        };
        let outcome = match outcome {
            Ok(taken) => Outcome::Taken(taken),
            Err(reject) => Outcome::Rejected { code: reject.code.as_str(), reason: reject.reason },
        };
        Trial { record: index + 1, stream, outcome }
    })
}

fn taken(
    source: &Source,
    default_country: Option<&str>,
    envelope: &Envelope,
    ordinals: &mut Ordinals,
) -> Result<Taken, Reject> {
    let mapped = source.mapping.map(envelope)?;
    let hash = id::content_hash(&envelope.payload);
    let prepared = content(envelope, source, default_country, &hash, ordinals, &mut Vec::new())?;
    let row = |row: super::envelope::MappedRow| Row {
        table: row.table,
        part: row.part,
        profile: row.profile,
        fields: row.fields,
    };
    Ok(Taken {
        key: prepared.key,
        has_key: prepared.own_key.is_some(),
        op: mapped.op.as_str(),
        version: prepared.version,
        occurred_at: prepared.occurred_at,
        profiles: prepared.profiles.into_iter().map(profile).collect(),
        rows: mapped.rows.into_iter().map(row).collect(),
    })
}

fn profile(profile: PreparedProfile) -> Profile {
    let identifiers = profile.identifiers.into_iter().map(|(kind, value, strength)| Identifier {
        kind: kind.as_str(),
        value,
        strength: strength.as_str(),
    });
    Profile {
        key: profile.key,
        kind: profile.kind.or(profile.default_kind).map(crate::identity::PartyKind::as_str),
        attributes: profile.attributes,
        identifiers: identifiers.collect(),
    }
}
