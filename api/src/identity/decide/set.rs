//! The working set: what a batch of profiles can touch, held in memory while it is decided.
//!
//! **What a store loads** for a batch, so that deciding in memory equals deciding one by one against the database:
//! - the batch's own profiles, if known, and the status of each identifier the batch carries;
//! - every profile that carries one of those identifiers, if its status is normal;
//! - all profiles of the customers of all these.
//!
//! One step, no further: joins are looked for only by the identifiers of the profile being observed.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use uuid::Uuid;

use super::conflict::{Reason, Verdict, compare};
use super::degree::Degree;
use super::evidence::Evidence;
use super::{Cause, Decision, IdentifierKey, IdentifierStatus, Rules};
use crate::identity::normalise::email::is_role_mailbox;
use crate::identity::{IdentifierKind, Observed, PartyKind, Strength};

/// Profiles, identifiers and customers in memory, and the decisions over them.
#[derive(Debug)]
pub struct WorkingSet {
    rules: Arc<Rules>,
    profiles: HashMap<Uuid, Profile>,
    identifiers: HashMap<IdentifierKey, Identifier>,
    customers: HashMap<Uuid, Customer>,
}

#[derive(Debug)]
struct Profile {
    observed: Observed,
    customer: Uuid,
    evidence: Evidence,
    joining: Vec<IdentifierKey>,
}

#[derive(Debug)]
struct Identifier {
    status: IdentifierStatus,
    degree: Degree,
    /// How many profiles of each customer carry it.
    holders: BTreeMap<Uuid, usize>,
}

#[derive(Debug, Default)]
struct Customer {
    members: BTreeSet<Uuid>,
    evidence: Evidence,
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
        let mut home = self.take_out(id);
        if let (None, Some(customer)) = (home, attach_to) {
            decisions.push(Decision::Joined { profile: id, customer, cause: Cause::Attached });
            home = Some(customer);
        }
        let evidence = Evidence::of(&observed, &self.rules.deny);
        let joining = joining_of(&observed);
        self.guard(&observed, &evidence, &joining, &mut decisions);
        let candidates = self.candidates(&joining, home);
        let home = self.settle(id, home, &evidence, candidates, &mut decisions);
        self.put(observed, home, evidence, joining);
        decisions
    }

    /// Takes a known profile out of every count, and gives its customer.
    fn take_out(&mut self, id: Uuid) -> Option<Uuid> {
        let profile = self.profiles.remove(&id)?;
        for key in &profile.joining {
            if let Some(identifier) = self.identifiers.get_mut(key) {
                identifier.degree.remove(&profile.evidence);
                release(&mut identifier.holders, profile.customer);
            }
        }
        let members: Vec<Uuid> = match self.customers.get_mut(&profile.customer) {
            Some(customer) => {
                customer.members.remove(&id);
                customer.members.iter().copied().collect()
            }
            None => Vec::new(),
        };
        let mut evidence = Evidence::default();
        for member in members.iter().filter_map(|member| self.profiles.get(member)) {
            evidence.absorb(&member.evidence);
        }
        if let Some(customer) = self.customers.get_mut(&profile.customer) {
            customer.evidence = evidence;
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
        self.profiles.insert(observed.profile_id, Profile { observed, customer, evidence, joining });
    }

    /// The first two guards: the deny list, then the degree with this profile counted in.
    fn guard(&mut self, observed: &Observed, evidence: &Evidence, joining: &[IdentifierKey], out: &mut Vec<Decision>) {
        let mut carried: Vec<IdentifierKey> = observed
            .identifiers
            .iter()
            .map(|(kind, value, _)| IdentifierKey { kind: *kind, value: value.clone() })
            .collect();
        carried.sort();
        carried.dedup();
        for key in carried {
            let denied = self.rules.deny.is_denied(key.kind, &key.value);
            let identifier = identifier_of(&mut self.identifiers, &key);
            if denied && identifier.status != IdentifierStatus::Blocked {
                identifier.status = IdentifierStatus::Blocked;
                out.push(Decision::IdentifierBlocked { identifier: key });
                continue;
            }
            if identifier.status != IdentifierStatus::Normal || joining.binary_search(&key).is_err() {
                continue;
            }
            let limit = self.rules.limits.of(key.kind);
            // Counted in for the question only: the profile is put in its place when its customer is known.
            identifier.degree.add(evidence);
            // Customers that nothing tells apart by name count too, with room for visitors who were never named.
            let identities = identifier.degree.identities(key.kind).max(identifier.holders.len().saturating_sub(limit));
            identifier.degree.remove(evidence);
            if identities > limit {
                identifier.status = IdentifierStatus::Shared;
                identifier.degree = Degree::default();
                identifier.holders = BTreeMap::new();
                out.push(Decision::IdentifierShared { identifier: key, identities });
            }
        }
    }

    /// The other customers that carry one of the identifiers.
    fn candidates(&self, joining: &[IdentifierKey], home: Option<Uuid>) -> Vec<Candidate> {
        let mut found: BTreeMap<Uuid, Vec<IdentifierKey>> = BTreeMap::new();
        for key in joining {
            let Some(identifier) = self.identifiers.get(key) else { continue };
            if identifier.status == IdentifierStatus::Normal {
                for customer in identifier.holders.keys().filter(|holder| Some(**holder) != home) {
                    found.entry(*customer).or_default().push(key.clone());
                }
            }
        }
        found.into_iter().map(|(customer, common)| Candidate { customer, common }).collect()
    }

    /// The third guard, and the joins: best first, and after each the whole is compared again.
    fn settle(
        &mut self,
        profile: Uuid,
        home: Option<Uuid>,
        evidence: &Evidence,
        candidates: Vec<Candidate>,
        out: &mut Vec<Decision>,
    ) -> Uuid {
        let mut whole = evidence.clone();
        if let Some(customer) = home.and_then(|home| self.customers.get(&home)) {
            whole.absorb(&customer.evidence);
        }
        let mut ranked: Vec<(u8, Candidate)> = candidates
            .into_iter()
            .map(|candidate| {
                let rank = match self.verdict(&whole, &candidate) {
                    Verdict::For => 0,
                    Verdict::Open => 1,
                    Verdict::Against(_) => 2,
                };
                (rank, candidate)
            })
            .collect();
        ranked.sort_by(|(a_rank, a), (b_rank, b)| {
            let key = |rank: u8, of: &Candidate| (rank, of.via().kind, Reverse(of.common.len()), of.customer);
            key(*a_rank, a).cmp(&key(*b_rank, b))
        });
        let mut home = home;
        for (_, candidate) in ranked {
            let reason = match self.verdict(&whole, &candidate) {
                Verdict::Against(reason) => Some(reason),
                Verdict::For => None,
                // No name speaks for it: then a value must lead to this customer and to no other.
                Verdict::Open => (!self.is_alone(&candidate, home)).then_some(Reason::Ambiguous),
            };
            if let Some(reason) = reason {
                let customer = candidate.customer;
                out.push(Decision::JoinRefused { profile, customer, via: candidate.via().clone(), reason });
                continue;
            }
            if let Some(customer) = self.customers.get(&candidate.customer) {
                whole.absorb(&customer.evidence);
            }
            let cause = Cause::Identifier(candidate.via().clone());
            home = Some(match home {
                None => {
                    out.push(Decision::Joined { profile, customer: candidate.customer, cause });
                    candidate.customer
                }
                Some(home) => self.merge(profile, home, candidate.customer, cause, out),
            });
        }
        home.unwrap_or_else(|| {
            out.push(Decision::CustomerCreated { customer: profile });
            profile
        })
    }

    fn verdict(&self, whole: &Evidence, candidate: &Candidate) -> Verdict {
        match self.customers.get(&candidate.customer) {
            Some(customer) => compare(whole, &customer.evidence, candidate.via()),
            None => Verdict::Open,
        }
    }

    /// Whether one of the common identifiers is carried by this customer and no third one. Asked anew for each candidate: two
    /// customers that this profile has just made one are no rivals.
    fn is_alone(&self, candidate: &Candidate, home: Option<Uuid>) -> bool {
        candidate.common.iter().filter_map(|key| self.identifiers.get(key)).any(|identifier| {
            identifier.holders.keys().all(|holder| *holder == candidate.customer || Some(*holder) == home)
        })
    }

    /// Makes the profile's home and another customer one. The older id survives.
    fn merge(&mut self, profile: Uuid, home: Uuid, other: Uuid, cause: Cause, out: &mut Vec<Decision>) -> Uuid {
        let (survivor, retired) = if home < other { (home, other) } else { (other, home) };
        let gone = self.customers.remove(&retired).unwrap_or_default();
        for member in &gone.members {
            let Some(profile) = self.profiles.get_mut(member) else { continue };
            profile.customer = survivor;
            for key in &profile.joining {
                if let Some(identifier) = self.identifiers.get_mut(key)
                    && release(&mut identifier.holders, retired)
                {
                    *identifier.holders.entry(survivor).or_default() += 1;
                }
            }
        }
        let kept = self.customers.entry(survivor).or_default();
        kept.evidence.absorb(&gone.evidence);
        kept.members.extend(&gone.members);
        let mut moved = gone.members;
        // The profile being decided is in no customer's list at this moment, and moves with its home.
        if retired == home {
            moved.insert(profile);
        }
        out.push(Decision::Merged { survivor, retired, cause, moved: moved.into_iter().collect() });
        survivor
    }
}

