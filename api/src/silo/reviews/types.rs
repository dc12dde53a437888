//! What reviews show: a customer's ratings, reviews, recommendations and mentions, and the figures over them.

use async_graphql::{Context, Enum, InputObject, Object};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Reviews, store};
use crate::access::{Class, PageArgs, PeriodInput, Permit, SiloAccess, SiloKey, access, permit, shown};
use crate::catalogue::source::{Freshness, freshness};
use crate::catalogue::types::{ProductOf, Staff, TouchpointOf, staff};
use crate::error::Result;
use crate::graph::at_hand::Ready;
use crate::graph::timestamp::Timestamp;
use crate::{connection, object};

/// What a review is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ReviewKind {
    /// Stars or points without words.
    Rating,
    /// Words, mostly with a rating.
    Review,
    /// Whether the customer recommends us to others.
    Recommendation,
    /// Words about us that were not asked for, on social media or elsewhere.
    Mention,
}

object! {
    /// A rating, a review, a recommendation or a mention. A rating without its origin misleads: show both.
    Review, ReviewRow of Reviews from "review" id "rev" owner "responder_id" customer "customer_id" {
        /// What it is: a rating, a review, a recommendation, a mention.
        open kind: [ReviewKind],
        /// Platform it was given on.
        open origin: text!,
        /// Rating on the scale of its origin.
        behaviour rating: real,
        /// Highest rating of that scale.
        open scale_max: number,
        /// Whether the customer recommends; null where nothing is said of it.
        behaviour recommends: bool,
        /// Title, in the customer's words.
        free_text title: text,
        /// What the customer wrote.
        free_text text: text,
        /// Language of the text.
        open language: text,
        /// What we answered.
        free_text response_text: text,
        /// When we answered; null while we have not.
        open responded_at: time,
        /// When it was given.
        open reviewed_at: time!,
        /// Key of the source it comes from.
        open source: text!,
        /// Opens the review where it was given; null where it has no page.
        open source_url: text,
        /// The product it is about.
        open product: {ProductOf: product},
        /// The touchpoint it is about.
        open touchpoint: {TouchpointOf: touchpoint},
        /// Key of the product.
        column product: Option<String> = Text if part,
        /// Key of the touchpoint.
        column touchpoint: Option<String> = Text if part,
        /// Who answered.
        column responder_id: Option<Uuid> = Uuid if part => staff: "stf",
    } also {
        /// Who of us answered.
        #[graphql(directive = access::apply("reviews".to_owned(), "staff".to_owned()))]
        async fn responder(&self, context: &Context<'_>) -> Option<Result<Staff>> {
            match shown(context, &self.permit, "Review", Class::Staff, || self.row.responder_id) {
                None => None,
                id => staff(context, "Review", id).await.transpose(),
            }
        }
    }
}
connection!(Review, ReviewConnection, ReviewEdge, "reviews");

/// A range of ratings as shares of their scale, both ends included: four of five stars are 0.8. Either end may be left open.
#[derive(Debug, Clone, Default, InputObject)]
pub struct RatingRangeInput {
    /// At least, 0 to 1.
    pub min: Option<f64>,
    /// At most, 0 to 1.
    pub max: Option<f64>,
}

/// Which reviews.
#[derive(Debug, Clone, Default, InputObject)]
pub struct ReviewFilter {
    /// Of one of these kinds.
    pub kind: Option<Vec<ReviewKind>>,
    /// Given on this platform.
    pub origin: Option<String>,
    /// About this product, by key.
    pub product: Option<String>,
    /// About this touchpoint, by key.
    pub touchpoint: Option<String>,
    /// With a rating in this range; reviews whose rating or scale is unknown are left out.
    pub rating: Option<RatingRangeInput>,
    /// Those that recommend (true) or advise against (false).
    pub recommends: Option<bool>,
    /// Those that we answered (true) or have not answered (false).
    pub answered: Option<bool>,
    /// Given in this period.
    pub reviewed: Option<PeriodInput>,
}

/// What reviews say of a customer.
pub struct CustomerReviews {
    customer_id: Uuid,
    permit: Permit<Reviews>,
}

