//! What can be made of an envelope without asking the database: mapped, its rows read and checked, its identifiers normalised.
//!
//! A function of its arguments. What is refused here has touched nothing.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock};

use chrono::{DateTime, Utc};

use super::envelope::{Envelope, MappedProfile, Op, Reject, RejectCode};
use super::id;
use super::lines::Item;
use super::report::envelope_of;
use super::source::Source;
use crate::database::time_text;
use crate::error::Code;
use crate::identity::normalise::{Context, normalise};
use crate::identity::place::{Needs, Record, RecordKind, Reference};
use crate::identity::{IdentifierKind, PartyKind, Strength, relation};
use crate::silo;

/// The longest key of a record, a profile or a stream, in bytes: the indexes of PostgreSQL hold no more than a few of these.
pub(super) const MAX_KEY: usize = 512;

static KINDS: LazyLock<HashMap<&'static str, &'static RecordKind>> =
    LazyLock::new(|| silo::record_kinds().chain(relation::RECORDS).map(|kind| (kind.table, kind)).collect());

/// An envelope with what was made of it.
pub(super) struct Prepared<'a> {
    /// As it came.
    pub envelope: &'a Envelope,
    /// Its source.
    pub source: &'a Source,
    /// Hash of its payload.
    pub hash: String,
    /// What it says, or why it is refused.
    pub content: Result<Content, Reject>,
    /// Which of equal refused rows of a keyless stream it is, from 1; 0 for any other record.
    pub number: usize,
}

impl Prepared<'_> {
    /// The key that it is told by if it is refused: its own may not be known.
    pub fn refused_key(&self) -> String {
        match self.number {
            0 | 1 => format!("!{}", self.hash),
            number => format!("!{}", id::content_hash(&numbered(&self.hash, number))),
        }
    }

    /// Whether it says that its key is gone.
    pub fn deletes(&self) -> bool {
        self.content.as_ref().is_ok_and(|content| content.deletes)
    }
}

/// What a record says.
pub(super) struct Content {
    /// Key of the record; of a keyless stream its hash.
    pub key: String,
    /// Key as the source gives it.
    pub own_key: Option<String>,
    /// Whether the key is gone at the source.
    pub deletes: bool,
    /// What orders the versions of the key: the source's version, else the time of the event.
    pub version: Option<String>,
    /// Whether it is the source's version.
    pub has_version: bool,
    /// When it happened.
    pub occurred_at: Option<DateTime<Utc>>,
    /// Whom it is about.
    pub profiles: Vec<PreparedProfile>,
    /// Its rows; their records are in a list of their own, since placing uses them up.
    pub rows: Vec<PreparedRow>,
    /// The members of staff it names.
    pub staff: Vec<String>,
    /// The rows of other records it refers to.
    pub references: Vec<Reference>,
}

/// A profile as one record knows it.
pub(super) struct PreparedProfile {
    /// Its key in the source.
    pub key: String,
    /// None: the record does not say.
    pub kind: Option<PartyKind>,
    /// What a profile that is only named is taken for: who is worked at is a company.
    pub default_kind: Option<PartyKind>,
    /// Its values.
    pub attributes: BTreeMap<String, String>,
    /// What it is known by, normalised.
    pub identifiers: Vec<(IdentifierKind, String, Strength)>,
    /// When the source saw it so.
    pub observed_at: Option<DateTime<Utc>>,
}

impl PreparedProfile {
    /// Whether the record only refers to it by its key.
    pub fn says_nothing(&self) -> bool {
        self.kind.is_none() && self.attributes.is_empty() && self.identifiers.is_empty()
    }
}

