//! Staff, products and touchpoints as the graph shows them, and how a silo row leads to them.

use async_graphql::{Context, Enum, Object};
use serde::Deserialize;

use super::Catalogue;
use crate::access::{Form, Order, Permit, Scope, SiloRow, access, permit};
use crate::error::Result;
use crate::graph::at_hand::{AtHand, Writer};
use crate::graph::json::Leaf;
use crate::{connection, object};

object! {
    /// Someone who works here.
    Staff, StaffRow of Catalogue from "staff" id "stf" {
        /// Key of the person, unique in the company: the e-mail where one is known.
        staff key: text,
        /// Name as shown.
        staff name: text,
        /// Work e-mail.
        staff email: text,
        /// Team.
        staff team: text,
        /// Region.
        staff region: text,
        /// Department.
        open department: text,
    }
}
connection!(Staff, StaffConnection, StaffEdge, "members of staff");

object! {
    /// Something we sell.
    Product, ProductRow of Catalogue from "product" id "prd" {
        /// Key of the product, unique in the company: what filters take.
        open key: text!,
        /// Name as shown.
        open name: text!,
        /// Category.
        open category: text,
    }
}
connection!(Product, ProductConnection, ProductEdge, "products");

object! {
    /// Where we meet the customer: a shop, an invoice, the hotline.
    Touchpoint, TouchpointRow of Catalogue from "touchpoint" id "tpt" {
        /// Key of the touchpoint, unique in the company: what filters take.
        open key: text!,
        /// Name as shown.
        open name: text!,
        /// Channel.
        open channel: [Channel],
        /// Phase of consumption.
        open phase: [Phase],
        /// Lifecycle stages it serves.
        open stages: texts,
        /// Department that owns it.
        open department: text,
        /// What it leads the customer to expect.
        open expectation: text,
    }
}
connection!(Touchpoint, TouchpointConnection, TouchpointEdge, "touchpoints");

/// How we and the customer are in contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, Deserialize, serde::Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Channel {
    /// E-mail.
    Email,
    /// Telephone.
    Phone,
    /// Chat.
    Chat,
    /// The web site.
    Web,
    /// An app.
    App,
    /// Social media.
    Social,
    /// In person: a visit, a shop.
    InPerson,
    /// A letter.
    Letter,
    /// Anything else.
    Other,
}

/// Where in the consumption of a product a touchpoint lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, Deserialize, serde::Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Phase {
    /// Before.
    PreConsumption,
    /// During.
    Consumption,
    /// After.
    PostConsumption,
}

/// Catalogue lists sort by name.
pub const BY_NAME: Order = Order { name: "CATALOGUE_NAME", by: "t.name_sort", time: false, descending: false };

/// A member of staff by id, for a row that names one.
pub async fn staff(context: &Context<'_>, object: &str, id: Option<uuid::Uuid>) -> Result<Option<Staff>> {
    let (Some(id), Some(permit)) = (id, permit::<Catalogue>(context, object)?) else { return Ok(None) };
    let rows = one::<StaffRow>(context, &permit, id).await?;
    Ok(rows.map(|row| Staff::new(&permit, row)))
}

async fn one<R: SiloRow<Silo = Catalogue>>(
    context: &Context<'_>,
    permit: &Permit<Catalogue>,
    id: uuid::Uuid,
) -> Result<Option<R>> {
    let fetch = permit.select::<R>().of_parent("id").limit(1).fetch();
    let rows: Vec<R> = Scope::of(context)?.batch.rows(fetch, Some(id)).await?;
    Ok(rows.into_iter().next())
}

/// What a row says of its product or touchpoint: the key, which it carries itself, and the entry behind it, which is only
/// read when asked for.
pub struct Named {
    key: String,
    object: &'static str,
}

impl Named {
    fn of(object: &'static str, key: Option<&String>) -> Option<Self> {
        key.map(|key| Self { key: key.clone(), object })
    }
}

/// What names something in the catalogue: the key is at hand, the entry is not.
macro_rules! named {
    ($name:ident) => {
        impl $name {
            /// What its column is in an export.
            pub const FORMS: &'static [Form] = &[Form::Word];

            /// Out of the column of a row that carries the key.
            pub fn of_columns(object: &'static str, key: Option<&String>) -> Option<Self> {
                Named::of(object, key).map(Self)
            }
        }

        impl AtHand for $name {
            fn writer(field: &str) -> Option<Writer<Self>> {
                (field == "key").then_some(|this, _, out| this.0.key.put(out))
            }
        }
    };
}
named!(TouchpointOf);
named!(ProductOf);

