//! What is likely wrong with a mapping that loads: `customer360 mapping check` tells it.
//!
//! A warning is what somebody will be surprised by; a hint is what could be more.

use std::collections::{BTreeMap, BTreeSet};

use super::table::{Belongs, Table};
use super::{FieldRule, Mapping, Owner, RowRule, Stream};

/// How much it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Records will be refused, doubled or lost from sight.
    Warning,
    /// It works, and says less than it could.
    Hint,
}

/// Something to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How much it matters.
    pub weight: Weight,
    /// What it is, and what to do.
    pub text: String,
}

/// What is likely wrong, the heaviest first.
pub fn check(mapping: &Mapping) -> Vec<Finding> {
    let mut findings = Findings(Vec::new());
    let mut names: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    for (name, position) in &mapping.by_name {
        names.entry(*position).or_default().push(name);
    }
    for (position, stream) in mapping.streams.iter().enumerate() {
        let mut names = names.remove(&position).unwrap_or_default();
        names.sort_unstable();
        findings.stream(mapping, &names.join(", "), stream);
    }
    findings.identifiers(mapping);
    findings.fields(mapping);
    findings.facts(mapping);
    findings.0.sort_by_key(|finding| finding.weight);
    findings.0
}

struct Findings(Vec<Finding>);

impl Findings {
    fn warn(&mut self, text: String) {
        self.0.push(Finding { weight: Weight::Warning, text });
    }

    fn hint(&mut self, text: String) {
        self.0.push(Finding { weight: Weight::Hint, text });
    }

    fn stream(&mut self, mapping: &Mapping, name: &str, stream: &Stream) {
        let is_ignored = stream.profiles.is_empty() && stream.rows.is_empty();
        if is_ignored {
            return;
        }
        if stream.key.is_none() {
            self.warn(format!(
                "stream {name}: no `key`. Where the door gives none either, a changed record is another one beside the first."
            ));
        }
        match (stream.version.is_empty(), stream.occurred_at.is_some()) {
            (true, false) => self.warn(format!(
                "stream {name}: neither `version` nor `occurred_at`. What arrives last wins, however old it is."
            )),
            (true, true) if stream.key.is_some() => self.hint(format!(
                "stream {name}: no `version`. The later `occurred_at` wins; a record that changes without it is not taken again."
            )),
            _ => {}
        }
        if stream.delete.is_none() {
            self.hint(format!("stream {name}: no `delete`. Only the door can say that a record is gone."));
        }
        for row in &stream.rows {
            let needs = row.table.belongs == Belongs::Profile;
            if needs && matches!(row.owner, Owner::First) && stream.profiles.is_empty() {
                self.warn(format!(
                    "stream {name}: rows of {} need a profile, and the stream has none: every record is refused.",
                    row.table.name
                ));
            }
            if row.for_each.is_some() && row.part.is_none() {
                self.hint(format!(
                    "stream {name}: rows of {} are told apart by their place in the list. If it can change, give a `part`.",
                    row.table.name
                ));
            }
            for (field, rule) in &row.fields {
                if let FieldRule::Reference { stream: other, .. } = rule
                    && !mapping.by_name.contains_key(other)
                {
                    self.warn(format!(
                        "stream {name}: `{}` of {} refers to the stream `{other}`, which this mapping does not have.",
                        field.name, row.table.name
                    ));
                }
            }
        }
        self.parts(name, &stream.rows);
    }

    /// Rows that would be one.
    fn parts(&mut self, name: &str, rows: &[RowRule]) {
        let alone = rows.iter().filter(|row| row.for_each.is_none() && row.part.is_none() && row.when.is_none());
        if alone.count() > 1 {
            self.warn(format!(
                "stream {name}: several rows without `part`. Every record is refused, since they would be the same row."
            ));
        }
    }