/// A row of a silo.
pub(super) struct PreparedRow {
    /// Its table.
    pub table: &'static str,
    /// Tells several rows of a record apart.
    pub part: String,
    /// The profile it hangs on.
    pub profile: Option<String>,
    /// Without a profile: the table and the row whose profile it shares.
    pub via: Option<(&'static str, Reference)>,
}

/// The typed records of each envelope's rows.
pub(super) type Records = Vec<Vec<Box<dyn Record>>>;

/// Equal rows of keyless streams met so far: source, stream and hash.
pub(super) type Ordinals = HashMap<(String, String, String), usize>;

/// What was made of an item: a file's are made by the thread that reads it, while the database writes those before.
pub(super) struct Ready {
    hash: String,
    content: Result<Content, Reject>,
    number: usize,
    records: Vec<Box<dyn Record>>,
}

impl Ready {
    /// Whether it has rows of a table.
    pub fn writes(&self, table: &str) -> bool {
        self.content.as_ref().is_ok_and(|content| content.rows.iter().any(|row| row.table == table))
    }
}

/// What items are made ready with.
pub(super) struct Maker<'a> {
    /// The sources that they may come from.
    pub sources: &'a HashMap<String, Arc<Source>>,
    /// Country of phone numbers where neither the record nor its source names one.
    pub default_country: Option<&'a str>,
}

impl Maker<'_> {
    /// Makes items ready. `refused` are those that placing refused before; `ordinals` counts on from the items before.
    pub fn make(&self, items: &[Item], refused: &HashMap<usize, Reject>, ordinals: &mut Ordinals) -> Vec<Ready> {
        let mut all = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let (envelope, known) = match item {
                Ok(envelope) => (envelope, refused.get(&index).cloned()),
                Err(rejected) => (&rejected.envelope, Some(rejected.reject.clone())),
            };
            let Some(source) = self.sources.get(&envelope.source) else { continue };
            let hash = id::content_hash(&envelope.payload);
            let mut records = Vec::new();
            let content = match known {
                Some(reject) => Err(reject),
                None => content(envelope, source, self.default_country, &hash, ordinals, &mut records),
            };
            let mut number = 0;
            if content.is_err() {
                records.clear();
                let own = envelope.key.is_some() || envelope.dedupe_key.is_some();
                if !own && source.mapping.is_keyless(&envelope.stream) {
                    number = ordinal(envelope, &hash, ordinals);
                }
            }
            all.push(Ready { hash, content, number, records });
        }
        all
    }

    /// The items of one transaction with what was made of them.
    pub fn join<'a>(&'a self, items: &'a [Item], ready: Vec<Ready>) -> (Vec<Prepared<'a>>, Records) {
        let envelopes = items.iter().map(envelope_of);
        let known = envelopes.filter_map(|envelope| Some((envelope, &**self.sources.get(&envelope.source)?)));
        let joined = known.zip(ready).map(|((envelope, source), Ready { hash, content, number, records })| {
            (Prepared { envelope, source, hash, content, number }, records)
        });
        joined.unzip()
    }
}

/// What was joined, apart again.
pub(super) fn part(prepared: Vec<Prepared<'_>>, records: Records) -> Vec<Ready> {
    let both = prepared.into_iter().zip(records);
    both.map(|(Prepared { hash, content, number, .. }, records)| Ready { hash, content, number, records }).collect()
}

/// Counts what [`Maker::make`] counted when it made these.
pub(super) fn count(items: &[Item], ready: &[Ready], ordinals: &mut Ordinals) {
    for (envelope, ready) in items.iter().map(envelope_of).zip(ready) {
        if ready.number > 0 || ready.content.as_ref().is_ok_and(|content| content.own_key.is_none()) {
            ordinal(envelope, &ready.hash, ordinals);
        }
    }
}

/// The key of equal rows of a keyless stream but the first.
pub(super) fn numbered(hash: &str, number: usize) -> String {
    format!("{hash}#{number}")
}

/// How many equal rows of a keyless stream there are with this one.
fn ordinal(envelope: &Envelope, hash: &str, ordinals: &mut Ordinals) -> usize {
    let count = ordinals.entry((envelope.source.clone(), envelope.stream.clone(), hash.to_owned())).or_insert(0);
    *count += 1;
    *count
}

