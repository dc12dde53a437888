//! A contract as a source says it.

use chrono::{DateTime, NaiveTime, Utc};
use serde::Deserialize;

use crate::access::SiloKey;
use crate::catalogue::check;
use crate::catalogue::record::word;
use crate::error::Result;
use crate::identity::place::{Happening, Needs, Placed, Placement, Record, money};
use crate::silo::sales::types::ContractState;

/// A contract.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ContractRecord {
    number: Option<String>,
    product: Option<String>,
    state: Option<ContractState>,
    #[serde(default, deserialize_with = "money::deserialize")]
    amount: Option<i64>,
    currency: Option<String>,
    starts_on: String,
    ends_on: Option<String>,
    notice_by: Option<String>,
    cancelled_at: Option<DateTime<Utc>>,
    cancellation_reason: Option<String>,
    owner: Option<String>,
    source_url: Option<String>,
}

impl Record for ContractRecord {
    fn needs(&self, needs: &mut Needs) {
        needs.staff(self.owner.as_ref());
    }

    fn place(self: Box<Self>, at: &Placement<'_>, placed: &mut Placed) -> Result<()> {
        let holder = at.holder()?;
        let starts_on = check::day("starts_on", &self.starts_on)?;
        let ends_on = self.ends_on.as_deref().map(|day| check::day("ends_on", day)).transpose()?;
        let notice_by = self.notice_by.as_deref().map(|day| check::day("notice_by", day)).transpose()?;
        check::in_order(
            Some(starts_on),
            ends_on,
            "The contract ends before it starts. Check `starts_on` and `ends_on` in the mapping.",
        )?;
        check::in_order(
            notice_by,
            ends_on,
            "Notice could be given after the contract's end. Check `notice_by` and `ends_on` in the mapping.",
        )?;
        let currency = check::currency(self.currency.clone())?;
        placed.happened(
            at,
            holder,
            &Happening {
                silo: SiloKey::Sales,
                kind: "CONTRACT",
                channel: None,
                touchpoint: None,
                internal: false,
                occurred_at: starts_on.and_time(NaiveTime::MIN).and_utc(),
            },
        )?;
        placed.row(
            at.id,
            Some(holder.customer_id),
            &entity::contract::Model {
                id: at.id,
                record_id: at.record_id,
                source: at.source.to_owned(),
                source_profile_id: holder.profile_id,
                customer_id: holder.customer_id,
                source_url: self.source_url,
                number: self.number,
                product: self.product,
                state: word(self.state)?,
                amount: self.amount,
                currency,
                starts_on: starts_on.to_string(),
                ends_on: ends_on.map(|day| day.to_string()),
                notice_by: notice_by.map(|day| day.to_string()),
                cancelled_at: self.cancelled_at,
                cancellation_reason: self.cancellation_reason,
                owner_id: at.staff(self.owner.as_ref()),
            },
        )
    }
}
