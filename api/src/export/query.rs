//! The feed of changes in GraphQL: ids and kinds of what was written, in an order in which none is skipped or told twice.

use async_graphql::{Context, Enum, ID, Object, SimpleObject};
use serde::Deserialize;
use uuid::Uuid;

use super::store::{self, ChangeRow, Stand};
use super::tables::TABLES;
use crate::access::{PageInfo, Permit, Scope, access, public_id};
use crate::customer::CustomerRecord;
use crate::customer::find::required;
use crate::error::{Error, Result};
use crate::graph::cursor::Position;
use crate::graph::timestamp::Timestamp;

/// The list that cursors of the feed belong to.
const LIST: &str = "CHANGE";

/// What was done to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ChangeOp {
    /// It was written: it is new, or has other values.
    Upsert,
    /// It is gone.
    Delete,
    /// The customer became part of another, which `customerId` names: ask for it by its id, and the other answers. All that hung
    /// on it hangs on the other from now on, which is not told row by row.
    Merge,
}

/// Something that was written: its kind and id, never its values. Ask for these by `node`.
#[derive(Debug, Clone, SimpleObject)]
pub struct Change {
    /// What was written, by the name that exports and SQL views have for it: `customer`, `ticket`, `survey_response` …
    #[graphql(directive = access::apply("customer".to_owned(), "open".to_owned()))]
    entity: String,
    /// Its id: give it to `node`.
    #[graphql(directive = access::apply("customer".to_owned(), "open".to_owned()))]
    entity_id: ID,
    /// The customer concerned, as it was then; of a merge the one that remains; null for what belongs to none.
    #[graphql(directive = access::apply("customer".to_owned(), "open".to_owned()))]
    customer_id: Option<ID>,
    /// What was done to it.
    #[graphql(directive = access::apply("customer".to_owned(), "open".to_owned()))]
    op: ChangeOp,
    /// When.
    #[graphql(directive = access::apply("customer".to_owned(), "open".to_owned()))]
    changed_at: Timestamp,
}

/// A change with its cursor.
#[derive(Debug, Clone, SimpleObject)]
pub struct ChangeEdge {
    /// The change.
    #[graphql(directive = access::apply("any".to_owned(), "open".to_owned()))]
    node: Change,
    /// Where it stands in the feed: give it as `after` to go on from here.
    #[graphql(directive = access::apply("any".to_owned(), "open".to_owned()))]
    cursor: String,
}

/// Changes in their order.
pub struct ChangeConnection {
    permit: Permit<CustomerRecord>,
    edges: Vec<ChangeEdge>,
    info: PageInfo,
}

/// Changes in their order, the oldest first.
#[Object]
impl ChangeConnection {
    /// The changes.
    #[graphql(directive = access::apply("any".to_owned(), "open".to_owned()))]
    async fn nodes(&self) -> Vec<&Change> {
        self.edges.iter().map(|edge| &edge.node).collect()
    }

    /// The changes, each with its cursor.
    #[graphql(directive = access::apply("any".to_owned(), "open".to_owned()))]
    async fn edges(&self) -> &[ChangeEdge] {
        &self.edges
    }

    /// Whether more can be read now, and where this page ends. Where nothing new is there, `endCursor` is the cursor that was
    /// given: ask again with it.
    #[graphql(directive = access::apply("any".to_owned(), "open".to_owned()))]
    async fn page_info(&self) -> &PageInfo {
        &self.info
    }

    /// The cursor of the newest change that can be read now: begin here for what comes from now on; null where there is none.
    #[graphql(directive = access::apply("customer".to_owned(), "open".to_owned()))]
    async fn head_cursor(&self, context: &Context<'_>) -> Option<Result<String>> {
        let find = async {
            let newest = store::newest(context, &self.permit).await?;
            newest.map(|stand| cursor(context, stand)).transpose()
        };
        find.await.transpose()
    }
}

/// Tells what changed.
#[derive(Default)]
pub struct ChangeQuery;

/// Tells what changed.
#[Object]
impl ChangeQuery {
    /// What was written, in an order in which no change is skipped or told twice: ask again and again with the last
    /// `endCursor`. Ids and kinds alone, of silos that you may read; of a silo given to you for own rows only, those of
    /// customers you look after.
    #[graphql(directive = access::apply("customer".to_owned(), "open".to_owned()))]
    async fn changes(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "So many, 1 to 100; 20 unless said.")] first: Option<i64>,
        #[graphql(desc = "Go on after this cursor; from the first change that is kept unless said.")] after: Option<
            String,
        >,
    ) -> Option<Result<ChangeConnection>> {
        Some(page(context, first, after).await)
    }
}

async fn page(context: &Context<'_>, first: Option<i64>, after: Option<String>) -> Result<ChangeConnection> {
    let permit = required(context)?;
    let scope = Scope::of(context)?;
    let size = first.unwrap_or(scope.pages.default);
    if !(1..=scope.pages.most).contains(&size) {
        let most = scope.pages.most;
        return Err(Error::bad_input(format!("A page has 1 to {most} rows. Ask for so many and go on with `after`.")));
    }
    let stand = after.as_deref().map(|cursor| Stand::from_text(&scope.sealer.open(cursor, LIST)?.value)).transpose()?;
    let mut rows = store::behind(context, &permit, stand, size + 1).await?;
    let size = usize::try_from(size).unwrap_or_default();
    let has_next_page = rows.len() > size;
    rows.truncate(size);
    let mut edges = Vec::with_capacity(rows.len());
    for row in rows {
        edges.push(ChangeEdge { cursor: cursor(context, Stand::of(&row))?, node: told(row) });
    }
    let info = PageInfo {
        has_next_page,
        has_previous_page: after.is_some(),
        start_cursor: edges.first().map(|edge| edge.cursor.clone()),
        end_cursor: edges.last().map(|edge| edge.cursor.clone()).or(after),
    };
    Ok(ChangeConnection { permit, edges, info })
}

fn cursor(context: &Context<'_>, stand: Stand) -> Result<String> {
    let position = Position { list: LIST.to_owned(), value: stand.text(), id: Uuid::nil() };
    Scope::of(context)?.sealer.seal(&position)
}

fn told(row: ChangeRow) -> Change {
    let table = TABLES.iter().find(|table| table.kept_in == row.entity);
    Change {
        entity: table.map_or(row.entity, |table| table.name.to_owned()),
        entity_id: public_id(table.map_or("row", |table| table.prefix), row.entity_id),
        customer_id: row.customer_id.map(|id| public_id("cus", id)),
        op: row.op,
        changed_at: row.changed_at,
    }
}
