//! Lists of customers: a closed set of filters and orders. Each order has an index, and so have the filters by stage, owner,
//! name, e-mail and time; kind, country and segment, which many share, are looked at while an order is read.

use async_graphql::{Context, Enum, ID, InputObject, Object};

use super::find::required;
use super::node::{CustomerConnection, CustomerNode};
use super::types::{CustomerKind, CustomerRow, LifecycleStage};
use super::{CustomerRecord, store};
use crate::access::{Class, Order, PageArgs, Permit, Select, access, load, private_id};
use crate::catalogue::record::{word, words};
use crate::catalogue::types::Staff;
use crate::database::Bind;
use crate::error::{Error, Result};
use crate::graph::at_hand::Ready;
use crate::graph::timestamp::Timestamp;

/// Which customers.
#[derive(Debug, Clone, Default, InputObject)]
pub struct CustomerFilter {
    /// In one of these lifecycle stages.
    pub stage: Option<Vec<LifecycleStage>>,
    /// Persons or companies.
    pub kind: Option<CustomerKind>,
    /// Looked after by this member of staff, by id.
    pub owner: Option<ID>,
    /// In this country, ISO 3166 alpha-2.
    pub country: Option<String>,
    /// In this segment.
    pub segment: Option<String>,
    /// By the e-mail shown.
    pub email: Option<TextFilter>,
    /// By the name shown.
    pub name: Option<TextFilter>,
    /// With an open ticket (true) or without one (false).
    pub has_open_ticket: Option<bool>,
    /// Whose shown values changed after this moment.
    pub updated_after: Option<Timestamp>,
    /// First known after this moment.
    pub created_after: Option<Timestamp>,
    /// With whom something happened after this moment.
    pub last_interaction_after: Option<Timestamp>,
    /// With whom nothing has happened since this moment.
    pub last_interaction_before: Option<Timestamp>,
}

/// A condition on a text.
#[derive(Debug, Clone, InputObject)]
pub struct TextFilter {
    /// It begins with this, whatever the case; umlauts as written or written out.
    pub starts_with: String,
}

/// What customers are sorted by. Customers without a name or an e-mail come last in that order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum CustomerOrder {
    /// By when first known, the newest first.
    CreatedAt,
    /// By name, folded: Müller beside Mueller.
    Name,
    /// By e-mail.
    Email,
    /// Last contact first; who has had none, by when first known.
    LastInteractionAt,
}

/// Sorts behind every text there is.
const LAST: &str = "\u{10FFFF}";

const BY_CREATED: Order = Order { name: "CREATED_AT", by: "t.created_at", time: true, descending: true };
const BY_NAME: Order =
    Order { name: "NAME", by: "coalesce(t.name_sort, '\u{10FFFF}')", time: false, descending: false };
const BY_EMAIL: Order = Order { name: "EMAIL", by: "coalesce(t.email, '\u{10FFFF}')", time: false, descending: false };
const BY_CONTACT: Order = Order {
    name: "LAST_INTERACTION_AT",
    by: "coalesce(t.last_interaction_at, t.created_at)",
    time: true,
    descending: true,
};

/// Lists customers.
#[derive(Default)]
pub struct ListQuery;

/// Lists customers.
#[Object]
impl ListQuery {
    /// Customers, page by page. A filter or an order by a value that you do not see in full is `FORBIDDEN`.
    #[graphql(directive = access::apply("customer".to_owned(), "open".to_owned()))]
    async fn customers(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which customers; all unless said.")] filter: Option<CustomerFilter>,
        #[graphql(desc = "What they are sorted by.", default_with = "CustomerOrder::CreatedAt")]
        order_by: CustomerOrder,
        #[graphql(desc = "So many from the start, 1 to 100; 20 unless said.")] first: Option<i64>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end, 1 to 100.")] last: Option<i64>,
        #[graphql(desc = "Go back before this cursor.")] before: Option<String>,
    ) -> Option<Result<Ready<CustomerConnection>>> {
        let list = async {
            let permit = required(context)?;
            let select = filtered(&permit, &filter.unwrap_or_default())?;
            let order = order(&permit, order_by)?;
            let page = load(context, select, order, &PageArgs { first, after, last, before }, None).await?;
            Ok(CustomerConnection::new(page, |row| CustomerNode::new(&permit, row)))
        };
        Some(Box::pin(list).await)
    }
}

