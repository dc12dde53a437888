//! Reviews as records: what a mapping may fill, with the checks that reject what cannot be.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::types::ReviewKind;
use crate::access::SiloKey;
use crate::catalogue::record::word;
use crate::error::{Error, Result};
use crate::identity::place::{Happening, Needs, Placed, Placement, Record, RecordKind};

/// The tables of reviews that a mapping may fill.
pub const RECORDS: &[RecordKind] = &[RecordKind::of::<ReviewRecord>("review")];

/// A review as a source says it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReviewRecord {
    origin: String,
    kind: Option<ReviewKind>,
    product: Option<String>,
    rating: Option<f64>,
    scale_max: Option<i32>,
    recommends: Option<bool>,
    title: Option<String>,
    text: Option<String>,
    language: Option<String>,
    response_text: Option<String>,
    responded_at: Option<DateTime<Utc>>,
    responder: Option<String>,
    reviewed_at: DateTime<Utc>,
    touchpoint: Option<String>,
    source_url: Option<String>,
}

impl Record for ReviewRecord {
    fn needs(&self, needs: &mut Needs) {
        needs.staff(self.responder.as_ref());
    }

    fn place(self: Box<Self>, at: &Placement<'_>, placed: &mut Placed) -> Result<()> {
        let holder = at.holder()?;
        check_origin(&self.origin)?;
        check_rating(self.rating, self.scale_max)?;
        if self.responded_at.is_some_and(|responded| responded < self.reviewed_at) {
            return Err(Error::bad_input(
                "The review is answered before it is given. Check both times in the mapping.",
            ));
        }
        placed.happened(
            at,
            holder,
            &Happening {
                silo: SiloKey::Reviews,
                kind: "REVIEW",
                channel: None,
                touchpoint: self.touchpoint.as_deref(),
                internal: false,
                occurred_at: self.reviewed_at,
            },
        )?;
        placed.row(
            at.id,
            Some(holder.customer_id),
            &entity::review::Model {
                id: at.id,
                record_id: at.record_id,
                source: at.source.to_owned(),
                source_profile_id: holder.profile_id,
                customer_id: holder.customer_id,
                source_url: self.source_url,
                origin: self.origin,
                kind: word(self.kind)?,
                product: self.product,
                touchpoint: self.touchpoint,
                rating: self.rating,
                scale_max: self.scale_max.map(i64::from),
                recommends: self.recommends,
                title: self.title,
                text: self.text,
                language: self.language,
                response_text: self.response_text,
                responder_id: at.staff(self.responder.as_ref()),
                responded_at: self.responded_at,
                reviewed_at: self.reviewed_at,
            },
        )
    }
}

fn check_origin(origin: &str) -> Result<()> {
    if origin.trim().is_empty() {
        return Err(Error::bad_input(
            "The review does not say where it was given. Let the mapping give `origin`, if need be as a fixed value.",
        ));
    }
    Ok(())
}

fn check_rating(rating: Option<f64>, scale_max: Option<i32>) -> Result<()> {
    if scale_max.is_some_and(|highest| highest < 1) {
        return Err(Error::bad_input(
            "The highest rating of a scale is 1 at least. Check `scale_max` in the mapping; for five stars it is 5.",
        ));
    }
    let highest = scale_max.map_or(f64::INFINITY, f64::from);
    if rating.is_some_and(|rating| !rating.is_finite() || rating < 0.0 || rating > highest) {
        return Err(Error::bad_input(
            "The rating is below 0 or above the highest of its scale. Check `rating` and `scale_max` in the mapping.",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rating_lies_on_its_scale() {
        for (rating, scale_max) in [(Some(5.0), Some(5)), (Some(0.0), Some(1)), (Some(87.5), None), (None, Some(5))] {
            assert!(check_rating(rating, scale_max).is_ok());
        }
        for (rating, scale_max) in
            [(Some(5.5), Some(5)), (Some(-1.0), Some(5)), (Some(f64::NAN), None), (None, Some(0))]
        {
            assert!(check_rating(rating, scale_max).is_err());
        }
    }

    #[test]
    fn a_review_has_an_origin() {
        assert!(check_origin("shop").is_ok());
        assert!(check_origin(" ").is_err());
    }
}
