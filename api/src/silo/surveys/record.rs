//! Surveys as records: what a mapping may fill, with the checks that reject what cannot be.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::types::{AnswerAspect, InvitationState, QuestionKind, ResearchStage, SurveyKind};
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
    answered_at: Option<DateTime<Utc>>,
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
                source_url: None,
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
                answered_at: self.answered_at.unwrap_or(at.received_at),
            },
        )
    }
}

/// Lowest and highest value of a question.
type Scale = (i32, i32);

/// The scale of an answer: the one that the mapping gives, else that of the kind where it has only one.
fn scale(kind: QuestionKind, lowest: Option<i32>, highest: Option<i32>) -> Result<Option<Scale>> {
    let Some(highest) = highest else {
        return match (lowest, kind) {
            (Some(_), _) => Err(Error::bad_input(
                "The answer has the lowest value of its scale, but not the highest. Let the mapping give `scale_max`, too.",
            )),
            (None, QuestionKind::Nps) => Ok(Some((0, 10))),
            (None, QuestionKind::Ces) => Ok(Some((1, 7))),
            (None, _) => Ok(None),
        };
    };
    let lowest = lowest.unwrap_or(i32::from(kind != QuestionKind::Nps));
    if lowest >= highest {
        return Err(Error::bad_input(
            "The scale of the answer ends before it begins. Let `scale_max` be more than `scale_min` in the mapping.",
        ));
    }
    if kind == QuestionKind::Nps && (lowest, highest) != (0, 10) {
        return Err(Error::bad_input(
            "An NPS question has the scale 0 to 10. Correct the scale in the mapping, or give it the kind RATING.",
        ));
    }
    Ok(Some((lowest, highest)))
}

/// Refuses a score beyond its scale; without one, beyond any scale that the kind knows.
fn check_score(kind: QuestionKind, scale: Option<Scale>, score: Option<i32>) -> Result<()> {
    let (lowest, highest) = match (scale, kind) {
        (Some(scale), _) => scale,
        (None, QuestionKind::Nps) => (0, 10),
        (None, QuestionKind::Csat | QuestionKind::Ces) => (1, 7),
        (None, _) => return Ok(()),
    };
    if score.is_none_or(|score| (lowest..=highest).contains(&score)) {
        return Ok(());
    }
    Err(Error::bad_input(format!(
        "The score lies beyond its scale of {lowest} to {highest}. Check the score and the scale in the mapping."
    )))
}

/// The score as a share of its scale: 0 is the lowest value, 1 the highest.
fn normalised(scale: Option<Scale>, score: Option<i32>) -> Option<f64> {
    let ((lowest, highest), score) = (scale?, score?);
    let (lowest, highest) = (f64::from(lowest), f64::from(highest));
    Some((f64::from(score) - lowest) / (highest - lowest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::identity::place::{Found, Holder};

    fn place(table: &str, fields: serde_json::Value, found: &Found) -> Result<Placed> {
        let kind = RECORDS.iter().find(|kind| kind.table == table).unwrap();
        let serde_json::Value::Object(fields) = fields else { panic!("fields are an object") };
        let at = Placement {
            id: Uuid::from_u128(1),
            record_id: Uuid::from_u128(2),
            source: "source",
            received_at: DateTime::from_timestamp_millis(9).unwrap(),
            holder: Some(Holder { profile_id: Uuid::from_u128(3), customer_id: Uuid::from_u128(4) }),
            found,
        };
        let mut placed = Placed::default();
        (kind.read)(fields)?.place(&at, &mut placed)?;
        Ok(placed)
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
                json!({"response": {"stream": "responses", "key": "7"}, "question_key": "q1", "kind": "TEXT"}),
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
        ] {
            assert!(place(table, fields, &Found::default()).is_err(), "{table}");
        }
    }

    #[test]
    fn kinds_with_one_scale_need_none() {
        assert_eq!(scale(QuestionKind::Nps, None, None).unwrap(), Some((0, 10)));
        assert_eq!(scale(QuestionKind::Ces, None, None).unwrap(), Some((1, 7)));
        assert_eq!(scale(QuestionKind::Csat, None, None).unwrap(), None);
        assert_eq!(scale(QuestionKind::Csat, None, Some(5)).unwrap(), Some((1, 5)));
        assert_eq!(scale(QuestionKind::Csat, Some(0), Some(1)).unwrap(), Some((0, 1)), "yes and no");
    }

    #[test]
    fn refuses_scales_that_cannot_be() {
        assert!(scale(QuestionKind::Rating, Some(1), None).is_err());
        assert!(scale(QuestionKind::Rating, Some(5), Some(1)).is_err());
        assert!(scale(QuestionKind::Nps, Some(1), Some(5)).is_err());
    }

    #[test]
    fn refuses_scores_beyond_their_scale_without_repeating_them() {
        for (kind, score) in [(QuestionKind::Nps, 11), (QuestionKind::Csat, 8), (QuestionKind::Ces, 0)] {
            let error = check_score(kind, None, Some(score)).unwrap_err();
            assert!(!error.message.contains(&format!(" {score} ")), "{}", error.message);
        }
        assert!(check_score(QuestionKind::Csat, Some((1, 5)), Some(6)).is_err());
        assert!(check_score(QuestionKind::Rating, None, Some(4711)).is_ok());
    }

    #[test]
    fn the_ends_of_a_scale_are_nought_and_one() {
        assert_eq!(normalised(Some((1, 5)), Some(1)), Some(0.0));
        assert_eq!(normalised(Some((1, 5)), Some(5)), Some(1.0));
        assert_eq!(normalised(Some((0, 10)), Some(9)), Some(0.9));
        assert_eq!(normalised(None, Some(3)), None);
    }

    proptest! {
        #[test]
        fn what_passes_the_check_is_a_share(lowest in -100..100_i32, width in 1..100_i32, score in -250..250_i32) {
            let scale = Some((lowest, lowest + width));
            if check_score(QuestionKind::Rating, scale, Some(score)).is_ok() {
                let share = normalised(scale, Some(score)).unwrap();
                prop_assert!((0.0..=1.0).contains(&share));
            }
        }
    }
}
