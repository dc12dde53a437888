//! All SQL of sales.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::Sales;
use super::types::{
    ContactNoteFilter, ContactNoteRow, ContractFilter, ContractRow, ContractState, Department, OpportunityFilter,
    OpportunityRow, PurchaseFilter, PurchaseRow,
};
use crate::access::{Class, Context, Order, Page, PageArgs, Permit, Scope, Select, SiloRow, load};
use crate::catalogue::check;
use crate::catalogue::record::words;
use crate::catalogue::types::Money;
use crate::database::Bind;
use crate::error::{Error, Result};
use crate::graph::timestamp::Timestamp;

const NEWEST_NOTE: Order = Order { name: "CONTACT_NOTE", by: "t.noted_at", time: true, descending: true };
const NEWEST_OPPORTUNITY: Order = Order { name: "OPPORTUNITY", by: "t.opened_at", time: true, descending: true };
const NEWEST_PURCHASE: Order = Order { name: "PURCHASE", by: "t.ordered_at", time: true, descending: true };
const NEWEST_CONTRACT: Order = Order { name: "CONTRACT", by: "t.starts_on", time: false, descending: true };

/// Where a contract stands on the day bound to it: what `Contract.state` shows.
const CONTRACT_STATE: &str = "CASE WHEN t.ends_on < ? THEN 'ENDED' ELSE coalesce(t.state, \
                              CASE WHEN t.cancelled_at IS NULL THEN 'ACTIVE' ELSE 'CANCELLED' END) END";

/// Customers that a number may lead to: more than one is already a question for whoever asked, and the eleventh says that
/// there are more than are listed.
const HOLDERS: i64 = 11;

crate::row! {
    /// Figures over the sales notes of a customer.
    pub struct NoteFigures {
        /// How many.
        count: i64 = Number as "count(*)",
        /// When the last contact took place.
        last_at: Option<Timestamp> = Time as "max(t.noted_at)",
    }
}

crate::row! {
    /// Figures over the opportunities of a customer.
    pub struct OpportunityFigures {
        /// How many are open.
        open: i64 = Number as "count(*) FILTER (WHERE t.state = 'OPEN')",
        /// Amount and currency of each open one. Sums by currency would need a statement of their own in each of the two
        /// databases; a customer has few open ones, so they are summed here.
        open_amounts: Option<String> = Text as "string_agg(CAST(t.amount AS text) || ' ' || coalesce(t.currency, ''), ',') FILTER (WHERE t.state = 'OPEN')",
    }
}

crate::row! {
    /// Figures over the purchases of a customer.
    pub struct PurchaseFigures {
        /// How many.
        count: i64 = Number as "count(*)",
        /// When the last was ordered.
        last_at: Option<Timestamp> = Time as "max(t.ordered_at)",
    }
}

crate::row! {
    /// Figures over the contracts of a customer.
    pub struct ContractFigures {
        /// How many are active.
        active: i64 = Number as "count(*)",
    }
}

