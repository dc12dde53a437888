//! Support as records: what a mapping may fill, with the checks that reject what cannot be.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::types::{MessageAuthorKind, TicketKind, TicketPriority, TicketSatisfaction, TicketStatus};
use crate::access::SiloKey;
use crate::catalogue::record::word;
use crate::catalogue::types::Channel;
use crate::error::{Error, Result};
use crate::identity::place::{Happening, Needs, Placed, Placement, Record, RecordKind, Reference};

/// The tables of support that a mapping may fill.
pub const RECORDS: &[RecordKind] =
    &[RecordKind::of::<TicketRecord>("ticket"), RecordKind::of::<TicketMessageRecord>("ticket_message")];

/// A ticket as a source says it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TicketRecord {
    number: Option<String>,
    kind: Option<TicketKind>,
    status: TicketStatus,
    priority: Option<TicketPriority>,
    channel: Option<Channel>,
    subject: String,
    topic: Option<String>,
    product: Option<String>,
    touchpoint: Option<String>,
    assignee: Option<String>,
    team: Option<String>,
    opened_at: DateTime<Utc>,
    updated_at: Option<DateTime<Utc>>,
    first_response_at: Option<DateTime<Utc>>,
    resolved_at: Option<DateTime<Utc>>,
    reopened_count: Option<u32>,
    handover_count: Option<u32>,
    satisfaction: Option<TicketSatisfaction>,
    next_update_at: Option<DateTime<Utc>>,
    waiting_seconds: Option<u32>,
    source_url: Option<String>,
}

impl Record for TicketRecord {
    fn needs(&self, needs: &mut Needs) {
        needs.staff(self.assignee.as_ref());
    }

    fn place(self: Box<Self>, at: &Placement<'_>, placed: &mut Placed) -> Result<()> {
        let holder = at.holder()?;
        if self.resolved_at.is_some_and(|resolved| resolved < self.opened_at) {
            return Err(Error::bad_input(
                "The ticket is resolved before it is opened. Check both times in the mapping.",
            ));
        }
        let channel = word(self.channel)?;
        placed.happened(
            at,
            holder,
            &Happening {
                silo: SiloKey::Support,
                kind: "TICKET",
                channel: channel.as_deref(),
                touchpoint: self.touchpoint.as_deref(),
                internal: false,
                occurred_at: self.opened_at,
            },
        )?;
        placed.row(
            at.id,
            Some(holder.customer_id),
            &entity::ticket::Model {
                id: at.id,
                record_id: at.record_id,
                source: at.source.to_owned(),
                source_profile_id: holder.profile_id,
                customer_id: holder.customer_id,
                source_url: self.source_url,
                number: self.number,
                kind: word(self.kind)?,
                status: word(Some(self.status))?.unwrap_or_default(),
                priority: word(self.priority)?,
                channel,
                subject: self.subject,
                topic: self.topic,
                product: self.product,
                touchpoint: self.touchpoint,
                assignee_id: at.staff(self.assignee.as_ref()),
                team: self.team,
                opened_at: self.opened_at,
                updated_at: self.updated_at,
                first_response_at: self.first_response_at,
                resolved_at: self.resolved_at,
                reopened_count: self.reopened_count.map(i64::from),
                handover_count: self.handover_count.map(i64::from),
                satisfaction: word(self.satisfaction)?,
                next_update_at: self.next_update_at,
                waiting_seconds: self.waiting_seconds.map(i64::from),
            },
        )
    }
}

/// A message of a ticket as a source says it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TicketMessageRecord {
    ticket: Reference,
    author_kind: Option<MessageAuthorKind>,
    author: Option<String>,
    staff: Option<String>,
    #[serde(default)]
    internal: bool,
    text: String,
    channel: Option<Channel>,
    sent_at: DateTime<Utc>,
    source_url: Option<String>,
}

impl Record for TicketMessageRecord {
    fn needs(&self, needs: &mut Needs) {
        needs.staff(self.staff.as_ref());
        needs.reference(Some(&self.ticket));
    }

    fn place(self: Box<Self>, at: &Placement<'_>, placed: &mut Placed) -> Result<()> {
        let holder = at.holder()?;
        let ticket_id = at.reference(Some(&self.ticket)).ok_or_else(|| Error::internal("a reference without an id"))?;
        let channel = word(self.channel)?;
        placed.happened(
            at,
            holder,
            &Happening {
                silo: SiloKey::Support,
                kind: "TICKET_MESSAGE",
                channel: channel.as_deref(),
                touchpoint: None,
                internal: self.internal,
                occurred_at: self.sent_at,
            },
        )?;
        placed.row(
            at.id,
            Some(holder.customer_id),
            &entity::ticket_message::Model {
                id: at.id,
                record_id: at.record_id,
                source: at.source.to_owned(),
                source_profile_id: holder.profile_id,
                customer_id: holder.customer_id,
                source_url: self.source_url,
                ticket_id,
                author_kind: word(self.author_kind)?,
                author: self.author,
                staff_id: at.staff(self.staff.as_ref()),
                internal: self.internal,
                text: self.text,
                channel,
                sent_at: self.sent_at,
            },
        )
    }
}
