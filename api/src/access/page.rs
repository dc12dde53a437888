//! Pages: keyset connections over selects that began with a permit.

use std::sync::Arc;

use async_graphql::{Context, InputObject, SelectionField, SimpleObject};
use futures_util::future::{BoxFuture, try_join};
use uuid::Uuid;

use super::scope::Scope;
use super::select::{Order, Paged, Select};
use crate::database::{Bind, Row};
use crate::error::{Error, Result};
use crate::graph::at_hand::{AtHand, Writer};
use crate::graph::batch::{Batch, Fetch};
use crate::graph::cursor::Position;
use crate::graph::json::Leaf;
use crate::graph::timestamp::Timestamp;

/// How large pages are.
#[derive(Debug, Clone, Copy)]
pub struct Pages {
    /// Rows of a page where no size is asked for.
    pub default: i64,
    /// Rows of a page at most.
    pub most: i64,
}

/// Which page of a list is asked for.
#[derive(Debug, Clone, Default)]
pub struct PageArgs {
    /// So many from the start, or after `after`.
    pub first: Option<i64>,
    /// After this cursor.
    pub after: Option<String>,
    /// So many from the end, or before `before`.
    pub last: Option<i64>,
    /// Before this cursor.
    pub before: Option<String>,
}

/// Whether there is more, and where this page begins and ends.
#[derive(Debug, Clone, SimpleObject)]
pub struct PageInfo {
    /// Whether rows follow this page.
    #[graphql(directive = super::directive::access::apply("any".to_owned(), "open".to_owned()))]
    pub has_next_page: bool,
    /// Whether rows come before this page.
    #[graphql(directive = super::directive::access::apply("any".to_owned(), "open".to_owned()))]
    pub has_previous_page: bool,
    /// Cursor of the first row; null on an empty page.
    #[graphql(directive = super::directive::access::apply("any".to_owned(), "open".to_owned()))]
    pub start_cursor: Option<String>,
    /// Cursor of the last row; null on an empty page.
    #[graphql(directive = super::directive::access::apply("any".to_owned(), "open".to_owned()))]
    pub end_cursor: Option<String>,
}

impl AtHand for PageInfo {
    fn writer(field: &str) -> Option<Writer<Self>> {
        Some(match field {
            "hasNextPage" => |this, _, out| this.has_next_page.put(out),
            "hasPreviousPage" => |this, _, out| this.has_previous_page.put(out),
            "startCursor" => |this, _, out| this.start_cursor.put(out),
            "endCursor" => |this, _, out| this.end_cursor.put(out),
            _ => return None,
        })
    }
}

/// A period of time: from (included) to (excluded). Either end may be left open.
#[derive(Debug, Clone, InputObject)]
pub struct PeriodInput {
    /// From this moment on.
    pub from: Option<Timestamp>,
    /// Before this moment.
    pub to: Option<Timestamp>,
}

/// A page: its rows with their cursors, where those were asked for.
pub struct Page<R> {
    /// The rows in the order of the list.
    pub rows: Vec<R>,
    /// A cursor for each row; empty when the query asks for none.
    pub cursors: Vec<String>,
    /// Whether there is more, and where the page begins and ends.
    pub info: PageInfo,
    /// How many rows the list has in all; null unless asked for.
    pub total: Option<i64>,
}

crate::row! {
    /// How many rows.
    struct Count {
        /// The number.
        count: i64 = Number as "count(*)",
    }
}

/// What is asked of a connection.
struct Wanted<'a> {
    /// Where its rows are asked for.
    rows: Vec<SelectionField<'a>>,
    cursors: bool,
    total: bool,
}

impl<'a> Wanted<'a> {
    fn of(connection: &SelectionField<'a>) -> Self {
        let mut wanted = Self { rows: Vec::new(), cursors: false, total: false };
        for field in connection.selection_set() {
            match field.name() {
                "nodes" => wanted.rows.push(field),
                "edges" => {
                    for below in field.selection_set() {
                        match below.name() {
                            "node" => wanted.rows.push(below),
                            "cursor" => wanted.cursors = true,
                            _ => {}
                        }
                    }
                }
                "pageInfo" => {
                    wanted.cursors |=
                        field.selection_set().any(|below| matches!(below.name(), "startCursor" | "endCursor"));
                }
                "totalCount" => wanted.total = true,
                _ => {}
            }
        }
        wanted
    }
}

