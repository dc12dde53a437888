//! All SQL of surveys.

use futures_util::future::try_join;
use uuid::Uuid;

use super::Surveys;
use super::query::{SurveyInvitationFilter, SurveyResponseFilter};
use super::types::{QuestionKind, SurveyAnswerRow, SurveyInvitationRow, SurveyResponseRow, SurveyRow};
use crate::access::{Class, Context, Order, Page, PageArgs, Permit, Scope, Select, SiloRow, load};
use crate::catalogue::record::{word, words};
use crate::database::{Bind, Row};
use crate::error::{Error, Result};
use crate::graph::timestamp::Timestamp;

const NEWEST_RESPONSE: Order = Order { name: "SURVEY_RESPONSE", by: "t.answered_at", time: true, descending: true };
const NEWEST_INVITATION: Order = Order { name: "SURVEY_INVITATION", by: "t.sent_at", time: true, descending: true };
/// In the order of the questionnaire, answers without a place last. Text of one width, as cursors bind text.
const BY_POSITION: Order = Order {
    name: "SURVEY_ANSWER",
    by: "CAST(100000 + coalesce(t.position, 99999) AS TEXT)",
    time: false,
    descending: false,
};

crate::row! {
    /// Figures over the responses of a customer.
    pub struct ResponseFigures {
        /// How many.
        count: i64 = Number as "count(*)",
        /// When the last was given.
        last_at: Option<Timestamp> = Time as "max(t.answered_at)",
    }
}

crate::row! {
    /// A score as the headline of a response.
    struct HeadlineScore {
        /// The score.
        score: i64 = Number,
        /// When it was given.
        answered_at: Timestamp = Time,
    }
}

crate::row! {
    /// A score as an answer among others.
    struct AnswerScore {
        /// The score.
        score: i64 = Number,
        /// When it was given.
        answered_at: Timestamp = Time,
    }
}

impl SiloRow for HeadlineScore {
    type Silo = Surveys;
    const TABLE: &'static str = SurveyResponseRow::TABLE;
    const OWNER: Option<&'static str> = SurveyResponseRow::OWNER;
    const CUSTOMER: Option<&'static str> = SurveyResponseRow::CUSTOMER;
}

impl SiloRow for AnswerScore {
    type Silo = Surveys;
    const TABLE: &'static str = SurveyAnswerRow::TABLE;
    const OWNER: Option<&'static str> = SurveyAnswerRow::OWNER;
    const CUSTOMER: Option<&'static str> = SurveyAnswerRow::CUSTOMER;
}

/// A page of a customer's responses, the latest first.
pub async fn responses_of_customer(
    context: &Context<'_>,
    permit: &Permit<Surveys>,
    customer_id: Uuid,
    filter: Option<&SurveyResponseFilter>,
    args: &PageArgs,
) -> Result<Page<SurveyResponseRow>> {
    let mut select = permit.select::<SurveyResponseRow>().of_parent("customer_id");
    if let Some(filter) = filter {
        select = filtered_responses(permit, select, filter)?;
    }
    load(context, select, NEWEST_RESPONSE, args, Some(customer_id)).await
}

/// A page of a customer's invitations, the one sent last first.
pub async fn invitations_of_customer(
    context: &Context<'_>,
    permit: &Permit<Surveys>,
    customer_id: Uuid,
    filter: Option<&SurveyInvitationFilter>,
    args: &PageArgs,
) -> Result<Page<SurveyInvitationRow>> {
    let mut select = permit.select::<SurveyInvitationRow>().of_parent("customer_id");
    if let Some(filter) = filter {
        select = filtered_invitations(permit, select, filter)?;
    }
    load(context, select, NEWEST_INVITATION, args, Some(customer_id)).await
}

/// A page of a response's answers, in the order of the questionnaire.
pub async fn answers_of_response(
    context: &Context<'_>,
    permit: &Permit<Surveys>,
    response_id: Uuid,
    args: &PageArgs,
) -> Result<Page<SurveyAnswerRow>> {
    let select = permit.select::<SurveyAnswerRow>().of_parent("response_id");
    load(context, select, BY_POSITION, args, Some(response_id)).await
}

/// A questionnaire by id, for a row that names one.
pub async fn survey(context: &Context<'_>, permit: &Permit<Surveys>, id: Option<Uuid>) -> Result<Option<SurveyRow>> {
    by_id(context, permit, id).await
}

/// An invitation by id, for a row that names one.
pub async fn invitation(
    context: &Context<'_>,
    permit: &Permit<Surveys>,
    id: Option<Uuid>,
) -> Result<Option<SurveyInvitationRow>> {
    by_id(context, permit, id).await
}

