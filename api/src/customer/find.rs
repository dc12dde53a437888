//! One customer, by whatever the person on the line has at hand.

use std::sync::Arc;

use async_graphql::{Context, ErrorExtensions, ID, InputObject, Object, OneofObject, Value, value};
use uuid::Uuid;

use super::node::{CustomerNode, FoundCustomer, SoughtCustomer};
use super::types::{CustomerCore, CustomerRow};
use super::{CustomerRecord, store};
use crate::access::{Class, Permit, Scope, access, private_id};
use crate::error::{Code, Error, Result};
use crate::identity::normalise::{email, external_id, number, phone};
use crate::silo::sales::{self, Sales};
use crate::silo::support::{self, Support};

/// What a customer is looked up by: exactly one of these.
#[derive(Debug, Clone, OneofObject)]
pub enum CustomerBy {
    /// The customer's id; a retired one leads to the customer it was merged into.
    Id(ID),
    /// An e-mail address, in any spelling.
    Email(String),
    /// A phone number as dialled: `0151 123…`, `+49…`, `0049…`.
    Phone(String),
    /// A customer number.
    CustomerNumber(String),
    /// A loyalty number.
    LoyaltyNumber(String),
    /// A ticket number.
    Ticket(String),
    /// A purchase's order number.
    Purchase(String),
    /// A source and its own key, for those who see names and contact data: keys may be either.
    External(ExternalKey),
}

/// A source and its own key for a person or company.
#[derive(Debug, Clone, InputObject)]
pub struct ExternalKey {
    /// Key of the source.
    pub source: String,
    /// The source's key for the person or company.
    pub key: String,
}

/// More holders than this are not listed.
const HOLDERS: i64 = 10;

/// Countries whose national numbers are tried last for a phone number as dialled.
const COUNTRIES: [&str; 3] = ["DE", "AT", "CH"];

/// The countries of the installation and of its sources: a phone number as dialled is read with them first.
#[derive(Debug, Clone, Default)]
pub struct Countries(pub Arc<[String]>);

/// The countries whose national numbers are tried for a phone number as dialled, the likeliest first.
pub fn countries<'a>(context: &Context<'a>) -> impl Iterator<Item = &'a str> + use<'a> {
    let own = context.data_opt::<Countries>().map_or(&[][..], |countries| &countries.0);
    own.iter().map(String::as_str).chain(COUNTRIES)
}

/// The customers that answer to a selector; one of an id is looked for together with what hangs on the id.
async fn find(context: &Context<'_>, permit: &Permit<CustomerRecord>, by: CustomerBy) -> Result<Looked> {
    let rows = match by {
        CustomerBy::Id(id) => {
            let sought = SoughtCustomer::new(context, permit.clone(), customer_id(&id)?)?;
            return Ok(Looked::Sought(sought));
        }
        CustomerBy::Email(address) => {
            permit.require(Class::Contact, "e-mail addresses")?;
            let value = email::normalise(&text(address)?).map_err(refused)?;
            store::holders(context, permit, "EMAIL", vec![value], HOLDERS + 1).await
        }
        CustomerBy::Phone(dialled) => {
            permit.require(Class::Contact, "phone numbers")?;
            let values = phone::dialled(&text(dialled)?, countries(context));
            if values.is_empty() {
                return Err(Error::bad_input("This is no phone number. Give it as dialled, or as +49…"));
            }
            store::holders(context, permit, "PHONE", values, HOLDERS + 1).await
        }
        CustomerBy::CustomerNumber(raw) => {
            let value = number(&text(raw)?).map_err(refused)?;
            store::holders(context, permit, "CUSTOMER_NUMBER", vec![value], HOLDERS + 1).await
        }
        CustomerBy::LoyaltyNumber(raw) => {
            let value = number(&text(raw)?).map_err(refused)?;
            store::holders(context, permit, "LOYALTY_NUMBER", vec![value], HOLDERS + 1).await
        }
        CustomerBy::Ticket(number) => by_number(context, permit, &text(number)?, true, false).await,
        CustomerBy::Purchase(number) => by_number(context, permit, &text(number)?, false, true).await,
        CustomerBy::External(external) => {
            // Sources use e-mails, phone numbers and handles as keys: who may not look up by those may not by a key.
            permit.require(Class::Contact, "e-mail addresses, which sources use as keys,")?;
            permit.require(Class::Identity, "names, which sources use as keys,")?;
            let (source, key) = (text(external.source)?, text(external.key)?);
            let found = store::of_profile(context, permit, &source, &key).await?;
            if found.is_empty() {
                let value = external_id(&key, &source).map_err(refused)?;
                store::holders(context, permit, "EXTERNAL_ID", vec![value], HOLDERS + 1).await
            } else {
                Ok(found)
            }
        }
    };
    rows.map(Looked::Rows)
}

