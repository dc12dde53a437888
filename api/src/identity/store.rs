//! All SQL of identity that the intake needs: what a flush can touch is read in a fixed number of statements, and what a
//! merge moves is moved.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::database::{Dialect, Row, Sql, Transaction, push_columns, time_text};
use crate::error::Result;
use crate::identity::Told;

/// The tables whose rows follow their customer when two become one, with the column that names it.
pub const FOLLOWING: &[(&str, &str)] = &[
    ("consent", "customer_id"),
    ("contact_note", "customer_id"),
    ("contract", "customer_id"),
    ("crm_profile", "customer_id"),
    ("interaction", "customer_id"),
    ("lifecycle_transition", "customer_id"),
    ("opportunity", "customer_id"),
    ("preference", "customer_id"),
    ("profile_identifier", "customer_id"),
    ("purchase", "customer_id"),
    ("relation", "customer_id"),
    ("relation", "to_customer_id"),
    ("review", "customer_id"),
    ("source_profile", "customer_id"),
    ("survey_answer", "customer_id"),
    ("survey_invitation", "customer_id"),
    ("survey_response", "customer_id"),
    ("ticket", "customer_id"),
    ("ticket_message", "customer_id"),
    ("web_event", "customer_id"),
    ("web_session", "customer_id"),
];

/// The tables that name a customer and stay as they are: history, or written anew by a merge.
pub const STAYING: &[&str] = &["change", "customer_redirect", "golden_value", "identity_event", "membership"];

crate::row! {
    /// A profile as it is kept.
    pub struct ProfileRow {
        /// Its id.
        id: Uuid = Uuid,
        /// Key of the source.
        source: String = Text,
        /// Its key there.
        key: String = Text,
        /// PERSON or COMPANY; none: its source does not say.
        kind: Option<String> = Text,
        /// Its customer.
        customer_id: Uuid = Uuid,
        /// What the source says.
        attributes: BTreeMap<String, KeptAttribute> = Json,
        /// When.
        observed_at: DateTime<Utc> = Time,
        /// The record that said so.
        record_id: Option<Uuid> = Uuid,
        /// When the source deleted it.
        deleted_at: Option<DateTime<Utc>> = Time,
        /// Priority of its source.
        priority: Option<i32> = Number as "(SELECT s.priority FROM source s WHERE s.key = t.source)",
    }
}

/// An attribute as a profile keeps it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub enum KeptAttribute {
    /// The profile's newest record said it: its time and record are the profile's.
    Newest(String),
    /// An older record said it.
    Older {
        /// What it said.
        value: String,
        /// When it was so.
        observed_at: DateTime<Utc>,
        /// The record.
        record_id: Uuid,
    },
}

impl KeptAttribute {
    /// The attribute with its time and record; `newest` has those of the profile.
    pub fn told(self, newest: (DateTime<Utc>, Uuid)) -> Told {
        match self {
            Self::Newest(value) => Told { value, observed_at: newest.0, record_id: newest.1 },
            Self::Older { value, observed_at, record_id } => Told { value, observed_at, record_id },
        }
    }
}

crate::row! {
    /// Whose a profile is.
    pub struct OwnerRow {
        /// The customer.
        customer_id: Uuid = Uuid,
    }
}

crate::row! {
    /// An identifier as a profile carries it.
    pub struct CarriedRow {
        /// The profile.
        source_profile_id: Uuid = Uuid,
        /// The identifier.
        identifier_id: Uuid = Uuid,
        /// Its kind.
        kind: String = Text,
        /// Its value.
        value: String = Text,
        /// STRONG or WEAK.
        strength: String = Text,
        /// When first seen.
        first_seen_at: DateTime<Utc> = Time,
        /// When last seen.
        last_seen_at: DateTime<Utc> = Time,
        /// In how many records.
        times_seen: i64 = Number,
    }
}

