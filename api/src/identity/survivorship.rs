//! Golden values: which of the members' values a customer shows. One rule for every attribute: the source with the higher
//! priority, then the newer word, then the older profile; so the result does not depend on the order of the members. A name
//! comes from one profile as a whole, unless a half of it (a family name, corrected) goes before every whole one.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::name::name_sort;
use super::{Observed, PartyKind, Told};

/// The name of the rule, shown with each value.
pub const RULE: &str = "source priority, then newest";

/// The name of the rule for a name made of the best given name and the best family name.
pub const COMPOSED_RULE: &str = "given and family name, each by source priority, then newest";

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

/// The best first: the source with the higher priority, then the newer word, then the older profile.
type Rank = (Reverse<i32>, Reverse<DateTime<Utc>>, Uuid);

type Offers = BTreeMap<Rank, SourcedValue>;

/// Picks the golden values from the members of one customer.
pub fn golden<'a>(members: impl IntoIterator<Item = &'a Observed>) -> GoldenRecord {
    let mut members: Vec<&Observed> = members.into_iter().collect();
    members.sort_by_key(|member| (Reverse(member.priority), Reverse(member.observed_at), member.profile_id));
    let kind = members.iter().find_map(|member| member.kind).unwrap_or(PartyKind::Person);
    let mut offers: BTreeMap<&str, Offers> = BTreeMap::new();
    let mut halves = Offers::new();
    for member in members {
        for (key, told) in member.attributes.iter().filter(|(key, _)| *key != "name") {
            offer(offers.entry(key).or_default(), member, told.value.trim(), told);
        }
        match naming(member, kind) {
            Some(Naming::Whole(name, told)) => offer(offers.entry("name").or_default(), member, &name, told),
            Some(Naming::Half(told)) => offer(&mut halves, member, told.value.trim(), told),
            None => {}
        }
    }
    let whole_name = offers.get("name").and_then(|names| names.keys().next()).copied();
    let mut values: BTreeMap<String, Golden> =
        offers.into_iter().filter_map(|(key, offers)| Some((key.to_owned(), choose(offers)?))).collect();
    if let Some((rank, half)) = halves.pop_first()
        && whole_name.is_none_or(|name| (rank.0, rank.1) < (name.0, name.1))
    {
        compose(&mut values, half);
    }
    let name_sort = values.get("name").map(|golden| name_sort(&golden.winner.value)).filter(|key| !key.is_empty());
    GoldenRecord { kind, values, name_sort }
}

/// What a profile says of the name.
enum Naming<'a> {
    /// All of it, and its newest part.
    Whole(String, &'a Told),
    /// The given name or the family name alone.
    Half(&'a Told),
}

/// The name that a profile gives: written out, or its given and family name, whichever is newer; or the company's.
fn naming(member: &Observed, kind: PartyKind) -> Option<Naming<'_>> {
    let get = |key: &str| member.attributes.get(key).filter(|told| !told.value.trim().is_empty());
    let written = get("name").map(|told| Naming::Whole(told.value.trim().to_owned(), told));
    if kind == PartyKind::Company {
        return written.or_else(|| get("company").map(|told| Naming::Whole(told.value.trim().to_owned(), told)));
    }
    let (given, family) = (get("given_name"), get("family_name"));
    let newest = given.into_iter().chain(family).max_by_key(|told| told.observed_at);
    let newest = newest.filter(|part| get("name").is_none_or(|name| name.observed_at < part.observed_at));
    match (newest, given, family) {
        (Some(newest), Some(given), Some(family)) => {
            Some(Naming::Whole(format!("{} {}", given.value.trim(), family.value.trim()), newest))
        }
        (Some(half), _, _) => Some(Naming::Half(half)),
        (None, _, _) => written,
    }
}

/// A half of a name that goes before every whole one (a correction of the family name alone) takes its place within the
/// name: the best given name and the best family name. It stands alone only where nothing else is known.
fn compose(values: &mut BTreeMap<String, Golden>, half: SourcedValue) {
    let get = |key: &str| values.get(key).map(|golden| golden.winner.value.as_str());
    let name = match (get("given_name"), get("family_name")) {
        (Some(given), Some(family)) => format!("{given} {family}"),
        _ if values.contains_key("name") => return,
        _ => half.value.clone(),
    };
    let lost = values.remove("name").map(|golden| std::iter::once(golden.winner).chain(golden.alternatives));
    let alternatives = lost.into_iter().flatten().filter(|lost| lost.value != name).collect();
    let winner = SourcedValue { value: name, ..half };
    values.insert("name".to_owned(), Golden { winner, rule: COMPOSED_RULE, alternatives });
}