/// What an envelope says, or why it is refused; its rows' records go to `records`.
pub(super) fn content(
    envelope: &Envelope,
    source: &Source,
    default_country: Option<&str>,
    hash: &str,
    ordinals: &mut Ordinals,
    records: &mut Vec<Box<dyn Record>>,
) -> Result<Content, Reject> {
    let mapped = source.mapping.map(envelope)?;
    let own_key = mapped.key.or_else(|| envelope.dedupe_key.clone());
    short(&envelope.stream, "name of the stream")?;
    if let Some(key) = &own_key {
        short(key, "key of the record")?;
    }
    let companies: Vec<String> = mapped
        .rows
        .iter()
        .filter(|row| row.table == "relation" && row.fields.get("kind").is_some_and(|kind| kind == "WORKS_AT"))
        .filter_map(|row| row.fields.get("to").and_then(serde_json::Value::as_str).map(str::to_owned))
        .collect();
    let country = source.default_country.as_deref().or(default_country);
    let mut profiles = Vec::with_capacity(mapped.profiles.len());
    for profile in mapped.profiles {
        short(&profile.key, "key of a profile")?;
        let is_company = companies.contains(&profile.key);
        profiles.push(prepared_profile(profile, source, country, is_company));
    }
    let mut rows = Vec::with_capacity(mapped.rows.len());
    let mut needs = Needs::default();
    for row in mapped.rows {
        let via = if row.profile.is_none() { via(&row.fields) } else { None };
        records.push(read(row.table, row.fields)?);
        needs.profiles.extend(row.profile.clone());
        rows.push(PreparedRow { table: row.table, part: row.part, profile: row.profile, via });
    }
    for record in records.iter() {
        record.needs(&mut needs);
    }
    for reference in &needs.references {
        short(&reference.key, "key of a reference")?;
    }
    // Whom a row names is there, even if the mapping did not list it.
    for key in needs.profiles {
        short(&key, "key of a profile")?;
        if !profiles.iter().any(|profile| profile.key == key) {
            let named = MappedProfile {
                key,
                kind: None,
                attributes: BTreeMap::new(),
                identifiers: Vec::new(),
                country: None,
                observed_at: None,
            };
            let is_company = companies.contains(&named.key);
            profiles.push(prepared_profile(named, source, country, is_company));
        }
    }
    let key = own_key.clone().unwrap_or_else(|| match ordinal(envelope, hash, ordinals) {
        1 => hash.to_owned(),
        count => numbered(hash, count),
    });
    Ok(Content {
        key,
        own_key,
        deletes: mapped.op == Op::Delete,
        has_version: mapped.version.is_some(),
        version: mapped.version.or_else(|| mapped.occurred_at.map(time_text)),
        occurred_at: mapped.occurred_at,
        profiles,
        rows,
        staff: needs.staff.into_iter().collect(),
        references: needs.references.into_iter().collect(),
    })
}

fn short(text: &str, what: &str) -> Result<(), Reject> {
    if text.len() <= MAX_KEY {
        return Ok(());
    }
    let reason = format!("The {what} is longer than {MAX_KEY} bytes. Check which field the mapping takes for it.");
    Err(Reject::new(RejectCode::TooLarge, reason))
}

/// The row whose customer a row without a profile shares: the ticket of a message, the session of an event.
fn via(fields: &serde_json::Map<String, serde_json::Value>) -> Option<(&'static str, Reference)> {
    let tables = [("ticket", "ticket"), ("session", "web_session"), ("response", "survey_response")];
    tables.into_iter().find_map(|(field, table)| {
        let value = fields.get(field)?.clone();
        serde_json::from_value(value).ok().map(|reference| (table, reference))
    })
}

