//! All SQL of crm.

use futures_util::future::try_join;
use uuid::Uuid;

use super::Crm;
use super::query::ConsentFilter;
use super::types::{ConsentRow, CrmProfileRow, PreferenceRow};
use crate::access::{Context, Order, Page, PageArgs, Permit, Scope, SiloRow, load};
use crate::catalogue::record::word;
use crate::database::Bind;
use crate::error::Result;

const NEWEST_PROFILE: Order = Order { name: "CRM_PROFILE", by: "t.observed_at", time: true, descending: true };
const NEWEST_CONSENT: Order = Order { name: "CONSENT", by: "t.recorded_at", time: true, descending: true };
const NEWEST_PREFERENCE: Order = Order { name: "PREFERENCE", by: "t.recorded_at", time: true, descending: true };
/// A decision reads so many rows of a kind, the newest, and no more.
const DECISION_ROWS: i64 = 1000;

/// A page of a customer's master data, what was observed last first.
pub async fn profiles_of_customer(
    context: &Context<'_>,
    permit: &Permit<Crm>,
    customer_id: Uuid,
    args: &PageArgs,
) -> Result<Page<CrmProfileRow>> {
    let select = permit.select::<CrmProfileRow>().of_parent("customer_id");
    load(context, select, NEWEST_PROFILE, args, Some(customer_id)).await
}

/// The master data that was observed last.
pub async fn newest_profile(
    context: &Context<'_>,
    permit: &Permit<Crm>,
    customer_id: Uuid,
) -> Result<Option<CrmProfileRow>> {
    Ok(newest(context, permit, customer_id, NEWEST_PROFILE, 1).await?.into_iter().next())
}

/// A page of a customer's consents, the one recorded last first.
pub async fn consent_page_of_customer(
    context: &Context<'_>,
    permit: &Permit<Crm>,
    customer_id: Uuid,
    filter: Option<&ConsentFilter>,
    args: &PageArgs,
) -> Result<Page<ConsentRow>> {
    let mut select = permit.select::<ConsentRow>().of_parent("customer_id");
    if let Some(filter) = filter {
        if let Some(purpose) = &filter.purpose {
            select = select.one_of("t.purpose", purpose.clone());
        }
        if let Some(state) = &filter.state {
            let words: Result<Vec<String>> = state.iter().filter_map(|state| word(Some(*state)).transpose()).collect();
            select = select.one_of("t.state", words?);
        }
        if let Some(channel) = filter.channel {
            let channel = word(Some(channel))?.unwrap_or_default();
            select = select.filter("(t.channel IS NULL OR t.channel = ?)", [Bind::from(channel)]);
        }
    }
    load(context, select, NEWEST_CONSENT, args, Some(customer_id)).await
}

/// A page of a customer's preferences, the one recorded last first.
pub async fn preference_page_of_customer(
    context: &Context<'_>,
    permit: &Permit<Crm>,
    customer_id: Uuid,
    args: &PageArgs,
) -> Result<Page<PreferenceRow>> {
    let select = permit.select::<PreferenceRow>().of_parent("customer_id");
    load(context, select, NEWEST_PREFERENCE, args, Some(customer_id)).await
}

/// What a decision is made of: every opt-out of a customer, however old, and the newest 1,000 consents.
pub async fn consents_of_customer(
    context: &Context<'_>,
    permit: &Permit<Crm>,
    customer_id: Uuid,
) -> Result<Vec<ConsentRow>> {
    let batch = &Scope::of(context)?.batch;
    let all = || permit.select::<ConsentRow>().of_parent("customer_id");
    let granted = all().filter("t.state = 'GRANTED'", []).order(NEWEST_CONSENT, false).limit(DECISION_ROWS);
    let (mut consents, opt_outs) = try_join(
        batch.rows::<ConsentRow>(granted.fetch(), Some(customer_id)),
        batch.rows::<ConsentRow>(all().filter("t.state <> 'GRANTED'", []).fetch(), Some(customer_id)),
    )
    .await?;
    consents.extend(opt_outs);
    Ok(consents)
}

/// All preferences of a customer, the newest 1,000.
pub async fn preferences_of_customer(
    context: &Context<'_>,
    permit: &Permit<Crm>,
    customer_id: Uuid,
) -> Result<Vec<PreferenceRow>> {
    newest(context, permit, customer_id, NEWEST_PREFERENCE, DECISION_ROWS).await
}

async fn newest<R: SiloRow<Silo = Crm>>(
    context: &Context<'_>,
    permit: &Permit<Crm>,
    customer_id: Uuid,
    order: Order,
    rows: i64,
) -> Result<Vec<R>> {
    let select = permit.select::<R>().of_parent("customer_id").order(order, false).limit(rows);
    Scope::of(context)?.batch.rows(select.fetch(), Some(customer_id)).await
}