fn offer(offers: &mut Offers, member: &Observed, value: &str, told: &Told) {
    if value.is_empty() {
        return;
    }
    let rank = (Reverse(member.priority), Reverse(told.observed_at), member.profile_id);
    let sourced = SourcedValue {
        value: value.to_owned(),
        source: member.source.clone(),
        profile_id: member.profile_id,
        record_id: told.record_id,
        observed_at: told.observed_at,
    };
    offers.insert(rank, sourced);
}

/// The first wins, later ones are kept if they differ.
fn choose(offers: Offers) -> Option<Golden> {
    let mut offers = offers.into_values();
    let winner = offers.next()?;
    let mut alternatives: Vec<SourcedValue> = Vec::new();
    for lost in offers {
        if lost.value != winner.value && !alternatives.iter().any(|known| known.value == lost.value) {
            alternatives.push(lost);
        }
    }
    Some(Golden { winner, rule: RULE, alternatives })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn told(id: u128, seconds: i64, value: &str) -> Told {
        let observed_at = DateTime::from_timestamp(seconds, 0).unwrap();
        Told { value: value.into(), observed_at, record_id: Uuid::from_u128(id) }
    }

    fn member(id: u128, source: &str, priority: i32, seconds: i64, attributes: &[(&str, &str)]) -> Observed {
        Observed {
            profile_id: Uuid::from_u128(id),
            source: source.into(),
            priority,
            kind: Some(PartyKind::Person),
            attributes: attributes.iter().map(|(key, value)| ((*key).into(), told(id, seconds, value))).collect(),
            observed_at: DateTime::from_timestamp(seconds, 0).unwrap(),
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
    fn each_value_has_its_own_time_and_record() {
        let mut crm = member(1, "crm", 5, 10, &[("name", "Anna Schmidt")]);
        crm.attributes.insert("city".into(), told(7, 60, "Bonn"));
        crm.observed_at = DateTime::from_timestamp(60, 0).unwrap();
        let web = member(2, "web", 5, 30, &[("name", "Anna Müller"), ("city", "Köln")]);
        let record = golden([&crm, &web]);
        assert_eq!((record.get("name"), record.get("city")), (Some("Anna Müller"), Some("Bonn")));
        assert_eq!(record.values["city"].winner.record_id, Uuid::from_u128(7));
        assert_eq!(record.values["name"].alternatives[0].observed_at.timestamp(), 10);
    }

    #[test]
    fn a_half_of_a_name_takes_its_place_within_it() {
        let crm = member(1, "crm", 5, 10, &[("given_name", "Anna"), ("family_name", "Schmidt")]);
        let staff = |attributes| member(2, "staff", 9, 20, attributes);
        let name = |members: &[&Observed]| golden(members.iter().copied()).get("name").map(str::to_owned);
        let record = golden([&crm, &staff(&[("family_name", "Koch")])]);
        let golden_name = &record.values["name"];
        assert_eq!((golden_name.winner.value.as_str(), golden_name.winner.source.as_str()), ("Anna Koch", "staff"));
        assert_eq!((golden_name.rule, golden_name.alternatives[0].value.as_str()), (COMPOSED_RULE, "Anna Schmidt"));
        let written = member(3, "shop", 5, 10, &[("name", "Anna Schmidt")]);
        assert_eq!(name(&[&written, &staff(&[("family_name", "Koch")])]).as_deref(), Some("Anna Schmidt"));
        assert_eq!(name(&[&staff(&[("family_name", "Koch")])]).as_deref(), Some("Koch"));
        let weak = member(4, "web", 1, 99, &[("family_name", "Beck")]);
        assert_eq!(name(&[&crm, &weak]).as_deref(), Some("Anna Schmidt"));
        // A correction of one half after one of the whole, in one profile.
        let mut twice = staff(&[("name", "Anna Berg")]);
        twice.attributes.insert("family_name".into(), told(2, 30, "Koch"));
        assert_eq!(name(&[&crm, &twice]).as_deref(), Some("Anna Koch"));
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
