//! The timeline: everything that happened with a customer, across the silos that the viewer may read.

use async_graphql::{Context, Enum, InputObject};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::entry::{TimelineEntry, entry};
use super::node::CustomerNode;
use super::{CustomerRecord, store};
use crate::access::{Action, Class, Page, PageArgs, PeriodInput, Permit, Rows, access};
use crate::catalogue::source::SiloName;
use crate::catalogue::types::{Channel, TouchpointOf};
use crate::database::Bind;
use crate::error::Result;
use crate::{connection, object};

/// What a thing that happened is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum InteractionKind {
    /// A questionnaire was sent.
    SurveyInvitation,
    /// A questionnaire was answered.
    SurveyResponse,
    /// Someone left a note of a contact.
    ContactNote,
    /// A sale became possible.
    Opportunity,
    /// Something was bought.
    Purchase,
    /// A contract began.
    Contract,
    /// The web site was visited.
    WebSession,
    /// Something was done on the web site.
    WebEvent,
    /// Support was asked.
    Ticket,
    /// A message was written.
    TicketMessage,
    /// A review was given.
    Review,
    /// A consent was given or taken back.
    Consent,
}

object! {
    /// One thing that happened between a customer and us.
    Interaction, InteractionRow of CustomerRecord from "interaction" id "int" customer "customer_id" {
        /// Silo it stands in.
        open silo: [SiloName]!,
        /// What it is.
        open kind: [InteractionKind]!,
        /// Channel.
        open channel: [Channel],
        /// When it happened.
        open occurred_at: time!,
        /// Key of the source it comes from.
        open source: text!,
        /// The touchpoint it happened at.
        open touchpoint: {TouchpointOf: touchpoint},
        /// Key of the touchpoint.
        column touchpoint: Option<String> = Text if part,
        /// The customer.
        column customer_id: Uuid = Uuid,
    } also {
        /// What happened, as its silo shows it; null where you may not read that silo.
        #[graphql(directive = access::apply("customer".to_owned(), "open".to_owned()))]
        async fn entry(&self, context: &Context<'_>) -> Option<Result<TimelineEntry>> {
            entry(context, self.row.kind, self.row.id).await.transpose()
        }

        /// The customer it happened with.
        #[graphql(directive = access::apply("customer".to_owned(), "open".to_owned()))]
        async fn customer(&self, context: &Context<'_>) -> Option<Result<CustomerNode>> {
            let load = async {
                let row = store::by_id(context, &self.permit, self.row.customer_id).await?;
                Ok(row.map(|row| CustomerNode::new(&self.permit, row)))
            };
            load.await.transpose()
        }
    }
}
connection!(Interaction, InteractionConnection, InteractionEdge, "interactions");

/// What of the timeline to show.
#[derive(Debug, Clone, Default, InputObject)]
pub struct TimelineFilter {
    /// In these silos.
    pub silo: Option<Vec<SiloName>>,
    /// Of one of these kinds.
    pub kind: Option<Vec<InteractionKind>>,
    /// At this touchpoint, by key.
    pub touchpoint: Option<String>,
    /// In this period.
    pub period: Option<PeriodInput>,
}

/// A page of a customer's timeline.
pub async fn page(
    context: &Context<'_>,
    permit: &Permit<CustomerRecord>,
    customer_id: Uuid,
    filter: &TimelineFilter,
    include_people: bool,
    args: &PageArgs,
) -> Result<Page<InteractionRow>> {
    let visible = visible(permit, filter.silo.as_deref());
    store::interactions(context, permit, customer_id, filter, visible, include_people, args).await
}

/// The condition under which an interaction is visible: its silo may be read, internal rows by those who read them and by
/// their author, and where a silo is given for own rows only, the customer is one's own.
pub fn visible(permit: &Permit<CustomerRecord>, wanted: Option<&[SiloName]>) -> (String, Vec<Bind>) {
    let (mut open, mut binds) = (Vec::new(), Vec::new());
    let staff = permit.viewer().staff_id.unwrap_or_default();
    for silo in SiloName::ALL {
        if wanted.is_some_and(|wanted| !wanted.contains(&silo)) {
            continue;
        }
        let cell = permit.viewer().cell(silo.key());
        let Some(rows) = cell.rows else { continue };
        let mut one = format!("t.silo = '{}'", silo.key().name());
        if cell.action(Class::Internal) != Action::Show {
            let but_own = match silo {
                SiloName::Sales => Some(
                    " AND (NOT t.internal OR EXISTS (SELECT 1 FROM contact_note own WHERE own.id = t.id AND own.staff_id = ?))",
                ),
                SiloName::Support => Some(
                    " AND (NOT t.internal OR EXISTS (SELECT 1 FROM ticket_message own WHERE own.id = t.id AND own.staff_id = ?))",
                ),
                _ => None,
            };
            match (but_own, permit.viewer().staff_id) {
                // Whoever wrote an internal row keeps it.
                (Some(condition), Some(own)) => {
                    one.push_str(condition);
                    binds.push(Bind::from(own));
                }
                _ => one.push_str(" AND NOT t.internal"),
            }
        }
        if rows == Rows::Own {
            one.push_str(" AND EXISTS (SELECT 1 FROM customer own WHERE own.id = t.customer_id AND own.owner_id = ?)");
            binds.push(Bind::from(staff));
        }
        open.push(format!("({one})"));
    }
    if open.is_empty() {
        return ("false".to_owned(), binds);
    }
    (format!("({})", open.join(" OR ")), binds)
}