crate::row! {
    /// What a profile carries.
    pub struct CarriedKeyRow {
        /// The profile's source.
        source: String = Text,
        /// Its key there.
        key: String = Text,
        /// The identifier's kind.
        kind: String = Text,
        /// Its value.
        value: String = Text,
    }
}

crate::row! {
    /// An identifier, and one of the customers that carry it.
    pub struct IdentifierRow {
        /// Its id.
        id: Uuid = Uuid,
        /// Its kind.
        kind: String = Text,
        /// Its value.
        value: String = Text,
        /// NORMAL, SHARED or BLOCKED.
        status: String = Text,
        /// A customer of a profile that carries it and may be joined by it.
        customer_id: Option<Uuid> = Uuid as "c.customer_id",
    }
}

crate::row! {
    /// A customer as it is kept.
    pub struct CustomerRow {
        /// Its id.
        id: Uuid = Uuid,
        /// PERSON or COMPANY.
        kind: String = Text,
        /// Where it went.
        merged_into: Option<Uuid> = Uuid,
        /// Name.
        name: Option<String> = Text,
        /// Name folded for sorting.
        name_sort: Option<String> = Text,
        /// Given name.
        given_name: Option<String> = Text,
        /// Family name.
        family_name: Option<String> = Text,
        /// E-mail.
        email: Option<String> = Text,
        /// Phone.
        phone: Option<String> = Text,
        /// Company.
        company: Option<String> = Text,
        /// Birth date.
        birth_date: Option<String> = Text,
        /// Street.
        street: Option<String> = Text,
        /// Postal code.
        postal_code: Option<String> = Text,
        /// City.
        city: Option<String> = Text,
        /// Country.
        country: Option<String> = Text,
        /// Language.
        language: Option<String> = Text,
        /// Customer number.
        customer_number: Option<String> = Text,
        /// Loyalty number.
        loyalty_number: Option<String> = Text,
        /// Stage.
        stage: Option<String> = Text,
        /// Segment.
        segment: Option<String> = Text,
        /// Owner.
        owner_id: Option<Uuid> = Uuid,
        /// Search text.
        search_text: String = Text,
        /// First known.
        created_at: DateTime<Utc> = Time,
        /// Last changed.
        updated_at: DateTime<Utc> = Time,
        /// Last contact.
        last_interaction_at: Option<DateTime<Utc>> = Time,
    }
}

fn select<R: Row>(dialect: Dialect) -> Sql {
    let mut sql = Sql::new(dialect);
    sql.push("SELECT ");
    push_columns(&mut sql, R::COLUMNS);
    sql.by_dialect("::text", "");
    sql
}

/// A profile's key in its source.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProfileKey<'a> {
    /// Key of the source.
    pub source: &'a str,
    /// Key of the profile.
    pub key: &'a str,
}

/// An identifier to look up.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct IdentifierText<'a> {
    /// Its kind.
    pub kind: &'a str,
    /// Its value, normalised.
    pub value: &'a str,
}

fn profile_keys(sql: &mut Sql, keys: &BTreeSet<ProfileKey<'_>>) {
    let rows = keys.iter().map(|profile| [profile.source.to_owned(), profile.key.to_owned()]);
    sql.texts_as_rows(["source", "key"], rows, "k");
}

/// The customers of the profiles of these keys, as far as they are known.
pub async fn customers_of_profiles(tx: &mut Transaction, keys: &BTreeSet<ProfileKey<'_>>) -> Result<Vec<OwnerRow>> {
    let mut sql = select::<OwnerRow>(tx.dialect());
    sql.push(" FROM ");
    profile_keys(&mut sql, keys);
    sql.push(" CROSS JOIN source_profile t WHERE t.source = k.source AND t.key = k.key");
    tx.rows(sql).await
}

