//! A purchase as a source says it.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::access::SiloKey;
use crate::catalogue::check;
use crate::catalogue::record::word;
use crate::error::{Error, Result};
use crate::identity::place::{Happening, Needs, Placed, Placement, Record, money};
use crate::silo::sales::types::PurchaseState;

/// A purchase.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PurchaseRecord {
    number: Option<String>,
    state: Option<PurchaseState>,
    #[serde(default, deserialize_with = "money::deserialize")]
    amount: Option<i64>,
    currency: Option<String>,
    product: Option<String>,
    quantity: Option<f64>,
    touchpoint: Option<String>,
    ordered_at: DateTime<Utc>,
    delivered_at: Option<DateTime<Utc>>,
    returned_at: Option<DateTime<Utc>>,
    source_url: Option<String>,
}

impl PurchaseRecord {
    fn check(&self) -> Result<()> {
        check::in_order(
            Some(self.ordered_at),
            self.delivered_at,
            "The purchase is delivered before it is ordered. Check both times in the mapping.",
        )?;
        check::in_order(
            self.delivered_at.or(Some(self.ordered_at)),
            self.returned_at,
            "The purchase is returned before it is ordered or delivered. Check the times in the mapping.",
        )?;
        if self.quantity.is_some_and(|quantity| quantity < 0.0) {
            return Err(Error::bad_input(
                "The quantity is negative. Let the mapping say a return by `state` and `returned_at`.",
            ));
        }
        Ok(())
    }

    /// Where it stands; a source that does not say so still says by the times it sends.
    fn state(&self) -> PurchaseState {
        match self.state {
            Some(state) => state,
            None if self.returned_at.is_some() => PurchaseState::Returned,
            None if self.delivered_at.is_some() => PurchaseState::Delivered,
            None => PurchaseState::Ordered,
        }
    }
}

impl Record for PurchaseRecord {
    fn needs(&self, _: &mut Needs) {}

    fn place(self: Box<Self>, at: &Placement<'_>, placed: &mut Placed) -> Result<()> {
        let holder = at.holder()?;
        self.check()?;
        let state = self.state();
        let currency = check::currency(self.currency.clone())?;
        placed.happened(
            at,
            holder,
            &Happening {
                silo: SiloKey::Sales,
                kind: "PURCHASE",
                channel: None,
                touchpoint: self.touchpoint.as_deref(),
                internal: false,
                occurred_at: self.ordered_at,
            },
        )?;
        placed.row(
            at.id,
            Some(holder.customer_id),
            &entity::purchase::Model {
                id: at.id,
                record_id: at.record_id,
                source: at.source.to_owned(),
                source_profile_id: holder.profile_id,
                customer_id: holder.customer_id,
                source_url: self.source_url,
                number: self.number,
                state: word(Some(state))?.unwrap_or_default(),
                amount: self.amount,
                currency,
                product: self.product,
                quantity: self.quantity,
                touchpoint: self.touchpoint,
                ordered_at: self.ordered_at,
                delivered_at: self.delivered_at,
                returned_at: self.returned_at,
            },
        )
    }
}
