//! The decisions by example. A profile is written as its name and what it carries.

use std::sync::Arc;

use chrono::DateTime;
use uuid::Uuid;

use super::*;
use crate::identity::deny;
use crate::identity::{IdentifierKind, Observed, PartyKind, Strength, Told};

/// Said by no record in particular: decisions ask only what was said.
pub(super) fn told(value: &str) -> Told {
    Told { value: value.into(), observed_at: DateTime::UNIX_EPOCH, record_id: Uuid::nil() }
}

/// A person's profile of source `crm`.
fn person(id: u128, name: &str, identifiers: &[(IdentifierKind, &str)]) -> Observed {
    Observed {
        profile_id: Uuid::from_u128(id),
        source: "crm".into(),
        priority: 1,
        kind: Some(PartyKind::Person),
        attributes: [("name".to_owned(), told(name))].into(),
        observed_at: DateTime::from_timestamp(0, 0).unwrap(),
        identifiers: identifiers.iter().map(|(kind, value)| (*kind, (*value).to_owned(), Strength::Strong)).collect(),
    }
}

fn from(source: &str, mut observed: Observed) -> Observed {
    observed.source = source.into();
    observed
}

fn with(mut observed: Observed, key: &str, value: &str) -> Observed {
    observed.attributes.insert(key.into(), told(value));
    observed
}

fn set() -> WorkingSet {
    let deny = deny::DenyList::parse(deny::DEFAULT).unwrap();
    WorkingSet::new(Arc::new(Rules { deny, limits: DegreeLimits::default() }))
}

fn refusal(decisions: &[Decision]) -> Option<Reason> {
    decisions.iter().find_map(|decision| match decision {
        Decision::JoinRefused { reason, .. } => Some(*reason),
        _ => None,
    })
}

/// Observes both and says why the second did not join, if it did not.
fn refused(a: Observed, b: Observed) -> Option<Reason> {
    let mut set = set();
    set.observe(a);
    let decisions = set.observe(b);
    let joined = decisions.iter().any(|decision| matches!(decision, Decision::Joined { .. }));
    assert_eq!(joined, refusal(&decisions).is_none(), "{decisions:?}");
    refusal(&decisions)
}

use IdentifierKind::{Cookie, CustomerNumber, Email, LoyaltyNumber, Phone, UserId};

#[test]
fn an_unknown_profile_founds_a_customer_and_a_known_identifier_joins_it() {
    let mut set = set();
    let first = set.observe(person(1, "Anna Beck", &[(Email, "anna@firma.de")]));
    assert_eq!(first, [Decision::CustomerCreated { customer: Uuid::from_u128(1) }]);
    let second = set.observe(person(2, "A. Beck", &[(Email, "anna@firma.de")]));
    assert!(
        matches!(&second[..], [Decision::Joined { customer, .. }] if *customer == Uuid::from_u128(1)),
        "{second:?}"
    );
    assert_eq!(set.members(Uuid::from_u128(1)).count(), 2);
    let text = format!("{second:?}");
    assert!(!text.contains("firma"), "no value in a log: {text}");
}

#[test]
fn the_older_customer_survives_a_merge() {
    let mut set = set();
    set.observe(person(1, "Anna Beck", &[(Email, "anna@firma.de")]));
    set.observe(person(2, "Anna Beck", &[(Phone, "+491712345678")]));
    let both = person(3, "Anna Beck", &[(Email, "anna@firma.de"), (Phone, "+491712345678")]);
    let decisions = set.observe(both.clone());
    let merged = decisions.iter().any(|decision| {
        matches!(decision, Decision::Merged { survivor, retired, moved, .. }
            if survivor.as_u128() == 1 && retired.as_u128() == 2 && moved.len() == 1)
    });
    assert!(merged, "{decisions:?}");
    assert!([1, 2, 3].iter().all(|id| set.customer_of(Uuid::from_u128(*id)) == Some(Uuid::from_u128(1))));
    assert_eq!(set.observe(both), [], "nothing new, nothing decided");
}

#[test]
fn a_profile_that_learns_an_identifier_moves_with_its_customer() {
    let mut set = set();
    set.observe(person(1, "", &[(UserId, "u1")]));
    set.observe(person(2, "", &[(Cookie, "c1")]));
    let decisions = set.observe(person(2, "", &[(Cookie, "c1"), (UserId, "u1")]));
    assert!(
        matches!(&decisions[..], [Decision::Merged { moved, .. }] if *moved == [Uuid::from_u128(2)]),
        "earlier history comes along: {decisions:?}"
    );
}

