//! The working set: what a batch of profiles can touch, held in memory while it is decided. The guards and the joins: `settle`.
//!
//! **What a store loads** for a batch, so that deciding in memory equals deciding one by one against the database:
//! - the batch's own profiles, if known, and the status of each identifier that the batch or one of them carries;
//! - every profile that carries one of those identifiers, if its status is normal;
//! - all profiles of the customers of all these.
//!
//! One step, no further: joins are looked for only by the identifiers of the profile being observed.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use uuid::Uuid;

use super::degree::Degree;
use super::evidence::Evidence;
use super::{Cause, Decision, IdentifierKey, IdentifierStatus, Rules};
use crate::identity::normalise::email::is_role_mailbox;
use crate::identity::{IdentifierKind, Observed, PartyKind, Strength};

/// Profiles, identifiers and customers in memory, and the decisions over them.
#[derive(Debug)]
pub struct WorkingSet {
    pub(super) rules: Arc<Rules>,
    pub(super) profiles: HashMap<Uuid, Profile>,
    pub(super) identifiers: HashMap<IdentifierKey, Identifier>,
    pub(super) customers: HashMap<Uuid, Customer>,
}

#[derive(Debug)]
pub(super) struct Profile {
    pub(super) observed: Observed,
    pub(super) customer: Uuid,
    pub(super) evidence: Evidence,
    pub(super) joining: Vec<IdentifierKey>,
}

#[derive(Debug)]
pub(super) struct Identifier {
    pub(super) status: IdentifierStatus,
    pub(super) degree: Degree,
    /// How many profiles of each customer carry it.
    pub(super) holders: BTreeMap<Uuid, usize>,
}

#[derive(Debug, Default)]
pub(super) struct Customer {
    pub(super) members: BTreeSet<Uuid>,
    pub(super) evidence: Evidence,
    /// What the members say, and how many of them say just that: a loyal visitor's sessions all say the same.
    pub(super) said: BTreeMap<Evidence, usize>,
}

impl WorkingSet {
    /// An empty set.
    pub fn new(rules: Arc<Rules>) -> Self {
        Self { rules, profiles: HashMap::new(), identifiers: HashMap::new(), customers: HashMap::new() }
    }

    /// Loads the status of an identifier; one that is not loaded is normal. Call before the profiles are loaded.
    pub fn load_identifier(&mut self, key: IdentifierKey, status: IdentifierStatus) {
        self.identifiers.insert(key, Identifier { status, degree: Degree::default(), holders: BTreeMap::new() });
    }

    /// Loads a profile as it stands, with its customer. Nothing is decided.
    pub fn load_profile(&mut self, observed: Observed, customer: Uuid) {
        let evidence = Evidence::of(&observed, &self.rules.deny);
        let joining = joining_of(&observed);
        self.put(observed, customer, evidence, joining);
    }

    /// The customer of a profile, if it is known here.
    pub fn customer_of(&self, profile: Uuid) -> Option<Uuid> {
        self.profiles.get(&profile).map(|profile| profile.customer)
    }

    /// A profile as it stands.
    pub fn profile(&self, profile: Uuid) -> Option<&Observed> {
        self.profiles.get(&profile).map(|profile| &profile.observed)
    }

    /// The profiles of a customer, by id: what its golden values are made from.
    pub fn members(&self, customer: Uuid) -> impl Iterator<Item = &Observed> {
        let ids = self.customers.get(&customer).map(|customer| &customer.members);
        ids.into_iter().flatten().filter_map(|id| self.profiles.get(id)).map(|profile| &profile.observed)
    }

    /// Whether an identifier may join, as far as it is known here.
    pub fn status(&self, key: &IdentifierKey) -> IdentifierStatus {
        self.identifiers.get(key).map_or(IdentifierStatus::Normal, |identifier| identifier.status)
    }

    /// Takes a profile as it stands after a record, and decides. Nothing is decided when nothing changed that identifies.
    pub fn observe(&mut self, observed: Observed) -> Vec<Decision> {
        self.decide(observed, None)
    }

    /// Takes back what a known profile said: it stays where it is, and what it no longer says is no evidence any more.
    pub fn restate(&mut self, observed: Observed) {
        let evidence = Evidence::of(&observed, &self.rules.deny);
        let Some(customer) = self.take_out(observed.profile_id, &evidence) else { return };
        let joining = joining_of(&observed);
        self.put(observed, customer, evidence, joining);
    }

    /// Takes a profile that was made for a customer (an entry by staff). Its identifiers may then join that customer with
    /// others, like those of any profile. A profile that is known already stays where it is.
    pub fn attach(&mut self, observed: Observed, customer: Uuid) -> Vec<Decision> {
        self.decide(observed, Some(customer))
    }

