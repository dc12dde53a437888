//! What speaks against two customers being one, and what speaks for it beyond the common identifier. Compared as a whole,
//! never profile by profile: pairwise rules chain strangers.

use std::fmt;

use super::IdentifierKey;
use super::evidence::Evidence;
use crate::identity::IdentifierKind;
use crate::identity::name::sound;
use crate::identity::person_name::{PersonName, same_family, same_given};
use crate::identity::similarity::similarity;

/// Why two that carry one identifier are not joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// One is a person, one a company.
    KindsDiffer,
    /// One source gave them different customer numbers.
    CustomerNumbersDiffer,
    /// One source knows two logins, or the device has seen two.
    UserIdsDiffer,
    /// All birth dates are apart.
    BirthDatesApart,
    /// Both have given names, none in common.
    GivenNamesDiffer,
    /// Same given name, other family name, and nothing better than a card, a telephone or a device in common.
    FamilyNamesDiffer,
    /// Two sources use one customer number, for people whose given and family names both differ.
    NamesDiffer,
    /// The companies' names have nothing in common.
    CompanyNamesDiffer,
    /// Different tax numbers.
    VatIdsDiffer,
    /// Two e-mail addresses used one device, and no name says that it was one person.
    EmailsDiffer,
    /// Several customers carry the value and nothing says which of them it is.
    Ambiguous,
}

impl Reason {
    /// The stable text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::KindsDiffer => "KINDS_DIFFER",
            Self::CustomerNumbersDiffer => "CUSTOMER_NUMBERS_DIFFER",
            Self::UserIdsDiffer => "USER_IDS_DIFFER",
            Self::BirthDatesApart => "BIRTH_DATES_APART",
            Self::GivenNamesDiffer => "GIVEN_NAMES_DIFFER",
            Self::FamilyNamesDiffer => "FAMILY_NAMES_DIFFER",
            Self::NamesDiffer => "NAMES_DIFFER",
            Self::CompanyNamesDiffer => "COMPANY_NAMES_DIFFER",
            Self::VatIdsDiffer => "VAT_IDS_DIFFER",
            Self::EmailsDiffer => "EMAILS_DIFFER",
            Self::Ambiguous => "AMBIGUOUS",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What the evidence of two says about each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Not one: the reason.
    Against(Reason),
    /// Nothing against it, and no name to say so.
    Open,
    /// The names agree in full (given and family name, or the company's).
    For,
}

/// Compares two customers that have this identifier (the most trusted of several) in common.
pub(super) fn compare(a: &Evidence, b: &Evidence, via: &IdentifierKey) -> Verdict {
    let best = via.kind;
    if (a.person && b.company) || (a.company && b.person) {
        return Verdict::Against(Reason::KindsDiffer);
    }
    if apart_within_a_source(&a.customer_numbers, &b.customer_numbers, |x, y| bare(x) == bare(y)) {
        return Verdict::Against(Reason::CustomerNumbersDiffer);
    }
    let device_saw_two = best >= IdentifierKind::Phone && apart_overall(&a.user_ids, &b.user_ids);
    if device_saw_two || apart_within_a_source(&a.user_ids, &b.user_ids, |x, y| x == y) {
        return Verdict::Against(Reason::UserIdsDiffer);
    }
    if disjoint(&a.vat_ids, &b.vat_ids, |x, y| x == y) {
        return Verdict::Against(Reason::VatIdsDiffer);
    }
    if disjoint(&a.birth_dates, &b.birth_dates, |x, y| x.fits(*y)) {
        return Verdict::Against(Reason::BirthDatesApart);
    }
    if !best.is_shareable() {
        let stranger = best == IdentifierKind::CustomerNumber
            && !one_source_has_both(&a.customer_numbers, &b.customer_numbers, &via.value)
            && names(&a.names, &b.names) == (Some(false), Some(false));
        return if stranger { Verdict::Against(Reason::NamesDiffer) } else { Verdict::For };
    }
    if a.company || b.company {
        return companies(a, b);
    }
    persons(a, b, via)
}

fn persons(a: &Evidence, b: &Evidence, via: &IdentifierKey) -> Verdict {
    let (given, family) = names(&a.names, &b.names);
    if given == Some(false) {
        let one_persons_mailbox = via.kind == IdentifierKind::Email
            && family != Some(false)
            && resemble(&a.names, &b.names)
            && is_personal_mailbox(&via.value, a.names.iter().chain(&b.names));
        return if one_persons_mailbox { Verdict::For } else { Verdict::Against(Reason::GivenNamesDiffer) };
    }
    if via.kind == IdentifierKind::Email {
        // Another family name with the same given name on one mailbox is a marriage, not another person.
        return if given == Some(true) { Verdict::For } else { Verdict::Open };
    }
    if family == Some(false) {
        return Verdict::Against(Reason::FamilyNamesDiffer);
    }
    if given == Some(true) && family == Some(true) {
        return Verdict::For;
    }
    if via.kind == IdentifierKind::Cookie && disjoint(&a.emails, &b.emails, |x, y| x == y) {
        return Verdict::Against(Reason::EmailsDiffer);
    }
    Verdict::Open
}

