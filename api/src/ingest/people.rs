//! The people of a flush, in memory: their profiles as they stand after each record, and what identity resolution decides.
//!
//! Loaded from the database once, written once ([`super::graph`] turns what is here into rows). Everything is done record by
//! record in the order of the intake, so that it makes no difference how records are cut into flushes.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::str::FromStr;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::given::Given;
use super::id;
use super::ledger::Ledger;
use super::party::{Carried, Customer, Profile, Shown, seen_at};
use super::prepare::PreparedProfile;
use super::stage::stage_of;
use super::words::Words;
use crate::identity::decide::{Decision, IdentifierKey, IdentifierStatus, Rules, WorkingSet};
use crate::identity::place::Holder;
use crate::identity::store::{CarriedRow, CustomerRow, IdentifierRow, KeptAttribute, ProfileRow};
use crate::identity::{IdentifierKind, PartyKind, Strength};

/// An identifier of the flush.
pub(super) struct Known {
    pub id: Uuid,
    /// As the database has it; none: new.
    pub status: Option<IdentifierStatus>,
}

/// The record that speaks.
pub(super) struct Moment<'a> {
    pub source: &'a str,
    pub priority: i32,
    pub stream: &'a str,
    pub key: &'a str,
    pub record_id: Uuid,
    pub received_at: DateTime<Utc>,
    pub occurred_at: Option<DateTime<Utc>>,
    /// The version that the record takes the place of.
    pub former: Option<Uuid>,
    /// A newer version came before it: only whom it is about, and what they were known by, still counts.
    pub late: bool,
    /// The record was deleted, be it before it came.
    pub gone: bool,
}

impl Moment<'_> {
    /// When that was so which is said.
    fn seen_at(&self, observed_at: Option<DateTime<Utc>>) -> DateTime<Utc> {
        seen_at(observed_at, self.occurred_at, self.received_at)
    }
}

/// The people of a flush.
pub(super) struct People {
    pub set: WorkingSet,
    pub profiles: HashMap<Uuid, Profile>,
    by_key: HashMap<(String, String), Uuid>,
    pub customers: HashMap<Uuid, Customer>,
    pub identifiers: HashMap<IdentifierKey, Known>,
    pub ledger: Ledger,
    /// The ids that a rebuild gives again.
    pub given: Given,
}

impl People {
    /// From what the database has.
    pub fn load(
        rules: Arc<Rules>,
        customers: Vec<CustomerRow>,
        identifiers: Vec<IdentifierRow>,
        profiles: Vec<ProfileRow>,
        carried: Vec<CarriedRow>,
    ) -> Self {
        let mut people = Self {
            set: WorkingSet::new(rules),
            profiles: HashMap::with_capacity(profiles.len()),
            by_key: HashMap::with_capacity(profiles.len()),
            customers: customers.into_iter().map(|row| (row.id, Customer::of(row))).collect(),
            identifiers: HashMap::new(),
            ledger: Ledger::default(),
            given: Given::default(),
        };
        for row in identifiers {
            let Ok(kind) = IdentifierKind::from_str(&row.kind) else { continue };
            let key = IdentifierKey { kind, value: row.value };
            let status = status_of(&row.status);
            if people.identifiers.insert(key.clone(), Known { id: row.id, status: Some(status) }).is_none() {
                people.set.load_identifier(key, status);
            }
        }
        let mut of_profile: HashMap<Uuid, BTreeMap<(IdentifierKind, String), Carried>> = HashMap::new();
        for row in carried {
            let Ok(kind) = IdentifierKind::from_str(&row.kind) else { continue };
            let carried = Carried {
                strength: Strength::from_str(&row.strength).unwrap_or(Strength::Weak),
                first_seen_at: row.first_seen_at,
                last_seen_at: row.last_seen_at,
                times_seen: row.times_seen,
                stored: true,
                dirty: false,
            };
            of_profile.entry(row.source_profile_id).or_default().insert((kind, row.value), carried);
        }
        for row in profiles {
            let newest = (row.observed_at, row.record_id.unwrap_or_default());
            let told = |(key, kept): (String, KeptAttribute)| (key, kept.told(newest));
            let profile = Profile {
                id: row.id,
                kind: row.kind.as_deref().and_then(|kind| kind.parse().ok()),
                priority: row.priority.unwrap_or_default(),
                attributes: row.attributes.into_iter().map(told).collect(),
                observed_at: row.observed_at,
                record_id: row.record_id,
                deleted_at: row.deleted_at,
                hidden: Words::default(),
                carried: of_profile.remove(&row.id).unwrap_or_default(),
                stored: Some(row.customer_id),
                dirty: false,
                source: row.source,
                key: row.key,
            };
            people.set.load_profile(profile.observed(), row.customer_id);
            people.by_key.insert((profile.source.clone(), profile.key.clone()), profile.id);
            people.profiles.insert(profile.id, profile);
        }
        people
    }