/// What the profiles of these keys carry, as far as they are known.
pub async fn carried_by(tx: &mut Transaction, profiles: &BTreeSet<ProfileKey<'_>>) -> Result<Vec<CarriedKeyRow>> {
    let mut sql = select::<CarriedKeyRow>(tx.dialect());
    sql.push(" FROM (SELECT p.source, p.key, c.kind, c.value FROM ");
    profile_keys(&mut sql, profiles);
    sql.push(
        " CROSS JOIN source_profile p CROSS JOIN profile_identifier c WHERE p.source = k.source AND p.key = k.key \
         AND c.source_profile_id = p.id) t",
    );
    tx.rows(sql).await
}

/// The identifiers that are known, those of these keys and those that these profiles carry, each with the customers that can
/// be joined by it: a row for each.
pub async fn identifiers(
    tx: &mut Transaction,
    keys: &BTreeSet<IdentifierText<'_>>,
    profiles: &BTreeSet<ProfileKey<'_>>,
) -> Result<Vec<IdentifierRow>> {
    let mut sql = Sql::new(tx.dialect());
    let texts = keys.iter().map(|text| [text.kind.to_owned(), text.value.to_owned()]);
    sql.push("WITH t AS (SELECT i.* FROM ").texts_as_rows(["kind", "value"], texts, "k");
    sql.push(" CROSS JOIN identifier i WHERE i.kind = k.kind AND i.value = k.value UNION SELECT i.* FROM ");
    profile_keys(&mut sql, profiles);
    sql.push(
        " CROSS JOIN source_profile p CROSS JOIN profile_identifier c CROSS JOIN identifier i WHERE p.source = k.source \
         AND p.key = k.key AND c.source_profile_id = p.id AND i.id = c.identifier_id) SELECT ",
    );
    push_columns(&mut sql, IdentifierRow::COLUMNS);
    sql.by_dialect("::text", "");
    sql.push(
        " FROM t LEFT JOIN (SELECT DISTINCT p.identifier_id, p.customer_id FROM profile_identifier p WHERE p.identifier_id \
         IN (SELECT id FROM t WHERE status = 'NORMAL') AND p.strength = 'STRONG') c ON c.identifier_id = t.id",
    );
    tx.rows(sql).await
}

/// The customers of these ids; on PostgreSQL they are ours until the transaction ends.
pub async fn customers_for_update(tx: &mut Transaction, ids: Vec<Uuid>) -> Result<Vec<CustomerRow>> {
    let mut sql = select::<CustomerRow>(tx.dialect());
    sql.push(" FROM customer t WHERE t.id").any_id(ids);
    sql.by_dialect(" ORDER BY t.id FOR UPDATE OF t", " ORDER BY t.id");
    tx.rows(sql).await
}

/// All profiles of these customers.
pub async fn members(tx: &mut Transaction, customers: Vec<Uuid>) -> Result<Vec<ProfileRow>> {
    let mut sql = select::<ProfileRow>(tx.dialect());
    sql.push(" FROM source_profile t WHERE t.customer_id").any_id(customers).push(" ORDER BY t.id");
    tx.rows(sql).await
}

/// What these customers' profiles carry.
pub async fn carried(tx: &mut Transaction, customers: Vec<Uuid>) -> Result<Vec<CarriedRow>> {
    let mut sql = select::<CarriedRow>(tx.dialect());
    sql.push(" FROM profile_identifier t WHERE t.customer_id").any_id(customers);
    tx.rows(sql).await
}

/// Moves everything that hangs on retired customers to their survivors. A retired id that led to one of them leads on.
pub async fn repoint(tx: &mut Transaction, moved: &[(Uuid, Uuid)]) -> Result<()> {
    repoint_in(tx, moved, FOLLOWING).await
}

/// Moves only what identity resolution itself reads; [`repoint_all`] does the rest later.
pub async fn repoint_people(tx: &mut Transaction, moved: &[(Uuid, Uuid)]) -> Result<()> {
    repoint_in(tx, moved, &[("source_profile", "customer_id"), ("profile_identifier", "customer_id")]).await
}

