//! How much memory a parsed document takes: so much for each thing it is made of, whatever its text was.

use async_graphql::Positioned;
use async_graphql::parser::types::{Directive, ExecutableDocument, Selection, SelectionSet};
use async_graphql_value::Value;

/// What a selection, an argument, a directive, a variable or a value takes, its place in a list and its name included.
const PART: u64 = 320;

/// The estimate in bytes; texts are not counted.
pub(super) fn weight(document: &ExecutableDocument) -> u64 {
    let operations = document.operations.iter().map(|(_, operation)| {
        let operation = &operation.node;
        let variables = operation.variable_definitions.iter().map(|variable| {
            let default = variable.node.default_value.as_ref();
            2 + default.map_or(0, |default| of_value(&default.node.clone().into_value()))
        });
        1 + variables.sum::<u64>() + of_directives(&operation.directives) + of_set(&operation.selection_set.node)
    });
    let fragments = document
        .fragments
        .values()
        .map(|fragment| 1 + of_directives(&fragment.node.directives) + of_set(&fragment.node.selection_set.node));
    operations.chain(fragments).sum::<u64>() * PART
}

fn of_set(set: &SelectionSet) -> u64 {
    let parts = set.items.iter().map(|item| {
        let below = match &item.node {
            Selection::Field(field) => {
                let arguments = field.node.arguments.iter().map(|(_, value)| of_value(&value.node));
                arguments.sum::<u64>() + of_set(&field.node.selection_set.node)
            }
            Selection::InlineFragment(inline) => of_set(&inline.node.selection_set.node),
            Selection::FragmentSpread(_) => 0,
        };
        1 + below + of_directives(item.node.directives())
    });
    parts.sum()
}

fn of_directives(directives: &[Positioned<Directive>]) -> u64 {
    let parts = directives.iter().map(|directive| {
        let arguments = directive.node.arguments.iter().map(|(_, value)| of_value(&value.node));
        1 + arguments.sum::<u64>()
    });
    parts.sum()
}

fn of_value(value: &Value) -> u64 {
    1 + match value {
        Value::List(list) => list.iter().map(of_value).sum(),
        Value::Object(object) => object.values().map(of_value).sum(),
        _ => 0,
    }
}
