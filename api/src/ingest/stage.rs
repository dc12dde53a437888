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
    let stage =
        |member: &'a Observed| member.attributes.get("stage").map(|stage| stage.trim()).filter(|s| !s.is_empty());
    let best = members
        .filter(|member| stage(member).is_some())
        .min_by_key(|member| (Reverse(member.priority), Reverse(member.observed_at), member.profile_id))?;
    let stage = stage(best)?.to_owned();
    let reason = (stage == "TERMINATED").then(|| best.attributes.get("churn_reason").cloned()).flatten();
    Some(Said {
        stage,
        source: best.source.clone(),
        profile_id: best.profile_id,
        record_id: best.record_id,
        observed_at: best.observed_at,
        reason,
    })
}