/// A touchpoint named by a row.
pub struct TouchpointOf(pub Named);

/// The touchpoint that a row names. Asking for its key alone costs nothing.
#[Object]
impl TouchpointOf {
    /// Key of the touchpoint.
    #[graphql(directive = access::apply("any".to_owned(), "open".to_owned()))]
    async fn key(&self) -> &str {
        &self.0.key
    }

    /// The touchpoint; null when the catalogue does not have it (yet).
    #[graphql(directive = access::apply("catalogue".to_owned(), "open".to_owned()))]
    async fn touchpoint(&self, context: &Context<'_>) -> Option<Result<Touchpoint>> {
        let load = async {
            let Some(permit) = permit::<Catalogue>(context, self.0.object)? else { return Ok(None) };
            let row = one::<TouchpointRow>(context, &permit, super::id("touchpoint", &self.0.key)).await?;
            Ok(row.map(|row| Touchpoint::new(&permit, row)))
        };
        load.await.transpose()
    }
}

/// A product named by a row.
pub struct ProductOf(pub Named);

/// The product that a row names. Asking for its key alone costs nothing.
#[Object]
impl ProductOf {
    /// Key of the product.
    #[graphql(directive = access::apply("any".to_owned(), "open".to_owned()))]
    async fn key(&self) -> &str {
        &self.0.key
    }

    /// The product; null when the catalogue does not have it (yet).
    #[graphql(directive = access::apply("catalogue".to_owned(), "open".to_owned()))]
    async fn product(&self, context: &Context<'_>) -> Option<Result<Product>> {
        let load = async {
            let Some(permit) = permit::<Catalogue>(context, self.0.object)? else { return Ok(None) };
            let row = one::<ProductRow>(context, &permit, super::id("product", &self.0.key)).await?;
            Ok(row.map(|row| Product::new(&permit, row)))
        };
        load.await.transpose()
    }
}

/// An amount of money.
pub struct Money {
    /// In 1/10,000 of the currency.
    pub amount: i64,
    /// ISO 4217.
    pub currency: Option<String>,
}

impl Money {
    /// What its columns are in an export.
    pub const FORMS: &'static [Form] = &[Form::Money, Form::Word];

    /// Out of the columns of a row that carry an amount and its currency.
    pub fn of_columns(_: &'static str, amount: Option<&i64>, currency: Option<&String>) -> Option<Self> {
        amount.map(|amount| Self { amount: *amount, currency: currency.cloned() })
    }
}

impl AtHand for Money {
    fn writer(field: &str) -> Option<Writer<Self>> {
        Some(match field {
            "amount" => |this, _, out| decimal(this.amount).put(out),
            "currency" => |this, _, out| this.currency.put(out),
            _ => return None,
        })
    }
}

/// An amount of money, exact.
#[Object]
impl Money {
    /// The amount as a decimal: `1234.50`.
    #[graphql(directive = access::apply("any".to_owned(), "financial".to_owned()))]
    async fn amount(&self) -> String {
        decimal(self.amount)
    }

    /// Currency, ISO 4217; null when the source names none.
    #[graphql(directive = access::apply("any".to_owned(), "open".to_owned()))]
    async fn currency(&self) -> Option<&str> {
        self.currency.as_deref()
    }
}

/// An amount in 1/10,000 as a decimal with at least two digits behind the point.
pub fn decimal(amount: i64) -> String {
    let sign = if amount < 0 { "-" } else { "" };
    let whole = amount.unsigned_abs() / 10_000;
    let mut fraction = format!("{:04}", amount.unsigned_abs() % 10_000);
    while fraction.len() > 2 && fraction.ends_with('0') {
        fraction.pop();
    }
    format!("{sign}{whole}.{fraction}")
}

#[cfg(test)]
mod tests {
    use super::decimal;

    #[test]
    fn money_reads_as_people_write_it() {
        assert_eq!(decimal(12_345_000), "1234.50");
        assert_eq!(decimal(-1), "-0.0001");
        assert_eq!(decimal(0), "0.00");
    }
}
