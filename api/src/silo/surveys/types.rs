//! What surveys show of their rows: questionnaires, invitations, responses with their answers.

use async_graphql::{Context, Enum};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Surveys, store};
use crate::access::{PageArgs, access};
use crate::catalogue::types::{Channel, ProductOf, TouchpointOf};
use crate::error::Result;
use crate::graph::at_hand::Ready;
use crate::{connection, object};

/// What a questionnaire is about. Figures never mix the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SurveyKind {
    /// The relationship as a whole, asked from time to time.
    Relationship,
    /// One event: a purchase, a call, a delivery.
    Transactional,
}

/// Stage of product research that a questionnaire belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ResearchStage {
    /// Whether the need is there.
    Idea,
    /// Whether the concept answers it.
    Concept,
    /// How it is to look and behave.
    Design,
    /// What works while it is made.
    Build,
    /// How it does in use.
    Operation,
}

/// How far an invitation came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum InvitationState {
    /// It left us.
    Sent,
    /// It arrived.
    Delivered,
    /// It was opened.
    Opened,
    /// It was answered.
    Answered,
    /// It did not arrive.
    Bounced,
    /// It can no longer be answered.
    Expired,
}

/// What a question asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum QuestionKind {
    /// Whether the customer would recommend us, 0 to 10.
    Nps,
    /// How satisfied the customer is, mostly 1 to 5 or 1 to 7.
    Csat,
    /// How easy it was, 1 to 7: 7 is easiest.
    Ces,
    /// A rating of something on a scale of its own.
    Rating,
    /// Whether it was below, as or above what the customer expected.
    Expectation,
    /// A choice among answers.
    Choice,
    /// Words of the customer's own.
    Text,
}

/// What a survey answer judges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AnswerAspect {
    /// The product.
    Product,
    /// The delivery: how the product reached the customer.
    Delivery,
    /// The help we gave.
    Support,
    /// The way we spoke with the customer.
    Communication,
}

object! {
    /// A questionnaire.
    Survey, SurveyRow of Surveys from "survey" id "srv" {
        /// Title.
        open name: text!,
        /// Whether it is about the relationship or about one event.
        open kind: [SurveyKind],
        /// Stage of product research it belongs to; null for any other questionnaire.
        open research_stage: [ResearchStage],
        /// When it was made.
        open created_at: time,
        /// Key of the source it comes from.
        open source: text!,
        /// Opens the questionnaire in its source; null where the source has no page for it.
        open source_url: text,
        /// The touchpoint it asks about.
        open touchpoint: {TouchpointOf: touchpoint},
        /// Key of the touchpoint.
        column touchpoint: Option<String> = Text if part,
    }
}

object! {
    /// A questionnaire sent to a customer.
    SurveyInvitation, SurveyInvitationRow of Surveys from "survey_invitation" id "sin" customer "customer_id" {
        /// How far it came.
        behaviour state: [InvitationState],
        /// Channel it was sent on.
        open channel: [Channel],
        /// When it was sent.
        open sent_at: time!,
        /// When it arrived.
        open delivered_at: time,
        /// When it was answered; null while it is not.
        behaviour answered_at: time,
        /// Key of the source it comes from.
        open source: text!,
        /// Opens the invitation in its source; null where the source has no page for it.
        open source_url: text,
        /// The touchpoint it asks about.
        open touchpoint: {TouchpointOf: touchpoint},
        /// Key of the touchpoint.
        column touchpoint: Option<String> = Text if part,
        /// The questionnaire.
        column survey_id: Option<Uuid> = Uuid if part => open: "srv",
    } also {
        /// The questionnaire that was sent; null when its source has not told of it (yet).
        #[graphql(directive = access::apply("surveys".to_owned(), "open".to_owned()))]
        async fn survey(&self, context: &Context<'_>) -> Option<Result<Survey>> {
            let row = store::survey(context, &self.permit, self.row.survey_id).await.transpose()?;
            Some(row.map(|row| Survey::new(&self.permit, row)))
        }
    }
}
connection!(SurveyInvitation, SurveyInvitationConnection, SurveyInvitationEdge, "invitations");

