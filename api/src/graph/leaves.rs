//! The one list that a query asks for, and what it asks of each of its nodes, as columns: how the pages of a query become a
//! table. Reads the schema and the document as text; whether they fit each other is checked where the query is run.

use std::collections::HashMap;

use async_graphql::parser::types::{
    BaseType, DocumentOperations, ExecutableDocument, FieldDefinition, Selection, SelectionSet, Type, TypeKind,
    TypeSystemDefinition,
};
use async_graphql::parser::{parse_query, parse_schema};
use async_graphql::{Name, Positioned};

use crate::error::{Error, Result};

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// Text, a word of a list, an id.
    Text,
    /// A whole number.
    Int,
    /// A number with a fraction.
    Float,
    /// True or false.
    Bool,
    /// A time.
    Time,
    /// A list, as JSON.
    List,
}

/// A column: the keys that lead to it from a node, and what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// The keys, outermost first.
    pub path: Vec<String>,
    /// What it holds.
    pub held: Held,
}

/// The list that a query asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The keys that lead to the connection from the answer's data.
    pub path: Vec<String>,
    /// Whether its nodes stand in `edges`.
    pub in_edges: bool,
    /// What is asked of a node.
    pub leaves: Vec<Leaf>,
}

type Fields = HashMap<Name, HashMap<Name, Type>>;

/// Finds the list of a document with one query, which must ask for `pageInfo { hasNextPage endCursor }` of it and go on by
/// `$after`.
pub fn listed(sdl: &str, document: &str) -> Result<Listed> {
    let fields = fields_of(sdl)?;
    let document =
        parse_query(document).map_err(|error| Error::bad_input(format!("The query cannot be read: {error}.")))?;
    let DocumentOperations::Single(operation) = &document.operations else {
        return Err(Error::bad_input("The file of --query holds one query without a name beside it."));
    };
    if !operation.node.variable_definitions.iter().any(|variable| variable.node.name.node == "after") {
        return Err(Error::bad_input("The query must declare `$after: String` and give it to its list."));
    }
    let finder = Finder { fields: &fields, document: &document };
    let mut path = Vec::new();
    let found = finder.connection(&Name::new("Query"), &operation.node.selection_set.node, &mut path);
    found.ok_or_else(|| {
        Error::bad_input(
            "The query must ask for one list with `nodes` or `edges { node }` and `pageInfo { hasNextPage endCursor }`.",
        )
    })
}

fn fields_of(sdl: &str) -> Result<Fields> {
    let mut all = Fields::new();
    let schema = parse_schema(sdl).map_err(|error| Error::internal(error.to_string()))?;
    for definition in schema.definitions {
        let TypeSystemDefinition::Type(Positioned { node, .. }) = definition else { continue };
        let fields: Vec<Positioned<FieldDefinition>> = match node.kind {
            TypeKind::Object(object) => object.fields,
            TypeKind::Interface(interface) => interface.fields,
            TypeKind::Union(_) => Vec::new(),
            _ => continue,
        };
        let fields = fields.into_iter().map(|field| (field.node.name.node, field.node.ty.node));
        all.insert(node.name.node, fields.collect());
    }
    Ok(all)
}

struct Finder<'a> {
    fields: &'a Fields,
    document: &'a ExecutableDocument,
}

/// A field as it is asked for: its key, its name, its type, and what is asked below it.
type Asked<'a> = (String, &'a str, Option<&'a Type>, &'a SelectionSet);