#[test]
fn a_device_does_not_chain_two_people() {
    let mut set = set();
    set.observe(from("web", person(1, "", &[(Cookie, "c1")])));
    set.observe(from("web", person(2, "", &[(Cookie, "c1"), (UserId, "u1")])));
    let other = set.observe(from("web", person(3, "", &[(Cookie, "c1"), (UserId, "u2")])));
    assert_eq!(refusal(&other), Some(Reason::UserIdsDiffer));
    let visitor = set.observe(from("web", person(4, "", &[(Cookie, "c1")])));
    assert_eq!(refusal(&visitor), Some(Reason::Ambiguous), "nothing says which of the two it is");
    assert_eq!(
        refused(
            person(5, "", &[(Cookie, "c2"), (Email, "a@x.de")]),
            person(6, "", &[(Cookie, "c2"), (Email, "b@x.de")])
        ),
        Some(Reason::EmailsDiffer)
    );
}

#[test]
fn a_household_is_not_one_person() {
    let mail = [(Email, "familie@firma.de")];
    let anna = || person(1, "Anna Beck", &mail);
    assert_eq!(refused(anna(), person(2, "Peter Beck", &mail)), Some(Reason::GivenNamesDiffer));
    assert_eq!(refused(anna(), person(2, "Anna Koch", &mail)), None, "a marriage");
    let junior = with(anna(), "birth_date", "1990-01-02");
    assert_eq!(
        refused(with(anna(), "birth_date", "1960-05-06"), Observed { profile_id: Uuid::from_u128(2), ..junior }),
        Some(Reason::BirthDatesApart)
    );
    let line = [(Phone, "+493012345")];
    assert_eq!(
        refused(person(1, "Anna Beck", &line), person(2, "Anna Koch", &line)),
        Some(Reason::FamilyNamesDiffer),
        "an office has two Annas"
    );
}

#[test]
fn one_persons_mailbox_takes_a_nickname() {
    let mail = [(Email, "michael.beck@firma.de")];
    assert_eq!(refused(person(1, "Michael Beck", &mail), person(2, "Mike Beck", &mail)), None);
    assert_eq!(
        refused(person(1, "Michael Beck", &mail), person(2, "Petra Beck", &mail)),
        Some(Reason::GivenNamesDiffer)
    );
}

#[test]
fn kinds_and_customer_numbers_stand_against_a_join() {
    let phone = [(Phone, "+493012345")];
    let mut firma = person(2, "Beck GmbH", &phone);
    firma.kind = Some(PartyKind::Company);
    assert_eq!(refused(person(1, "Anna Beck", &phone), firma), Some(Reason::KindsDiffer));
    let numbered = |id, number| person(id, "Anna Beck", &[(Email, "anna@firma.de"), (CustomerNumber, number)]);
    assert_eq!(refused(numbered(1, "1042"), numbered(2, "1043")), Some(Reason::CustomerNumbersDiffer));
    assert_eq!(refused(numbered(1, "1042"), from("shop", numbered(2, "77"))), None, "two sources count on their own");
    assert_eq!(refused(numbered(1, "1042"), numbered(2, "KD1042")), None);
}

#[test]
fn a_family_shares_a_card_and_two_sources_count_from_one() {
    let card = [(LoyaltyNumber, "L1")];
    let shop = |id, name, carried| from("shop", person(id, name, carried));
    assert_eq!(refused(person(1, "Anna Beck", &card), shop(2, "Peter Beck", &card)), Some(Reason::GivenNamesDiffer));
    assert_eq!(refused(person(1, "Anna Beck", &card), shop(2, "A. Beck", &card)), None);
    assert_eq!(refused(person(1, "Anna Beck", &card), shop(2, "", &card)), None);
    let number = [(CustomerNumber, "1042")];
    assert_eq!(refused(person(1, "Anna Beck", &number), shop(2, "Emil Graf", &number)), Some(Reason::NamesDiffer));
    assert_eq!(refused(person(1, "Anna Beck", &number), shop(2, "Anna Koch", &number)), None);
    assert_eq!(refused(person(1, "Anna Beck", &number), person(2, "Emil Graf", &number)), None, "one source knows");
}

