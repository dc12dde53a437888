//! Surveys: questionnaires, the invitations to them, and the responses with their answers.
//!
//! `record` is what a mapping may fill, `store` holds all SQL, `types` is what GraphQL shows of a row, `query` what it
//! shows of a customer. The permission is [`SiloKey::Surveys`]; each field's data class stands in `types` and `query`.
//! The scales of the kinds of questions stand here: they are checked on the way in and hold for every figure.

use self::types::QuestionKind;
use crate::access::{Silo, SiloKey};
use crate::error::{Error, Result};

pub mod preset;
pub mod query;
pub mod record;
pub mod store;
pub mod types;

/// The silo of surveys.
pub struct Surveys;

impl Silo for Surveys {
    const KEY: SiloKey = SiloKey::Surveys;
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

    use super::*;

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
