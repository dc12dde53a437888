//! An opportunity as a source says it.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::access::SiloKey;
use crate::catalogue::check;
use crate::catalogue::record::word;
use crate::error::{Error, Result};
use crate::identity::place::{Happening, Needs, Placed, Placement, Record, money};
use crate::silo::sales::types::OpportunityState;

/// An opportunity.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OpportunityRecord {
    name: String,
    stage: Option<String>,
    state: Option<OpportunityState>,
    #[serde(default, deserialize_with = "money::deserialize")]
    amount: Option<i64>,
    currency: Option<String>,
    probability: Option<f64>,
    owner: Option<String>,
    product: Option<String>,
    opened_at: DateTime<Utc>,
    expected_close_on: Option<String>,
    closed_at: Option<DateTime<Utc>>,
    lost_reason: Option<String>,
    source_url: Option<String>,
}

impl OpportunityRecord {
    /// Where it stands; a source that does not say so still says by what else it sends.
    fn state(&self) -> Result<OpportunityState> {
        match self.state {
            Some(state) => Ok(state),
            None if self.lost_reason.is_some() => Ok(OpportunityState::Lost),
            None if self.closed_at.is_none() => Ok(OpportunityState::Open),
            None => Err(Error::bad_input(
                "The opportunity is closed, but whether it was won is not said. Let the mapping give `state`.",
            )),
        }
    }
}

impl Record for OpportunityRecord {
    fn needs(&self, needs: &mut Needs) {
        needs.staff(self.owner.as_ref());
    }

    fn place(self: Box<Self>, at: &Placement<'_>, placed: &mut Placed) -> Result<()> {
        let holder = at.holder()?;
        check::in_order(
            Some(self.opened_at),
            self.closed_at,
            "The opportunity is closed before it is opened. Check both times in the mapping.",
        )?;
        if self.probability.is_some_and(|probability| !(0.0..=1.0).contains(&probability)) {
            return Err(Error::bad_input(
                "The probability is not between 0 and 1. Let the mapping divide percent by 100.",
            ));
        }
        let state = self.state()?;
        let currency = check::currency(self.currency.clone())?;
        let expected_close_on = check::day_text("expected_close_on", self.expected_close_on.as_ref())?;
        placed.happened(
            at,
            holder,
            &Happening {
                silo: SiloKey::Sales,
                kind: "OPPORTUNITY",
                channel: None,
                touchpoint: None,
                internal: false,
                occurred_at: self.opened_at,
            },
        )?;
        placed.row(
            at.id,
            Some(holder.customer_id),
            &entity::opportunity::Model {
                id: at.id,
                record_id: at.record_id,
                source: at.source.to_owned(),
                source_profile_id: holder.profile_id,
                customer_id: holder.customer_id,
                source_url: self.source_url,
                name: self.name,
                stage: self.stage,
                state: word(Some(state))?.unwrap_or_default(),
                amount: self.amount,
                currency,
                probability: self.probability,
                owner_id: at.staff(self.owner.as_ref()),
                product: self.product,
                opened_at: self.opened_at,
                expected_close_on,
                closed_at: self.closed_at,
                lost_reason: self.lost_reason,
            },
        )
    }
}