    /// The profile of a key of a source.
    pub fn profile_mut(&mut self, source: &str, key: &str) -> Option<&mut Profile> {
        let id = self.by_key.get(&(source.to_owned(), key.to_owned()))?;
        self.profiles.get_mut(id)
    }

    /// Whom a key of a source stands for.
    pub fn holder(&self, source: &str, key: &str) -> Option<Holder> {
        let profile_id = *self.by_key.get(&(source.to_owned(), key.to_owned()))?;
        let customer_id = self.set.customer_of(profile_id)?;
        Some(Holder { profile_id, customer_id })
    }

    /// The customer that an id leads to, if it is here.
    pub fn live(&self, customer: Uuid) -> Option<Uuid> {
        let mut at = customer;
        // A chain of merges is short; the bound is against a circle that must not be.
        for _ in 0..100 {
            match self.customers.get(&at)?.row.merged_into {
                None => return Some(at),
                Some(next) => at = next,
            }
        }
        None
    }

    /// Takes what a record says of a profile, and decides whose it is. `attach` names the customer of a profile made by staff.
    pub fn observe(&mut self, at: &Moment<'_>, said: &PreparedProfile, attach: Option<Uuid>) {
        let seen_at = at.seen_at(said.observed_at);
        let by_key = (at.source.to_owned(), said.key.clone());
        let known = self.by_key.get(&by_key).copied();
        let says_nothing = if at.late { said.identifiers.is_empty() } else { said.says_nothing() };
        let profile_id = match known {
            Some(profile_id) => {
                if let Some(customer) = self.set.customer_of(profile_id) {
                    self.known_since(customer, None, says_nothing, seen_at);
                }
                if says_nothing {
                    return;
                }
                profile_id
            }
            None => self
                .given
                .profile(at.source, &said.key)
                .unwrap_or_else(|| id::make(at.received_at, at.source, "profile", &said.key, "")),
        };
        let profile = self.profiles.entry(profile_id).or_insert_with(|| Profile {
            id: profile_id,
            source: at.source.to_owned(),
            key: said.key.clone(),
            kind: said.kind.or(said.default_kind),
            priority: at.priority,
            attributes: BTreeMap::new(),
            observed_at: seen_at,
            record_id: None,
            deleted_at: None,
            hidden: Words::default(),
            carried: BTreeMap::new(),
            stored: None,
            dirty: true,
        });
        let had_stage = profile.attributes.contains_key("stage");
        profile.take(said, at, seen_at, says_nothing);
        for (kind, value, _) in &said.identifiers {
            let key = IdentifierKey { kind: *kind, value: value.clone() };
            let given = self.given.identifier(*kind, value);
            self.identifiers.entry(key).or_insert_with(|| Known {
                id: given.unwrap_or_else(|| id::make(at.received_at, kind.as_str(), "identifier", value, "")),
                status: None,
            });
        }
        let has_stage = had_stage || profile.attributes.contains_key("stage");
        let observed = profile.observed();
        self.by_key.insert(by_key, profile_id);
        let decisions = match attach {
            Some(customer) if known.is_none() => self.set.attach(observed, customer),
            _ => self.set.observe(observed),
        };
        let decided = !decisions.is_empty();
        for (number, decision) in decisions.into_iter().enumerate() {
            self.settle(at, (profile_id, known.is_none()), number, &decision, seen_at);
        }
        let Some(customer) = self.set.customer_of(profile_id) else { return };
        if let Some(customer) = self.customers.get_mut(&customer) {
            let shown = if at.former.is_some() { Shown::Lost } else { Shown::Stale };
            customer.shown = customer.shown.max(shown);
        }
        if known.is_none() {
            self.known_since(customer, Some(profile_id), says_nothing, seen_at);
        }
        if has_stage || decided {
            self.restage(at, customer);
        }
    }

