//! The guards and the joins of one profile, over a [`WorkingSet`]: who carries its identifiers, what speaks against each of
//! them, and what becomes one.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use uuid::Uuid;

use super::conflict::{Reason, Verdict, compare};
use super::degree::Degree;
use super::evidence::Evidence;
use super::set::{identifier_of, release};
use super::{Cause, Decision, IdentifierKey, IdentifierStatus, WorkingSet};
use crate::identity::Observed;

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

impl WorkingSet {
    /// The first two guards: the deny list, then the degree with this profile counted in.
    pub(super) fn guard(
        &mut self,
        observed: &Observed,
        evidence: &Evidence,
        joining: &[IdentifierKey],
        out: &mut Vec<Decision>,
    ) {
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
    pub(super) fn settle(
        &mut self,
        profile: Uuid,
        home: Option<Uuid>,
        evidence: &Evidence,
        joining: &[IdentifierKey],
        out: &mut Vec<Decision>,
    ) -> Uuid {
        let mut whole = evidence.clone();
        if let Some(customer) = home.and_then(|home| self.customers.get(&home)) {
            whole.absorb(&customer.evidence);
        }
        let mut ranked: Vec<(u8, Candidate)> = self
            .candidates(joining, home)
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
        for (said, count) in gone.said {
            *kept.said.entry(said).or_default() += count;
        }
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
