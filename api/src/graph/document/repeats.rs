//! Whether a document asks for a key of an object more than once: what is written at once cannot be joined afterwards.

use std::collections::HashSet;

use async_graphql::parser::types::{ExecutableDocument, Field, Selection, SelectionSet};
use async_graphql::{Name, Positioned};

/// What a document asks for more than once in the same object, fragments expanded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Repeats {
    /// No key.
    Nothing,
    /// Keys of plain values only: the second is the same as the first.
    Leaves,
    /// Keys of objects, whose fields have to be joined.
    Objects,
}

/// What a document repeats. Fragments on different types are taken together: rather too careful than wrong.
pub(super) fn repeats(document: &ExecutableDocument) -> Repeats {
    let operations = document.operations.iter().map(|(_, operation)| &operation.node.selection_set.node);
    let fragments = document.fragments.values().map(|fragment| &fragment.node.selection_set.node);
    operations.chain(fragments).map(|set| of_set(document, set)).max().unwrap_or(Repeats::Nothing)
}

/// Whether anything that is asked for carries a directive, such as `@skip`.
pub(super) fn has_directives(document: &ExecutableDocument) -> bool {
    fn within(set: &SelectionSet) -> bool {
        set.items.iter().any(|selection| match &selection.node {
            Selection::Field(field) => !field.node.directives.is_empty() || within(&field.node.selection_set.node),
            Selection::InlineFragment(fragment) => {
                !fragment.node.directives.is_empty() || within(&fragment.node.selection_set.node)
            }
            Selection::FragmentSpread(spread) => !spread.node.directives.is_empty(),
        })
    }
    document.operations.iter().any(|(_, operation)| within(&operation.node.selection_set.node))
        || document.fragments.values().any(|fragment| within(&fragment.node.selection_set.node))
}

fn of_set(document: &ExecutableDocument, set: &SelectionSet) -> Repeats {
    let mut seen = HashSet::new();
    let mut spread = Vec::new();
    let here = collect(document, set, &mut spread, &mut seen);
    let below = set.items.iter().filter_map(|selection| match &selection.node {
        Selection::Field(field) => Some(&field.node.selection_set.node),
        Selection::InlineFragment(fragment) => Some(&fragment.node.selection_set.node),
        Selection::FragmentSpread(_) => None,
    });
    below.map(|set| of_set(document, set)).fold(here, Ord::max)
}

fn collect<'a>(
    document: &'a ExecutableDocument,
    set: &'a SelectionSet,
    spread: &mut Vec<&'a Name>,
    seen: &mut HashSet<&'a Name>,
) -> Repeats {
    let mut found = Repeats::Nothing;
    for selection in &set.items {
        found = found.max(match &selection.node {
            Selection::Field(field) => keep(field, seen),
            Selection::InlineFragment(fragment) => collect(document, &fragment.node.selection_set.node, spread, seen),
            Selection::FragmentSpread(name) => {
                let name = &name.node.fragment_name.node;
                match document.fragments.get(name) {
                    // Twice the same fragment: all of it is repeated.
                    _ if spread.contains(&name) => Repeats::Objects,
                    Some(fragment) => {
                        spread.push(name);
                        collect(document, &fragment.node.selection_set.node, spread, seen)
                    }
                    None => Repeats::Nothing,
                }
            }
        });
    }
    found
}

fn keep<'a>(field: &'a Positioned<Field>, seen: &mut HashSet<&'a Name>) -> Repeats {
    if seen.insert(&field.node.response_key().node) {
        Repeats::Nothing
    } else if field.node.selection_set.node.items.is_empty() {
        Repeats::Leaves
    } else {
        Repeats::Objects
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;

    fn of(text: &str) -> Repeats {
        repeats(&parse_query(text).unwrap())
    }

    #[test]
    fn sees_directives() {
        assert!(has_directives(&parse_query("{ a { b @skip(if: true) } }").unwrap()));
        assert!(has_directives(
            &parse_query("{ a { ...F } } fragment F on A { ... @include(if: true) { b } }").unwrap()
        ));
        assert!(!has_directives(&parse_query("{ a { b } }").unwrap()));
    }

    #[test]
    fn tells_what_has_to_be_joined() {
        assert_eq!(of("{ a { b c: b } d { b } }"), Repeats::Nothing);
        assert_eq!(of("{ a { b b } }"), Repeats::Leaves);
        assert_eq!(of("{ a { b ...F } } fragment F on A { b c }"), Repeats::Leaves);
        assert_eq!(of("{ a { b } ... { a { c } } }"), Repeats::Objects);
        assert_eq!(of("{ a { ...F ...G } } fragment F on A { x { y } } fragment G on A { x { z } }"), Repeats::Objects);
        assert_eq!(of("{ a { ...F ...F } } fragment F on A { x }"), Repeats::Objects);
        assert_eq!(of("{ a: x(p: 1) { y } b: x(p: 2) { y } }"), Repeats::Nothing);
    }
}
