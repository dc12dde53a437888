//! Loops: the items of a list or object that a profile, an identifier or a row is made for. `[*]` in the path goes on into the lists
//! of every item.

use std::borrow::Cow;

use super::document::{MappingError, Node};
use super::path::{Path, Scope, Step, Words, follow};
use super::value::Val;
use crate::ingest::envelope::{Reject, RejectCode};
use crate::ingest::json::Json;

/// So many items of a list or object are mapped at most: a record is written in one transaction, and that must be short.
const MAX_ITEMS: usize = 5_000;

/// A compiled `for_each`.
#[derive(Debug, Clone)]
pub struct Each(Path);

/// An item with its key: the place in a list, the name in an object; within lists of lists both, with a dot between.
pub type Item<'a> = (&'a Json<'a>, Cow<'a, str>);

impl Each {
    /// Reads the path of a loop.
    pub fn load(node: Node<'_>, words: Words<'_>) -> Result<Self, MappingError> {
        Ok(Self(Path::load_each(node, node.text()?, words)?))
    }

    /// The items; `what` is what a refusal says there are too many for.
    pub fn items<'a>(&self, scope: &Scope<'a>, what: &str) -> Result<Vec<Item<'a>>, Reject> {
        let (start, steps) = self.0.parts(scope);
        let mut found = Vec::new();
        if let Some(start) = start {
            self.gather(start, steps, None, scope, (what, &mut found))?;
        }
        // For each item the record is looked through again.
        let width = if let Json::Object(entries) = scope.record { entries.len() / 32 } else { 0 };
        if !scope.work.take(found.len().saturating_mul(1 + width)) {
            return Err(Reject::new(
                RejectCode::TooLarge,
                format!("The record is too much work for {what}. Split it."),
            ));
        }
        Ok(found)
    }

    fn gather<'a>(
        &self,
        start: &'a Json<'a>,
        steps: &[Step],
        above: Option<&str>,
        scope: &Scope<'a>,
        (what, found): (&str, &mut Vec<Item<'a>>),
    ) -> Result<(), Reject> {
        let level = steps.iter().position(|step| *step == Step::Each).unwrap_or(steps.len());
        let (here, below) = steps.split_at(level);
        let below = below.get(1..).unwrap_or_default();
        let items: Vec<Item<'a>> = match follow(start, here, scope.facts) {
            None | Some(Json::Null) => return Ok(()),
            // Empty is not there, as everywhere.
            Some(Json::Text(text)) if text.is_empty() => return Ok(()),
            Some(Json::List(items)) => {
                items.iter().enumerate().map(|(index, item)| (item, index.to_string().into())).collect()
            }
            Some(Json::Object(entries)) => {
                entries.iter().map(|(key, item)| (item, Cow::Borrowed(key.as_ref()))).collect()
            }
            Some(other) => {
                let kind = Val::of(other).kind();
                let reason = format!("`{}` is {kind}, where a list or object was expected.", self.0.as_str());
                return Err(Reject::new(RejectCode::WrongType, reason));
            }
        };
        if found.len() + items.len() > MAX_ITEMS {
            let reason = format!("The record has more than {MAX_ITEMS} items for {what}. Split it.");
            return Err(Reject::new(RejectCode::TooLarge, reason));
        }
        for (item, key) in items {
            let key = above.map_or(key.clone(), |above| format!("{above}.{key}").into());
            if below.is_empty() {
                found.push((item, key));
            } else {
                self.gather(item, below, Some(&key), scope, (what, &mut *found))?;
            }
        }
        Ok(())
    }
}
