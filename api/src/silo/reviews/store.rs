//! All SQL of reviews.

use uuid::Uuid;

use super::Reviews;
use super::types::{ReviewFilter, ReviewRow};
use crate::access::{Class, Context, Order, Page, PageArgs, Permit, Scope, Select, SiloRow, load};
use crate::catalogue::record::words;
use crate::database::Bind;
use crate::error::{Error, Result};
use crate::graph::timestamp::Timestamp;

const NEWEST_REVIEW: Order = Order { name: "REVIEW", by: "t.reviewed_at", time: true, descending: true };
/// A rating as a share of its scale; null where either is unknown.
const SHARE: &str = "t.rating / t.scale_max";

crate::row! {
    /// Figures over the reviews of a customer.
    pub struct ReviewFigures {
        /// How many.
        count: i64 = Number as "count(*)",
        /// When the last was given.
        last_at: Option<Timestamp> = Time as "max(t.reviewed_at)",
        /// Mean of the ratings, each as a share of its scale.
        mean_rating: Option<f64> = Number as "avg(t.rating / t.scale_max)",
    }
}

crate::row! {
    /// Whether the customer recommends, as one review says.
    struct Recommendation {
        /// Whether the customer recommends.
        recommends: bool = Bool,
    }
}

impl SiloRow for Recommendation {
    type Silo = Reviews;
    const TABLE: &'static str = ReviewRow::TABLE;
    const OWNER: Option<&'static str> = ReviewRow::OWNER;
    const CUSTOMER: Option<&'static str> = ReviewRow::CUSTOMER;
}

/// A page of a customer's reviews, the latest first.
pub async fn reviews_of_customer(
    context: &Context<'_>,
    permit: &Permit<Reviews>,
    customer_id: Uuid,
    filter: Option<&ReviewFilter>,
    args: &PageArgs,
) -> Result<Page<ReviewRow>> {
    let mut select = permit.select::<ReviewRow>().of_parent("customer_id");
    if let Some(filter) = filter {
        select = filtered(permit, select, filter)?;
    }
    load(context, select, NEWEST_REVIEW, args, Some(customer_id)).await
}

/// The figures over a customer's reviews.
pub async fn figures_of_customer(
    context: &Context<'_>,
    permit: &Permit<Reviews>,
    customer_id: Uuid,
) -> Result<ReviewFigures> {
    let select = permit.select::<ReviewRow>().of_parent("customer_id").figures::<ReviewFigures>();
    Scope::of(context)?.batch.one(select.fetch(), customer_id).await
}

/// Whether the customer recommends, as the latest review says that says it at all.
pub async fn latest_recommendation(
    context: &Context<'_>,
    permit: &Permit<Reviews>,
    customer_id: Uuid,
) -> Result<Option<bool>> {
    let select = permit
        .select::<Recommendation>()
        .of_parent("customer_id")
        .filter("t.recommends IS NOT NULL", [])
        .order(NEWEST_REVIEW, false)
        .limit(1);
    let rows: Vec<Recommendation> = Scope::of(context)?.batch.rows(select.fetch(), Some(customer_id)).await?;
    Ok(rows.first().map(|row| row.recommends))
}

fn filtered(
    permit: &Permit<Reviews>,
    mut select: Select<ReviewRow>,
    filter: &ReviewFilter,
) -> Result<Select<ReviewRow>> {
    if let Some(kind) = &filter.kind {
        select = select.one_of("t.kind", words(kind)?);
    }
    if let Some(origin) = &filter.origin {
        select = select.filter("t.origin = ?", [Bind::from(origin.as_str())]);
    }
    if let Some(product) = &filter.product {
        select = select.filter("t.product = ?", [Bind::from(product.as_str())]);
    }
    if let Some(touchpoint) = &filter.touchpoint {
        select = select.filter("t.touchpoint = ?", [Bind::from(touchpoint.as_str())]);
    }
    if let Some(rating) = &filter.rating {
        permit.require(Class::Behaviour, "the rating of a review")?;
        if rating.min.into_iter().chain(rating.max).any(|share| !(0.0..=1.0).contains(&share)) {
            return Err(Error::bad_input(
                "A rating is asked for as a share of its scale, 0 to 1: four of five stars are 0.8.",
            ));
        }
        if let Some(min) = rating.min {
            select = select.filter(format!("{SHARE} >= ?"), [Bind::Real(Some(min))]);
        }
        if let Some(max) = rating.max {
            select = select.filter(format!("{SHARE} <= ?"), [Bind::Real(Some(max))]);
        }
    }
    if let Some(recommends) = filter.recommends {
        permit.require(Class::Behaviour, "whether the customer recommends")?;
        select = select.filter(if recommends { "t.recommends" } else { "NOT t.recommends" }, []);
    }
    if let Some(answered) = filter.answered {
        select = select.filter(if answered { ANSWERED } else { NOT_ANSWERED }, []);
    }
    Ok(select.within("t.reviewed_at", filter.reviewed.as_ref()))
}

const ANSWERED: &str = "(t.responded_at IS NOT NULL OR t.response_text IS NOT NULL)";
const NOT_ANSWERED: &str = "t.responded_at IS NULL AND t.response_text IS NULL";