/// Loads a page of a select, for one parent or for none. Boxed: it stands in every list, and what is unboxed there is part of
/// each future around it.
pub fn load<'a, R: Paged>(
    context: &'a Context<'_>,
    select: Select<R>,
    order: Order,
    args: &'a PageArgs,
    parent: Option<Uuid>,
) -> BoxFuture<'a, Result<Page<R>>> {
    Box::pin(page(context, select, order, args, parent))
}

async fn page<R: Paged>(
    context: &Context<'_>,
    select: Select<R>,
    order: Order,
    args: &PageArgs,
    parent: Option<Uuid>,
) -> Result<Page<R>> {
    let scope = Scope::of(context)?;
    let (size, backwards) = size(args, scope.pages)?;
    let wanted = Wanted::of(&context.field());
    let count = wanted.total.then(|| select.clone().figures::<Count>().fetch());
    let mut paged = select;
    for (cursor, after) in [(&args.after, true), (&args.before, false)] {
        if let Some(cursor) = cursor {
            let position = scope.sealer.open(cursor, order.name)?;
            paged = beyond(paged, order, &position, order.descending == after)?;
        }
    }
    let paged = paged.asked(wanted.rows).order(order, backwards).limit(size + 1).with_sort(wanted.cursors);
    let rows = rows(&scope.batch, paged.fetch(), parent, wanted.cursors);
    let (rows, total) = match count {
        None => (rows.await?, None),
        Some(count) => {
            let (rows, counts) = try_join(rows, scope.batch.rows::<Count>(count, parent)).await?;
            (rows, counts.first().map(|count| count.count))
        }
    };
    finish(scope, order, args, rows, size, backwards, total)
}

/// Rows, with what they are sorted by if that is wanted.
async fn rows<R: Row>(
    batch: &Batch,
    fetch: Arc<dyn Fetch>,
    parent: Option<Uuid>,
    sorted: bool,
) -> Result<Vec<(Option<String>, R)>> {
    Ok(if sorted {
        batch.sorted_rows(fetch, parent).await?.into_iter().map(|(sort, row)| (Some(sort), row)).collect()
    } else {
        batch.rows(fetch, parent).await?.into_iter().map(|row| (None, row)).collect()
    })
}

fn finish<R: Paged>(
    scope: &Scope,
    order: Order,
    args: &PageArgs,
    mut found: Vec<(Option<String>, R)>,
    size: i64,
    backwards: bool,
    total: Option<i64>,
) -> Result<Page<R>> {
    let size = usize::try_from(size).unwrap_or_default();
    let more = found.len() > size;
    found.truncate(size);
    if backwards {
        found.reverse();
    }
    let mut rows = Vec::with_capacity(found.len());
    let mut cursors = Vec::new();
    for (sort, row) in found {
        if let Some(value) = sort {
            cursors.push(scope.sealer.seal(&Position { list: order.name.to_owned(), value, id: row.id() })?);
        }
        rows.push(row);
    }
    let info = PageInfo {
        has_next_page: if backwards { args.before.is_some() } else { more },
        has_previous_page: if backwards { more } else { args.after.is_some() },
        start_cursor: cursors.first().cloned(),
        end_cursor: cursors.last().cloned(),
    };
    Ok(Page { rows, cursors, info, total })
}

fn size(args: &PageArgs, pages: Pages) -> Result<(i64, bool)> {
    let (size, backwards) = match (args.first, args.last) {
        (Some(_), Some(_)) => return Err(Error::bad_input("Ask for `first` or for `last`, not for both.")),
        (first, None) => (first.unwrap_or(pages.default), first.is_none() && args.before.is_some()),
        (None, Some(last)) => (last, true),
    };
    if (1..=pages.most).contains(&size) {
        Ok((size, backwards))
    } else {
        let most = pages.most;
        Err(Error::bad_input(format!("A page has 1 to {most} rows. Ask for so many and go on with `after`.")))
    }
}

fn beyond<R: Row>(select: Select<R>, order: Order, position: &Position, smaller: bool) -> Result<Select<R>> {
    let value = if order.time {
        let time = chrono::DateTime::parse_from_rfc3339(&position.value).map_err(Error::internal)?;
        Bind::from(time.to_utc())
    } else {
        Bind::from(position.value.as_str())
    };
    let sign = if smaller { "<" } else { ">" };
    Ok(select.filter(format!("({}, t.id) {sign} (?, ?)", order.by), [value, Bind::from(position.id)]))
}

