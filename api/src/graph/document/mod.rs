//! A GraphQL document, read once and kept: its limits are checked with all fragments expanded (counted with a memo, so
//! that nested fragments cost nothing), before anything validates or runs it. What depends on variables, their types and
//! the cost, is checked for each request against what was prepared here.
//!
//! `lexer` bounds the text before the parser sees it, `count` the selections, `cost` the objects of the answer,
//! `variables` what a request brings along, `repeats` whether the answer can be written in one go; `shape` is what these need to know of the schema.

mod cost;
mod count;
mod lexer;
mod repeats;
mod shape;
#[cfg(test)]
mod tests;
mod variables;
mod weight;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, FragmentDefinition, OperationDefinition, OperationType, Selection,
    SelectionSet,
};
use async_graphql::parser::{Error as ParseError, parse_query};
use async_graphql::{Name, Pos, Positioned, Variables};
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::config::GraphQl;
use crate::error::{Code, Error, Result};
use cost::Cost;
use count::Count;
pub use repeats::Repeats;
use repeats::{has_directives, repeats};
use shape::Shape;
use variables::Rules;
use weight::weight;

/// Why a document or its variables were not taken, and where in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The stable code.
    pub code: Code,
    /// A sentence that names the limit and its setting, or what is wrong.
    pub message: String,
    /// Places in the document, the most telling first.
    pub locations: Vec<Pos>,
}

impl Refusal {
    /// A refusal that concerns no place in the document.
    pub fn plain(code: Code, message: impl Into<String>) -> Self {
        Self::new(code, message, None)
    }

    fn new(code: Code, message: impl Into<String>, position: Option<Pos>) -> Self {
        Self { code, message: message.into(), locations: position.into_iter().collect() }
    }

    fn too_complex(what: &str, found: u64, limit: u64, setting: &str, position: Option<Pos>) -> Self {
        let message = format!("The document has {found} {what}; at most {limit} are taken (graphql.{setting}).");
        Self::new(Code::TooComplex, message, position)
    }
}

/// What is asked of the graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Reads only.
    Query,
    /// Changes something.
    Mutation,
    /// Stays open.
    Subscription,
}

/// One operation of a checked document.
#[derive(Debug)]
pub struct Operation {
    /// Its name, if it has one.
    pub name: Option<Name>,
    /// What it does.
    pub kind: Kind,
    /// Whether it asks for the schema itself (`__schema`, `__type`).
    pub introspects: bool,
    /// What it asks for more than once.
    pub(super) repeats: Repeats,
    cost: Cost,
    rules: Rules,
    /// This operation with the fragments it uses, for requests after the whole document was found valid.
    alone: ExecutableDocument,
    /// The operation without what it asks for, if nothing but a plain query: what a run of its own needs.
    head: Option<Positioned<OperationDefinition>>,
}

/// A query without directives and without questions about the schema.
pub(super) struct Plain<'a> {
    pub(super) head: &'a Positioned<OperationDefinition>,
    pub(super) selection_set: &'a Positioned<SelectionSet>,
    pub(super) fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
}

impl Operation {
    /// Its parts, if it is a plain query.
    pub(super) fn plain(&self) -> Option<Plain<'_>> {
        let head = self.head.as_ref()?;
        let DocumentOperations::Single(operation) = &self.alone.operations else { return None };
        Some(Plain { head, selection_set: &operation.node.selection_set, fragments: &self.alone.fragments })
    }

    /// The objects the answer may hold with these variables; refused above `graphql.max_cost`.
    pub fn cost(&self, variables: &Variables, limits: &GraphQl) -> Result<u32, Refusal> {
        let cost = self.cost.of(variables, limits.max_page);
        let limit = u64::from(limits.max_cost);
        u32::try_from(cost).ok().filter(|cost| *cost <= limits.max_cost).ok_or_else(|| {
            let message = format!(
                "The answer may hold {cost} objects; at most {limit} are given (graphql.max_cost). Ask for smaller pages."
            );
            Refusal::new(Code::TooComplex, message, None)
        })
    }

    /// Gives absent variables their defaults: the library does so for arguments, and not for `@include` and `@skip`.
    pub(super) fn fill_in(&self, variables: &mut Variables) {
        let DocumentOperations::Single(operation) = &self.alone.operations else { return };
        for variable in &operation.node.variable_definitions {
            if let Some(default) = &variable.node.default_value {
                variables.entry(variable.node.name.node.clone()).or_insert_with(|| default.node.clone());
            }
        }
    }

    /// Checks the request's variables against what the operation declares.
    pub fn check_variables(&self, given: &Variables, documents: &Documents) -> Result<(), Refusal> {
        self.rules.check(given, &documents.shape, &documents.limits)
    }
}

