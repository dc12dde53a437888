//! Ids that were given before: a rebuild gives them again, so that what others hold on to leads to the same row, even where a
//! mended mapping now finds somebody in an earlier record than it did.

use std::collections::{BTreeSet, HashMap};

use uuid::Uuid;

use super::prepare::Prepared;
use super::store::shadow::{self, GivenKey};
use crate::database::Transaction;
use crate::error::Result;
use crate::identity::IdentifierKind;

/// What profiles and identifiers were called; empty where nothing is rebuilt.
#[derive(Debug, Default)]
pub(super) struct Given(HashMap<(&'static str, String, String), Uuid>);

/// The name of the table whose ids these are.
pub(super) const PROFILE: &str = "source_profile";
/// Likewise.
pub(super) const IDENTIFIER: &str = "identifier";

impl Given {
    /// The id of the profile of this key.
    pub fn profile(&self, source: &str, key: &str) -> Option<Uuid> {
        self.find(PROFILE, source, key)
    }

    /// The id of an identifier.
    pub fn identifier(&self, kind: IdentifierKind, value: &str) -> Option<Uuid> {
        self.find(IDENTIFIER, kind.as_str(), value)
    }

    fn find(&self, table: &'static str, scope: &str, key: &str) -> Option<Uuid> {
        if self.0.is_empty() {
            return None;
        }
        self.0.get(&(table, scope.to_owned(), key.to_owned())).copied()
    }
}

/// The ids that the profiles and identifiers of these records had.
pub(super) async fn ids(tx: &mut Transaction, prepared: &[Prepared<'_>]) -> Result<Given> {
    let mut keys = BTreeSet::new();
    for record in prepared {
        let Ok(content) = &record.content else { continue };
        for profile in &content.profiles {
            keys.insert(GivenKey { of_table: PROFILE, scope: &record.source.key, key: &profile.key });
            let known_by = profile.identifiers.iter();
            keys.extend(known_by.map(|(kind, key, _)| GivenKey { of_table: IDENTIFIER, scope: kind.as_str(), key }));
        }
    }
    if keys.is_empty() {
        return Ok(Given::default());
    }
    let rows = shadow::given(tx, &keys).await?;
    let named = rows.into_iter().map(|row| {
        let table = if row.of_table == PROFILE { PROFILE } else { IDENTIFIER };
        ((table, row.scope, row.key), row.id)
    });
    Ok(Given(named.collect()))
}