enum Looked {
    Sought(SoughtCustomer),
    Rows(Vec<CustomerRow>),
}

fn customer_id(id: &ID) -> Result<Uuid> {
    private_id(CustomerCore::PREFIX, id)
        .ok_or_else(|| Error::bad_input("This is no id of a customer. Ids of customers begin with `cus_`."))
}

fn text(raw: String) -> Result<String> {
    if raw.len() > 320 || raw.contains('\0') {
        return Err(Error::bad_input("The value is too long, or holds a NUL character."));
    }
    Ok(raw)
}

fn refused(refusal: impl std::fmt::Display) -> Error {
    let refusal = refusal.to_string();
    let mut letters = refusal.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    Error::bad_input(format!("{first}{}.", letters.as_str().trim_end_matches('.')))
}

/// Looks customers up.
#[derive(Default)]
pub struct FindQuery;

/// Looks customers up.
#[Object]
impl FindQuery {
    /// One customer; null when nobody answers to it. Several holders give null with an `AMBIGUOUS` error that lists the
    /// candidates you may see, never the first of them.
    #[graphql(directive = access::apply("customer".to_owned(), "open".to_owned()))]
    async fn customer(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What to look up by: exactly one.")] by: CustomerBy,
    ) -> Option<async_graphql::Result<FoundCustomer>> {
        let load = async {
            let permit = required(context)?;
            match find(context, &permit, by).await? {
                Looked::Sought(sought) => Ok(Some(FoundCustomer::Sought(sought))),
                Looked::Rows(rows) if rows.len() > 1 => Err(ambiguous(&permit, &rows)),
                Looked::Rows(rows) => {
                    Ok(rows.into_iter().next().map(|row| FoundCustomer::Here(CustomerNode::new(&permit, row))))
                }
            }
        };
        load.await.transpose()
    }
}

/// The permit that a root field of customers needs; without it the field is an error.
pub fn required(context: &Context<'_>) -> Result<Permit<CustomerRecord>> {
    Scope::of(context)?
        .viewer
        .permit::<CustomerRecord>()
        .ok_or_else(|| Error::forbidden("Your roles have no right to read customers."))
}

fn ambiguous(permit: &Permit<CustomerRecord>, rows: &[CustomerRow]) -> async_graphql::Error {
    use crate::access::visible_text;
    let most = usize::try_from(HOLDERS).unwrap_or_default();
    let candidates: Vec<Value> = rows
        .iter()
        .take(most)
        .map(|row| {
            value!({
                "id": crate::access::public_id(CustomerCore::PREFIX, row.id).0,
                "name": visible_text(permit, Class::Identity, row.name.as_deref()),
                "customerNumber": row.customer_number.clone(),
            })
        })
        .collect();
    let more = rows.len() > most;
    let error = Error::new(Code::Ambiguous, "Several customers answer to this. Ask who is calling and choose by id.");
    async_graphql::Error::from(error).extend_with(|_, values| {
        values.set("code", Code::Ambiguous.as_str());
        values.set("candidates", Value::List(candidates));
        values.set("more", more);
    })
}

/// Customers with a ticket or a purchase of this number, each through the permit of its silo; none without it.
pub async fn by_number(
    context: &Context<'_>,
    permit: &Permit<CustomerRecord>,
    number: &str,
    tickets: bool,
    purchases: bool,
) -> Result<Vec<CustomerRow>> {
    let viewer = &Scope::of(context)?.viewer;
    let of_tickets = async {
        match viewer.permit::<Support>().filter(|_| tickets) {
            Some(permit) => support::store::customers_by_ticket_number(context, &permit, number).await,
            None => Ok(Vec::new()),
        }
    };
    let of_purchases = async {
        match viewer.permit::<Sales>().filter(|_| purchases) {
            Some(permit) => sales::store::customers_by_purchase_number(context, &permit, number).await,
            None => Ok(Vec::new()),
        }
    };
    let (mut ids, more) = futures_util::future::try_join(of_tickets, of_purchases).await?;
    ids.extend(more);
    if ids.is_empty() { Ok(Vec::new()) } else { store::by_ids(context, permit, ids).await }
}