/// A document within the limits.
#[derive(Debug)]
pub struct Checked {
    whole: ExecutableDocument,
    operations: Vec<Operation>,
    valid: AtomicBool,
    /// About how much memory it takes.
    bytes: u64,
}

impl Checked {
    /// The operation a request means.
    pub fn operation(&self, name: Option<&str>) -> Result<&Operation, Refusal> {
        let wrong = |message: String| Refusal::new(Code::GraphqlValidationFailed, message, None);
        match (name, self.operations.as_slice()) {
            (None, [only]) => Ok(only),
            (None, _) => Err(wrong("The document has several operations; name one in operationName.".into())),
            (Some(name), operations) => operations
                .iter()
                .find(|operation| operation.name.as_deref() == Some(name))
                .ok_or_else(|| wrong("operationName names no operation of the document.".into())),
        }
    }

    /// Whether the whole document was found valid against the schema before.
    pub fn is_valid(&self) -> bool {
        self.valid.load(Ordering::Relaxed)
    }

    /// Remembers that the whole document is valid.
    pub fn found_valid(&self) {
        self.valid.store(true, Ordering::Relaxed);
    }

    /// What to execute: the whole document the first time, since all of it must be valid; the operation alone afterwards.
    pub(super) fn executable(&self, operation: &Operation) -> (ExecutableDocument, Option<String>) {
        if self.is_valid() {
            (operation.alone.clone(), None)
        } else {
            (self.whole.clone(), operation.name.as_ref().map(Name::to_string))
        }
    }
}

#[derive(Clone)]
struct Weight;

impl Weighter<Box<str>, Arc<Checked>> for Weight {
    fn weight(&self, _: &Box<str>, checked: &Arc<Checked>) -> u64 {
        checked.bytes
    }
}

/// All documents seen lately, by their text.
pub struct Documents {
    limits: GraphQl,
    shape: Shape,
    known: Cache<Box<str>, Arc<Checked>, Weight>,
}

impl Documents {
    /// Documents for the schema that `sdl` describes.
    pub fn try_new(sdl: &str, limits: &GraphQl) -> Result<Self> {
        let shape = Shape::try_new(sdl).map_err(|error| Error::internal(format!("the schema's own SDL: {error}")))?;
        let items = usize::try_from(limits.document_cache_bytes / 32_768).unwrap_or(usize::MAX).max(32);
        Ok(Self {
            limits: limits.clone(),
            shape,
            known: Cache::with_weighter(items, limits.document_cache_bytes, Weight),
        })
    }

    /// The limits in force.
    pub fn limits(&self) -> &GraphQl {
        &self.limits
    }

    /// The document of this text if it was checked before.
    pub fn recall(&self, text: &str) -> Option<Arc<Checked>> {
        self.known.get(text)
    }

    /// Parses and checks the document of this text, and remembers it.
    pub fn check(&self, text: &str) -> Result<Arc<Checked>, Refusal> {
        let checked = Arc::new(self.examine(text)?);
        self.known.insert(text.into(), Arc::clone(&checked));
        Ok(checked)
    }

