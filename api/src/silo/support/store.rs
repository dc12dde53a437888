//! All SQL of support.

use std::collections::BTreeSet;
use std::sync::Arc;

use uuid::Uuid;

use super::Support;
use super::types::{TicketFilter, TicketMessageRow, TicketRow};
use crate::access::{Class, Context, Order, Page, PageArgs, Permit, Rows, Scope, Select, SiloRow, Viewer, load};
use crate::catalogue::record::words;
use crate::database::Bind;
use crate::error::{Error, Result};
use crate::graph::timestamp::Timestamp;

const NEWEST_TICKET: Order = Order { name: "TICKET", by: "t.opened_at", time: true, descending: true };
const NEWEST_MESSAGE: Order = Order { name: "TICKET_MESSAGE", by: "t.sent_at", time: true, descending: true };
/// Customers that a number may lead to: more than one is already a question for whoever asked, and the eleventh says that
/// there are more than are listed.
const HOLDERS: usize = 11;
/// Tickets of one number, over all sources, that are looked at.
const SAME_NUMBER: i64 = 100;
const OPEN: &str = "t.status NOT IN ('SOLVED', 'CLOSED')";

crate::row! {
    /// Figures over the tickets of a customer.
    pub struct TicketFigures {
        /// How many.
        count: i64 = Number as "count(*)",
        /// How many of them are open.
        open: i64 = Number as "count(*) FILTER (WHERE t.status NOT IN ('SOLVED', 'CLOSED'))",
        /// When the last was opened.
        last_at: Option<Timestamp> = Time as "max(t.opened_at)",
    }
}

crate::row! {
    /// Whom a row belongs to.
    struct HolderRow {
        /// The customer.
        customer_id: Uuid = Uuid,
    }
}

impl SiloRow for HolderRow {
    type Silo = Support;
    const TABLE: &'static str = TicketRow::TABLE;
    const OWNER: Option<&'static str> = TicketRow::OWNER;
    const CUSTOMER: Option<&'static str> = TicketRow::CUSTOMER;
}

/// A page of a customer's tickets, the one opened last first.
pub async fn tickets_of_customer(
    context: &Context<'_>,
    permit: &Permit<Support>,
    customer_id: Uuid,
    filter: Option<&TicketFilter>,
    args: &PageArgs,
) -> Result<Page<TicketRow>> {
    let mut select = permit.select::<TicketRow>().of_parent("customer_id");
    if let Some(filter) = filter {
        select = filtered(permit, select, filter)?;
    }
    load(context, select, NEWEST_TICKET, args, Some(customer_id)).await
}

/// The figures over a customer's tickets.
pub async fn figures_of_customer(
    context: &Context<'_>,
    permit: &Permit<Support>,
    customer_id: Uuid,
) -> Result<TicketFigures> {
    let select = permit.select::<TicketRow>().of_parent("customer_id").figures::<TicketFigures>();
    Scope::of(context)?.batch.one(select.fetch(), customer_id).await
}

/// Refuses a filter by tickets to those who may not read all of support.
pub fn may_filter_by_tickets(viewer: &Arc<Viewer>) -> Result<()> {
    match viewer.permit::<Support>() {
        Some(permit) if permit.rows().0 == Rows::All => Ok(()),
        _ => Err(Error::forbidden(
            "Your roles do not read all of support, so customers cannot be asked by their tickets.",
        )),
    }
}

/// A page of a ticket's messages, newest first.
pub async fn messages_of_ticket(
    context: &Context<'_>,
    permit: &Permit<Support>,
    ticket_id: Uuid,
    args: &PageArgs,
) -> Result<Page<TicketMessageRow>> {
    let select = permit.select::<TicketMessageRow>().of_parent("ticket_id");
    load(context, select, NEWEST_MESSAGE, args, Some(ticket_id)).await
}

/// The customers who have a ticket of this number.
pub async fn customers_by_ticket_number(
    context: &Context<'_>,
    permit: &Permit<Support>,
    number: &str,
) -> Result<Vec<Uuid>> {
    let select = permit.select::<HolderRow>().filter("t.number = ?", [Bind::from(number.trim())]).limit(SAME_NUMBER);
    let rows: Vec<HolderRow> = Scope::of(context)?.batch.rows(select.fetch(), None).await?;
    let holders: BTreeSet<Uuid> = rows.into_iter().map(|row| row.customer_id).collect();
    Ok(holders.into_iter().take(HOLDERS).collect())
}

fn filtered(
    permit: &Permit<Support>,
    mut select: Select<TicketRow>,
    filter: &TicketFilter,
) -> Result<Select<TicketRow>> {
    if let Some(open) = filter.open {
        select = select.filter(if open { OPEN } else { "t.status IN ('SOLVED', 'CLOSED')" }, []);
    }
    if let Some(status) = &filter.status {
        select = select.one_of("t.status", words(status)?);
    }
    if let Some(kind) = &filter.kind {
        permit.require(Class::Behaviour, "the kind of a ticket")?;
        select = select.one_of("t.kind", words(kind)?);
    }
    if let Some(channel) = &filter.channel {
        select = select.one_of("t.channel", words(channel)?);
    }
    if let Some(product) = &filter.product {
        select = select.filter("t.product = ?", [Bind::from(product.as_str())]);
    }
    if let Some(touchpoint) = &filter.touchpoint {
        select = select.filter("t.touchpoint = ?", [Bind::from(touchpoint.as_str())]);
    }
    Ok(select.within("t.opened_at", filter.opened.as_ref()))
}
