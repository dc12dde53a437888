//! A customer put together: its own row, what surrounds it, and what each silo adds.

use std::borrow::Cow;
use std::sync::Arc;

use async_graphql::parser::types::Field;
use async_graphql::registry::Registry;
use async_graphql::{
    Context, ContextSelectionSet, ID, MergedObject, Object, OutputType, Positioned, ServerResult, Value,
};
use uuid::Uuid;

use super::golden::{self, Attribute};
use super::identifier::{self, Identifier, SourceProfile, SourceProfileConnection};
use super::relation::{self, RelationConnection};
use super::timeline::{self, Interaction, InteractionConnection, TimelineFilter};
use super::types::{CustomerCore, CustomerRow};
use super::{CustomerRecord, store};
use crate::access::{PageArgs, Permit, Scope, access, public_id};
use crate::connection;
use crate::error::Result;
use crate::graph::at_hand::{self, AtHand, Ready, ReadyList, Writer};
use crate::graph::batch::{Batch, Fetch};
use crate::silo::analytics::types::AnalyticsOfCustomer;
use crate::silo::crm::query::CrmOfCustomer;
use crate::silo::reviews::types::ReviewsOfCustomer;
use crate::silo::sales::types::SalesOfCustomer;
use crate::silo::support::types::SupportOfCustomer;
use crate::silo::surveys::query::SurveysOfCustomer;

/// What surrounds a customer and needs no more than the id to be found.
pub struct CustomerSurroundings {
    permit: Permit<CustomerRecord>,
    id: Uuid,
}

/// What surrounds a customer and needs no more than the id to be found.
#[Object]
impl CustomerSurroundings {
    /// Every value of the golden record with its source, the rule that chose it, and what lost.
    #[graphql(directive = access::apply("customer".to_owned(), "open".to_owned()))]
    async fn attributes(&self, context: &Context<'_>) -> Option<Result<Vec<Attribute>>> {
        Some(golden::attributes(context, &self.permit, self.id).await)
    }

    /// What the sources know the customer by: e-mails, phones, numbers, cookies.
    #[graphql(directive = access::apply("customer".to_owned(), "open".to_owned()))]
    async fn identifiers(&self, context: &Context<'_>) -> Option<Result<ReadyList<Identifier>>> {
        Some(identifier::identifiers(context, &self.permit, self.id).await)
    }

    /// The customer as each source knows it.
    #[graphql(directive = access::apply("customer".to_owned(), "open".to_owned()))]
    async fn source_profiles(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "So many from the newest on, 1 to 100; 20 unless said.")] first: Option<i64>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the oldest on, 1 to 100.")] last: Option<i64>,
        #[graphql(desc = "Go back before this cursor.")] before: Option<String>,
    ) -> Option<Result<Ready<SourceProfileConnection>>> {
        let args = PageArgs { first, after, last, before };
        let page = store::source_profiles(context, &self.permit, self.id, &args).await;
        Some(page.map(|page| SourceProfileConnection::new(page, |row| SourceProfile::new(&self.permit, row))))
    }

    /// Of a company: the people who work there, with their titles.
    #[graphql(directive = access::apply("customer".to_owned(), "open".to_owned()))]
    async fn people(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "So many from the newest on, 1 to 100; 20 unless said.")] first: Option<i64>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the oldest on, 1 to 100.")] last: Option<i64>,
        #[graphql(desc = "Go back before this cursor.")] before: Option<String>,
    ) -> Option<Result<Ready<RelationConnection>>> {
        let args = PageArgs { first, after, last, before };
        Some(relation::page(context, &self.permit, self.id, relation::Side::People, &args).await)
    }

    /// Of a person: the companies the person works at, with the title there.
    #[graphql(directive = access::apply("customer".to_owned(), "open".to_owned()))]
    async fn companies(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "So many from the newest on, 1 to 100; 20 unless said.")] first: Option<i64>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the oldest on, 1 to 100.")] last: Option<i64>,
        #[graphql(desc = "Go back before this cursor.")] before: Option<String>,
    ) -> Option<Result<Ready<RelationConnection>>> {
        let args = PageArgs { first, after, last, before };
        Some(relation::page(context, &self.permit, self.id, relation::Side::Companies, &args).await)
    }

    /// The persons that the person shares a household with, as the sources say.
    #[graphql(directive = access::apply("customer".to_owned(), "open".to_owned()))]
    async fn household(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "So many from the newest on, 1 to 100; 20 unless said.")] first: Option<i64>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the oldest on, 1 to 100.")] last: Option<i64>,
        #[graphql(desc = "Go back before this cursor.")] before: Option<String>,
    ) -> Option<Result<Ready<RelationConnection>>> {
        let args = PageArgs { first, after, last, before };
        Some(relation::page(context, &self.permit, self.id, relation::Side::Household, &args).await)
    }

    /// Everything that happened between the customer and us, across all silos you may read, the newest first.
    #[graphql(directive = access::apply("customer".to_owned(), "open".to_owned()))]
    async fn timeline(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What to show; everything unless said.")] filter: Option<TimelineFilter>,
        #[graphql(desc = "Of a company: also what happened with its people.", default)] include_people: bool,
        #[graphql(desc = "So many from the newest on, 1 to 100; 20 unless said.")] first: Option<i64>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the oldest on, 1 to 100.")] last: Option<i64>,
        #[graphql(desc = "Go back before this cursor.")] before: Option<String>,
    ) -> Option<Result<Ready<InteractionConnection>>> {
        let args = PageArgs { first, after, last, before };
        let filter = filter.unwrap_or_default();
        let page = timeline::page(context, &self.permit, self.id, &filter, include_people, &args).await;
        Some(page.map(|page| InteractionConnection::new(page, |row| Interaction::new(&self.permit, row))))
    }
}