/// The figures over a customer's responses.
pub async fn figures_of_customer(
    context: &Context<'_>,
    permit: &Permit<Surveys>,
    customer_id: Uuid,
) -> Result<ResponseFigures> {
    let select = permit.select::<SurveyResponseRow>().of_parent("customer_id").figures::<ResponseFigures>();
    Scope::of(context)?.batch.one(select.fetch(), customer_id).await
}

/// The score a customer gave last to a question of a kind, be it the headline of a response or one answer among others.
pub async fn latest_score(
    context: &Context<'_>,
    permit: &Permit<Surveys>,
    customer_id: Uuid,
    kind: QuestionKind,
) -> Result<Option<i64>> {
    let kind = word(Some(kind))?.unwrap_or_default();
    let headline = latest::<HeadlineScore>(context, permit, customer_id, &kind);
    let answer = latest::<AnswerScore>(context, permit, customer_id, &kind);
    let (headline, answer) = try_join(headline, answer).await?;
    let headline = headline.map(|row| (row.answered_at.time(), row.score));
    let answer = answer.map(|row| (row.answered_at.time(), row.score));
    Ok(match (headline, answer) {
        (Some(headline), Some(answer)) => Some(if answer.0 > headline.0 { answer.1 } else { headline.1 }),
        (one, other) => one.or(other).map(|(_, score)| score),
    })
}

async fn latest<R: SiloRow<Silo = Surveys>>(
    context: &Context<'_>,
    permit: &Permit<Surveys>,
    customer_id: Uuid,
    kind: &str,
) -> Result<Option<R>> {
    let select = permit
        .select::<R>()
        .of_parent("customer_id")
        .filter("t.kind = ? AND t.score IS NOT NULL", [Bind::from(kind)])
        .order(NEWEST_RESPONSE, false)
        .limit(1);
    let rows: Vec<R> = Scope::of(context)?.batch.rows(select.fetch(), Some(customer_id)).await?;
    Ok(rows.into_iter().next())
}

async fn by_id<R: SiloRow<Silo = Surveys>>(
    context: &Context<'_>,
    permit: &Permit<Surveys>,
    id: Option<Uuid>,
) -> Result<Option<R>> {
    let Some(id) = id else { return Ok(None) };
    let select = permit.select::<R>().of_parent("id").limit(1);
    let rows: Vec<R> = Scope::of(context)?.batch.rows(select.fetch(), Some(id)).await?;
    Ok(rows.into_iter().next())
}

fn filtered_responses(
    permit: &Permit<Surveys>,
    mut select: Select<SurveyResponseRow>,
    filter: &SurveyResponseFilter,
) -> Result<Select<SurveyResponseRow>> {
    if let Some(kind) = &filter.kind {
        select = select.one_of("t.kind", words(kind)?);
    }
    if let Some(score) = &filter.score {
        permit.require(Class::Behaviour, "the score of a response")?;
        if let (Some(min), Some(max)) = (score.min, score.max)
            && min > max
        {
            return Err(Error::bad_input("The range of scores ends before it begins. Let `max` be at least `min`."));
        }
        if let Some(min) = score.min {
            select = select.filter("t.score >= ?", [Bind::from(min)]);
        }
        if let Some(max) = score.max {
            select = select.filter("t.score <= ?", [Bind::from(max)]);
        }
    }
    if let Some(channel) = &filter.channel {
        select = select.one_of("t.channel", words(channel)?);
    }
    select = at_touchpoint(select, filter.touchpoint.as_deref());
    Ok(select.within("t.answered_at", filter.answered.as_ref()))
}

fn filtered_invitations(
    permit: &Permit<Surveys>,
    mut select: Select<SurveyInvitationRow>,
    filter: &SurveyInvitationFilter,
) -> Result<Select<SurveyInvitationRow>> {
    if let Some(state) = &filter.state {
        permit.require(Class::Behaviour, "the state of an invitation")?;
        select = select.one_of("t.state", words(state)?);
    }
    if let Some(channel) = &filter.channel {
        select = select.one_of("t.channel", words(channel)?);
    }
    select = at_touchpoint(select, filter.touchpoint.as_deref());
    Ok(select.within("t.sent_at", filter.sent.as_ref()))
}

fn at_touchpoint<R: Row>(select: Select<R>, touchpoint: Option<&str>) -> Select<R> {
    match touchpoint {
        Some(key) => select.filter("t.touchpoint = ?", [Bind::from(key)]),
        None => select,
    }
}
