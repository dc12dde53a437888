//! Surveys as records: what a mapping may fill, with the checks that reject what cannot be.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::types::{AnswerAspect, InvitationState, QuestionKind, ResearchStage, SurveyKind};
use super::{check_score, normalised, scale};
use crate::access::SiloKey;
use crate::catalogue::record::word;
use crate::catalogue::types::Channel;
use crate::error::{Error, Result};
use crate::identity::place::{Happening, Needs, Placed, Placement, Record, RecordKind, Reference};

/// The tables of surveys that a mapping may fill.
pub const RECORDS: &[RecordKind] = &[
    RecordKind::of::<SurveyRecord>("survey"),
    RecordKind::of::<InvitationRecord>("survey_invitation"),
    RecordKind::of::<ResponseRecord>("survey_response"),
    RecordKind::of::<AnswerRecord>("survey_answer"),
];

/// A questionnaire as a source says it. It is about nobody.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SurveyRecord {
    name: String,
    kind: Option<SurveyKind>,
    touchpoint: Option<String>,
    research_stage: Option<ResearchStage>,
    created_at: Option<DateTime<Utc>>,
    source_url: Option<String>,
}

impl Record for SurveyRecord {
    fn needs(&self, _: &mut Needs) {}

    fn place(self: Box<Self>, at: &Placement<'_>, placed: &mut Placed) -> Result<()> {
        placed.row(
            at.id,
            None,
            &entity::survey::Model {
                id: at.id,
                record_id: at.record_id,
                source: at.source.to_owned(),
                name: self.name,
                kind: word(self.kind)?,
                touchpoint: self.touchpoint,
                research_stage: word(self.research_stage)?,
                created_at: self.created_at,
                source_url: self.source_url,
            },
        )
    }
}

/// An invitation as a source says it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InvitationRecord {
    survey: Option<Reference>,
    channel: Option<Channel>,
    touchpoint: Option<String>,
    sent_at: DateTime<Utc>,
    delivered_at: Option<DateTime<Utc>>,
    answered_at: Option<DateTime<Utc>>,
    state: Option<InvitationState>,
    source_url: Option<String>,
}

impl Record for InvitationRecord {
    fn needs(&self, needs: &mut Needs) {
        needs.reference(self.survey.as_ref());
    }

    fn place(self: Box<Self>, at: &Placement<'_>, placed: &mut Placed) -> Result<()> {
        let holder = at.holder()?;
        for later in [self.delivered_at, self.answered_at].into_iter().flatten() {
            if later < self.sent_at {
                return Err(Error::bad_input(
                    "The invitation is delivered or answered before it is sent. Check the three times in the mapping.",
                ));
            }
        }
        // A source that keeps times only says by them how far the invitation came.
        let state = self.state.unwrap_or(match (self.delivered_at, self.answered_at) {
            (_, Some(_)) => InvitationState::Answered,
            (Some(_), None) => InvitationState::Delivered,
            (None, None) => InvitationState::Sent,
        });
        let channel = word(self.channel)?;
        placed.happened(
            at,
            holder,
            &Happening {
                silo: SiloKey::Surveys,
                kind: "SURVEY_INVITATION",
                channel: channel.as_deref(),
                touchpoint: self.touchpoint.as_deref(),
                internal: false,
                occurred_at: self.sent_at,
            },
        )?;
        placed.row(
            at.id,
            Some(holder.customer_id),
            &entity::survey_invitation::Model {
                id: at.id,
                record_id: at.record_id,
                source: at.source.to_owned(),
                source_profile_id: holder.profile_id,
                customer_id: holder.customer_id,
                source_url: self.source_url,
                survey_id: at.reference(self.survey.as_ref()),
                channel,
                touchpoint: self.touchpoint,
                state: word(Some(state))?,
                sent_at: self.sent_at,
                delivered_at: self.delivered_at,
                answered_at: self.answered_at,
            },
        )
    }
}

/// A response as a source says it; its headline stands here, its answers are rows of their own.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ResponseRecord {
    survey: Option<Reference>,
    invitation: Option<Reference>,
    touchpoint: Option<String>,
    channel: Option<Channel>,
    language: Option<String>,
    finished: Option<bool>,
    answered_at: DateTime<Utc>,
    kind: Option<QuestionKind>,
    score: Option<i32>,
    comment: Option<String>,
    source_url: Option<String>,
}

impl Record for ResponseRecord {
    fn needs(&self, needs: &mut Needs) {
        needs.reference(self.survey.as_ref());
        needs.reference(self.invitation.as_ref());
    }