#[test]
fn who_is_of_unknown_kind_joins_a_company_by_number_and_a_name_still_speaks_against_it() {
    let unknown = |id, name, carried: &[_]| Observed { kind: None, ..from("sales", person(id, name, carried)) };
    let company = || Observed {
        kind: Some(PartyKind::Company),
        ..person(1, "Beck GmbH", &[(CustomerNumber, "F-1"), (Phone, "+4930")])
    };
    assert_eq!(refused(company(), unknown(2, "", &[(CustomerNumber, "F-1")])), None);
    assert_eq!(refused(unknown(2, "", &[(CustomerNumber, "F-1")]), company()), None);
    assert_eq!(refused(company(), unknown(2, "Anna Koch", &[(Phone, "+4930")])), Some(Reason::CompanyNamesDiffer));
    assert_eq!(refused(company(), unknown(2, "Beck", &[(Phone, "+4930")])), None);
    let anna = person(1, "Anna Beck", &[(Phone, "+4930")]);
    assert_eq!(refused(anna, unknown(2, "Peter Beck", &[(Phone, "+4930")])), Some(Reason::GivenNamesDiffer));
}

#[test]
fn a_role_mailbox_is_the_companys() {
    let mail = [(Email, "info@firma.de")];
    let mut set = set();
    set.observe(person(1, "Anna Beck", &mail));
    let second = set.observe(person(2, "Anna Beck", &mail));
    assert!(matches!(&second[..], [Decision::CustomerCreated { .. }]), "{second:?}");
    let company = |id| Observed { kind: Some(PartyKind::Company), ..person(id, "Beck GmbH", &mail) };
    assert_eq!(refused(company(3), company(4)), None);
}

#[test]
fn denied_values_are_blocked_once_and_never_join() {
    let mut set = set();
    let junk = [(Email, "test@test.com")];
    let first = set.observe(person(1, "Anna Beck", &junk));
    assert!(matches!(&first[0], Decision::IdentifierBlocked { .. }));
    let second = set.observe(person(2, "Anna Beck", &junk));
    assert!(matches!(&second[..], [Decision::CustomerCreated { .. }]), "{second:?}");
}

#[test]
fn a_value_with_too_many_identities_stops_joining() {
    let mut set = set();
    let line = [(Phone, "+493012345")];
    for (id, name) in ["Anna Beck", "Peter Koch", "Olga Stein", "Emil Graf"].iter().enumerate() {
        let decisions = set.observe(person(id as u128 + 1, name, &line));
        let shared = decisions.iter().any(|decision| matches!(decision, Decision::IdentifierShared { .. }));
        assert_eq!(shared, id == 3, "{decisions:?}");
    }
    let again = set.observe(person(9, "Anna Beck", &line));
    assert!(matches!(&again[..], [Decision::CustomerCreated { .. }]), "{again:?}");
    let loyal = [(Cookie, "c1"), (Email, "anna@firma.de")];
    for id in 20..60 {
        let decisions = set.observe(person(id, "Anna Beck", &loyal));
        assert!(!decisions.iter().any(|decision| matches!(decision, Decision::IdentifierShared { .. })));
    }
}

#[test]
fn weak_identifiers_join_nobody_and_staff_entries_stay_with_their_customer() {
    let mut set = set();
    let mut weak = person(1, "Anna Beck", &[(Email, "anna@firma.de")]);
    set.observe(weak.clone());
    weak.profile_id = Uuid::from_u128(2);
    weak.identifiers[0].2 = Strength::Weak;
    assert!(matches!(&set.observe(weak)[..], [Decision::CustomerCreated { .. }]));
    let note = set.attach(from("staff", person(3, "", &[])), Uuid::from_u128(1));
    assert!(matches!(&note[..], [Decision::Joined { cause: Cause::Attached, .. }]), "{note:?}");
    assert_eq!(set.customer_of(Uuid::from_u128(3)), Some(Uuid::from_u128(1)));
}

#[test]
fn limits_are_set_by_kind_and_spelt_right() {
    let named = |kind: &str| DegreeLimits::named(&[(kind.to_owned(), 9)].into());
    assert_eq!(named("phone").unwrap(), DegreeLimits { phone: 9, ..DegreeLimits::default() });
    assert!(named("fax").unwrap_err().to_string().contains("fax"));
}