/// All that is found by a customer's id alone, so that it can be asked for before the customer's row is here. A field that
/// reads the row cannot stand here: there is none.
#[derive(MergedObject)]
pub struct CustomerAround(
    CustomerSurroundings,
    SurveysOfCustomer,
    SalesOfCustomer,
    AnalyticsOfCustomer,
    SupportOfCustomer,
    ReviewsOfCustomer,
    CrmOfCustomer,
);

/// Fields of a customer that are found by its id; one that is missing here only makes more be read.
pub const AROUND: &[&str] = &[
    "attributes",
    "identifiers",
    "sourceProfiles",
    "people",
    "companies",
    "household",
    "timeline",
    "surveys",
    "sales",
    "analytics",
    "support",
    "reviews",
    "crm",
];

impl CustomerAround {
    fn new(permit: &Permit<CustomerRecord>, customer_id: Uuid) -> Self {
        Self(
            CustomerSurroundings { permit: permit.clone(), id: customer_id },
            SurveysOfCustomer { customer_id },
            SalesOfCustomer { customer_id },
            AnalyticsOfCustomer { customer_id },
            SupportOfCustomer { customer_id },
            ReviewsOfCustomer { customer_id },
            CrmOfCustomer { customer_id },
        )
    }
}

/// One customer, a person or a company, put together from all sources. Plain fields are the golden values; each silo is an
/// object of its own, null for those who may not read it.
#[derive(MergedObject)]
#[graphql(name = "Customer")]
pub struct CustomerNode(CustomerCore, CustomerAround);
connection!(CustomerNode, CustomerConnection, CustomerEdge, "customers");

impl AsRef<CustomerCore> for CustomerNode {
    fn as_ref(&self) -> &CustomerCore {
        &self.0
    }
}

impl AtHand for CustomerNode {
    fn writer(field: &str) -> Option<Writer<Self>> {
        CustomerCore::writer_in(field)
    }
}

impl CustomerNode {
    /// The node of a row that was read under the permit.
    pub fn new(permit: &Permit<CustomerRecord>, row: CustomerRow) -> Self {
        let id = row.id;
        Self(CustomerCore::new(permit, row), CustomerAround::new(permit, id))
    }

    /// The public id, as the `Node` interface asks for it.
    pub async fn id(&self, _: &Context<'_>) -> async_graphql::Result<ID> {
        std::future::ready(Ok(public_id(CustomerCore::PREFIX, self.0.row.id))).await
    }
}

/// A customer who is looked for by id. What hangs on the id alone is asked for together with the row: one wait instead of
/// two. If the row is not there, or not for the viewer, what came with it is dropped.
pub struct SoughtCustomer {
    permit: Permit<CustomerRecord>,
    id: Uuid,
    batch: Arc<Batch>,
    fetch: Arc<dyn Fetch>,
}

impl SoughtCustomer {
    /// A customer of an id, of whom the context's field asks something.
    pub fn new(context: &Context<'_>, permit: Permit<CustomerRecord>, id: Uuid) -> Result<Self> {
        let batch = Scope::of(context)?.batch.clone();
        let fetch = store::sought(&permit).asked([context.field()]).fetch();
        Ok(Self { permit, id, batch, fetch })
    }

    async fn seek(&self, context: &ContextSelectionSet<'_>) -> ServerResult<Value> {
        let around = CustomerAround::new(&self.permit, self.id);
        let row = store::follow(&self.batch, self.fetch.clone(), self.id);
        let early = at_hand::early::<CustomerNode, _>(context, &around, CustomerCore::AT_HAND);
        let (row, early) = futures_util::future::join(row, early).await;
        let failed =
            |error| context.set_error_path(async_graphql::Error::from(error).into_server_error(context.item.pos));
        let forget = || {
            at_hand::forget_errors(context);
            if let Ok(scope) = context.data::<Arc<Scope>>() {
                scope.forget_below(context);
            }
        };
        let Some(row) = row.map_err(failed)? else {
            forget();
            return Ok(Value::Null);
        };
        let same = row.id == self.id;
        let node = CustomerNode::new(&self.permit, row);
        match early {
            Some(early) if same => at_hand::complete(context, &node, early).await,
            _ => {
                // Merged into another: what was found belongs to the retired id.
                forget();
                at_hand::resolve(context, &node).await
            }
        }
    }
}

/// The customer that a look-up gives.
pub enum FoundCustomer {
    /// The row is here.
    Here(CustomerNode),
    /// Only the id is known.
    Sought(SoughtCustomer),
}

impl OutputType for FoundCustomer {
    fn type_name() -> Cow<'static, str> {
        CustomerNode::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        CustomerNode::create_type_info(registry)
    }

    async fn resolve(&self, context: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        match self {
            Self::Here(node) => at_hand::resolve(context, node).await,
            Self::Sought(sought) => Box::pin(sought.seek(context)).await,
        }
    }
}
