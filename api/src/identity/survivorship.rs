//! Golden values: which of the members' values a customer shows. One rule for every attribute: the source with the higher
//! priority, then the newer, then the older profile; so the result does not depend on the order of the members.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::name::name_sort;
use super::{Observed, PartyKind};

/// The name of the rule, shown with each value.
pub const RULE: &str = "source priority, then newest";

/// One source's word on an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourcedValue {
    /// The value as the source's mapping gave it.
    pub value: String,
    /// The key of the source.
    pub source: String,
    /// The profile that says it.
    pub profile_id: Uuid,
    /// The record it came with.
    pub record_id: Uuid,
    /// When it was so at the source.
    pub observed_at: DateTime<Utc>,
}

/// The value a customer shows, and what lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Golden {
    /// The winner.
    pub winner: SourcedValue,
    /// The rule by which it won.
    pub rule: &'static str,
    /// Other values, the best first; each once, by the best profile that says it.
    pub alternatives: Vec<SourcedValue>,
}

/// What a customer shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoldenRecord {
    /// What the best profile that knows it says; a person if none does.
    pub kind: PartyKind,
    /// By attribute name.
    pub values: BTreeMap<String, Golden>,
    /// The sort key of the name; none without a name.
    pub name_sort: Option<String>,
}

impl GoldenRecord {
    /// The shown value of an attribute.
    pub fn get(&self, attribute: &str) -> Option<&str> {
        self.values.get(attribute).map(|golden| golden.winner.value.as_str())
    }
}

/// Picks the golden values from the members of one customer.
pub fn golden<'a>(members: impl IntoIterator<Item = &'a Observed>) -> GoldenRecord {
    let mut ranked: Vec<&Observed> = members.into_iter().collect();
    ranked.sort_by_key(|member| (Reverse(member.priority), Reverse(member.observed_at), member.profile_id));
    let kind = ranked.iter().find_map(|member| member.kind).unwrap_or(PartyKind::Person);
    let mut values: BTreeMap<String, Golden> = BTreeMap::new();
    for member in ranked {
        let name = composed_name(member, kind);
        let attributes = member.attributes.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        for (key, value) in attributes.chain(name.iter().map(|name| ("name", name.as_str()))) {
            let value = value.trim();
            if !value.is_empty() {
                offer(&mut values, key, value, member);
            }
        }
    }
    let name_sort = values.get("name").map(|golden| name_sort(&golden.winner.value)).filter(|key| !key.is_empty());
    GoldenRecord { kind, values, name_sort }
}

/// The name of a profile that has none: given and family name, or the company's. From one profile, so that no name is
/// composed of two sources' halves.
fn composed_name(member: &Observed, kind: PartyKind) -> Option<String> {
    let get = |key: &str| member.attributes.get(key).map(|value| value.trim()).filter(|value| !value.is_empty());
    if get("name").is_some() {
        return None;
    }
    match (kind, get("given_name"), get("family_name")) {
        (PartyKind::Company, _, _) => get("company").map(str::to_owned),
        (PartyKind::Person, Some(given), Some(family)) => Some(format!("{given} {family}")),
        (PartyKind::Person, given, family) => given.or(family).map(str::to_owned),
    }
}

/// Members come best first: the first value wins, later ones are kept if they differ.
fn offer(values: &mut BTreeMap<String, Golden>, key: &str, value: &str, member: &Observed) {
    let sourced = || SourcedValue {
        value: value.to_owned(),
        source: member.source.clone(),
        profile_id: member.profile_id,
        record_id: member.record_id,
        observed_at: member.observed_at,
    };
    match values.get_mut(key) {
        None => {
            values.insert(key.to_owned(), Golden { winner: sourced(), rule: RULE, alternatives: Vec::new() });
        }
        Some(golden) => {
            if golden.winner.value != value && !golden.alternatives.iter().any(|lost| lost.value == value) {
                golden.alternatives.push(sourced());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn member(id: u128, source: &str, priority: i32, seconds: i64, attributes: &[(&str, &str)]) -> Observed {
        Observed {
            profile_id: Uuid::from_u128(id),
            source: source.into(),
            priority,
            kind: Some(PartyKind::Person),
            attributes: attributes.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect(),
            observed_at: DateTime::from_timestamp(seconds, 0).unwrap(),
            record_id: Uuid::from_u128(id),
            identifiers: Vec::new(),
        }
    }

    #[test]
    fn priority_goes_before_news_and_losers_are_kept() {
        let crm = member(1, "crm", 9, 10, &[("city", "Köln"), ("given_name", "Anna"), ("family_name", "Müller")]);
        let web = member(2, "web", 1, 99, &[("city", "Bonn"), ("name", "anna m"), ("language", "de")]);
        let old = member(3, "web", 1, 5, &[("city", "Bonn"), ("language", "en")]);
        let record = golden([&old, &web, &crm]);
        assert_eq!(record.get("city"), Some("Köln"));
        assert_eq!(record.get("name"), Some("Anna Müller"));
        assert_eq!(record.name_sort.as_deref(), Some("anna mueller"));
        assert_eq!(record.get("language"), Some("de"));
        let lost = &record.values["city"].alternatives;
        assert_eq!((lost.len(), lost[0].value.as_str(), lost[0].profile_id), (1, "Bonn", web.profile_id));
    }

    #[test]
    fn a_company_is_called_by_its_company_name() {
        let mut firm = member(1, "crm", 1, 1, &[("company", "Beck GmbH")]);
        firm.kind = Some(PartyKind::Company);
        assert_eq!(golden([&firm]).get("name"), Some("Beck GmbH"));
    }

    #[test]
    fn a_profile_of_unknown_kind_takes_its_customers() {
        let mut firm = member(1, "crm", 1, 1, &[("name", "Beck GmbH")]);
        firm.kind = Some(PartyKind::Company);
        let mut note = member(2, "staff", 1000, 2, &[]);
        note.kind = None;
        assert_eq!(golden([&firm, &note]).kind, PartyKind::Company);
        assert_eq!(golden([&note]).kind, PartyKind::Person);
    }

    proptest! {
        #[test]
        fn the_order_of_the_members_does_not_matter(
            facts in prop::collection::vec((0..3_i32, 0..3_i64, "[ab]{0,1}", "[ab ]{0,2}"), 0..8),
            turn in 0..8_usize,
        ) {
            let members: Vec<Observed> = facts
                .iter()
                .enumerate()
                .map(|(at, (priority, seconds, city, name))| {
                    member(at as u128, "s", *priority, *seconds, &[("city", city), ("given_name", name), ("family_name", "x")])
                })
                .collect();
            let mut turned: Vec<&Observed> = members.iter().collect();
            turned.rotate_left(turn % members.len().max(1));
            prop_assert_eq!(golden(&members), golden(turned.iter().copied()));
            turned.reverse();
            prop_assert_eq!(golden(&members), golden(turned));
        }
    }
}
