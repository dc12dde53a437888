//! What an interaction points to: the row of a silo, read through that silo's own permit.

use async_graphql::Union;
use uuid::Uuid;

use super::timeline::InteractionKind;
use crate::access::{Context, Permit, Scope, Silo, SiloRow, permit};
use crate::error::Result;
use crate::silo::analytics::Analytics;
use crate::silo::analytics::types::{WebEvent, WebSession};
use crate::silo::crm::Crm;
use crate::silo::crm::types::Consent;
use crate::silo::reviews::Reviews;
use crate::silo::reviews::types::Review;
use crate::silo::sales::Sales;
use crate::silo::sales::types::{ContactNote, Contract, Opportunity, Purchase};
use crate::silo::support::Support;
use crate::silo::support::types::{Ticket, TicketMessage};
use crate::silo::surveys::Surveys;
use crate::silo::surveys::types::{SurveyInvitation, SurveyResponse};

/// What happened, as its silo shows it.
#[derive(Union)]
pub enum TimelineEntry {
    /// A questionnaire was sent.
    SurveyInvitation(SurveyInvitation),
    /// A questionnaire was answered.
    SurveyResponse(SurveyResponse),
    /// Someone left a note of a contact.
    ContactNote(ContactNote),
    /// A sale became possible.
    Opportunity(Opportunity),
    /// Something was bought.
    Purchase(Purchase),
    /// A contract began.
    Contract(Contract),
    /// The web site was visited.
    WebSession(WebSession),
    /// Something was done on the web site.
    WebEvent(WebEvent),
    /// Support was asked.
    Ticket(Ticket),
    /// A message was written.
    TicketMessage(TicketMessage),
    /// A review was given.
    Review(Review),
    /// A consent was given or taken back.
    Consent(Consent),
}

/// The row of an interaction; null when the viewer may not read its silo, or the row is gone.
pub async fn entry(context: &Context<'_>, kind: InteractionKind, id: Uuid) -> Result<Option<TimelineEntry>> {
    Ok(match kind {
        InteractionKind::SurveyInvitation => one::<Surveys, _>(context, id, "Interaction")
            .await?
            .map(|(p, r)| TimelineEntry::SurveyInvitation(SurveyInvitation::new(&p, r))),
        InteractionKind::SurveyResponse => one::<Surveys, _>(context, id, "Interaction")
            .await?
            .map(|(p, r)| TimelineEntry::SurveyResponse(SurveyResponse::new(&p, r))),
        InteractionKind::ContactNote => one::<Sales, _>(context, id, "Interaction")
            .await?
            .map(|(p, r)| TimelineEntry::ContactNote(ContactNote::new(&p, r))),
        InteractionKind::Opportunity => one::<Sales, _>(context, id, "Interaction")
            .await?
            .map(|(p, r)| TimelineEntry::Opportunity(Opportunity::new(&p, r))),
        InteractionKind::Purchase => one::<Sales, _>(context, id, "Interaction")
            .await?
            .map(|(p, r)| TimelineEntry::Purchase(Purchase::new(&p, r))),
        InteractionKind::Contract => one::<Sales, _>(context, id, "Interaction")
            .await?
            .map(|(p, r)| TimelineEntry::Contract(Contract::new(&p, r))),
        InteractionKind::WebSession => one::<Analytics, _>(context, id, "Interaction")
            .await?
            .map(|(p, r)| TimelineEntry::WebSession(WebSession::new(&p, r))),
        InteractionKind::WebEvent => one::<Analytics, _>(context, id, "Interaction")
            .await?
            .map(|(p, r)| TimelineEntry::WebEvent(WebEvent::new(&p, r))),
        InteractionKind::Ticket => {
            one::<Support, _>(context, id, "Interaction").await?.map(|(p, r)| TimelineEntry::Ticket(Ticket::new(&p, r)))
        }
        InteractionKind::TicketMessage => one::<Support, _>(context, id, "Interaction")
            .await?
            .map(|(p, r)| TimelineEntry::TicketMessage(TicketMessage::new(&p, r))),
        InteractionKind::Review => {
            one::<Reviews, _>(context, id, "Interaction").await?.map(|(p, r)| TimelineEntry::Review(Review::new(&p, r)))
        }
        InteractionKind::Consent => {
            one::<Crm, _>(context, id, "Interaction").await?.map(|(p, r)| TimelineEntry::Consent(Consent::new(&p, r)))
        }
    })
}

/// One row by id under the permit of its silo.
pub async fn one<S: Silo, R: SiloRow<Silo = S>>(
    context: &Context<'_>,
    id: Uuid,
    object: &str,
) -> Result<Option<(Permit<S>, R)>> {
    let Some(permit) = permit::<S>(context, object)? else { return Ok(None) };
    let select = permit.select::<R>().of_parent("id").limit(1);
    let rows: Vec<R> = Scope::of(context)?.batch.rows(select.fetch(), Some(id)).await?;
    Ok(rows.into_iter().next().map(|row| (permit, row)))
}
