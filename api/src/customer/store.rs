//! All SQL of the customer itself.

use std::sync::Arc;

use uuid::Uuid;

use super::CustomerRecord;
use super::golden::GoldenRow;
use super::identifier::{IdentifierRow, SourceProfileRow};
use super::relation::{RelationRow, Side};
use super::search::Candidate;
use super::timeline::{InteractionRow, TimelineFilter};
use super::types::CustomerRow;
use crate::access::{Context, Order, Page, PageArgs, Permit, Scope, Select, load};
use crate::catalogue::record::words;
use crate::database::{Bind, Database, Dialect, Row, Sql, push_columns};
use crate::error::{Error, Result};
use crate::graph::batch::{Batch, Fetch};

/// No more identifiers or values of one customer are shown than this.
const MANY: i64 = 500;

const NEWEST_PROFILE: Order = Order { name: "SOURCE_PROFILE", by: "t.observed_at", time: true, descending: true };
/// The order of the index, backwards: cookies, of which there may be hundreds, come last.
const KINDS: Order = Order { name: "IDENTIFIER", by: "t.kind", time: false, descending: true };
const NEWEST_INTERACTION: Order = Order { name: "INTERACTION", by: "t.occurred_at", time: true, descending: true };
const NEWEST_RELATION: Order =
    Order { name: "RELATION", by: "coalesce(t.valid_from, '')", time: false, descending: true };

/// Customers that stand on their own: the start of every list.
pub fn living(permit: &Permit<CustomerRecord>) -> Select<CustomerRow> {
    permit.select::<CustomerRow>().filter("t.merged_into IS NULL", [])
}

/// The customer of an id, following a retired id to the one it leads to.
pub async fn by_id(context: &Context<'_>, permit: &Permit<CustomerRecord>, id: Uuid) -> Result<Option<CustomerRow>> {
    follow(&Scope::of(context)?.batch, sought(permit).fetch(), id).await
}

/// A customer by id, retired or not.
pub fn sought(permit: &Permit<CustomerRecord>) -> Select<CustomerRow> {
    permit.select::<CustomerRow>().of_parent("id").limit(1)
}

/// The customer that an id leads to, by a select of [`sought`].
pub async fn follow(batch: &Batch, fetch: Arc<dyn Fetch>, mut id: Uuid) -> Result<Option<CustomerRow>> {
    // A chain of merges ends after a few steps; a ring cannot be, since the older id survives.
    for _ in 0..8 {
        let rows: Vec<CustomerRow> = batch.rows(fetch.clone(), Some(id)).await?;
        match rows.into_iter().next() {
            Some(row) => match row.merged_into {
                Some(into) => id = into,
                None => return Ok(Some(row)),
            },
            None => return Ok(None),
        }
    }
    Ok(None)
}

/// Customers who hold one of these values of an identifier kind.
pub async fn holders(
    context: &Context<'_>,
    permit: &Permit<CustomerRecord>,
    kind: &str,
    values: Vec<String>,
    most: i64,
) -> Result<Vec<CustomerRow>> {
    let condition = "t.id IN (SELECT i.customer_id FROM profile_identifier i JOIN identifier n ON n.id = i.identifier_id \
                     WHERE n.kind = ? AND n.value ?)";
    let select = living(permit).filter(condition, [Bind::from(kind), Bind::Texts(values)]).limit(most);
    Scope::of(context)?.batch.rows(select.fetch(), None).await
}

/// The customer of a profile: a source and its own key.
pub async fn of_profile(
    context: &Context<'_>,
    permit: &Permit<CustomerRecord>,
    source: &str,
    key: &str,
) -> Result<Vec<CustomerRow>> {
    let condition = "t.id IN (SELECT p.customer_id FROM source_profile p WHERE p.source = ? AND p.key = ?)";
    let select = living(permit).filter(condition, [Bind::from(source), Bind::from(key)]).limit(2);
    Scope::of(context)?.batch.rows(select.fetch(), None).await
}

/// Customers by id.
pub async fn by_ids(
    context: &Context<'_>,
    permit: &Permit<CustomerRecord>,
    ids: Vec<Uuid>,
) -> Result<Vec<CustomerRow>> {
    let select = living(permit).filter("t.id ?", [Bind::Ids(ids)]).limit(MANY);
    Scope::of(context)?.batch.rows(select.fetch(), None).await
}