/// What reviews say of a customer.
#[Object]
impl CustomerReviews {
    /// The customer's reviews, the latest first.
    #[graphql(directive = access::apply("reviews".to_owned(), "open".to_owned()))]
    async fn reviews(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which reviews; all unless said.")] filter: Option<ReviewFilter>,
        #[graphql(desc = "So many from the newest on, 1 to 100; 20 unless said.")] first: Option<i64>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the oldest on, 1 to 100.")] last: Option<i64>,
        #[graphql(desc = "Go back before this cursor.")] before: Option<String>,
    ) -> Option<Result<Ready<ReviewConnection>>> {
        let args = PageArgs { first, after, last, before };
        let page = store::reviews_of_customer(context, &self.permit, self.customer_id, filter.as_ref(), &args).await;
        Some(page.map(|page| ReviewConnection::new(page, |row| Review::new(&self.permit, row))))
    }

    /// How many reviews the customer has given.
    #[graphql(directive = access::apply("reviews".to_owned(), "open".to_owned()))]
    async fn review_count(&self, context: &Context<'_>) -> Option<Result<i64>> {
        self.figures(context).await.map(|figures| Some(figures.count)).transpose()
    }

    /// When the customer gave the last.
    #[graphql(directive = access::apply("reviews".to_owned(), "open".to_owned()))]
    async fn last_reviewed_at(&self, context: &Context<'_>) -> Option<Result<Timestamp>> {
        self.figures(context).await.map(|figures| figures.last_at).transpose()
    }

    /// Mean of the customer's ratings, each divided by the highest of its scale: 0 to 1, so that scales can be compared.
    #[graphql(directive = access::apply("reviews".to_owned(), "behaviour".to_owned()))]
    async fn mean_rating(&self, context: &Context<'_>) -> Option<Result<f64>> {
        self.behaviour(context)?;
        self.figures(context).await.map(|figures| figures.mean_rating).transpose()
    }

    /// Whether the customer recommends us, as the latest review says that says it at all.
    #[graphql(directive = access::apply("reviews".to_owned(), "behaviour".to_owned()))]
    async fn recommends(&self, context: &Context<'_>) -> Option<Result<bool>> {
        self.behaviour(context)?;
        store::latest_recommendation(context, &self.permit, self.customer_id).await.transpose()
    }

    /// How fresh this is.
    #[graphql(directive = access::apply("intake".to_owned(), "open".to_owned()))]
    async fn freshness(&self, context: &Context<'_>) -> Option<Result<Freshness>> {
        freshness(context, "CustomerReviews", SiloKey::Reviews).await.transpose()
    }

    /// What you see of it, and what is withheld from you.
    #[graphql(directive = access::apply("any".to_owned(), "open".to_owned()))]
    async fn access(&self) -> SiloAccess {
        SiloAccess::of(&self.permit)
    }
}

impl CustomerReviews {
    async fn figures(&self, context: &Context<'_>) -> Result<store::ReviewFigures> {
        store::figures_of_customer(context, &self.permit, self.customer_id).await
    }

    /// Something where what the customer did is shown; otherwise nothing, and the withheld field is told.
    fn behaviour(&self, context: &Context<'_>) -> Option<()> {
        shown(context, &self.permit, "CustomerReviews", Class::Behaviour, || Some(()))
    }
}

/// What reviews add to a customer.
pub struct ReviewsOfCustomer {
    /// The customer.
    pub customer_id: Uuid,
}

/// What reviews add to a customer.
#[Object]
impl ReviewsOfCustomer {
    /// Reviews: ratings, reviews and recommendations of the customer; null for those who may not read it.
    #[graphql(directive = access::apply("reviews".to_owned(), "open".to_owned()))]
    async fn reviews(&self, context: &Context<'_>) -> Option<Result<CustomerReviews>> {
        let permit = permit::<Reviews>(context, "Customer").transpose()?;
        Some(permit.map(|permit| CustomerReviews { customer_id: self.customer_id, permit }))
    }
}