/// A customer that carries identifiers of the profile being decided.
#[derive(Debug)]
struct Candidate {
    customer: Uuid,
    /// The common identifiers, the most trusted first; never empty.
    common: Vec<IdentifierKey>,
}

impl Candidate {
    fn via(&self) -> &IdentifierKey {
        &self.common[0]
    }
}

/// Takes one profile off a customer's count; false if it was not counted (a shared value counts nobody).
fn release(holders: &mut BTreeMap<Uuid, usize>, customer: Uuid) -> bool {
    let Some(count) = holders.get_mut(&customer) else { return false };
    *count = count.saturating_sub(1);
    if *count == 0 {
        holders.remove(&customer);
    }
    true
}

fn identifier_of<'a>(all: &'a mut HashMap<IdentifierKey, Identifier>, key: &IdentifierKey) -> &'a mut Identifier {
    all.entry(key.clone()).or_insert_with(|| Identifier {
        status: IdentifierStatus::Normal,
        degree: Degree::default(),
        holders: BTreeMap::new(),
    })
}

/// The identifiers that may join, the most trusted first: strong ones, and of a person no office's mailbox.
fn joining_of(observed: &Observed) -> Vec<IdentifierKey> {
    let mut keys: Vec<IdentifierKey> = observed
        .identifiers
        .iter()
        .filter(|(_, _, strength)| *strength == Strength::Strong)
        .filter(|(kind, value, _)| {
            !(*kind == IdentifierKind::Email && observed.kind == PartyKind::Person && is_role_mailbox(value))
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
    a.kind == b.kind
        && a.source == b.source
        && a.identifiers == b.identifiers
        && KEYS.iter().all(|key| a.attributes.get(*key) == b.attributes.get(*key))
}
