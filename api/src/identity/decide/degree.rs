//! How many other identities are on one value. Counted in names, addresses and accounts, never in records: a loyal
//! visitor has many sessions. Counts, not lists, so that the order of arrival does not matter and a change can be taken back.

use std::collections::BTreeMap;

use super::evidence::Evidence;
use crate::identity::IdentifierKind;

/// The identities of the profiles that carry a value.
#[derive(Debug, Clone, Default)]
pub(super) struct Degree {
    given: BTreeMap<String, usize>,
    family: BTreeMap<String, usize>,
    emails: BTreeMap<String, usize>,
    accounts: BTreeMap<String, usize>,
}

impl Degree {
    /// A profile carries the value from now on.
    pub(super) fn add(&mut self, evidence: &Evidence) {
        self.each(evidence, |counts, key| *counts.entry(key).or_default() += 1);
    }

    /// A profile no longer carries it, or says something else.
    pub(super) fn remove(&mut self, evidence: &Evidence) {
        self.each(evidence, |counts, key| {
            if let Some(count) = counts.get_mut(&key) {
                *count -= 1;
                if *count == 0 {
                    counts.remove(&key);
                }
            }
        });
    }

    /// The largest of the counts that say something about a value of this kind.
    pub(super) fn identities(&self, kind: IdentifierKind) -> usize {
        let names = self.given.len().max(self.family.len());
        match kind {
            // Whoever has several addresses has them on one number.
            IdentifierKind::Email => names.max(self.accounts.len()),
            _ => names.max(self.emails.len()).max(self.accounts.len()),
        }
    }

    fn each(&mut self, evidence: &Evidence, mut apply: impl FnMut(&mut BTreeMap<String, usize>, String)) {
        // The first three letters: a typo inside or a short form is not another person.
        let stem = |name: &String| name.chars().take(3).collect::<String>();
        for name in &evidence.names {
            if let Some(given) = name.given.first() {
                apply(&mut self.given, stem(given));
            }
            if let Some(family) = name.family.first() {
                apply(&mut self.family, stem(family));
            }
        }
        // The name of one of unknown kind is counted once: above, as a person's.
        for name in evidence.company_names.iter().filter(|_| evidence.company) {
            apply(&mut self.family, stem(name));
        }
        for email in &evidence.emails {
            apply(&mut self.emails, email.clone());
        }
        for (_, account) in &evidence.user_ids {
            apply(&mut self.accounts, account.clone());
        }
    }
}
