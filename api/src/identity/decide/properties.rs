//! What must hold whatever arrives: batches do not matter, and no join crosses customer numbers of one source.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::DateTime;
use proptest::prelude::*;
use uuid::Uuid;

use super::tests::told;
use super::*;
use crate::identity::deny::DenyList;
use crate::identity::normalise::{Context, normalise};
use crate::identity::{IdentifierKind, Observed, PartyKind, Strength, Told, name};

/// Few values of each kind, so that they meet.
fn profile() -> impl Strategy<Value = Observed> {
    let name =
        prop::sample::select(vec!["", "Anna Beck", "A. Beck", "Peter Beck", "Frau Beck", "Anna Koch", "Emil Graf"]);
    let value = |prefix: &'static str| prop::option::weighted(0.4, (0..5_u8).prop_map(move |n| format!("{prefix}{n}")));
    let birth = prop::option::weighted(0.2, prop::sample::select(vec!["1960-01-02", "1990-07-08", "1960"]));
    (
        1..14_u128,
        name,
        (value("m@x.d"), value("+4930"), value("k"), value("u"), value("c")),
        prop::sample::select(vec![Some(PartyKind::Person), Some(PartyKind::Person), Some(PartyKind::Company), None]),
        0..2_u8,
        birth,
    )
        .prop_map(|(id, name, (email, phone, number, user, cookie), kind, source, birth)| {
            let mut attributes: BTreeMap<String, Told> = [("name".to_owned(), told(name))].into();
            attributes.extend(birth.map(|date| ("birth_date".to_owned(), told(date))));
            let kinds = [
                (IdentifierKind::Email, email),
                (IdentifierKind::Phone, phone),
                (IdentifierKind::CustomerNumber, number),
                (IdentifierKind::UserId, user),
                (IdentifierKind::Cookie, cookie),
            ];
            Observed {
                profile_id: Uuid::from_u128(id),
                source: format!("s{source}"),
                priority: 1,
                kind,
                attributes,
                observed_at: DateTime::from_timestamp(0, 0).unwrap_or_default(),
                identifiers: kinds
                    .into_iter()
                    .filter_map(|(kind, value)| Some((kind, value?, Strength::Strong)))
                    .collect(),
            }
        })
}

/// A store in memory: loads what the working set asks for, and no more.
#[derive(Default)]
struct Store {
    profiles: BTreeMap<Uuid, (Observed, Uuid)>,
    status: HashMap<IdentifierKey, IdentifierStatus>,
}

impl Store {
    fn load(&self, rules: &Arc<Rules>, batch: &[Observed]) -> WorkingSet {
        let mut set = WorkingSet::new(Arc::clone(rules));
        let known = batch.iter().filter_map(|new| self.profiles.get(&new.profile_id)).map(|(known, _)| known);
        let carried: Vec<IdentifierKey> = batch.iter().chain(known).flat_map(keys).collect();
        for key in &carried {
            if let Some(status) = self.status.get(key) {
                set.load_identifier(key.clone(), *status);
            }
        }
        let open = |key: &IdentifierKey| self.status.get(key).is_none_or(|status| *status == IdentifierStatus::Normal);
        let customers: Vec<Uuid> = self
            .profiles
            .values()
            .filter(|(known, _)| {
                batch.iter().any(|new| new.profile_id == known.profile_id)
                    || keys(known).iter().any(|key| open(key) && carried.contains(key))
            })
            .map(|(_, customer)| *customer)
            .collect();
        // The other way round than they came: the order of loading must not matter.
        for (known, customer) in self.profiles.values().rev().filter(|(_, customer)| customers.contains(customer)) {
            set.load_profile(known.clone(), *customer);
        }
        set
    }

    fn apply(&mut self, set: &WorkingSet, batch: &[Observed], decisions: &[Decision]) {
        for new in batch {
            let observed = set.profile(new.profile_id).cloned().unwrap_or_else(|| new.clone());
            let customer = set.customer_of(new.profile_id).unwrap_or_default();
            self.profiles.insert(new.profile_id, (observed, customer));
        }
        for decision in decisions {
            match decision {
                Decision::Merged { survivor, moved, .. } => {
                    for profile in moved {
                        if let Some(entry) = self.profiles.get_mut(profile) {
                            entry.1 = *survivor;
                        }
                    }
                }
                Decision::IdentifierBlocked { identifier } => {
                    self.status.insert(identifier.clone(), IdentifierStatus::Blocked);
                }
                Decision::IdentifierShared { identifier, .. } => {
                    self.status.insert(identifier.clone(), IdentifierStatus::Shared);
                }
                _ => {}
            }
        }
        // What the decisions say and what the set holds is one thing.
        for (id, (_, customer)) in &mut self.profiles {
            if let Some(held) = set.customer_of(*id) {
                assert_eq!(held, *customer, "{decisions:?}");
            }
        }
    }
}