async fn repoint_in(
    tx: &mut Transaction,
    moved: &[(Uuid, Uuid)],
    tables: &[(&'static str, &'static str)],
) -> Result<()> {
    let dialect = tx.dialect();
    let id = |side: &str| match dialect {
        Dialect::Postgres => format!("k.{side}::uuid"),
        Dialect::Sqlite => format!("unhex(k.{side}, '-')"),
    };
    for (table, column) in tables.iter().copied().chain([("customer", "merged_into")]) {
        let mut sql = Sql::new(dialect);
        sql.push("UPDATE ").push(table).push(" SET ").push(column).push(" = ").push(&id("new")).push(" FROM ");
        sql.texts_as_rows(["old", "new"], moved.iter().map(|(old, new)| [old.to_string(), new.to_string()]), "k");
        sql.push(" WHERE ").push(table).push(".").push(column).push(" = ").push(&id("old"));
        tx.execute(sql).await?;
    }
    Ok(())
}

/// Moves what an import with deferred moves left behind: every row whose customer was merged into another.
pub async fn repoint_all(tx: &mut Transaction) -> Result<()> {
    for (table, column) in FOLLOWING {
        let mut sql = Sql::new(tx.dialect());
        sql.push("UPDATE ").push(table).push(" SET ").push(column);
        sql.push(" = c.merged_into FROM customer c WHERE c.id = ");
        sql.push(table).push(".").push(column).push(" AND c.merged_into IS NOT NULL");
        tx.execute(sql).await?;
    }
    Ok(())
}

/// Removes the golden values of customers that are no more, or are about to be given theirs anew.
pub async fn drop_golden(tx: &mut Transaction, customers: Vec<Uuid>) -> Result<()> {
    let mut sql = Sql::new(tx.dialect());
    sql.push("DELETE FROM golden_value WHERE customer_id").any_id(customers);
    tx.execute(sql).await.map(|_| ())
}

/// A membership that ends.
pub struct Ended {
    /// The profile.
    pub profile: Uuid,
    /// When.
    pub at: DateTime<Utc>,
}

/// Ends the memberships that hold for these profiles.
pub async fn end_memberships(tx: &mut Transaction, ended: &[Ended]) -> Result<()> {
    let mut sql = Sql::new(tx.dialect());
    sql.push("UPDATE membership SET valid_to = ").by_dialect("k.at::timestamptz", "k.at").push(" FROM ");
    let rows = ended.iter().map(|ended| [ended.profile.to_string(), time_text(ended.at)]);
    sql.texts_as_rows(["profile", "at"], rows, "k");
    sql.push(" WHERE membership.valid_to IS NULL AND membership.source_profile_id = ");
    sql.by_dialect("k.profile::uuid", "unhex(k.profile, '-')");
    tx.execute(sql).await.map(|_| ())
}

crate::row! {
    /// A customer that was changed.
    pub struct ChangedRow {
        /// Its id.
        id: Uuid = Uuid as "customer.id",
    }
}

/// Gives customers whose owner's name has just become known their owner, and says which they were.
pub async fn find_owners(tx: &mut Transaction, staff: Vec<Uuid>, now: DateTime<Utc>) -> Result<Vec<ChangedRow>> {
    let mut sql = Sql::new(tx.dialect());
    sql.push("UPDATE customer SET owner_id = a.staff_id, updated_at = ").bind(now);
    sql.push(
        " FROM golden_value g JOIN staff_alias a ON a.source = g.source AND a.key = g.value AND substr(a.key, 1, 200) = \
         substr(g.value, 1, 200) WHERE g.customer_id = customer.id AND g.attribute = 'owner' AND customer.owner_id IS DISTINCT FROM \
         a.staff_id AND a.staff_id",
    )
    .any_id(staff)
    .push(" RETURNING ");
    push_columns(&mut sql, ChangedRow::COLUMNS);
    sql.by_dialect("::text", "");
    tx.rows(sql).await
}
