//! What the graph shows of a customer's own row; `node` puts it together with what surrounds it.

use async_graphql::{Context, Enum};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::CustomerRecord;
use super::node::AROUND;
use crate::access::{Class, SiloAccess, access, shown};
use crate::catalogue::types::{Staff, staff};
use crate::error::Result;
use crate::object;

/// A person or a company.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CustomerKind {
    /// A human being, known or anonymous.
    Person,
    /// An organisation.
    Company,
}

/// Where a customer stands in the relationship with us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LifecycleStage {
    /// Acquisition: knows that we exist.
    Awareness,
    /// Acquisition: compares.
    Consideration,
    /// Acquisition: about to decide.
    Decision,
    /// Active: new.
    Onboarding,
    /// Active: uses what was bought.
    Usage,
    /// Active: the contract is up for renewal.
    Renewal,
    /// Passive: no longer buys.
    Inactive,
    /// Passive: has ended the relationship.
    Terminated,
}

object! {
    /// One customer, a person or a company, put together from all sources.
    CustomerCore, CustomerRow of CustomerRecord from "customer" id "cus" owner "owner_id" around AROUND {
        /// A person or a company.
        open kind: [CustomerKind]!,
        /// Name as shown.
        identity name: text,
        /// Given name of a person.
        identity given_name: text,
        /// Family name of a person.
        identity family_name: text,
        /// E-mail address.
        contact email: text,
        /// Phone number, E.164.
        contact phone: text,
        /// Company, as the sources write it; `companies` are those known as customers.
        identity company: text,
        /// Birth date, YYYY-MM-DD.
        identity birth_date: text,
        /// Street and number.
        contact street: text,
        /// Postal code.
        contact postal_code: text,
        /// City.
        contact city: text,
        /// Country, ISO 3166 alpha-2.
        open country: text,
        /// Language, BCP 47.
        open language: text,
        /// Customer number.
        open customer_number: text,
        /// Loyalty number.
        open loyalty_number: text,
        /// Lifecycle stage, as crm says.
        open stage: [LifecycleStage],
        /// Segment, as crm says.
        open segment: text,
        /// Since when a source knows the customer, by its own word; by what first happened where none has said one.
        open created_at: time!,
        /// When a shown value last changed.
        open updated_at: time!,
        /// When something last happened between the customer and us; null when nothing has.
        open last_interaction_at: time,
        /// Who looks after the customer.
        column owner_id: Option<Uuid> = Uuid if part => staff: "stf",
        /// The customer this one was merged into.
        column merged_into: Option<Uuid> = Uuid,
    } also {
        /// Who looks after the customer.
        #[graphql(directive = access::apply("customer".to_owned(), "staff".to_owned()))]
        async fn owner(&self, context: &Context<'_>) -> Option<Result<Staff>> {
            match shown(context, &self.permit, "Customer", Class::Staff, || self.row.owner_id) {
                None => None,
                id => staff(context, "Customer", id).await.transpose(),
            }
        }

        /// What you see of the customer record itself, and what is withheld from you.
        #[graphql(directive = access::apply("any".to_owned(), "open".to_owned()))]
        async fn access(&self) -> SiloAccess {
            SiloAccess::of(&self.permit)
        }
    }
}