/// Declares the connection and edge types of an object of the graph.
#[macro_export]
macro_rules! connection {
    ($node:ident, $connection:ident, $edge:ident, $what:literal) => {
        #[doc = concat!("A page of ", $what, ".")]
        pub struct $connection {
            nodes: Vec<$crate::graph::at_hand::Ready<$node>>,
            cursors: Vec<String>,
            info: $crate::access::PageInfo,
            total: Option<i64>,
        }

        impl $connection {
            /// A page whose rows become nodes.
            pub fn new<R>(
                page: $crate::access::Page<R>,
                node: impl Fn(R) -> $node,
            ) -> $crate::graph::at_hand::Ready<Self> {
                $crate::graph::at_hand::Ready(Self {
                    nodes: page.rows.into_iter().map(|row| $crate::graph::at_hand::Ready(node(row))).collect(),
                    cursors: page.cursors,
                    info: page.info,
                    total: page.total,
                })
            }

            fn each_edge(&self) -> impl Iterator<Item = $edge<'_>> {
                let cursors = self.cursors.iter().map(|cursor| Some(cursor.as_str())).chain(std::iter::repeat(None));
                self.nodes.iter().zip(cursors).map(|(node, cursor)| $edge { node, cursor })
            }
        }

        impl $crate::graph::at_hand::AtHand for $connection {
            fn writer(field: &str) -> Option<$crate::graph::at_hand::Writer<Self>> {
                use $crate::graph::{at_hand, json::Leaf};
                Some(match field {
                    "nodes" => |this, context, out| {
                        at_hand::write_list::<$node>(context, this.nodes.iter().map(|node| &node.0), out)
                    },
                    "edges" => |this, context, out| at_hand::write_list(context, this.each_edge(), out),
                    "pageInfo" => |this, context, out| at_hand::write_below(context, Some(&this.info), out),
                    "totalCount" => |this, _, out| this.total.put(out),
                    _ => return None,
                })
            }
        }

        #[doc = concat!("A page of ", $what, ".")]
        #[async_graphql::Object]
        impl $connection {
            /// The rows of the page.
            #[graphql(directive = $crate::access::access::apply("any".to_owned(), "open".to_owned()))]
            async fn nodes(&self) -> &[$crate::graph::at_hand::Ready<$node>] {
                &self.nodes
            }

            /// The rows of the page, each with its cursor.
            #[graphql(directive = $crate::access::access::apply("any".to_owned(), "open".to_owned()))]
            async fn edges(&self) -> Vec<$edge<'_>> {
                self.each_edge().collect()
            }

            /// Whether there is more, and where this page begins and ends.
            #[graphql(directive = $crate::access::access::apply("any".to_owned(), "open".to_owned()))]
            async fn page_info(&self) -> &$crate::access::PageInfo {
                &self.info
            }

            /// How many rows the list has in all, with the filter, over all pages.
            #[graphql(directive = $crate::access::access::apply("any".to_owned(), "open".to_owned()))]
            async fn total_count(&self) -> Option<i64> {
                self.total
            }
        }

        #[doc = concat!("One of ", $what, ", with its cursor.")]
        pub struct $edge<'a> {
            node: &'a $crate::graph::at_hand::Ready<$node>,
            cursor: Option<&'a str>,
        }

        #[doc = concat!("One of ", $what, ", with its cursor.")]
        #[async_graphql::Object]
        impl $edge<'_> {
            /// The row.
            #[graphql(directive = $crate::access::access::apply("any".to_owned(), "open".to_owned()))]
            async fn node(&self) -> &$crate::graph::at_hand::Ready<$node> {
                self.node
            }

            /// Where it stands in the list: give it as `after` or `before` to go on from here.
            #[graphql(directive = $crate::access::access::apply("any".to_owned(), "open".to_owned()))]
            async fn cursor(&self) -> &str {
                self.cursor.unwrap_or_default()
            }
        }

        impl $crate::graph::at_hand::AtHand for $edge<'_> {
            fn writer(field: &str) -> Option<$crate::graph::at_hand::Writer<Self>> {
                use $crate::graph::{at_hand, json::Leaf};
                Some(match field {
                    "node" => |this, context, out| at_hand::write_below(context, Some(&this.node.0), out),
                    "cursor" => |this, _, out| this.cursor.unwrap_or_default().put(out),
                    _ => return None,
                })
            }
        }
    };
}
