//! What speaks against two customers being one, and what speaks for it beyond the common identifier. Compared as a whole,
//! never profile by profile: pairwise rules chain strangers.

use std::fmt;

use super::evidence::Evidence;
use crate::identity::IdentifierKind;
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
    /// Same given name, other family name, and nothing better than a telephone or a device in common.
    FamilyNamesDiffer,
    /// The companies' names have nothing in common.
    CompanyNamesDiffer,
    /// Different tax numbers.
    VatIdsDiffer,
    /// Two e-mail addresses used one device, and no name says that it was one person.
    EmailsDiffer,
    /// Several customers carry the value and nothing says which of them it is.
    Ambiguous,
    /// Only a telephone number in common, and no name beside it.
    NameMissing,
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
            Self::CompanyNamesDiffer => "COMPANY_NAMES_DIFFER",
            Self::VatIdsDiffer => "VAT_IDS_DIFFER",
            Self::EmailsDiffer => "EMAILS_DIFFER",
            Self::Ambiguous => "AMBIGUOUS",
            Self::NameMissing => "NAME_MISSING",
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

/// Compares two customers that have an identifier of this kind (the best of several) in common.
pub(super) fn compare(a: &Evidence, b: &Evidence, best: IdentifierKind) -> Verdict {
    if (a.person && b.company) || (a.company && b.person) {
        return Verdict::Against(Reason::KindsDiffer);
    }
    if apart_within_a_source(&a.customer_numbers, &b.customer_numbers) {
        return Verdict::Against(Reason::CustomerNumbersDiffer);
    }
    let device_saw_two = best >= IdentifierKind::Phone && apart_overall(&a.user_ids, &b.user_ids);
    if device_saw_two || apart_within_a_source(&a.user_ids, &b.user_ids) {
        return Verdict::Against(Reason::UserIdsDiffer);
    }
    if disjoint(&a.vat_ids, &b.vat_ids, |x, y| x == y) {
        return Verdict::Against(Reason::VatIdsDiffer);
    }
    if disjoint(&a.birth_dates, &b.birth_dates, |x, y| x.fits(*y)) {
        return Verdict::Against(Reason::BirthDatesApart);
    }
    if !best.is_shareable() {
        return Verdict::For;
    }
    if a.company {
        return companies(a, b);
    }
    persons(a, b, best)
}

fn persons(a: &Evidence, b: &Evidence, best: IdentifierKind) -> Verdict {
    let (given, family) = names(&a.names, &b.names);
    if given == Some(false) {
        return Verdict::Against(Reason::GivenNamesDiffer);
    }
    let full = given == Some(true) && family == Some(true);
    if best == IdentifierKind::Email {
        // Another family name with the same given name on one mailbox is a marriage, not another person.
        return if given == Some(true) { Verdict::For } else { Verdict::Open };
    }
    if family == Some(false) {
        return Verdict::Against(Reason::FamilyNamesDiffer);
    }
    if full {
        return Verdict::For;
    }
    if best == IdentifierKind::Cookie && disjoint(&a.emails, &b.emails, |x, y| x == y) {
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
    let written_out = |names: &[PersonName]| names.iter().any(|name| !name.given.is_empty());
    let known = |names: &[PersonName]| names.iter().any(|name| !name.given.is_empty() || !name.initials.is_empty());
    // An initial says something only to a side that has nothing better, or one letter would bridge two people.
    let given = if written_out(a) && written_out(b) {
        Some(pairs().any(|(x, y)| any(&x.given, &y.given, |p, q| same_given(p, q))))
    } else if known(a) && known(b) {
        let letters = |name: &PersonName| -> Vec<char> {
            name.initials.iter().copied().chain(name.given.iter().filter_map(|given| given.chars().next())).collect()
        };
        Some(pairs().any(|(x, y)| any(&letters(x), &letters(y), |p, q| sounds(*p) == sounds(*q))))
    } else {
        None
    };
    let has_family = |names: &[PersonName]| names.iter().any(|name| !name.family.is_empty());
    let family = (has_family(a) && has_family(b))
        .then(|| pairs().any(|(x, y)| any(&x.family, &y.family, |p, q| same_family(p, q))));
    (given, family)
}

/// An initial as the spelling key writes it.
fn sounds(letter: char) -> char {
    match letter {
        'c' => 'k',
        'y' => 'i',
        other => other,
    }
}

fn any<T>(a: &[T], b: &[T], same: impl Fn(&T, &T) -> bool) -> bool {
    a.iter().any(|x| b.iter().any(|y| same(x, y)))
}

/// Both have some, and none in common.
fn disjoint<T>(a: &[T], b: &[T], same: impl Fn(&T, &T) -> bool) -> bool {
    !a.is_empty() && !b.is_empty() && !any(a, b, same)
}

fn apart_overall(a: &[(String, String)], b: &[(String, String)]) -> bool {
    disjoint(a, b, |x, y| x.1 == y.1)
}

/// Some source gave both a value, and never the same.
fn apart_within_a_source(a: &[(String, String)], b: &[(String, String)]) -> bool {
    a.iter().any(|(source, _)| {
        let of = |list: &[(String, String)]| -> Vec<String> {
            list.iter().filter(|(s, _)| s == source).map(|(_, value)| value.clone()).collect()
        };
        let (mine, theirs) = (of(a), of(b));
        !theirs.is_empty() && !mine.iter().any(|value| theirs.contains(value))
    })
}
