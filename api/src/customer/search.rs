//! Search: names, e-mails, phones as dialled, companies, and numbers of customers, tickets and purchases. Both databases
//! give candidates through their trigram index; the ranking is ours, so both give the same order.

use async_graphql::{Context, Object, SimpleObject};

use super::find::{by_number, required};
use super::node::CustomerNode;
use super::types::CustomerRow;
use super::{CustomerRecord, store};
use crate::access::{Action, Class, Permit, Scope, access};
use crate::error::{Error, Result};
use crate::identity::name::search_folds;
use crate::identity::similarity::search_rank;

/// A customer that a search found.
#[derive(SimpleObject)]
pub struct SearchHit {
    /// How well the customer answers the search, 0 to 1.
    #[graphql(directive = access::apply("customer".to_owned(), "open".to_owned()))]
    score: f64,
    /// The customer.
    #[graphql(directive = access::apply("customer".to_owned(), "open".to_owned()))]
    customer: CustomerNode,
}

/// What a search found.
#[derive(SimpleObject)]
pub struct SearchResult {
    /// The customers, the best answer first; among equals the one with the latest contact.
    #[graphql(directive = access::apply("customer".to_owned(), "open".to_owned()))]
    hits: Vec<SearchHit>,
    /// Whether more customers answer than are shown.
    #[graphql(directive = access::apply("customer".to_owned(), "open".to_owned()))]
    more: bool,
}

/// Below this a text is no answer.
const ENOUGH: f64 = 0.4;

/// Candidates that are ranked at most.
const CANDIDATES: i64 = 300;

/// Searches customers.
#[derive(Default)]
pub struct SearchQuery;

/// Searches customers.
#[Object]
impl SearchQuery {
    /// Customers by a part of a name, by e-mail, phone as dialled, company, customer, ticket or purchase number. Finds
    /// Müller by mueller and by a typo. You search only what you see in full.
    #[graphql(directive = access::apply("customer".to_owned(), "identity".to_owned()))]
    async fn search(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What to look for, 2 to 200 letters.")] text: String,
        #[graphql(desc = "So many at most, 1 to 100.", default = 20)] first: i64,
    ) -> Option<Result<SearchResult>> {
        Some(search(context, &text, first).await)
    }
}

async fn search(context: &Context<'_>, text: &str, first: i64) -> Result<SearchResult> {
    let permit = required(context)?;
    permit.require(Class::Identity, "names")?;
    let text = text.trim();
    if text.chars().count() < 2 || text.len() > 200 || text.contains('\0') {
        return Err(Error::bad_input("Search for 2 to 200 letters."));
    }
    let most = Scope::of(context)?.pages.most;
    if !(1..=most).contains(&first) {
        return Err(Error::bad_input(format!("A search shows 1 to {most} customers.")));
    }
    let (by_number, by_text) =
        futures_util::future::try_join(numbered(context, &permit, text), alike(context, &permit, text)).await?;
    let exact = by_number.into_iter().map(|row| (1.0, row));
    let mut ranked: Vec<(f64, CustomerRow)> = exact.collect();
    for row in by_text {
        let score = score(&permit, text, &row);
        if score >= ENOUGH && ranked.iter().all(|(_, known)| known.id != row.id) {
            ranked.push((score, row));
        }
    }
    ranked.sort_by(|(a, one), (b, other)| {
        // Scores that differ by less than a hundredth are equals.
        let (a, b) = ((a * 100.0).round(), (b * 100.0).round());
        b.total_cmp(&a)
            .then_with(|| other.last_interaction_at.cmp(&one.last_interaction_at))
            .then(one.id.cmp(&other.id))
    });
    let first = usize::try_from(first).unwrap_or_default();
    let more = ranked.len() > first;
    let hits = ranked
        .into_iter()
        .take(first)
        .map(|(score, row)| SearchHit { score, customer: CustomerNode::new(&permit, row) })
        .collect();
    Ok(SearchResult { hits, more })
}

/// Customers whose ticket or purchase has exactly this number.
async fn numbered(context: &Context<'_>, permit: &Permit<CustomerRecord>, text: &str) -> Result<Vec<CustomerRow>> {
    if !text.bytes().any(|byte| byte.is_ascii_digit()) || text.contains('@') {
        return Ok(Vec::new());
    }
    by_number(context, permit, text, true, true).await
}

async fn alike(context: &Context<'_>, permit: &Permit<CustomerRecord>, text: &str) -> Result<Vec<CustomerRow>> {
    let [folded, _] = search_folds(&searched(text));
    let letters: Vec<char> = folded.chars().collect();
    let mut grams: Vec<String> = letters.windows(3).map(|gram| gram.iter().collect()).collect();
    grams.sort();
    grams.dedup();
    if grams.is_empty() {
        return Ok(Vec::new());
    }
    store::alike(context, permit, &folded, &grams, CANDIDATES).await
}

/// A phone number as dialled is searched by its digits, without the leading zeros that depend on where one stands.
fn searched(text: &str) -> String {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let other = text.chars().any(|c| c.is_alphabetic() || c == '@');
    if !other && digits.len() >= 5 { digits.trim_start_matches('0').to_owned() } else { text.to_owned() }
}

/// How well a row answers, by what the viewer sees in full.
fn score(permit: &Permit<CustomerRecord>, text: &str, row: &CustomerRow) -> f64 {
    let wanted = searched(text);
    let mut texts: Vec<&str> = Vec::with_capacity(6);
    texts.extend([row.name.as_deref(), row.company.as_deref()].into_iter().flatten());
    texts.extend([row.customer_number.as_deref(), row.loyalty_number.as_deref()].into_iter().flatten());
    let mut best = texts.iter().map(|shown| search_rank(&wanted, shown)).fold(0.0, f64::max);
    if permit.action(Class::Contact) == Action::Show {
        if let Some(email) = row.email.as_deref() {
            best = best.max(search_rank(&wanted, email));
        }
        let digits: String = wanted.chars().filter(char::is_ascii_digit).collect();
        if digits.len() >= 5 && row.phone.as_deref().is_some_and(|phone| phone.ends_with(&digits)) {
            best = 1.0;
        }
    }
    best
}