    /// Takes back what the version said of a profile that this record takes the place of.
    pub fn take_back(&mut self, at: &Moment<'_>, key: &str) {
        let Some(former) = at.former else { return };
        let Some(profile_id) = self.by_key.get(&(at.source.to_owned(), key.to_owned())) else { return };
        let Some(profile) = self.profiles.get_mut(profile_id) else { return };
        if !profile.take_back(former) {
            return;
        }
        if at.gone && profile.record_id.is_none() {
            profile.deleted_at = Some(at.seen_at(None));
        }
        let observed = profile.observed();
        let id = profile.id;
        self.set.restate(observed);
        let Some(customer) = self.set.customer_of(id) else { return };
        if let Some(known) = self.customers.get_mut(&customer) {
            known.shown = Shown::Lost;
        }
        self.restage(at, customer);
    }

    /// A customer is known since the first word that a source had for them. What merely refers to them (a visit, a ticket)
    /// counts only as long as no source has said a word.
    fn known_since(&mut self, customer: Uuid, newcomer: Option<Uuid>, refers: bool, at: DateTime<Utc>) {
        let spoken = self.is_spoken_of(self.set.members(customer).map(|member| member.profile_id), newcomer);
        let Some(customer) = self.customers.get_mut(&customer) else { return };
        let since = match (refers, spoken) {
            (true, true) => return,
            (false, false) => at,
            _ => customer.row.created_at.min(at),
        };
        if since != customer.row.created_at {
            customer.row.created_at = since;
            customer.dirty = true;
        }
    }

    fn is_spoken_of(&self, mut profiles: impl Iterator<Item = Uuid>, but: Option<Uuid>) -> bool {
        profiles.any(|id| Some(id) != but && self.profiles.get(&id).is_some_and(|profile| profile.record_id.is_some()))
    }

    fn settle(
        &mut self,
        at: &Moment<'_>,
        (profile, fresh): (Uuid, bool),
        number: usize,
        decision: &Decision,
        since: DateTime<Utc>,
    ) {
        let event_id = id::make(
            at.received_at,
            at.source,
            at.stream,
            at.key,
            &format!("event:{}:{profile}:{number}", at.record_id),
        );
        let identifier = match decision {
            Decision::Joined { cause, .. } | Decision::Merged { cause, .. } => match cause {
                crate::identity::decide::Cause::Identifier(key) => Some(key.clone()),
                crate::identity::decide::Cause::Attached => None,
            },
            Decision::JoinRefused { via, .. } => Some(via.clone()),
            Decision::IdentifierShared { identifier, .. } | Decision::IdentifierBlocked { identifier } => {
                Some(identifier.clone())
            }
            Decision::CustomerCreated { .. } => None,
        };
        let identifier_id =
            identifier.as_ref().and_then(|key| self.identifiers.get(key)).map(|identifier| identifier.id);
        let carrier = identifier.as_ref().and_then(|key| self.carrier(profile, key, decision));
        match decision {
            Decision::CustomerCreated { customer } => {
                let kind = self.profiles.get(&profile).and_then(|profile| profile.kind).unwrap_or(PartyKind::Person);
                self.customers.insert(*customer, Customer::founded(*customer, kind, since));
            }
            Decision::Merged { survivor, retired, moved, .. } => {
                // A profile that is only just coming in has not told its customer yet.
                let newcomer = fresh.then_some(profile);
                let stayed = self.set.members(*survivor).map(|member| member.profile_id);
                let spoken = (
                    self.is_spoken_of(stayed.filter(|id| !moved.contains(id)), newcomer),
                    self.is_spoken_of(moved.iter().copied(), newcomer),
                );
                self.retire(*retired, *survivor, spoken, at.received_at);
            }
            _ => {}
        }
        let home = self.set.customer_of(profile).unwrap_or(profile);
        self.ledger.note(event_id, at.received_at, profile, home, identifier_id, carrier, decision);
    }