fn keys(observed: &Observed) -> Vec<IdentifierKey> {
    observed.identifiers.iter().map(|(kind, value, _)| IdentifierKey { kind: *kind, value: value.clone() }).collect()
}

/// A profile keeps what it carries: a record adds to it, as in the intake.
fn grown(set: &WorkingSet, mut record: Observed) -> Observed {
    let known = set.profile(record.profile_id).into_iter().flat_map(|known| known.identifiers.clone());
    record.identifiers.extend(known);
    record.identifiers.sort();
    record.identifiers.dedup();
    record
}

/// All decisions, when the profiles come in batches of this size.
fn run(profiles: &[Observed], size: usize) -> (Vec<Decision>, Store) {
    let deny = DenyList::parse("cookie = [\"c0\"]").unwrap_or_default();
    let rules = Arc::new(Rules { deny, limits: DegreeLimits { phone: 2, cookie: 2, ..DegreeLimits::default() } });
    let mut store = Store::default();
    let mut all = Vec::new();
    for batch in profiles.chunks(size) {
        let mut set = store.load(&rules, batch);
        let mut decisions = Vec::new();
        for record in batch {
            decisions.extend(set.observe(grown(&set, record.clone())));
        }
        store.apply(&set, batch, &decisions);
        all.extend(decisions);
    }
    (all, store)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_size_of_the_batches_does_not_matter(profiles in prop::collection::vec(profile(), 1..40), size in 1..9_usize) {
        let (whole, whole_store) = run(&profiles, profiles.len());
        let (parts, parts_store) = run(&profiles, size);
        prop_assert_eq!(whole, parts);
        prop_assert_eq!(whole_store.profiles, parts_store.profiles);
    }

    #[test]
    fn no_join_crosses_customer_numbers_of_one_source(profiles in prop::collection::vec(profile(), 1..40)) {
        // A source that changes a profile's number or kind changes its mind, which no guard can foresee.
        let mut seen = std::collections::HashSet::new();
        let profiles: Vec<Observed> = profiles.into_iter().filter(|p| seen.insert(p.profile_id)).collect();
        let (decisions, store) = run(&profiles, 7);
        let numbers = |observed: &Observed| -> Vec<String> {
            let number = |(kind, value, _): &(IdentifierKind, String, Strength)| {
                (*kind == IdentifierKind::CustomerNumber).then(|| value.clone())
            };
            observed.identifiers.iter().filter_map(number).collect()
        };
        for (a, customer_a) in store.profiles.values() {
            for (b, customer_b) in store.profiles.values() {
                if customer_a == customer_b {
                    prop_assert!(a.kind.is_none() || b.kind.is_none() || a.kind == b.kind);
                    let (mine, theirs) = (numbers(a), numbers(b));
                    if a.source == b.source && !mine.is_empty() && !theirs.is_empty() {
                        prop_assert_eq!(mine, theirs, "{:?}", &decisions);
                    }
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn normalising_twice_is_normalising_once(
        raw in prop_oneof![
            any::<String>(),
            "[ +(]{0,2}[0-9][0-9 ()/-]{3,14}( ?(ext|x|dw)[. ]?[0-9]{1,4})?",
            "[A-Za-zäöüß.+_-]{1,12}@[A-Za-zäöü-]{1,8}\\.(de|com|museum)",
            "[a-z.+]{1,8}@(gmail|googlemail|outlook)\\.com",
        ],
        country in prop::sample::select(vec!["DE", "GB", "US", "IT", "FR", "xx"]),
    ) {
        let context = Context { country: Some(country), default_country: Some("DE"), source: "crm" };
        for kind in IdentifierKind::ALL {
            if let Ok(once) = normalise(kind, &raw, context) {
                prop_assert_eq!(Ok(once.clone()), normalise(kind, &once.value, context));
            }
        }
        let folded = name::name_sort(&raw);
        prop_assert_eq!(name::name_sort(&folded), folded);
        let _ = (name::sound(&raw), name::search_folds(&raw), crate::identity::similarity::search_rank(&raw, &raw));
        let _ = crate::identity::normalise::phone::dialled(&raw, ["DE"]);
        let _ = crate::identity::person_name::PersonName::parse(Some(&raw), Some(&raw), None);
    }
}