fn read(table: &'static str, fields: serde_json::Map<String, serde_json::Value>) -> Result<Box<dyn Record>, Reject> {
    let kind = KINDS.get(table).ok_or_else(|| {
        let reason = format!("Rows of {table} are not taken by this version. Leave them out of the mapping.");
        Reject::new(RejectCode::NotSupportedYet, reason)
    })?;
    (kind.read)(fields).map_err(|error| refusal(&error, table))
}

/// A silo's error as a refusal. What is our fault is not told.
pub(super) fn refusal(error: &crate::error::Error, table: &str) -> Reject {
    let code = if error.message.contains("missing field") { RejectCode::MissingField } else { RejectCode::WrongType };
    match error.code {
        Code::Internal => Reject::new(code, format!("The row of {table} cannot be kept. Check its mapping.")),
        _ => Reject::new(code, error.message.clone()),
    }
}

fn prepared_profile(
    mapped: MappedProfile,
    source: &Source,
    default_country: Option<&str>,
    is_company: bool,
) -> PreparedProfile {
    let mut attributes = mapped.attributes;
    let country = mapped.country.or_else(|| attributes.get("country").cloned());
    let context = Context { country: country.as_deref(), default_country, source: &source.key };
    if let Some(email) = attributes.get_mut("email") {
        *email = email.trim().to_lowercase();
    }
    if let Some(phone) = attributes.get_mut("phone")
        && let Ok(normal) = normalise(IdentifierKind::Phone, phone, context)
    {
        *phone = normal.value;
    }
    let mut identifiers: Vec<(IdentifierKind, String, Strength)> = Vec::with_capacity(mapped.identifiers.len());
    for identifier in mapped.identifiers {
        // What cannot be normalised identifies nobody; it stays an attribute.
        let Ok(normal) = normalise(identifier.kind, &identifier.value, context) else { continue };
        // The weaker of what the mapping says and what the value allows.
        let strength = identifier.strength.max(normal.strength);
        match identifiers.iter_mut().find(|(kind, value, _)| *kind == identifier.kind && *value == normal.value) {
            Some((.., known)) => *known = strength.min(*known),
            None => identifiers.push((identifier.kind, normal.value, strength)),
        }
    }
    PreparedProfile {
        key: mapped.key,
        kind: mapped.kind,
        default_kind: is_company.then_some(PartyKind::Company),
        attributes,
        identifiers,
        observed_at: mapped.observed_at,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::{Map, Value, json};

    use super::KINDS;
    use crate::ingest::mapping::table::{FieldType, TABLES};

    fn some(kind: FieldType) -> Value {
        match kind {
            FieldType::Text => json!("x"),
            FieldType::Choice(choices) => json!(choices[0]),
            FieldType::Integer => json!(1),
            FieldType::Number => json!(0.5),
            FieldType::Money => json!("1.5"),
            FieldType::Bool => json!(true),
            FieldType::Time => json!("2026-01-02T03:04:05Z"),
            FieldType::Date => json!("2026-01-02"),
            FieldType::Texts => json!(["x"]),
            FieldType::Url => json!("https://example.org/x"),
            FieldType::Reference => json!({"stream": "s", "key": "k"}),
        }
    }

    #[test]
    fn every_silo_reads_the_fields_that_a_mapping_may_fill_and_no_others() {
        for table in TABLES {
            let read = KINDS[table.name].read;
            let full: Map<String, Value> =
                table.fields.iter().map(|field| (field.name.to_owned(), some(field.kind))).collect();
            assert_eq!(read(full).err().map(|error| error.message), None, "{}", table.name);
            // What a record has, serde tells whoever sends another field.
            let other = read(Map::from_iter([("?".to_owned(), Value::Null)])).err().map(|error| error.message);
            let other = other.unwrap_or_default();
            let known: BTreeSet<&str> = other.split('`').skip(3).step_by(2).collect();
            let declared: BTreeSet<&str> = table.fields.iter().map(|field| field.name).collect();
            assert_eq!(known, declared, "{}", table.name);
        }
    }
}