    fn place(self: Box<Self>, at: &Placement<'_>, placed: &mut Placed) -> Result<()> {
        let holder = at.holder()?;
        match (self.kind, self.score) {
            (Some(kind), Some(_)) => check_score(kind, None, self.score)?,
            (None, Some(_)) => {
                return Err(Error::bad_input(
                    "The response has a score, but no kind of question that it answers. Let the mapping give `kind`.",
                ));
            }
            _ => {}
        }
        let channel = word(self.channel)?;
        placed.happened(
            at,
            holder,
            &Happening {
                silo: SiloKey::Surveys,
                kind: "SURVEY_RESPONSE",
                channel: channel.as_deref(),
                touchpoint: self.touchpoint.as_deref(),
                internal: false,
                occurred_at: self.answered_at,
            },
        )?;
        placed.row(
            at.id,
            Some(holder.customer_id),
            &entity::survey_response::Model {
                id: at.id,
                record_id: at.record_id,
                source: at.source.to_owned(),
                source_profile_id: holder.profile_id,
                customer_id: holder.customer_id,
                source_url: self.source_url,
                survey_id: at.reference(self.survey.as_ref()),
                invitation_id: at.reference(self.invitation.as_ref()),
                touchpoint: self.touchpoint,
                channel,
                language: self.language,
                finished: self.finished.unwrap_or(true),
                kind: word(self.kind)?,
                score: self.score.map(i64::from),
                comment: self.comment,
                answered_at: self.answered_at,
            },
        )
    }
}

/// An answer as a source says it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerRecord {
    response: Reference,
    survey: Option<Reference>,
    question_key: String,
    question: Option<String>,
    kind: QuestionKind,
    aspect: Option<AnswerAspect>,
    product: Option<String>,
    raw_value: Option<String>,
    scale_min: Option<i32>,
    scale_max: Option<i32>,
    score: Option<i32>,
    text: Option<String>,
    position: Option<u16>,
    answered_at: DateTime<Utc>,
    source_url: Option<String>,
}

impl Record for AnswerRecord {
    fn needs(&self, needs: &mut Needs) {
        needs.reference(Some(&self.response));
        needs.reference(self.survey.as_ref());
    }

    fn place(self: Box<Self>, at: &Placement<'_>, placed: &mut Placed) -> Result<()> {
        let holder = at.holder()?;
        let response_id =
            at.reference(Some(&self.response)).ok_or_else(|| Error::internal("a reference without an id"))?;
        let scale = scale(self.kind, self.scale_min, self.scale_max)?;
        check_score(self.kind, scale, self.score)?;
        placed.row(
            at.id,
            Some(holder.customer_id),
            &entity::survey_answer::Model {
                id: at.id,
                record_id: at.record_id,
                source: at.source.to_owned(),
                source_profile_id: holder.profile_id,
                customer_id: holder.customer_id,
                source_url: self.source_url,
                response_id,
                survey_id: at.reference(self.survey.as_ref()),
                question_key: self.question_key,
                question: self.question,
                kind: word(Some(self.kind))?.unwrap_or_default(),
                aspect: word(self.aspect)?,
                product: self.product,
                raw_value: self.raw_value,
                scale_min: scale.map(|(lowest, _)| i64::from(lowest)),
                scale_max: scale.map(|(_, highest)| i64::from(highest)),
                score: self.score.map(i64::from),
                normalised: normalised(scale, self.score),
                text: self.text,
                position: self.position.map(i64::from),
                answered_at: self.answered_at,
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::identity::place::{Found, testing};

    fn place(table: &str, fields: serde_json::Value, found: &Found) -> Result<Placed> {
        testing::place(RECORDS, table, fields, found)
    }

    #[test]
    fn records_become_rows_and_what_happened_stands_on_the_timeline() {
        let mut found = Found::default();
        let response = Reference { stream: "responses".to_owned(), key: "7".to_owned(), part: String::new() };
        found.references.insert(response, Uuid::from_u128(5));
        for (table, fields, rows, contacts) in [
            ("survey", json!({"name": "After a visit", "kind": "TRANSACTIONAL"}), 1, 0),
            ("survey_invitation", json!({"sent_at": "2026-01-02T03:04:05Z", "channel": "EMAIL"}), 2, 1),
            ("survey_response", json!({"answered_at": "2026-01-02T03:04:05Z", "kind": "NPS", "score": 9}), 2, 1),
            (
                "survey_answer",
                json!({"response": {"stream": "responses", "key": "7"}, "question_key": "q1", "kind": "TEXT",
                    "answered_at": "2026-01-02T03:04:05Z"}),
                1,
                0,
            ),
        ] {
            let placed = place(table, fields, &found).unwrap();
            assert_eq!((placed.batch.len(), placed.contacts.len()), (rows, contacts), "{table}");
            assert_eq!(placed.changed.len(), 1, "{table}");
        }
    }

    #[test]
    fn refuses_what_cannot_be() {
        let at = "2026-01-02T03:04:05Z";
        for (table, fields) in [
            ("survey_invitation", json!({"sent_at": at, "answered_at": "2026-01-01T03:04:05Z"})),
            ("survey_response", json!({"answered_at": at, "score": 9})),
            ("survey_response", json!({"answered_at": at, "kind": "NPS", "score": 11})),
            ("survey", json!({"name": "x", "colour": "red"})),
            // Without its time an old answer would count as the latest.
            ("survey_answer", json!({"response": {"stream": "r", "key": "7"}, "question_key": "q1", "kind": "TEXT"})),
        ] {
            assert!(place(table, fields, &Found::default()).is_err(), "{table}");
        }
    }
}