    fn decide(&mut self, observed: Observed, attach_to: Option<Uuid>) -> Vec<Decision> {
        let id = observed.profile_id;
        if let Some(known) = self.profiles.get_mut(&id)
            && identifies_alike(&known.observed, &observed)
        {
            known.observed = observed;
            return Vec::new();
        }
        let mut decisions = Vec::new();
        let evidence = Evidence::of(&observed, &self.rules.deny);
        let mut home = self.take_out(id, &evidence);
        if let (None, Some(customer)) = (home, attach_to) {
            decisions.push(Decision::Joined { profile: id, customer, cause: Cause::Attached });
            home = Some(customer);
        }
        let joining = joining_of(&observed);
        self.guard(&observed, &evidence, &joining, &mut decisions);
        let home = self.settle(id, home, &evidence, &joining, &mut decisions);
        self.put(observed, home, evidence, joining);
        decisions
    }

    /// Takes a known profile out of every count, and gives its customer. `next` is what it says from now on: only if it takes
    /// something back that nobody else says must the customer's evidence be gathered anew.
    fn take_out(&mut self, id: Uuid, next: &Evidence) -> Option<Uuid> {
        let profile = self.profiles.remove(&id)?;
        for key in &profile.joining {
            if let Some(identifier) = self.identifiers.get_mut(key) {
                identifier.degree.remove(&profile.evidence);
                release(&mut identifier.holders, profile.customer);
            }
        }
        let customer = self.customers.entry(profile.customer).or_default();
        customer.members.remove(&id);
        if let Some(count) = customer.said.get_mut(&profile.evidence) {
            *count -= 1;
            if *count == 0 {
                customer.said.remove(&profile.evidence);
                if !next.covers(&profile.evidence) {
                    customer.evidence = Evidence::default();
                    for said in customer.said.keys() {
                        customer.evidence.absorb(said);
                    }
                }
            }
        }
        Some(profile.customer)
    }

    /// Puts a profile in its place: the last step, after its customer is decided.
    fn put(&mut self, observed: Observed, customer: Uuid, evidence: Evidence, joining: Vec<IdentifierKey>) {
        for key in &joining {
            let identifier = identifier_of(&mut self.identifiers, key);
            if identifier.status == IdentifierStatus::Normal {
                identifier.degree.add(&evidence);
                *identifier.holders.entry(customer).or_default() += 1;
            }
        }
        let home = self.customers.entry(customer).or_default();
        home.members.insert(observed.profile_id);
        home.evidence.absorb(&evidence);
        *home.said.entry(evidence.clone()).or_default() += 1;
        self.profiles.insert(observed.profile_id, Profile { observed, customer, evidence, joining });
    }
}

/// Takes one profile off a customer's count; false if it was not counted (a shared value counts nobody).
pub(super) fn release(holders: &mut BTreeMap<Uuid, usize>, customer: Uuid) -> bool {
    let Some(count) = holders.get_mut(&customer) else { return false };
    *count = count.saturating_sub(1);
    if *count == 0 {
        holders.remove(&customer);
    }
    true
}

pub(super) fn identifier_of<'a>(
    all: &'a mut HashMap<IdentifierKey, Identifier>,
    key: &IdentifierKey,
) -> &'a mut Identifier {
    all.entry(key.clone()).or_insert_with(|| Identifier {
        status: IdentifierStatus::Normal,
        degree: Degree::default(),
        holders: BTreeMap::new(),
    })
}

/// The identifiers that may join, the most trusted first: strong ones, and no office's mailbox but a company's own.
fn joining_of(observed: &Observed) -> Vec<IdentifierKey> {
    let mut keys: Vec<IdentifierKey> = observed
        .identifiers
        .iter()
        .filter(|(_, _, strength)| *strength == Strength::Strong)
        .filter(|(kind, value, _)| {
            !(*kind == IdentifierKind::Email && observed.kind != Some(PartyKind::Company) && is_role_mailbox(value))
        })
        .map(|(kind, value, _)| IdentifierKey { kind: *kind, value: value.clone() })
        .collect();
    keys.sort();
    keys.dedup();
    keys
}

/// Whether nothing changed that could change a decision.
fn identifies_alike(a: &Observed, b: &Observed) -> bool {
    const KEYS: [&str; 6] = ["given_name", "family_name", "name", "company", "birth_date", "vat_id"];
    fn value<'a>(of: &'a Observed, key: &str) -> Option<&'a str> {
        of.attributes.get(key).map(|told| told.value.as_str())
    }
    a.kind == b.kind
        && a.source == b.source
        && a.identifiers == b.identifiers
        && KEYS.iter().all(|key| value(a, key) == value(b, key))
}
