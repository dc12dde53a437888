//! All SQL of analytics.

use uuid::Uuid;

use super::Analytics;
use super::types::{WebEventFilter, WebEventRow, WebSessionFilter, WebSessionRow};
use crate::access::{Class, Context, Order, Page, PageArgs, Permit, Scope, load};
use crate::catalogue::record::words;
use crate::database::Bind;
use crate::error::{Error, Result};
use crate::graph::timestamp::Timestamp;

const NEWEST_SESSION: Order = Order { name: "WEB_SESSION", by: "t.started_at", time: true, descending: true };
const NEWEST_EVENT: Order = Order { name: "WEB_EVENT", by: "t.occurred_at", time: true, descending: true };

/// Characters of a text to look for in addresses.
const LONGEST: usize = 200;

crate::row! {
    /// Figures over the sessions of a customer.
    pub struct SessionFigures {
        /// How many.
        count: i64 = Number as "count(*)",
        /// When the last began.
        last_at: Option<Timestamp> = Time as "max(t.started_at)",
        /// One-page sessions among those of which it is known.
        bounce_rate: Option<f64> = Number as "CAST(count(*) FILTER (WHERE t.bounced) AS double precision) / nullif(count(t.bounced), 0)",
    }
}

crate::row! {
    /// Figures over the events of a customer.
    pub struct EventFigures {
        /// How many.
        count: i64 = Number as "count(*)",
    }
}

/// A session by its id; none where it is not there or may not be read.
pub async fn find_session(
    context: &Context<'_>,
    permit: &Permit<Analytics>,
    id: Uuid,
) -> Result<Option<WebSessionRow>> {
    let fetch = permit.select::<WebSessionRow>().of_parent("id").limit(1).fetch();
    let rows: Vec<WebSessionRow> = Scope::of(context)?.batch.rows(fetch, Some(id)).await?;
    Ok(rows.into_iter().next())
}

/// A page of a customer's sessions, the last first.
pub async fn sessions_of_customer(
    context: &Context<'_>,
    permit: &Permit<Analytics>,
    customer_id: Uuid,
    filter: &WebSessionFilter,
    args: &PageArgs,
) -> Result<Page<WebSessionRow>> {
    let mut select = permit.select::<WebSessionRow>().of_parent("customer_id");
    if let Some(channel) = &filter.channel {
        select = select.one_of("t.channel", channel.clone());
    }
    if let Some(campaign) = &filter.campaign {
        select = select.one_of("t.campaign", campaign.clone());
    }
    if let Some(bounced) = filter.bounced {
        permit.require(Class::Behaviour, "whether a session had one page only")?;
        select = select.filter(if bounced { "t.bounced" } else { "NOT t.bounced" }, []);
    }
    let select = select.within("t.started_at", filter.started.as_ref());
    load(context, select, NEWEST_SESSION, args, Some(customer_id)).await
}

/// A page of a customer's events, the last first.
pub async fn events_of_customer(
    context: &Context<'_>,
    permit: &Permit<Analytics>,
    customer_id: Uuid,
    filter: &WebEventFilter,
    args: &PageArgs,
) -> Result<Page<WebEventRow>> {
    let mut select = permit.select::<WebEventRow>().of_parent("customer_id");
    if let Some(name) = &filter.name {
        permit.require(Class::Behaviour, "the name of an event")?;
        select = select.one_of("t.name", name.clone());
    }
    if let Some(kind) = &filter.kind {
        select = select.one_of("t.kind", words(kind)?);
    }
    if let Some(part) = &filter.url_contains {
        permit.require(Class::Behaviour, "the address of an event")?;
        select = select.filter("lower(t.url) LIKE ? ESCAPE '!'", [Bind::from(containing(part)?)]);
    }
    let select = select.within("t.occurred_at", filter.occurred.as_ref());
    load(context, select, NEWEST_EVENT, args, Some(customer_id)).await
}

/// A page of a session's events, the last first.
pub async fn events_of_session(
    context: &Context<'_>,
    permit: &Permit<Analytics>,
    session_id: Uuid,
    args: &PageArgs,
) -> Result<Page<WebEventRow>> {
    let select = permit.select::<WebEventRow>().of_parent("session_id");
    load(context, select, NEWEST_EVENT, args, Some(session_id)).await
}

/// The figures over a customer's sessions.
pub async fn session_figures(
    context: &Context<'_>,
    permit: &Permit<Analytics>,
    customer_id: Uuid,
) -> Result<SessionFigures> {
    let select = permit.select::<WebSessionRow>().of_parent("customer_id").figures::<SessionFigures>();
    Scope::of(context)?.batch.one(select.fetch(), customer_id).await
}

/// The figures over a customer's events.
pub async fn event_figures(
    context: &Context<'_>,
    permit: &Permit<Analytics>,
    customer_id: Uuid,
) -> Result<EventFigures> {
    let select = permit.select::<WebEventRow>().of_parent("customer_id").figures::<EventFigures>();
    Scope::of(context)?.batch.one(select.fetch(), customer_id).await
}

/// The pattern that finds a text anywhere, taken letter by letter: nothing in it is a wildcard.
fn containing(part: &str) -> Result<String> {
    if part.is_empty() || part.chars().count() > LONGEST {
        return Err(Error::bad_input(format!("Give `urlContains` 1 to {LONGEST} characters.")));
    }
    let mut pattern = String::with_capacity(part.len() + 2);
    pattern.push('%');
    for letter in part.to_lowercase().chars() {
        if matches!(letter, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    Ok(pattern)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_to_look_for_is_a_wildcard() {
        assert_eq!(containing("/Cancel").unwrap(), "%/cancel%");
        assert_eq!(containing("50%_off!").unwrap(), "%50!%!_off!!%");
        assert!(containing("").is_err());
        assert!(containing(&"ü".repeat(LONGEST)).is_ok());
        assert!(containing(&"x".repeat(LONGEST + 1)).is_err());
    }
}
