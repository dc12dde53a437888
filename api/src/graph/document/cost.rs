//! How many objects an answer may hold: an object counts 1, a list its page size times its element, scalars nothing.
//! The part that no variable decides is added up once per document, so that a request evaluates a handful of terms.

use std::collections::HashMap;

use async_graphql::parser::types::{
    Field as FieldNode, FragmentDefinition, OperationDefinition, Selection, SelectionSet,
};
use async_graphql::{Name, Positioned, Value, Variables};
use async_graphql_value::Value as Written;

use super::shape::{Output, Shape, integer};
use crate::config::GraphQl;

/// What asking for the schema counts as: it is large, and the same every time.
const INTROSPECTION: u64 = 100;

/// The cost of one operation as a formula over its variables.
#[derive(Debug)]
pub(super) struct Cost(Term);

/// `page × (own + Σ below)`.
#[derive(Debug)]
struct Term {
    page: Page,
    own: u64,
    below: Vec<Term>,
}

#[derive(Debug, Clone)]
enum Page {
    Fixed(u32),
    Given { sizes: Vec<Size>, default: u32 },
}

#[derive(Debug, Clone)]
enum Size {
    Literal(u32),
    Variable { name: Name, default: Option<u32> },
}

impl Cost {
    /// The formula. The expanded selections are within their limit already, so expanding them here is bounded.
    pub(super) fn new(
        operation: &OperationDefinition,
        fragments: &HashMap<Name, Positioned<FragmentDefinition>>,
        shape: &Shape,
        limits: &GraphQl,
    ) -> Self {
        let builder = Builder { operation, fragments, shape, limits };
        // Every request is worth one point, whatever it asks for.
        let mut root = Term { page: Page::Fixed(1), own: 1, below: Vec::new() };
        builder.set(&operation.selection_set.node, shape.root(operation.ty), None, &mut root);
        Self(root)
    }

    /// The value with these variables. Pages above `max_page` count as `max_page`: the field itself refuses them.
    pub(super) fn of(&self, variables: &Variables, max_page: u32) -> u64 {
        self.0.of(variables, max_page)
    }
}

impl Term {
    fn of(&self, variables: &Variables, max_page: u32) -> u64 {
        let page = self.page.of(variables).min(max_page);
        let below = self.below.iter().fold(self.own, |sum, term| sum.saturating_add(term.of(variables, max_page)));
        below.saturating_mul(page.into())
    }

    /// Adds a term, or its value where no variable decides it.
    fn push(&mut self, term: Self) {
        match term.page {
            Page::Fixed(page) if term.below.is_empty() => {
                self.own = self.own.saturating_add(term.own.saturating_mul(page.into()));
            }
            Page::Given { .. } if term.own == 0 && term.below.is_empty() => {}
            _ => self.below.push(term),
        }
    }
}

impl Page {
    fn of(&self, variables: &Variables) -> u32 {
        match self {
            Self::Fixed(page) => *page,
            Self::Given { sizes, default } => {
                sizes.iter().filter_map(|size| size.of(variables)).max().unwrap_or(*default)
            }
        }
    }
}

impl Size {
    fn of(&self, variables: &Variables) -> Option<u32> {
        match self {
            Self::Literal(size) => Some(*size),
            Self::Variable { name, default } => match variables.get(name) {
                Some(Value::Number(number)) => integer(number),
                Some(_) => None,
                None => *default,
            },
        }
    }
}

struct Builder<'a> {
    operation: &'a OperationDefinition,
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    shape: &'a Shape,
    limits: &'a GraphQl,
}

impl Builder<'_> {
    fn set(&self, set: &SelectionSet, of: Option<&Output>, page: Option<&Page>, into: &mut Term) {
        for item in &set.items {
            match &item.node {
                Selection::Field(field) => self.field(&field.node, of, page, into),
                Selection::InlineFragment(inline) => {
                    let narrowed = inline.node.type_condition.as_ref().map(|condition| &condition.node.on.node);
                    let of = narrowed.map_or(of, |name| self.shape.output(name));
                    self.set(&inline.node.selection_set.node, of, page, into);
                }
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = self.fragments.get(&spread.node.fragment_name.node) {
                        let of = self.shape.output(&fragment.node.type_condition.node.on.node);
                        self.set(&fragment.node.selection_set.node, of, page, into);
                    }
                }
            }
        }
    }

    fn field(&self, field: &FieldNode, of: Option<&Output>, page: Option<&Page>, into: &mut Term) {
        if matches!(field.name.node.as_str(), "__schema" | "__type") {
            into.own = into.own.saturating_add(INTROSPECTION);
            return;
        }
        // A field that the schema does not know, or a scalar: the validation has its say about the first.
        let Some(known) = of.and_then(|of| of.fields.get(&field.name.node)) else { return };
        let Some(target) = self.shape.output(&known.target) else { return };
        let own_page = known.paged.map(|default| self.page(field, default));
        let times = match (&own_page, known.list) {
            (Some(page), true) => page.clone(),
            (None, true) => page.cloned().unwrap_or(Page::Fixed(match of {
                Some(of) if of.connection => self.limits.default_page,
                _ => self.limits.unpaged_list,
            })),
            (_, false) => Page::Fixed(1),
        };
        let mut term = Term { page: times, own: u64::from(!target.wrapper), below: Vec::new() };
        // The lists of what a paged field leads to have its page: those of a connection, or the hits of a search.
        let inherited = own_page.as_ref().filter(|_| !known.list);
        self.set(&field.selection_set.node, Some(target), inherited, &mut term);
        into.push(term);
    }

    fn page(&self, field: &FieldNode, default: u32) -> Page {
        let default = if default == 0 { self.limits.default_page } else { default };
        let arguments = ["first", "last"].into_iter().filter_map(|name| field.get_argument(name));
        let sizes: Vec<Size> = arguments.filter_map(|value| self.size(&value.node)).collect();
        match sizes.as_slice() {
            [] => Page::Fixed(default.min(self.limits.max_page)),
            literal if literal.iter().all(|size| matches!(size, Size::Literal(_))) => {
                let sizes =
                    literal.iter().filter_map(|size| if let Size::Literal(size) = size { Some(*size) } else { None });
                Page::Fixed(sizes.max().unwrap_or(default).min(self.limits.max_page))
            }
            _ => Page::Given { sizes, default },
        }
    }

    fn size(&self, value: &Written) -> Option<Size> {
        match value {
            Written::Number(number) => integer(number).map(Size::Literal),
            Written::Variable(name) => {
                let mut definitions = self.operation.variable_definitions.iter();
                let definition = definitions.find(|definition| definition.node.name.node == *name);
                let default = definition.and_then(|definition| definition.node.default_value.as_ref());
                let default = default.and_then(|default| match &default.node {
                    Value::Number(number) => integer(number),
                    _ => None,
                });
                Some(Size::Variable { name: name.clone(), default })
            }
            _ => None,
        }
    }
}
