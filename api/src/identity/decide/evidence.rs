//! What a customer's profiles say together about who it is: the facts the conflict check compares. Folded once per profile.
//! Sets only: the same members give the same evidence in whatever order they came.

use crate::identity::deny::DenyList;
use crate::identity::name::{name_sort, without_legal_forms};
use crate::identity::person_name::PersonName;
use crate::identity::{IdentifierKind, Observed, PartyKind, Strength};

/// A birth date, or the part of it that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct BirthDate {
    year: u16,
    /// Month and day; unknown where only the year was asked for.
    day: Option<(u8, u8)>,
}

impl BirthDate {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.get(..10.min(text.len()))?.split('-');
        let year = parts.next().filter(|year| year.len() == 4)?.parse().ok()?;
        let day = match (parts.next(), parts.next()) {
            (Some(month), Some(day)) => Some((month.parse().ok()?, day.parse().ok()?)),
            _ => None,
        };
        Some(Self { year, day })
    }

    /// Whether one person may have both: one part of the three mistyped, or day and month exchanged, is a slip. A year that is
    /// off by a generation is not: father and son may share the day.
    pub(super) fn fits(self, other: Self) -> bool {
        let years = self.year.abs_diff(other.year);
        match (self.day, other.day) {
            (Some((m1, d1)), Some((m2, d2))) => match years {
                0 => m1 == m2 || d1 == d2 || (m1, d1) == (d2, m2),
                1 | 10 => (m1, d1) == (m2, d2),
                _ => false,
            },
            _ => years <= 1,
        }
    }
}

/// The facts of one profile, or of all profiles of a customer.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Evidence {
    pub(super) person: bool,
    pub(super) company: bool,
    pub(super) names: Vec<PersonName>,
    pub(super) company_names: Vec<String>,
    pub(super) birth_dates: Vec<BirthDate>,
    /// By source: numbers of two sources say nothing against each other.
    pub(super) customer_numbers: Vec<(String, String)>,
    pub(super) user_ids: Vec<(String, String)>,
    pub(super) vat_ids: Vec<String>,
    pub(super) emails: Vec<String>,
}

impl Evidence {
    /// The facts of one profile.
    pub(super) fn of(observed: &Observed, deny: &DenyList) -> Self {
        let attribute =
            |key: &str| observed.attributes.get(key).map(|told| told.value.trim()).filter(|value| !value.is_empty());
        let mut evidence = Self {
            person: observed.kind == Some(PartyKind::Person),
            company: observed.kind == Some(PartyKind::Company),
            ..Self::default()
        };
        // The name of one of unknown kind is compared as whatever the other side is.
        if !evidence.company {
            let name = PersonName::parse(attribute("given_name"), attribute("family_name"), attribute("name"));
            if !name.is_empty() {
                evidence.names.push(name);
            }
            let birth_date = attribute("birth_date").filter(|date| !deny.is_denied_birth_date(date));
            evidence.birth_dates.extend(birth_date.and_then(BirthDate::parse));
        }
        if !evidence.person {
            let employer = attribute("company").filter(|_| evidence.company);
            let name = attribute("name").or(employer).map(|name| without_legal_forms(&name_sort(name)));
            evidence.company_names.extend(name.filter(|name| !name.is_empty()));
            let vat_id = attribute("vat_id").map(|id| id.chars().filter(|c| c.is_alphanumeric()).collect::<String>());
            evidence.vat_ids.extend(vat_id.map(|id| id.to_uppercase()));
        }
        for (kind, value, strength) in &observed.identifiers {
            if *strength == Strength::Weak || deny.is_denied(*kind, value) {
                continue;
            }
            let scoped = || (observed.source.clone(), value.clone());
            match kind {
                IdentifierKind::CustomerNumber => push(&mut evidence.customer_numbers, scoped()),
                IdentifierKind::UserId => push(&mut evidence.user_ids, scoped()),
                IdentifierKind::Email => push(&mut evidence.emails, value.clone()),
                _ => {}
            }
        }
        evidence
    }

    /// Whether this says all that the other says.
    pub(super) fn covers(&self, other: &Self) -> bool {
        (self.person || !other.person)
            && (self.company || !other.company)
            && within(&other.names, &self.names)
            && within(&other.company_names, &self.company_names)
            && within(&other.birth_dates, &self.birth_dates)
            && within(&other.customer_numbers, &self.customer_numbers)
            && within(&other.user_ids, &self.user_ids)
            && within(&other.vat_ids, &self.vat_ids)
            && within(&other.emails, &self.emails)
    }

    /// Adds the facts of another profile or customer.
    pub(super) fn absorb(&mut self, other: &Self) {
        self.person |= other.person;
        self.company |= other.company;
        extend(&mut self.names, &other.names);
        extend(&mut self.company_names, &other.company_names);
        extend(&mut self.birth_dates, &other.birth_dates);
        extend(&mut self.customer_numbers, &other.customer_numbers);
        extend(&mut self.user_ids, &other.user_ids);
        extend(&mut self.vat_ids, &other.vat_ids);
        extend(&mut self.emails, &other.emails);
    }
}

fn push<T: PartialEq>(list: &mut Vec<T>, value: T) {
    if !list.contains(&value) {
        list.push(value);
    }
}

fn within<T: PartialEq>(part: &[T], whole: &[T]) -> bool {
    part.iter().all(|value| whole.contains(value))
}

fn extend<T: PartialEq + Clone>(list: &mut Vec<T>, values: &[T]) {
    for value in values {
        if !list.contains(value) {
            list.push(value.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn birth_dates_fit_with_a_slip_and_not_across_a_generation() {
        let fits = |a, b| BirthDate::parse(a).unwrap().fits(BirthDate::parse(b).unwrap());
        assert!(fits("1980-03-04", "1980-04-03"));
        assert!(fits("1980-03-04", "1980-03-14"));
        assert!(fits("1980-03-04", "1990-03-04"));
        assert!(fits("1980-03-04", "1980"));
        assert!(!fits("1980-03-04", "1955-03-04"));
        assert!(!fits("1980-03-04", "1981-07-14"));
        assert!(BirthDate::parse("04.03.1980").is_none());
        assert!(BirthDate::parse("").is_none());
    }
}
