//! The catalogue's lists: staff, products, touchpoints, the sources with their freshness, and what could not be taken in.

use async_graphql::{Context, Object};

use super::rejected::{self, RejectedRecordConnection, RejectedRecordFilter, RejectedRecordOrder};
use super::source::{BY_KEY, Source, SourceConnection, SourceRow};
use super::types::{
    BY_NAME, Product, ProductConnection, ProductRow, Staff, StaffConnection, StaffRow, Touchpoint,
    TouchpointConnection, TouchpointRow,
};
use super::{Catalogue, Intake};
use crate::access::{Class, Order, PageArgs, Paged, Permit, Scope, Silo, access, load};
use crate::error::{Error, Result};
use crate::graph::at_hand::Ready;

/// Staff sort by name where names are shown, else by department: the key of most is their e-mail.
const STAFF_BY_DEPARTMENT: Order =
    Order { name: "STAFF_DEPARTMENT", by: "coalesce(t.department, '')", time: false, descending: false };

/// Lists of the catalogue.
#[derive(Default)]
pub struct CatalogueQuery;

fn required<S: Silo>(context: &Context<'_>) -> Result<Permit<S>> {
    let viewer = &Scope::of(context)?.viewer;
    viewer.permit::<S>().ok_or_else(|| Error::forbidden(format!("Your roles have no right to read {}.", S::KEY)))
}

async fn page<S: Silo, R: Paged<Silo = S>>(
    context: &Context<'_>,
    permit: &Permit<S>,
    order: Order,
    args: PageArgs,
) -> Result<crate::access::Page<R>> {
    load(context, permit.select::<R>(), order, &args, None).await
}

/// Lists of the catalogue.
#[Object]
impl CatalogueQuery {
    /// Who works here.
    #[graphql(directive = access::apply("catalogue".to_owned(), "open".to_owned()))]
    async fn staff(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "So many from the start, 1 to 100; 20 unless said.")] first: Option<i64>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end, 1 to 100.")] last: Option<i64>,
        #[graphql(desc = "Go back before this cursor.")] before: Option<String>,
    ) -> Option<Result<Ready<StaffConnection>>> {
        let list = async {
            let permit = required::<Catalogue>(context)?;
            let order = if permit.require(Class::Staff, "staff").is_ok() { BY_NAME } else { STAFF_BY_DEPARTMENT };
            let page = page::<_, StaffRow>(context, &permit, order, PageArgs { first, after, last, before }).await?;
            Ok(StaffConnection::new(page, |row| Staff::new(&permit, row)))
        };
        Some(list.await)
    }

    /// What we sell, by name.
    #[graphql(directive = access::apply("catalogue".to_owned(), "open".to_owned()))]
    async fn products(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "So many from the start, 1 to 100; 20 unless said.")] first: Option<i64>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end, 1 to 100.")] last: Option<i64>,
        #[graphql(desc = "Go back before this cursor.")] before: Option<String>,
    ) -> Option<Result<Ready<ProductConnection>>> {
        let list = async {
            let permit = required::<Catalogue>(context)?;
            let page =
                page::<_, ProductRow>(context, &permit, BY_NAME, PageArgs { first, after, last, before }).await?;
            Ok(ProductConnection::new(page, |row| Product::new(&permit, row)))
        };
        Some(list.await)
    }

    /// Where we meet customers, by name.
    #[graphql(directive = access::apply("catalogue".to_owned(), "open".to_owned()))]
    async fn touchpoints(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "So many from the start, 1 to 100; 20 unless said.")] first: Option<i64>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end, 1 to 100.")] last: Option<i64>,
        #[graphql(desc = "Go back before this cursor.")] before: Option<String>,
    ) -> Option<Result<Ready<TouchpointConnection>>> {
        let list = async {
            let permit = required::<Catalogue>(context)?;
            let args = PageArgs { first, after, last, before };
            let page = page::<_, TouchpointRow>(context, &permit, BY_NAME, args).await?;
            Ok(TouchpointConnection::new(page, |row| Touchpoint::new(&permit, row)))
        };
        Some(list.await)
    }

    /// The installed systems that records come from, by key: how they stand, what came of their records.
    #[graphql(directive = access::apply("intake".to_owned(), "open".to_owned()))]
    async fn sources(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "So many from the start, 1 to 100; 20 unless said.")] first: Option<i64>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end, 1 to 100.")] last: Option<i64>,
        #[graphql(desc = "Go back before this cursor.")] before: Option<String>,
    ) -> Option<Result<Ready<SourceConnection>>> {
        let list = async {
            let permit = required::<Intake>(context)?;
            let page = page::<_, SourceRow>(context, &permit, BY_KEY, PageArgs { first, after, last, before }).await?;
            Ok(SourceConnection::new(page, |row| Source::new(&permit, row)))
        };
        Some(list.await)
    }

    /// The installed system of this key; null where there is none.
    #[graphql(directive = access::apply("intake".to_owned(), "open".to_owned()))]
    async fn source(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Key of the source.")] key: String,
    ) -> Option<Result<Source>> {
        let one = async {
            let permit = required::<Intake>(context)?;
            let fetch = permit.select::<SourceRow>().filter("t.key = ?", [key.into()]).limit(1).fetch();
            let rows: Vec<SourceRow> = Scope::of(context)?.batch.rows(fetch, None).await?;
            Ok(rows.into_iter().next().map(|row| Source::new(&permit, row)))
        };
        one.await.transpose()
    }

    /// Records that could not be taken in, with the reasons, those that wait for what they belong to, and those that were
    /// discarded.
    #[graphql(directive = access::apply("intake".to_owned(), "open".to_owned()))]
    async fn rejected_records(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which.")] filter: Option<RejectedRecordFilter>,
        #[graphql(desc = "How they are sorted.", default_with = "RejectedRecordOrder::Newest")]
        order_by: RejectedRecordOrder,
        #[graphql(desc = "So many from the start, 1 to 100; 20 unless said.")] first: Option<i64>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end, 1 to 100.")] last: Option<i64>,
        #[graphql(desc = "Go back before this cursor.")] before: Option<String>,
    ) -> Option<Result<Ready<RejectedRecordConnection>>> {
        let list = async {
            let permit = required::<Intake>(context)?;
            let args = PageArgs { first, after, last, before };
            rejected::page(context, &permit, filter.unwrap_or_default(), order_by, &args).await
        };
        Some(list.await)
    }
}