    fn identifiers(&mut self, mapping: &Mapping) {
        let profiles: Vec<_> = mapping.streams.iter().flat_map(|stream| &stream.profiles).collect();
        if profiles.is_empty() {
            return;
        }
        let identifiers: Vec<_> = profiles.iter().flat_map(|profile| &profile.identifiers).collect();
        if identifiers.is_empty() {
            self.warn("no profile has `identifiers`: its customers never meet those of other sources.".into());
        } else if identifiers.iter().all(|rule| rule.strength == crate::identity::Strength::Weak) {
            self.warn("all `identifiers` are WEAK: its customers never meet those of other sources.".into());
        }
        if profiles.iter().all(|profile| profile.attributes.is_empty()) {
            self.hint("no profile has `attributes`: customers met here first have no name.".into());
        }
    }

    /// What the silo shows and nothing fills.
    fn fields(&mut self, mapping: &Mapping) {
        let mut filled: BTreeMap<&str, (&'static Table, BTreeSet<&str>)> = BTreeMap::new();
        for row in mapping.streams.iter().flat_map(|stream| &stream.rows) {
            let known = filled.entry(row.table.name).or_insert((row.table, BTreeSet::new()));
            known.1.extend(row.fields.iter().map(|(field, _)| field.name));
        }
        for (name, (table, mut filled)) in filled {
            let ruled = |rule: &super::TouchpointRule| rule.concerns_table(table.name);
            if mapping.touchpoints.iter().any(ruled) {
                filled.insert("touchpoint");
            }
            let empty: Vec<_> =
                table.fields.iter().map(|field| field.name).filter(|field| !filled.contains(field)).collect();
            if !empty.is_empty() {
                self.hint(format!("{name}: shown and never filled: {}.", empty.join(", ")));
            }
        }
    }

    fn facts(&mut self, mapping: &Mapping) {
        for (name, constant) in &mapping.facts.constants {
            if constant.value.is_none() {
                let about = constant.about.as_deref().map_or_else(String::new, |about| format!(" ({about})"));
                let text = format!("constant {name}{about}: a source's file says it under [constants].");
                if constant.is_optional { self.hint(text) } else { self.warn(text) }
            }
        }
        if mapping.facts.has_zone && mapping.facts.zone.is_none() {
            self.warn("the source's file must say `time_zone`.".into());
        }
        for (name, table) in &mapping.facts.lookups {
            if table.is_empty() {
                self.hint(format!("[lookup.{name}] is empty: a source's file fills it."));
            }
        }
        self.hint(format!("version {}: raise it whenever the mapping is changed.", mapping.version));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_tells_what_will_surprise() {
        let told = |file: &str| -> Vec<String> {
            let findings = check(&Mapping::parse(file).unwrap());
            findings.into_iter().filter(|found| found.weight == Weight::Warning).map(|found| found.text).collect()
        };
        let bad = "key = \"a\"\nsilo = \"support\"\ntime_zone = \"source\"\n[constants]\nbase = { about = \"its address\" }\n\
            [[stream]]\nname = \"tickets\"\n[[stream.row]]\ntable = \"ticket_message\"\nprofile = \"/who\"\n\
            [stream.row.fields]\nticket = { stream = \"cases\", key = \"/t\" }\ntext = \"/x\"\nsent_at = \"/s\"\n\
            [[stream.row]]\ntable = \"ticket\"\nfields = { status = \"/s\", subject = \"/x\", opened_at = \"/o\" }\n\
            [[stream]]\nname = \"users\"\nkey = \"/id\"\nversion = \"/v\"\n[[stream.profile]]\nkey = \"/id\"\n";
        let told_bad = told(bad);
        for says in [
            "no `key`",
            "neither `version` nor",
            "rows of ticket need a profile",
            "the stream `cases`",
            "several rows without",
            "no profile has `identifiers`",
            "constant base (its address)",
            "time_zone",
        ] {
            assert!(told_bad.iter().any(|text| text.contains(says)), "{says}: {told_bad:#?}");
        }
        for (key, text) in crate::ingest::preset::all() {
            let told = told(text);
            let surprising: Vec<_> = told
                .iter()
                .filter(|text| {
                    !["neither `version`", "no `key`", "constant ", "`time_zone`"]
                        .iter()
                        .any(|known| text.contains(known))
                })
                .collect();
            assert!(surprising.is_empty(), "{key}: {surprising:#?}");
        }
    }
}
