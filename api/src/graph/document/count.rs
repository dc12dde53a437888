//! Counts what an operation selects with its fragments expanded, each fragment counted once: thirty fragments that name
//! one another twice stand for a billion selections and take thirty steps here.

use std::collections::HashMap;

use async_graphql::parser::types::{Directive, FragmentDefinition, OperationDefinition, Selection, SelectionSet};
use async_graphql::{Name, Pos, Positioned};
use async_graphql_value::Value;

use super::Refusal;
use crate::config::GraphQl;
use crate::error::Code;

/// Sums over a selection set, fragments expanded. They saturate rather than wrap.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Count {
    selections: u32,
    aliases: u32,
    directives: u32,
    depth: u32,
    pub(super) introspection_depth: u32,
    nesting: u32,
    /// Fields of the set itself, not of the sets below.
    fields: u32,
}

impl Count {
    fn add(&mut self, other: Self) {
        self.selections = self.selections.saturating_add(other.selections);
        self.aliases = self.aliases.saturating_add(other.aliases);
        self.directives = self.directives.saturating_add(other.directives);
        self.depth = self.depth.max(other.depth);
        self.introspection_depth = self.introspection_depth.max(other.introspection_depth);
        self.nesting = self.nesting.max(other.nesting);
        self.fields = self.fields.saturating_add(other.fields);
    }

    /// Refuses an operation that is over a limit.
    pub(super) fn check(self, limits: &GraphQl, at: Pos) -> Result<(), Refusal> {
        let bounds = [
            (self.selections, limits.max_selections, "selections with its fragments expanded", "max_selections"),
            (self.depth, limits.max_depth, "levels of fields", "max_depth"),
            (
                self.introspection_depth,
                limits.max_introspection_depth,
                "levels of introspection",
                "max_introspection_depth",
            ),
            (self.nesting, limits.max_nesting, "levels of braces and fragments", "max_nesting"),
            (self.aliases, limits.max_aliases, "aliases", "max_aliases"),
            (self.fields, limits.max_root_fields, "root fields", "max_root_fields"),
            (self.directives, limits.max_directives, "directives", "max_directives"),
        ];
        match bounds.into_iter().find(|(found, limit, ..)| found > limit) {
            Some((found, limit, what, setting)) => {
                Err(Refusal::too_complex(what, found.into(), limit.into(), setting, Some(at)))
            }
            None => Ok(()),
        }
    }
}

/// Counts the operations of one document.
pub(super) struct Counter<'a> {
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    /// A fragment without its count is being counted: meeting it again is a cycle.
    known: HashMap<&'a Name, Option<Count>>,
    max_text_bytes: usize,
}

impl<'a> Counter<'a> {
    pub(super) fn new(fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>, limits: &GraphQl) -> Self {
        Self { fragments, known: HashMap::with_capacity(fragments.len()), max_text_bytes: limits.max_text_bytes }
    }

    /// What an operation selects.
    pub(super) fn operation(&mut self, operation: &'a OperationDefinition) -> Result<Count, Refusal> {
        let mut count = self.set(&operation.selection_set.node)?;
        count.directives = count.directives.saturating_add(self.directives(&operation.directives)?);
        for variable in &operation.variable_definitions {
            count.directives = count.directives.saturating_add(self.directives(&variable.node.directives)?);
            if let Some(default) = &variable.node.default_value {
                self.texts(&default.node.clone().into_value(), default.pos)?;
            }
        }
        Ok(count)
    }

    /// What a fragment selects; unknown names are left to the validation.
    pub(super) fn fragment(&mut self, name: &'a Name) -> Result<Count, Refusal> {
        let Some((name, fragment)) = self.fragments.get_key_value(name) else { return Ok(Count::default()) };
        match self.known.get(name) {
            Some(Some(count)) => return Ok(*count),
            Some(None) => {
                let message = format!("The fragment {name} contains itself.");
                return Err(Refusal::new(Code::GraphqlValidationFailed, message, Some(fragment.pos)));
            }
            None => {}
        }
        self.known.insert(name, None);
        let mut count = self.set(&fragment.node.selection_set.node)?;
        count.directives = count.directives.saturating_add(self.directives(&fragment.node.directives)?);
        self.known.insert(name, Some(count));
        Ok(count)
    }

    fn set(&mut self, set: &'a SelectionSet) -> Result<Count, Refusal> {
        let mut sum = Count::default();
        for item in &set.items {
            let mut count = match &item.node {
                Selection::Field(field) => {
                    let field = &field.node;
                    let mut below = self.set(&field.selection_set.node)?;
                    for (_, value) in &field.arguments {
                        self.texts(&value.node, value.pos)?;
                    }
                    below.fields = 1;
                    below.aliases = below.aliases.saturating_add(field.alias.is_some().into());
                    if matches!(field.name.node.as_str(), "__schema" | "__type") {
                        below.introspection_depth = below.depth.saturating_add(1);
                        below.depth = 1;
                    } else {
                        below.depth = below.depth.saturating_add(1);
                    }
                    below
                }
                Selection::FragmentSpread(spread) => self.fragment(&spread.node.fragment_name.node)?,
                Selection::InlineFragment(inline) => self.set(&inline.node.selection_set.node)?,
            };
            count.selections = count.selections.saturating_add(1);
            count.nesting = count.nesting.saturating_add(1);
            count.directives = count.directives.saturating_add(self.directives(item.node.directives())?);
            sum.add(count);
        }
        Ok(sum)
    }

    fn directives(&self, directives: &[Positioned<Directive>]) -> Result<u32, Refusal> {
        for (_, value) in directives.iter().flat_map(|directive| &directive.node.arguments) {
            self.texts(&value.node, value.pos)?;
        }
        Ok(u32::try_from(directives.len()).unwrap_or(u32::MAX))
    }

    /// Texts written into the document obey the same rules as texts in variables.
    fn texts(&self, value: &Value, at: Pos) -> Result<(), Refusal> {
        let refuse = |message: String| Err(Refusal::new(Code::BadUserInput, message, Some(at)));
        match value {
            Value::String(text) if text.contains('\0') => refuse("A text holds a NUL character.".into()),
            Value::String(text) if text.len() > self.max_text_bytes => refuse(format!(
                "A text has {} bytes; at most {} are taken (graphql.max_text_bytes).",
                text.len(),
                self.max_text_bytes
            )),
            Value::List(list) => list.iter().try_for_each(|value| self.texts(value, at)),
            Value::Object(object) => object.values().try_for_each(|value| self.texts(value, at)),
            _ => Ok(()),
        }
    }
}