    /// Another profile that carries the identifier on the other side of a join: the first of them.
    fn carrier(&self, profile: Uuid, key: &IdentifierKey, decision: &Decision) -> Option<Uuid> {
        let others: BTreeSet<Uuid> = match decision {
            Decision::Joined { customer, .. } => self.set.members(*customer).map(|member| member.profile_id).collect(),
            Decision::Merged { survivor, moved, .. } => {
                let all = self.set.members(*survivor).map(|member| member.profile_id);
                let with_moved = moved.contains(&profile);
                all.filter(|member| moved.contains(member) != with_moved).collect()
            }
            _ => return None,
        };
        let carries = |id: &Uuid| {
            self.profiles.get(id).is_some_and(|other| other.carried.contains_key(&(key.kind, key.value.clone())))
        };
        others.into_iter().filter(|id| *id != profile).find(carries)
    }

    /// A retired customer shows nothing any more; what it knew of its time goes to the survivor.
    fn retire(&mut self, retired: Uuid, survivor: Uuid, spoken: (bool, bool), at: DateTime<Utc>) {
        for customer in self.customers.values_mut().filter(|customer| customer.row.merged_into == Some(retired)) {
            customer.row.merged_into = Some(survivor);
            customer.dirty = true;
        }
        let Some(gone) = self.customers.get_mut(&retired) else { return };
        let (created_at, last) = (gone.row.created_at, gone.row.last_interaction_at);
        let kind = PartyKind::from_str(&gone.row.kind).unwrap_or(PartyKind::Person);
        gone.row = entity::customer::Model {
            merged_into: Some(survivor),
            updated_at: at,
            ..Customer::founded(retired, kind, created_at).row
        };
        gone.shown = Shown::Chosen;
        gone.dirty = true;
        if let Some(kept) = self.customers.get_mut(&survivor) {
            kept.row.created_at = match spoken {
                (true, false) => kept.row.created_at,
                (false, true) => created_at,
                _ => kept.row.created_at.min(created_at),
            };
            kept.row.last_interaction_at = kept.row.last_interaction_at.max(last);
            kept.shown = kept.shown.max(Shown::Stale);
            kept.dirty = true;
        }
    }

    /// Notes a change of the lifecycle stage with the record that brought it.
    fn restage(&mut self, at: &Moment<'_>, customer: Uuid) {
        let Some(said) = stage_of(self.set.members(customer)) else { return };
        let Some(known) = self.customers.get_mut(&customer) else { return };
        if known.row.stage.as_ref() == Some(&said.stage) {
            return;
        }
        let from_stage = known.row.stage.replace(said.stage.clone());
        known.dirty = true;
        self.ledger.transitions.push(entity::lifecycle_transition::Model {
            id: id::make(at.received_at, at.source, at.stream, at.key, &format!("stage:{}:{customer}", at.record_id)),
            record_id: said.record_id,
            source: said.source,
            source_profile_id: said.profile_id,
            customer_id: customer,
            from_stage,
            to_stage: said.stage,
            reason: said.reason,
            occurred_at: said.observed_at,
        });
    }
}

fn status_of(text: &str) -> IdentifierStatus {
    match text {
        "SHARED" => IdentifierStatus::Shared,
        "BLOCKED" => IdentifierStatus::Blocked,
        _ => IdentifierStatus::Normal,
    }
}
