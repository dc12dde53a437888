//! Search: names, e-mails, phones as dialled, companies, and numbers of customers, tickets and purchases. What is a whole
//! number or address is looked up; for the rest both databases give candidates through their trigram index, and the ranking
//! is ours, so both give the same order.

use std::collections::HashMap;

use async_graphql::{Context, Object, SimpleObject};
use uuid::Uuid;

use super::find::{by_number, countries, required};
use super::node::CustomerNode;
use super::types::CustomerRow;
use super::{CustomerRecord, store};
use crate::access::{Action, Class, Permit, Scope, access};
use crate::error::{Error, Result};
use crate::graph::timestamp::Timestamp;
use crate::identity::name::search_folds;
use crate::identity::normalise::{email, number, phone};
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

/// Holders of one value that are shown at most.
const HOLDERS: i64 = 20;

crate::row! {
    /// A customer whose search text looks like what was searched.
    pub struct Candidate {
        /// The customer.
        id: Uuid = Uuid,
        /// What finds the customer, see `ingest`'s golden record: a line for each value; contact data after an empty line.
        search_text: String = Text,
        /// When something last happened.
        last_interaction_at: Option<Timestamp> = Time,
    }
}

/// Searches customers.
#[derive(Default)]
pub struct SearchQuery;

/// Searches customers.
#[Object]
impl SearchQuery {
    /// Customers by a part of a name, present or former, by e-mail, phone as dialled, company, customer, loyalty, ticket or
    /// purchase number. Finds Müller by mueller and by a typo. You search only what you see in full.
    #[graphql(directive = access::apply("customer".to_owned(), "identity".to_owned()))]
    async fn search(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What to look for, 3 to 200 characters; a number may be shorter.")] text: String,
        #[graphql(desc = "So many at most, 1 to 100.", default = 20)] first: i64,
    ) -> Option<Result<SearchResult>> {
        // Boxed, so that the root's other fields do not carry its size.
        Some(Box::pin(search(context, &text, first)).await)
    }
}

/// A customer found: how well, the time of the last contact, the id.
type Found = (f64, Option<Timestamp>, Uuid);

async fn search(context: &Context<'_>, text: &str, first: i64) -> Result<SearchResult> {
    let permit = required(context)?;
    permit.require(Class::Identity, "names")?;
    let text = text.trim();
    if text.is_empty() || text.len() > 200 || text.contains('\0') {
        return Err(Error::bad_input("Search for 3 to 200 characters."));
    }
    let most = Scope::of(context)?.pages.most;
    if !(1..=most).contains(&first) {
        return Err(Error::bad_input(format!("A search shows 1 to {most} customers.")));
    }
    let wanted = Wanted::of(text);
    if wanted.grams.is_empty() && !has_digit(text) {
        return Err(Error::bad_input("Search for at least 3 letters: fewer find too much."));
    }
    let (exact, alike) =
        futures_util::future::try_join(exact(context, &permit, text), alike(context, &permit, &wanted)).await?;
    let mut found: Vec<Found> = Vec::new();
    for row in exact {
        if found.iter().all(|(.., known)| *known != row.id) {
            found.push((1.0, row.last_interaction_at, row.id));
        }
    }
    let sees_contact = permit.action(Class::Contact) == Action::Show;
    for candidate in alike {
        let score = wanted.score(&candidate.search_text, sees_contact);
        if score >= ENOUGH && found.iter().all(|(.., known)| *known != candidate.id) {
            found.push((score, candidate.last_interaction_at, candidate.id));
        }
    }
    found.sort_by(|(a, a_last, a_id), (b, b_last, b_id)| {
        // Scores that differ by less than a hundredth are equals.
        let (a, b) = ((a * 100.0).round(), (b * 100.0).round());
        b.total_cmp(&a).then_with(|| b_last.cmp(a_last)).then(a_id.cmp(b_id))
    });
    let first = usize::try_from(first).unwrap_or_default();
    let more = found.len() > first;
    found.truncate(first);
    if found.is_empty() {
        return Ok(SearchResult { hits: Vec::new(), more });
    }
    let rows = store::by_ids(context, &permit, found.iter().map(|(.., id)| *id).collect()).await?;
    let mut rows: HashMap<Uuid, CustomerRow> = rows.into_iter().map(|row| (row.id, row)).collect();
    let hits = found.into_iter().filter_map(|(score, _, id)| {
        Some(SearchHit { score, customer: CustomerNode::new(&permit, rows.remove(&id)?) })
    });
    Ok(SearchResult { hits: hits.collect(), more })
}

fn has_digit(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_digit())
}