impl<'a> Finder<'a> {
    /// The fields of a selection, fragments followed; the parser refuses fragments that hold themselves.
    fn asked(&self, ty: &Name, set: &'a SelectionSet, depth: usize, into: &mut Vec<Asked<'a>>) {
        if depth > 32 {
            return;
        }
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => {
                    let field = &field.node;
                    let key = field.response_key().node.to_string();
                    let known = self.fields.get(ty).and_then(|fields| fields.get(&field.name.node));
                    into.push((key, field.name.node.as_str(), known, &field.selection_set.node));
                }
                Selection::InlineFragment(fragment) => {
                    let on = fragment.node.type_condition.as_ref().map_or(ty, |on| &on.node.on.node);
                    self.asked(on, &fragment.node.selection_set.node, depth + 1, into);
                }
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = self.document.fragments.get(&spread.node.fragment_name.node) {
                        let on = &fragment.node.type_condition.node.on.node;
                        self.asked(on, &fragment.node.selection_set.node, depth + 1, into);
                    }
                }
            }
        }
    }

    fn connection(&self, ty: &Name, set: &'a SelectionSet, path: &mut Vec<String>) -> Option<Listed> {
        let mut asked = Vec::new();
        self.asked(ty, set, 0, &mut asked);
        let has = |name: &str| asked.iter().find(|(key, field, ..)| key == name && *field == name);
        if let (Some((_, _, info, below)), Some(rows)) = (has("pageInfo"), has("nodes").or_else(|| has("edges"))) {
            let mut told = Vec::new();
            self.asked(named(*info.as_ref()?)?.0, below, 0, &mut told);
            let says = |name: &str| told.iter().any(|(key, field, ..)| key == name && *field == name);
            if says("hasNextPage") && says("endCursor") {
                return self.rows(rows, path);
            }
        }
        for (key, _, known, below) in asked {
            let Some((target, false)) = known.and_then(named) else { continue };
            path.push(key);
            if let Some(found) = self.connection(target, below, path) {
                return Some(found);
            }
            path.pop();
        }
        None
    }

    fn rows(&self, (_, name, ty, below): &Asked<'a>, path: &[String]) -> Option<Listed> {
        let (mut target, mut set) = (named(ty.as_ref()?)?.0, *below);
        let in_edges = *name == "edges";
        let mut asked = Vec::new();
        if in_edges {
            self.asked(target, set, 0, &mut asked);
            let (_, _, node, inner) = asked.iter().find(|(key, field, ..)| key == "node" && *field == "node")?;
            (target, set) = (named(node.as_ref()?)?.0, *inner);
        }
        let mut leaves = Vec::new();
        self.leaves(target, set, &mut Vec::new(), &mut leaves);
        Some(Listed { path: path.to_vec(), in_edges, leaves })
    }

    fn leaves(&self, ty: &Name, set: &'a SelectionSet, path: &mut Vec<String>, into: &mut Vec<Leaf>) {
        let mut asked = Vec::new();
        self.asked(ty, set, 0, &mut asked);
        for (key, _, known, below) in asked {
            path.push(key);
            match known.and_then(named) {
                Some((target, false)) if self.fields.contains_key(target) => self.leaves(target, below, path, into),
                known => {
                    let leaf = Leaf { path: path.clone(), held: held(known) };
                    if !into.contains(&leaf) {
                        into.push(leaf);
                    }
                }
            }
            path.pop();
        }
    }
}

fn held(known: Option<(&Name, bool)>) -> Held {
    match known {
        Some((_, true)) => Held::List,
        Some((name, false)) => match name.as_str() {
            "Int" => Held::Int,
            "Float" => Held::Float,
            "Boolean" => Held::Bool,
            "DateTime" => Held::Time,
            _ => Held::Text,
        },
        None => Held::Text,
    }
}

/// The name of a type, and whether it is a list of that.
fn named(ty: &Type) -> Option<(&Name, bool)> {
    match &ty.base {
        BaseType::Named(name) => Some((name, false)),
        BaseType::List(inner) => named(inner).map(|(name, _)| (name, true)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SDL: &str = "type Query { me: Me } type Me { items: Items name: String } scalar DateTime
        type Items { nodes: [Item!]! edges: [Edge!]! pageInfo: PageInfo! } type Edge { node: Item! cursor: String! }
        type PageInfo { hasNextPage: Boolean! endCursor: String }
        type Item { id: ID! at: DateTime n: Int! owner: Me tags: [Tag!]! } type Tag { key: String! }";

    #[test]
    fn a_list_is_found_at_any_depth_with_its_columns() {
        let query = "query($after: String) { me { list: items(after: $after) { edges { node { ...F owner { name } } }
            pageInfo { hasNextPage endCursor } } } } fragment F on Item { key: id at n tags { key } }";
        let found = listed(SDL, query).unwrap();
        assert_eq!((found.path, found.in_edges), (vec!["me".to_owned(), "list".to_owned()], true));
        let leaves: Vec<(String, Held)> =
            found.leaves.into_iter().map(|leaf| (leaf.path.join("."), leaf.held)).collect();
        let expected = [
            ("key", Held::Text),
            ("at", Held::Time),
            ("n", Held::Int),
            ("tags", Held::List),
            ("owner.name", Held::Text),
        ];
        assert_eq!(leaves, expected.map(|(name, held)| (name.to_owned(), held)));
    }

    #[test]
    fn what_cannot_be_followed_is_refused() {
        for query in [
            "{ me { items { nodes { id } pageInfo { hasNextPage endCursor } } } }",
            "query($after: String) { me { items(after: $after) { nodes { id } pageInfo { endCursor } } } }",
            "query($after: String) { me { name } }",
            "query A($after: String) { me { name } } query B { me { name } }",
            "{",
        ] {
            assert!(listed(SDL, query).is_err(), "{query}");
        }
    }
}
