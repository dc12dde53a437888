//! Which lifecycle stage a customer's profiles say it is in: the rule of the golden values, for this one value. Asked after
//! each record that may change it, so that no stage in between is lost.

use std::cmp::Reverse;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::identity::Observed;

/// A stage and who says so.
pub(super) struct Said {
    pub stage: String,
    pub source: String,
    pub profile_id: Uuid,
    pub record_id: Uuid,
    pub observed_at: DateTime<Utc>,
    /// Why the customer left, where the stage is the last.
    pub reason: Option<String>,
}

/// The stage that wins.
pub(super) fn stage_of<'a>(members: impl Iterator<Item = &'a Observed>) -> Option<Said> {
    let staged = members.filter_map(|member| {
        let told = member.attributes.get("stage").filter(|told| !told.value.trim().is_empty())?;
        Some((member, told))
    });
    let (best, told) =
        staged.min_by_key(|(member, told)| (Reverse(member.priority), Reverse(told.observed_at), member.profile_id))?;
    let stage = told.value.trim().to_owned();
    let reason = best.attributes.get("churn_reason").filter(|_| stage == "TERMINATED").map(|told| told.value.clone());
    Some(Said {
        stage,
        source: best.source.clone(),
        profile_id: best.profile_id,
        record_id: told.record_id,
        observed_at: told.observed_at,
        reason,
    })
}
