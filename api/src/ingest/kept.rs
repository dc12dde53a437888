//! What a flush keeps beside the rows themselves: each record as it came, and what is told of a row that changed.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::heads::Fate;
use super::keepable::shown;
use super::prepare::{Prepared, numbered};
use super::waiting;

/// What is told of a row that changed.
pub(super) fn change(
    table: &str,
    entity_id: Uuid,
    customer_id: Option<Uuid>,
    op: &str,
    now: DateTime<Utc>,
) -> entity::change::Model {
    entity::change::Model {
        seq: 0,
        epoch: 1,
        xid: 0,
        entity: table.to_owned(),
        entity_id,
        customer_id,
        op: op.to_owned(),
        internal: false,
        author_id: None,
        changed_at: now,
    }
}

/// The raw record, if it is one to keep.
pub(super) fn raw(
    record: &Prepared<'_>,
    fate: Fate,
    waits: bool,
    newly: bool,
    replaces: Option<Uuid>,
) -> Option<entity::record::Model> {
    let (id, state) = match fate {
        Fate::Applied(id) if waits => (id, "WAITING"),
        Fate::Applied(id) => (id, "APPLIED"),
        Fate::Superseded(id) => (id, "SUPERSEDED"),
        Fate::Rejected(id) => (id, "REJECTED"),
        // Tried again: refused still, perhaps for another reason; or corrected at the source meanwhile.
        Fate::Repeated => (replaces?, if record.content.is_ok() { "SUPERSEDED" } else { "REJECTED" }),
    };
    let envelope = record.envelope;
    let content = record.content.as_ref().ok();
    let reject = record.content.as_ref().err().map(|reject| (reject.code.as_str(), reject.reason.as_str()));
    let reason = reject.or_else(|| waits.then_some(waiting::REASON));
    Some(entity::record::Model {
        intake_no: 0,
        id,
        source: envelope.source.clone(),
        stream: envelope.stream.clone(),
        key: content.map_or_else(
            // What is too long for a key is why it is refused.
            || {
                let own = envelope.key.as_deref().or(envelope.dedupe_key.as_deref()).map(shown);
                own.or_else(|| (record.number > 1).then(|| numbered(&record.hash, record.number)))
            },
            // Of equal rows of a keyless stream the first has none, and the others are told by their number.
            |content| content.own_key.clone().or_else(|| (content.key != record.hash).then(|| content.key.clone())),
        ),
        op: envelope.op.as_str().to_owned(),
        version: content.and_then(|content| content.version.clone()),
        occurred_at: envelope.occurred_at,
        received_at: envelope.received_at,
        payload: envelope.payload.to_string(),
        content_hash: record.hash.clone(),
        state: state.to_owned(),
        reason_code: reason.map(|(code, _)| code.to_owned()),
        reason: reason.map(|(_, text)| text.to_owned()),
        sync: envelope.sync.filter(|_| newly),
        mapping_version: record.source.mapping.version,
    })
}