/// Customers whose search text looks like a folded query: candidates, to be ranked by the caller. Of those that answer alike
/// the ones with the latest contact are taken, since they are shown first.
pub async fn alike(
    context: &Context<'_>,
    permit: &Permit<CustomerRecord>,
    folded: &str,
    grams: &[String],
) -> Result<Vec<Candidate>> {
    let scope = Scope::of(context)?;
    let select = match scope.database.dialect() {
        Dialect::Postgres => living(permit).filter(
            "t.id IN (SELECT s.id FROM customer s WHERE s.merged_into IS NULL AND (s.search_text LIKE ? OR s.search_text %> ?) \
             ORDER BY word_similarity(?, s.search_text) DESC, s.last_interaction_at DESC NULLS LAST, s.id LIMIT 300)",
            [Bind::from(format!("%{}%", escaped(folded))), Bind::from(folded), Bind::from(folded)],
        ),
        Dialect::Sqlite => {
            let words: Vec<String> = grams.iter().map(|gram| format!("\"{}\"", gram.replace('"', "\"\""))).collect();
            // The index ranks by the length of the text too: texts that hold the query as it stands are equals, others by
            // whole ranks. So many are looked at that this decides, and no more.
            let condition = "t.rowid IN (SELECT c.rowid FROM (SELECT s.rowid AS id, s.rank AS place FROM customer_search s \
                             WHERE s.search_text MATCH ? ORDER BY s.rank LIMIT 3000) f CROSS JOIN customer c \
                             WHERE c.rowid = f.id ORDER BY CASE WHEN instr(c.search_text, ?) > 0 THEN -1e9 \
                             ELSE round(f.place) END, c.last_interaction_at DESC NULLS LAST, c.id LIMIT 300)";
            living(permit).filter(condition, [Bind::from(words.join(" OR ")), Bind::from(folded)])
        }
    };
    scope.batch.rows(select.only::<Candidate>().limit(300).fetch(), None).await
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

/// The golden values of a customer.
pub async fn golden_values(
    context: &Context<'_>,
    permit: &Permit<CustomerRecord>,
    customer_id: Uuid,
) -> Result<Vec<GoldenRow>> {
    let fetch = permit.select::<GoldenRow>().of_parent("customer_id").limit(MANY).fetch();
    Scope::of(context)?.batch.rows(fetch, Some(customer_id)).await
}

/// The identifiers of a customer, as its profiles carry them; of too many the cookies are left out first.
pub async fn identifiers(
    context: &Context<'_>,
    permit: &Permit<CustomerRecord>,
    customer_id: Uuid,
) -> Result<Vec<IdentifierRow>> {
    let select = permit.select::<IdentifierRow>().of_parent("customer_id").asked([context.field()]);
    Scope::of(context)?.batch.rows(select.order(KINDS, false).limit(MANY).fetch(), Some(customer_id)).await
}

/// A page of a customer's source profiles.
pub async fn source_profiles(
    context: &Context<'_>,
    permit: &Permit<CustomerRecord>,
    customer_id: Uuid,
    args: &PageArgs,
) -> Result<Page<SourceProfileRow>> {
    let select = permit.select::<SourceProfileRow>().of_parent("customer_id");
    load(context, select, NEWEST_PROFILE, args, Some(customer_id)).await
}

/// A page of a customer's relations on one side.
pub async fn relations(
    context: &Context<'_>,
    permit: &Permit<CustomerRecord>,
    customer_id: Uuid,
    side: Side,
    args: &PageArgs,
) -> Result<Page<RelationRow>> {
    let select = permit.select::<RelationRow>();
    let select = match side {
        Side::People => select.of_parent("to_customer_id").filter("t.kind = 'WORKS_AT'", []),
        Side::Companies => select.of_parent("customer_id").filter("t.kind = 'WORKS_AT'", []),
        Side::Household => {
            // Either end may have said so; if both did, what this one says is shown.
            let either = "t.kind = 'HOUSEHOLD' AND (t.customer_id = ? OR (t.to_customer_id = ? AND NOT EXISTS (SELECT 1 FROM \
                          relation o WHERE o.customer_id = t.to_customer_id AND o.to_customer_id = t.customer_id \
                          AND o.kind = 'HOUSEHOLD')))";
            let select = select.filter(either, [Bind::from(customer_id), Bind::from(customer_id)]);
            let mut page = load(context, select, NEWEST_RELATION, args, None).await?;
            for row in page.rows.iter_mut().filter(|row| row.to_customer_id == customer_id) {
                std::mem::swap(&mut row.customer_id, &mut row.to_customer_id);
            }
            return Ok(page);
        }
    };
    load(context, select, NEWEST_RELATION, args, Some(customer_id)).await
}

/// A page of a customer's timeline; `visible` is the condition that the viewer's rights to the silos give.
pub async fn interactions(
    context: &Context<'_>,
    permit: &Permit<CustomerRecord>,
    customer_id: Uuid,
    filter: &TimelineFilter,
    visible: (String, Vec<Bind>),
    include_people: bool,
    args: &PageArgs,
) -> Result<Page<InteractionRow>> {
    let mut select = permit.select::<InteractionRow>();
    let parent = if include_people {
        let people = "t.customer_id IN (SELECT ? UNION SELECT r.customer_id FROM relation r \
                      WHERE r.to_customer_id = ? AND r.kind = 'WORKS_AT')";
        select = select.filter(people, [Bind::from(customer_id), Bind::from(customer_id)]);
        // What happened with a person before they came or after they left is not the company's.
        let then = match Scope::of(context)?.database.dialect() {
            Dialect::Postgres => "to_char(t.occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')",
            Dialect::Sqlite => "substr(t.occurred_at, 1, 10)",
        };
        let there = format!(
            "(t.customer_id = ? OR EXISTS (SELECT 1 FROM relation r WHERE r.customer_id = t.customer_id AND \
             r.to_customer_id = ? AND r.kind = 'WORKS_AT' AND coalesce(r.valid_from, '') <= {then} AND \
             coalesce(r.valid_to, '9999') >= {then}))"
        );
        select = select.filter(there, [Bind::from(customer_id), Bind::from(customer_id)]);
        None
    } else {
        select = select.of_parent("customer_id");
        Some(customer_id)
    };
    select = select.filter(visible.0, visible.1);
    if let Some(kinds) = &filter.kind {
        select = select.one_of("t.kind", words(kinds)?);
    }
    if let Some(touchpoint) = &filter.touchpoint {
        select = select.filter("t.touchpoint = ?", [Bind::from(touchpoint.as_str())]);
    }
    load(context, select.within("t.occurred_at", filter.period.as_ref()), NEWEST_INTERACTION, args, parent).await
}

crate::row! {
    /// A note that staff left through the API, as it was written.
    pub struct StaffNote {
        /// Key of its record.
        key: String = Text as "r.key",
        /// The customer it is about.
        customer_id: Uuid = Uuid as "n.customer_id",
        /// What was written.
        payload: String = Text as "r.payload",
    }
}

/// A staff note with its fields taken apart.
pub struct WrittenNote {
    /// Key of its record.
    pub key: String,
    /// The customer it is about.
    pub customer_id: Uuid,
    /// Its fields.
    pub fields: serde_json::Map<String, serde_json::Value>,
}

/// What was written for a note; none where it did not come from staff. Whether the viewer may see it is asked before.
pub async fn staff_note(database: &Database, note_id: Uuid) -> Result<Option<WrittenNote>> {
    let mut sql = Sql::new(database.dialect());
    sql.push("SELECT ");
    push_columns(&mut sql, StaffNote::COLUMNS);
    sql.by_dialect("::text", "");
    sql.push(" FROM contact_note n JOIN record r ON r.id = n.record_id WHERE r.source = 'staff' AND n.id = ")
        .bind(note_id);
    let Some(note) = database.rows::<StaffNote>(sql).await?.into_iter().next() else { return Ok(None) };
    let fields = serde_json::from_str(&note.payload).map_err(Error::internal)?;
    Ok(Some(WrittenNote { key: note.key, customer_id: note.customer_id, fields }))
}