fn companies(a: &Evidence, b: &Evidence) -> Verdict {
    if a.company_names.is_empty() || b.company_names.is_empty() {
        return Verdict::Open;
    }
    let alike = |x: &String, y: &String| x == y || similarity(x, y) >= 0.5;
    if disjoint(&a.company_names, &b.company_names, alike) {
        Verdict::Against(Reason::CompanyNamesDiffer)
    } else {
        Verdict::For
    }
}

/// Whether the given names, and the family names, agree; `None` where one side has none. Names written in the wrong fields
/// agree crosswise.
fn names(a: &[PersonName], b: &[PersonName]) -> (Option<bool>, Option<bool>) {
    let pairs = || a.iter().flat_map(|x| b.iter().map(move |y| (x, y)));
    if pairs().any(|(x, y)| {
        any(&x.given, &y.family, |p, q| same_given(p, q)) && any(&x.family, &y.given, |p, q| same_given(p, q))
    }) {
        return (Some(true), Some(true));
    }
    // A single name in the wrong field says nothing about the given name.
    let wrong_field =
        |x: &PersonName, y: &PersonName| x.family.is_empty() && any(&x.given, &y.family, |p, q| same_family(p, q));
    if pairs().any(|(x, y)| wrong_field(x, y) || wrong_field(y, x)) {
        return (None, None);
    }
    let written_out = |names: &[PersonName]| names.iter().any(|name| !name.given.is_empty());
    let known = |names: &[PersonName]| names.iter().any(|name| !name.given.is_empty() || !name.initials.is_empty());
    // An initial says something only to a side that has nothing better, or one letter would bridge two people.
    let given = if written_out(a) && written_out(b) {
        Some(pairs().any(|(x, y)| any(&x.given, &y.given, |p, q| same_given(p, q))))
    } else if known(a) && known(b) {
        Some(pairs().any(|(x, y)| any(&x.letters(), &y.letters(), |p, q| p == q)))
    } else {
        None
    };
    let has_family = |names: &[PersonName]| names.iter().any(|name| !name.family.is_empty());
    let family = (has_family(a) && has_family(b))
        .then(|| pairs().any(|(x, y)| any(&x.family, &y.family, |p, q| same_family(p, q))));
    (given, family)
}

/// Whether two given names could be forms of one: the same first letter, or one within the other. Too weak to say yes alone.
fn resemble(a: &[PersonName], b: &[PersonName]) -> bool {
    let within = |x: &String, y: &String| x.len() >= 4 && y.contains(x.as_str());
    a.iter().any(|x| {
        b.iter().any(|y| {
            any(&x.letters(), &y.letters(), |p, q| p == q)
                || any(&x.given, &y.given, |p, q| within(p, q) || within(q, p))
        })
    })
}

/// Whether an address is named after one of these people (`anna.beck@`, `abeck@`), and so is not the mailbox of a household.
fn is_personal_mailbox<'a>(address: &str, names: impl Iterator<Item = &'a PersonName>) -> bool {
    let local: String = address.split('@').next().unwrap_or_default().chars().filter(|c| c.is_alphabetic()).collect();
    let local = sound(&local);
    names.into_iter().any(|name| {
        let given_inside = name.given.iter().any(|given| given.len() >= 3 && local.contains(given.as_str()));
        let initial_beside = || {
            name.family.iter().any(|family| {
                let rest = local.strip_suffix(family.as_str()).or_else(|| local.strip_prefix(family.as_str()));
                rest.is_some_and(|rest| name.letters().iter().any(|letter| rest.chars().eq([*letter])))
            })
        };
        given_inside || initial_beside()
    })
}

fn any<T>(a: &[T], b: &[T], same: impl Fn(&T, &T) -> bool) -> bool {
    a.iter().any(|x| b.iter().any(|y| same(x, y)))
}

/// Both have some, and none in common.
fn disjoint<T>(a: &[T], b: &[T], same: impl Fn(&T, &T) -> bool) -> bool {
    !a.is_empty() && !b.is_empty() && !any(a, b, same)
}

/// Whether one source gave both this number: then it says that they are one. Two sources may count from 1 each.
fn one_source_has_both(a: &[(String, String)], b: &[(String, String)], number: &str) -> bool {
    a.iter().any(|(source, value)| value == number && b.iter().any(|(of, other)| of == source && other == number))
}

fn apart_overall(a: &[(String, String)], b: &[(String, String)]) -> bool {
    disjoint(a, b, |x, y| x.1 == y.1)
}

/// Some source gave both a value, and never the same.
fn apart_within_a_source(a: &[(String, String)], b: &[(String, String)], same: impl Fn(&str, &str) -> bool) -> bool {
    a.iter().any(|(source, _)| {
        let mine = || a.iter().filter(|(of, _)| of == source).map(|(_, value)| value);
        let mut theirs = b.iter().filter(|(of, _)| of == source).map(|(_, value)| value).peekable();
        theirs.peek().is_some() && !theirs.any(|their| mine().any(|my| same(my, their)))
    })
}

/// A customer number without the letters people put before it: `KD1042` is no other number than `1042`.
fn bare(number: &str) -> &str {
    let bare = number.trim_start_matches(char::is_alphabetic);
    if bare.is_empty() { number } else { bare }
}