    fn examine(&self, text: &str) -> Result<Checked, Refusal> {
        lexer::scan(text, &self.limits)?;
        let whole = parse_query(text).map_err(|error| parse_failure(&error))?;
        let limit = self.limits.max_fragments;
        if whole.fragments.len() > limit as usize {
            let found = whole.fragments.len() as u64;
            return Err(Refusal::too_complex("fragments", found, limit.into(), "max_fragments", None));
        }
        let found = whole.operations.iter().count();
        if found > self.limits.max_operations as usize {
            let limit = self.limits.max_operations;
            return Err(Refusal::too_complex("operations", found as u64, limit.into(), "max_operations", None));
        }
        let mut counter = count::Counter::new(&whole.fragments, &self.limits);
        for fragment in whole.fragments.keys() {
            counter.fragment(fragment)?;
        }
        let mut operations = Vec::new();
        for (name, definition) in whole.operations.iter() {
            let count = counter.operation(&definition.node)?;
            count.check(&self.limits, definition.pos)?;
            operations.push(self.operation(name, definition, count, &whole.fragments)?);
        }
        // It is kept whole, and once more for each operation with the fragments that it uses.
        let copies = operations.iter().map(|operation| &operation.alone).chain([&whole]);
        let bytes = copies.map(|copy| text.len() as u64 + weight(copy)).sum();
        Ok(Checked { whole, operations, valid: AtomicBool::new(false), bytes })
    }

    fn operation(
        &self,
        name: Option<&Name>,
        definition: &Positioned<OperationDefinition>,
        count: Count,
        fragments: &HashMap<Name, Positioned<FragmentDefinition>>,
    ) -> Result<Operation, Refusal> {
        let rules = Rules::new(&definition.node, &self.limits, definition.pos)?;
        let mut used = HashSet::new();
        collect_fragments(&definition.node.selection_set.node, fragments, &mut used);
        let used = fragments.iter().filter(|(name, _)| used.contains(*name));
        let alone = ExecutableDocument {
            operations: DocumentOperations::Single(definition.clone()),
            fragments: used.map(|(name, fragment)| (name.clone(), fragment.clone())).collect(),
        };
        let plain =
            definition.node.ty == OperationType::Query && count.introspection_depth == 0 && !has_directives(&alone);
        let head = plain.then(|| {
            let mut head = definition.clone();
            head.node.selection_set.node.items = Vec::new();
            head
        });
        Ok(Operation {
            name: name.cloned(),
            kind: match definition.node.ty {
                OperationType::Query => Kind::Query,
                OperationType::Mutation => Kind::Mutation,
                OperationType::Subscription => Kind::Subscription,
            },
            introspects: count.introspection_depth > 0,
            cost: Cost::new(&definition.node, fragments, &self.shape, &self.limits),
            rules,
            repeats: repeats(&alone),
            alone,
            head,
        })
    }
}

fn collect_fragments<'a>(
    set: &'a SelectionSet,
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    used: &mut HashSet<&'a Name>,
) {
    for item in &set.items {
        match &item.node {
            Selection::Field(field) => collect_fragments(&field.node.selection_set.node, fragments, used),
            Selection::InlineFragment(inline) => collect_fragments(&inline.node.selection_set.node, fragments, used),
            Selection::FragmentSpread(spread) => {
                let name = &spread.node.fragment_name.node;
                if let Some(fragment) = fragments.get(name)
                    && used.insert(name)
                {
                    collect_fragments(&fragment.node.selection_set.node, fragments, used);
                }
            }
        }
    }
}

fn parse_failure(error: &ParseError) -> Refusal {
    if matches!(error, ParseError::RecursionLimitExceeded) {
        return Refusal::new(Code::TooComplex, "The document is nested more than 64 levels deep.", None);
    }
    let text = error.to_string();
    // The parser draws the line with an arrow; the sentence is behind the last "= ".
    let what = text.rsplit_once("= ").map_or(text.as_str(), |(_, what)| what).trim();
    let message = format!("The document is not GraphQL: {what}.");
    Refusal { code: Code::GraphqlParseFailed, message, locations: error.positions().collect() }
}