crate::row! {
    /// The end that comes next.
    struct NextEnd {
        /// The day.
        ends_on: Option<String> = Text as "min(t.ends_on)",
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
    type Silo = Sales;
    const TABLE: &'static str = PurchaseRow::TABLE;
    const OWNER: Option<&'static str> = PurchaseRow::OWNER;
    const CUSTOMER: Option<&'static str> = PurchaseRow::CUSTOMER;
}

impl OpportunityFigures {
    /// The sum of each currency, in the order of their names.
    pub fn amounts(&self) -> Result<Vec<Money>> {
        let mut sums: BTreeMap<&str, i64> = BTreeMap::new();
        for one in self.open_amounts.iter().flat_map(|all| all.split(',')) {
            let (amount, currency) = one.split_once(' ').ok_or_else(|| Error::internal("an amount without a blank"))?;
            let amount: i64 = amount.parse().map_err(Error::internal)?;
            let sum = sums.entry(currency).or_default();
            *sum = sum.checked_add(amount).ok_or_else(|| Error::internal("a sum of amounts out of range"))?;
        }
        let money = |(currency, amount): (&str, i64)| Money {
            amount,
            currency: (!currency.is_empty()).then(|| currency.to_owned()),
        };
        Ok(sums.into_iter().map(money).collect())
    }
}

/// A page of a customer's notes, the last contact first.
pub async fn notes_of_customer(
    context: &Context<'_>,
    permit: &Permit<Sales>,
    customer_id: Uuid,
    filter: &ContactNoteFilter,
    args: &PageArgs,
) -> Result<Page<ContactNoteRow>> {
    let mut select = permit.select::<ContactNoteRow>().of_parent("customer_id");
    if let Some(department) = &filter.department {
        select = select.one_of("t.department", words(department)?);
    }
    if let Some(channel) = &filter.channel {
        select = select.one_of("t.channel", words(channel)?);
    }
    if let Some(touchpoint) = &filter.touchpoint {
        select = select.filter("t.touchpoint = ?", [Bind::from(touchpoint.as_str())]);
    }
    if let Some(promise) = filter.has_promise {
        select = select.filter(if promise { "t.promise_text IS NOT NULL" } else { "t.promise_text IS NULL" }, []);
    }
    load(context, select.within("t.noted_at", filter.noted.as_ref()), NEWEST_NOTE, args, Some(customer_id)).await
}

/// A page of a customer's opportunities, the one opened last first.
pub async fn opportunities_of_customer(
    context: &Context<'_>,
    permit: &Permit<Sales>,
    customer_id: Uuid,
    filter: &OpportunityFilter,
    args: &PageArgs,
) -> Result<Page<OpportunityRow>> {
    let mut select = permit.select::<OpportunityRow>().of_parent("customer_id");
    if let Some(state) = &filter.state {
        select = select.one_of("t.state", words(state)?);
    }
    if let Some(stage) = &filter.stage {
        select = select.one_of("t.stage", stage.clone());
    }
    if let Some(product) = &filter.product {
        select = select.filter("t.product = ?", [Bind::from(product.as_str())]);
    }
    let select = select.within("t.opened_at", filter.opened.as_ref()).within("t.closed_at", filter.closed.as_ref());
    load(context, select, NEWEST_OPPORTUNITY, args, Some(customer_id)).await
}

/// A page of a customer's purchases, the last order first.
pub async fn purchases_of_customer(
    context: &Context<'_>,
    permit: &Permit<Sales>,
    customer_id: Uuid,
    filter: &PurchaseFilter,
    args: &PageArgs,
) -> Result<Page<PurchaseRow>> {
    let mut select = permit.select::<PurchaseRow>().of_parent("customer_id");
    if let Some(state) = &filter.state {
        permit.require(Class::Behaviour, "the state of a purchase")?;
        select = select.one_of("t.state", words(state)?);
    }
    if let Some(product) = &filter.product {
        select = select.filter("t.product = ?", [Bind::from(product.as_str())]);
    }
    let select = select.within("t.ordered_at", filter.ordered.as_ref());
    load(context, select, NEWEST_PURCHASE, args, Some(customer_id)).await
}

/// A page of a customer's contracts, the one that started last first.
pub async fn contracts_of_customer(
    context: &Context<'_>,
    permit: &Permit<Sales>,
    customer_id: Uuid,
    filter: &ContractFilter,
    args: &PageArgs,
) -> Result<Page<ContractRow>> {
    let mut select = permit.select::<ContractRow>().of_parent("customer_id");
    if let Some(state) = &filter.state {
        select = standing(context, select, words(state)?)?;
    }
    if let Some(product) = &filter.product {
        select = select.filter("t.product = ?", [Bind::from(product.as_str())]);
    }
    if let Some(before) = &filter.ends_before {
        let day = check::day("endsBefore", before)?;
        select = select.filter("t.ends_on < ?", [Bind::from(day.to_string())]);
    }
    load(context, select, NEWEST_CONTRACT, args, Some(customer_id)).await
}

/// Of these contracts those that stand so today.
fn standing(context: &Context<'_>, of: Select<ContractRow>, states: Vec<String>) -> Result<Select<ContractRow>> {
    let today = Scope::of(context)?.now.date_naive().to_string();
    Ok(of.filter(format!("{CONTRACT_STATE} ?"), [Bind::from(today), Bind::Texts(states)]))
}

/// The contracts of a customer that are active today.
fn active(context: &Context<'_>, permit: &Permit<Sales>) -> Result<Select<ContractRow>> {
    let all = permit.select::<ContractRow>().of_parent("customer_id");
    standing(context, all, words(&[ContractState::Active])?)
}

/// The figures over a customer's sales notes.
pub async fn note_figures(context: &Context<'_>, permit: &Permit<Sales>, customer_id: Uuid) -> Result<NoteFigures> {
    let select =
        permit.select::<ContactNoteRow>().of_parent("customer_id").one_of("t.department", words(&[Department::Sales])?);
    Scope::of(context)?.batch.one(select.figures::<NoteFigures>().fetch(), customer_id).await
}

/// The figures over a customer's opportunities.
pub async fn opportunity_figures(
    context: &Context<'_>,
    permit: &Permit<Sales>,
    customer_id: Uuid,
) -> Result<OpportunityFigures> {
    let select = permit.select::<OpportunityRow>().of_parent("customer_id").figures::<OpportunityFigures>();
    Scope::of(context)?.batch.one(select.fetch(), customer_id).await
}

/// The figures over a customer's purchases.
pub async fn purchase_figures(
    context: &Context<'_>,
    permit: &Permit<Sales>,
    customer_id: Uuid,
) -> Result<PurchaseFigures> {
    let select = permit.select::<PurchaseRow>().of_parent("customer_id").figures::<PurchaseFigures>();
    Scope::of(context)?.batch.one(select.fetch(), customer_id).await
}

/// The figures over a customer's contracts.
pub async fn contract_figures(
    context: &Context<'_>,
    permit: &Permit<Sales>,
    customer_id: Uuid,
) -> Result<ContractFigures> {
    let active = active(context, permit)?.figures::<ContractFigures>();
    Scope::of(context)?.batch.one(active.fetch(), customer_id).await
}

/// The day on which the next of a customer's active contracts ends, today included.
pub async fn next_contract_end(
    context: &Context<'_>,
    permit: &Permit<Sales>,
    customer_id: Uuid,
) -> Result<Option<String>> {
    let scope = Scope::of(context)?;
    // An open-ended one has no end, and those that ended are not active.
    let next: NextEnd = scope.batch.one(active(context, permit)?.figures::<NextEnd>().fetch(), customer_id).await?;
    Ok(next.ends_on)
}

/// The customers who have a purchase of this number, ten at most.
pub async fn customers_by_purchase_number(
    context: &Context<'_>,
    permit: &Permit<Sales>,
    number: &str,
) -> Result<Vec<Uuid>> {
    // An order may be many rows of one customer: the first of each stands for all. Purchases have no owner of their own,
    // so whoever may read one row of a customer may read them all.
    let select = permit
        .select::<HolderRow>()
        .filter("t.number = ?", [Bind::from(number.trim())])
        .filter(
            "NOT EXISTS (SELECT 1 FROM purchase e WHERE e.number = t.number AND e.customer_id = t.customer_id \
             AND e.id < t.id)",
            [],
        )
        .limit(HOLDERS);
    let rows: Vec<HolderRow> = Scope::of(context)?.batch.rows(select.fetch(), None).await?;
    Ok(rows.into_iter().map(|row| row.customer_id).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_summed_by_currency() {
        let figures = OpportunityFigures { open: 4, open_amounts: Some("100 EUR,50 ,-20 EUR,7 CHF".to_owned()) };
        let sums = figures.amounts().unwrap();
        let sums: Vec<_> = sums.iter().map(|sum| (sum.currency.as_deref(), sum.amount)).collect();
        assert_eq!(sums, [(None, 50), (Some("CHF"), 7), (Some("EUR"), 80)]);
        assert!(OpportunityFigures { open: 0, open_amounts: None }.amounts().unwrap().is_empty());
    }
}