/// Customers who hold exactly this as a number, an e-mail address or a phone number, or whose ticket or purchase has it.
async fn exact(context: &Context<'_>, permit: &Permit<CustomerRecord>, text: &str) -> Result<Vec<CustomerRow>> {
    let mut keys: Vec<(&str, Vec<String>)> = Vec::new();
    let is_number = has_digit(text) && !text.contains('@');
    if is_number && let Ok(number) = number(text) {
        keys.extend([("CUSTOMER_NUMBER", vec![number.clone()]), ("LOYALTY_NUMBER", vec![number])]);
    }
    if permit.action(Class::Contact) == Action::Show {
        if let Ok(address) = email::normalise(text) {
            keys.push(("EMAIL", vec![address]));
        }
        if !text.chars().any(char::is_alphabetic) {
            keys.push(("PHONE", phone::dialled(text, countries(context))));
        }
    }
    keys.retain(|(_, values)| !values.is_empty());
    let holders = keys.into_iter().map(|(kind, values)| store::holders(context, permit, kind, values, HOLDERS));
    let (mut rows, held) = futures_util::future::try_join(
        by_number(context, permit, text, is_number, is_number),
        futures_util::future::try_join_all(holders),
    )
    .await?;
    rows.extend(held.into_iter().flatten());
    Ok(rows)
}

async fn alike(context: &Context<'_>, permit: &Permit<CustomerRecord>, wanted: &Wanted) -> Result<Vec<Candidate>> {
    if wanted.grams.is_empty() {
        Ok(Vec::new())
    } else {
        store::alike(context, permit, &wanted.folded, &wanted.grams).await
    }
}

/// What is searched, as texts are compared with it.
struct Wanted {
    text: String,
    /// Its digits, where it is a phone number or the end of one.
    digits: Option<String>,
    folded: String,
    /// Its trigrams; none of a text too short for one.
    grams: Vec<String>,
}

impl Wanted {
    fn of(text: &str) -> Self {
        let digits = dialled_digits(text);
        let text = digits.clone().unwrap_or_else(|| text.to_owned());
        let [folded, _] = search_folds(&text);
        let letters: Vec<char> = folded.chars().collect();
        let mut grams: Vec<String> = letters.windows(3).map(|gram| gram.iter().collect()).collect();
        grams.sort();
        grams.dedup();
        Self { text, digits, folded, grams }
    }

    /// How well a customer's search text answers: the best of its lines, as far as they may be asked.
    fn score(&self, search_text: &str, sees_contact: bool) -> f64 {
        // A text without an empty line does not say what is contact data.
        let (open, contact) = search_text.split_once("\n\n").unwrap_or(("", search_text));
        let lines = open.lines().chain(contact.lines().filter(|_| sees_contact));
        lines.map(|line| self.score_of(line)).fold(0.0, f64::max)
    }

    fn score_of(&self, line: &str) -> f64 {
        let ends_so =
            |digits: &String| line.ends_with(digits.as_str()) && line.bytes().all(|byte| byte.is_ascii_digit());
        if self.digits.as_ref().is_some_and(ends_so) { 1.0 } else { search_rank(&self.text, line) }
    }
}

/// The digits that a phone number as dialled ends with: all of an international one, else without the leading zeros that
/// depend on where one stands. None where it is no phone number, or under five digits: too many numbers end so.
fn dialled_digits(text: &str) -> Option<String> {
    if text.chars().any(|c| c.is_alphabetic() || c == '@') {
        return None;
    }
    let international = phone::normalise(text, None, None).map(|number| number.value);
    let digits: String = international.as_deref().unwrap_or(text).chars().filter(char::is_ascii_digit).collect();
    let digits = digits.trim_start_matches('0');
    (digits.len() >= 5).then(|| digits.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contact_data_counts_only_for_those_who_see_them() {
        let text = "anna mueller\nanna schmidt\nk-7\n\nanna@example.org\n49301234567";
        let score = |wanted: &str, sees| Wanted::of(wanted).score(text, sees);
        assert!(score("Schmidt", false) > 0.99 && score("Müller", false) > 0.99 && score("K-7", false) > 0.99);
        for contact in ["anna@example.org", "+49 (0)30 1234567", "030 1234567", "1234567"] {
            assert!(score(contact, true) > 0.99, "{contact}");
            assert!(score(contact, false) < ENOUGH, "{contact}");
        }
        assert!(score("49301234567", false) < ENOUGH);
        assert!(Wanted::of("Anna").score("anna mueller", false) < ENOUGH, "an older text says nothing of its lines");
    }
}
