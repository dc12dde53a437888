//! `node(id:)`: any object by its id. An id says what it is the id of; the object is read through its own silo's permit,
//! so that not visible and not existing answer alike.

use async_graphql::{Context, ID, Interface, Object};

use crate::access::{Silo, SiloRow, access, private_id};
use crate::catalogue::rejected::RejectedRecord;
use crate::catalogue::source::Source;
use crate::catalogue::types::{Product, Staff, Touchpoint};
use crate::catalogue::{Catalogue, Intake};
use crate::customer::entry::one;
use crate::customer::types::CustomerCore;
use crate::customer::{CustomerNode, find, store};
use crate::error::{Error, Result};
use crate::silo::analytics::Analytics;
use crate::silo::analytics::types::{WebEvent, WebSession};
use crate::silo::crm::Crm;
use crate::silo::crm::types::{Consent, CrmProfile, Preference};
use crate::silo::reviews::Reviews;
use crate::silo::reviews::types::Review;
use crate::silo::sales::Sales;
use crate::silo::sales::types::{ContactNote, Contract, Opportunity, Purchase};
use crate::silo::support::Support;
use crate::silo::support::types::{Ticket, TicketMessage};
use crate::silo::surveys::Surveys;
use crate::silo::surveys::types::{Survey, SurveyAnswer, SurveyInvitation, SurveyResponse};

/// Declares the interface and how each of its types is read by id.
macro_rules! nodes {
    ($($type:ident of $silo:ty),+ $(,)?) => {
        /// Anything with an id of its own.
        #[derive(Interface)]
        #[graphql(field(name = "id", ty = "ID", desc = "Stable id, unique over all types."))]
        pub enum Node {
            /// A customer.
            Customer(CustomerNode),
            $(#[doc = concat!("See `", stringify!($type), "`.")] $type($type)),+
        }

        async fn by_id(context: &Context<'_>, id: &str) -> Result<Option<Node>> {
            $(if let Some(id) = private_id($type::PREFIX, id) {
                return load::<$silo, _>(context, id, |permit, row| Node::$type($type::new(permit, row))).await;
            })+
            Err(Error::bad_input("This is no id. Ids come from the `id` fields of this API; take them as they are."))
        }
    };
}

nodes!(
    Survey of Surveys, SurveyInvitation of Surveys, SurveyResponse of Surveys, SurveyAnswer of Surveys,
    ContactNote of Sales, Opportunity of Sales, Purchase of Sales, Contract of Sales,
    WebSession of Analytics, WebEvent of Analytics,
    Ticket of Support, TicketMessage of Support,
    Review of Reviews,
    CrmProfile of Crm, Consent of Crm, Preference of Crm,
    Staff of Catalogue, Product of Catalogue, Touchpoint of Catalogue,
    Source of Intake, RejectedRecord of Intake,
);

async fn load<S: Silo, R: SiloRow<Silo = S>>(
    context: &Context<'_>,
    id: uuid::Uuid,
    node: impl FnOnce(&crate::access::Permit<S>, R) -> Node,
) -> Result<Option<Node>> {
    Ok(one::<S, R>(context, id, "Query").await?.map(|(permit, row)| node(&permit, row)))
}

/// Finds any object by its id.
#[derive(Default)]
pub struct NodeQuery;

/// Finds any object by its id.
#[Object]
impl NodeQuery {
    /// Any object by its id; null when there is none, or none that you may see.
    #[graphql(directive = access::apply("any".to_owned(), "open".to_owned()))]
    async fn node(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The id, as an `id` field gave it.")] id: ID,
    ) -> Option<Result<Node>> {
        let find = async {
            if let Some(customer) = private_id(CustomerCore::PREFIX, &id) {
                let permit = find::required(context)?;
                let row = store::by_id(context, &permit, customer).await?;
                return Ok(row.map(|row| Node::Customer(CustomerNode::new(&permit, row))));
            }
            by_id(context, &id).await
        };
        find.await.transpose()
    }
}