object! {
    /// A questionnaire that a customer answered. Its headline question stands here, all answers in `answers`.
    SurveyResponse, SurveyResponseRow of Surveys from "survey_response" id "srs" customer "customer_id" {
        /// Kind of the headline question; null when none of the questions is the headline.
        open kind: [QuestionKind],
        /// Score of the headline question, as given: 0 to 10 for NPS, 1 to 5 or 1 to 7 for CSAT, 1 to 7 for CES.
        behaviour score: number,
        /// What the customer wrote beside it.
        free_text comment: text,
        /// Channel it was answered on.
        open channel: [Channel],
        /// Language of the answers.
        open language: text,
        /// Whether it was answered to the end.
        open finished: bool!,
        /// When it was answered.
        open answered_at: time!,
        /// Key of the source it comes from.
        open source: text!,
        /// Opens the response in its source; null where the source has no page for it.
        open source_url: text,
        /// The touchpoint it is about.
        open touchpoint: {TouchpointOf: touchpoint},
        /// Key of the touchpoint.
        column touchpoint: Option<String> = Text if part,
        /// The questionnaire.
        column survey_id: Option<Uuid> = Uuid if part => open: "srv",
        /// The invitation.
        column invitation_id: Option<Uuid> = Uuid if part => open: "sin",
    } also {
        /// The questionnaire that was answered; null when its source has not told of it (yet).
        #[graphql(directive = access::apply("surveys".to_owned(), "open".to_owned()))]
        async fn survey(&self, context: &Context<'_>) -> Option<Result<Survey>> {
            let row = store::survey(context, &self.permit, self.row.survey_id).await.transpose()?;
            Some(row.map(|row| Survey::new(&self.permit, row)))
        }

        /// The invitation it answers; null for an open link.
        #[graphql(directive = access::apply("surveys".to_owned(), "open".to_owned()))]
        async fn invitation(&self, context: &Context<'_>) -> Option<Result<SurveyInvitation>> {
            let row = store::invitation(context, &self.permit, self.row.invitation_id).await.transpose()?;
            Some(row.map(|row| SurveyInvitation::new(&self.permit, row)))
        }

        /// All answers, in the order of the questions.
        #[graphql(directive = access::apply("surveys".to_owned(), "open".to_owned()))]
        async fn answers(
            &self,
            context: &Context<'_>,
            #[graphql(desc = "So many from the first question on, 1 to 100; 20 unless said.")] first: Option<i64>,
            #[graphql(desc = "Go on after this cursor.")] after: Option<String>,
            #[graphql(desc = "So many from the last question on, 1 to 100.")] last: Option<i64>,
            #[graphql(desc = "Go back before this cursor.")] before: Option<String>,
        ) -> Option<Result<Ready<SurveyAnswerConnection>>> {
            let args = PageArgs { first, after, last, before };
            let page = store::answers_of_response(context, &self.permit, self.row.id, &args).await;
            Some(page.map(|page| SurveyAnswerConnection::new(page, |row| SurveyAnswer::new(&self.permit, row))))
        }
    }
}
connection!(SurveyResponse, SurveyResponseConnection, SurveyResponseEdge, "responses");

object! {
    /// One answer of a response.
    SurveyAnswer, SurveyAnswerRow of Surveys from "survey_answer" id "san" customer "customer_id" {
        /// Key of the question, the same in all responses to a questionnaire.
        open question_key: text!,
        /// What was asked.
        open question: text,
        /// What the question asks for.
        open kind: [QuestionKind]!,
        /// What the answer is about.
        open aspect: [AnswerAspect],
        /// The answer as it came. It may hold the customer's own words.
        free_text raw_value: text,
        /// The answer as a number on its scale.
        behaviour score: number,
        /// Lowest value of the scale.
        open scale_min: number,
        /// Highest value of the scale.
        open scale_max: number,
        /// The score brought to 0–1: 0 is the lowest value of the scale, 1 the highest. Null where the scale is unknown.
        behaviour normalised: real,
        /// What the customer wrote.
        free_text text: text,
        /// Place of the question in the questionnaire.
        open position: number,
        /// When it was answered.
        open answered_at: time!,
        /// Key of the source it comes from.
        open source: text!,
        /// Opens the answer in its source; null where the source has no page for it.
        open source_url: text,
        /// The product asked about.
        open product: {ProductOf: product},
        /// Key of the product.
        column product: Option<String> = Text if part,
        /// The response it is part of.
        column response_id: Option<Uuid> = Uuid if part => open: "srs",
    }
}
connection!(SurveyAnswer, SurveyAnswerConnection, SurveyAnswerEdge, "answers of a response");