fn order(permit: &Permit<CustomerRecord>, by: CustomerOrder) -> Result<Order> {
    match by {
        CustomerOrder::CreatedAt => Ok(BY_CREATED),
        CustomerOrder::Name => permit.require(Class::Identity, "names").map(|()| BY_NAME),
        CustomerOrder::Email => permit.require(Class::Contact, "e-mail addresses").map(|()| BY_EMAIL),
        CustomerOrder::LastInteractionAt => Ok(BY_CONTACT),
    }
}

fn filtered(permit: &Permit<CustomerRecord>, filter: &CustomerFilter) -> Result<Select<CustomerRow>> {
    let mut select = store::living(permit);
    if let Some(stages) = &filter.stage {
        let mut stages = words(stages)?;
        // One stage is asked for with an equality, so that the index gives the order too.
        select = match (stages.len(), stages.pop()) {
            (1, Some(one)) => select.filter("t.stage = ?", [Bind::from(one)]),
            (_, last) => {
                stages.extend(last);
                select.one_of("t.stage", stages)
            }
        };
    }
    if let Some(kind) = word(filter.kind)? {
        select = select.filter("t.kind = ?", [Bind::from(kind)]);
    }
    if let Some(owner) = &filter.owner {
        permit.require(Class::Staff, "owners")?;
        let id = private_id(Staff::PREFIX, owner)
            .ok_or_else(|| Error::bad_input("This is no id of a member of staff. They begin with `stf_`."))?;
        select = select.filter("t.owner_id = ?", [Bind::from(id)]);
    }
    if let Some(country) = &filter.country {
        select = select.filter("t.country = ?", [Bind::from(country.to_uppercase())]);
    }
    if let Some(segment) = &filter.segment {
        select = select.filter("t.segment = ?", [Bind::from(segment.as_str())]);
    }
    if let Some(email) = &filter.email {
        permit.require(Class::Contact, "e-mail addresses")?;
        select = starts_with(select, BY_EMAIL.by, &email.starts_with.trim().to_lowercase())?;
    }
    if let Some(name) = &filter.name {
        permit.require(Class::Identity, "names")?;
        select = starts_with(select, BY_NAME.by, &crate::identity::name::name_sort(&name.starts_with))?;
    }
    if let Some(open) = filter.has_open_ticket {
        // A fact of support: who may not read support may not ask by it.
        crate::silo::support::store::may_filter_by_tickets(permit.viewer())?;
        let exists =
            "EXISTS (SELECT 1 FROM ticket o WHERE o.customer_id = t.id AND o.status NOT IN ('SOLVED', 'CLOSED'))";
        select = if open { select.filter(exists, []) } else { select.filter(format!("NOT {exists}"), []) };
    }
    for (moment, condition) in [
        (&filter.updated_after, "t.updated_at > ?"),
        (&filter.created_after, "t.created_at > ?"),
        (&filter.last_interaction_after, "t.last_interaction_at > ?"),
        (&filter.last_interaction_before, "coalesce(t.last_interaction_at, t.created_at) < ?"),
    ] {
        if let Some(time) = moment.as_ref().and_then(Timestamp::time) {
            select = select.filter(condition, [Bind::from(time)]);
        }
    }
    Ok(select)
}

/// A range instead of LIKE: it uses the index of the order on both databases, and nothing in it needs escaping.
fn starts_with(select: Select<CustomerRow>, expression: &str, start: &str) -> Result<Select<CustomerRow>> {
    if start.is_empty() || start.len() > 200 {
        return Err(Error::bad_input("`startsWith` takes 1 to 200 letters."));
    }
    let end = format!("{start}{LAST}");
    Ok(select.filter(format!("{expression} >= ? AND {expression} < ?"), [Bind::from(start), Bind::from(end)]))
}
