//! What surveys show of a customer: invitations and responses with their filters, and the figures over them.

use async_graphql::{Context, InputObject, Object};
use uuid::Uuid;

use super::types::{
    InvitationState, QuestionKind, SurveyInvitation, SurveyInvitationConnection, SurveyResponse,
    SurveyResponseConnection,
};
use super::{Surveys, store};
use crate::access::{Class, PageArgs, PeriodInput, Permit, SiloAccess, SiloKey, access, permit, shown};
use crate::catalogue::source::{Freshness, freshness};
use crate::catalogue::types::Channel;
use crate::error::Result;
use crate::graph::at_hand::Ready;
use crate::graph::timestamp::Timestamp;

/// A range of scores, both ends included. Either end may be left open.
#[derive(Debug, Clone, Default, InputObject)]
pub struct ScoreRangeInput {
    /// At least.
    pub min: Option<i64>,
    /// At most.
    pub max: Option<i64>,
}

/// Which responses.
#[derive(Debug, Clone, Default, InputObject)]
pub struct SurveyResponseFilter {
    /// With a headline question of one of these kinds.
    pub kind: Option<Vec<QuestionKind>>,
    /// With a headline score in this range: `{max: 6}` with the kind NPS are the detractors.
    pub score: Option<ScoreRangeInput>,
    /// On one of these channels.
    pub channel: Option<Vec<Channel>>,
    /// About this touchpoint, by key.
    pub touchpoint: Option<String>,
    /// Answered in this period.
    pub answered: Option<PeriodInput>,
}

/// Which invitations.
#[derive(Debug, Clone, Default, InputObject)]
pub struct SurveyInvitationFilter {
    /// In one of these states.
    pub state: Option<Vec<InvitationState>>,
    /// On one of these channels.
    pub channel: Option<Vec<Channel>>,
    /// About this touchpoint, by key.
    pub touchpoint: Option<String>,
    /// Sent in this period.
    pub sent: Option<PeriodInput>,
}

/// What surveys know of a customer.
pub struct CustomerSurveys {
    customer_id: Uuid,
    permit: Permit<Surveys>,
}

/// What surveys know of a customer.
#[Object]
impl CustomerSurveys {
    /// The questionnaires the customer answered, the latest first.
    #[graphql(directive = access::apply("surveys".to_owned(), "open".to_owned()))]
    async fn responses(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which responses; all unless said.")] filter: Option<SurveyResponseFilter>,
        #[graphql(desc = "So many from the newest on, 1 to 100; 20 unless said.")] first: Option<i64>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the oldest on, 1 to 100.")] last: Option<i64>,
        #[graphql(desc = "Go back before this cursor.")] before: Option<String>,
    ) -> Option<Result<Ready<SurveyResponseConnection>>> {
        let args = PageArgs { first, after, last, before };
        let page = store::responses_of_customer(context, &self.permit, self.customer_id, filter.as_ref(), &args).await;
        Some(page.map(|page| SurveyResponseConnection::new(page, |row| SurveyResponse::new(&self.permit, row))))
    }

    /// The questionnaires the customer was sent, the latest first.
    #[graphql(directive = access::apply("surveys".to_owned(), "open".to_owned()))]
    async fn invitations(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which invitations; all unless said.")] filter: Option<SurveyInvitationFilter>,
        #[graphql(desc = "So many from the newest on, 1 to 100; 20 unless said.")] first: Option<i64>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the oldest on, 1 to 100.")] last: Option<i64>,
        #[graphql(desc = "Go back before this cursor.")] before: Option<String>,
    ) -> Option<Result<Ready<SurveyInvitationConnection>>> {
        let args = PageArgs { first, after, last, before };
        let page =
            store::invitations_of_customer(context, &self.permit, self.customer_id, filter.as_ref(), &args).await;
        Some(page.map(|page| SurveyInvitationConnection::new(page, |row| SurveyInvitation::new(&self.permit, row))))
    }

    /// How many questionnaires the customer has answered.
    #[graphql(directive = access::apply("surveys".to_owned(), "open".to_owned()))]
    async fn response_count(&self, context: &Context<'_>) -> Option<Result<i64>> {
        self.figures(context).await.map(|figures| Some(figures.count)).transpose()
    }

    /// When the customer last answered one.
    #[graphql(directive = access::apply("surveys".to_owned(), "open".to_owned()))]
    async fn last_answered_at(&self, context: &Context<'_>) -> Option<Result<Timestamp>> {
        self.figures(context).await.map(|figures| figures.last_at).transpose()
    }

    /// The latest NPS answer, 0 to 10: up to 6 a detractor, from 9 on a promoter.
    #[graphql(directive = access::apply("surveys".to_owned(), "behaviour".to_owned()))]
    async fn latest_nps(&self, context: &Context<'_>) -> Option<Result<i64>> {
        self.latest(context, QuestionKind::Nps).await
    }

    /// The latest CSAT answer, on the scale of its question (mostly 1 to 5 or 1 to 7).
    #[graphql(directive = access::apply("surveys".to_owned(), "behaviour".to_owned()))]
    async fn latest_csat(&self, context: &Context<'_>) -> Option<Result<i64>> {
        self.latest(context, QuestionKind::Csat).await
    }

    /// The latest CES answer, 1 to 7: 7 is easiest.
    #[graphql(directive = access::apply("surveys".to_owned(), "behaviour".to_owned()))]
    async fn latest_ces(&self, context: &Context<'_>) -> Option<Result<i64>> {
        self.latest(context, QuestionKind::Ces).await
    }

    /// How fresh this is.
    #[graphql(directive = access::apply("intake".to_owned(), "open".to_owned()))]
    async fn freshness(&self, context: &Context<'_>) -> Option<Result<Freshness>> {
        freshness(context, "CustomerSurveys", SiloKey::Surveys).await.transpose()
    }

    /// What you see of it, and what is withheld from you.
    #[graphql(directive = access::apply("any".to_owned(), "open".to_owned()))]
    async fn access(&self) -> SiloAccess {
        SiloAccess::of(&self.permit)
    }
}

impl CustomerSurveys {
    async fn figures(&self, context: &Context<'_>) -> Result<store::ResponseFigures> {
        store::figures_of_customer(context, &self.permit, self.customer_id).await
    }

    async fn latest(&self, context: &Context<'_>, kind: QuestionKind) -> Option<Result<i64>> {
        shown(context, &self.permit, "CustomerSurveys", Class::Behaviour, || Some(()))?;
        store::latest_score(context, &self.permit, self.customer_id, kind).await.transpose()
    }
}

/// What surveys add to a customer.
pub struct SurveysOfCustomer {
    /// The customer.
    pub customer_id: Uuid,
}

/// What surveys add to a customer.
#[Object]
impl SurveysOfCustomer {
    /// Surveys: what the customer was asked and answered; null for those who may not read it.
    #[graphql(directive = access::apply("surveys".to_owned(), "open".to_owned()))]
    async fn surveys(&self, context: &Context<'_>) -> Option<Result<CustomerSurveys>> {
        let permit = permit::<Surveys>(context, "Customer").transpose()?;
        Some(permit.map(|permit| CustomerSurveys { customer_id: self.customer_id, permit }))
    }
}
