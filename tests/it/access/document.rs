//! The schema as it is published, and documents made from it that ask for every field at least once.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write;

use api::access::{Action, Class, Rights, SiloKey};
use async_graphql::parser::types::{BaseType, FieldDefinition, ServiceDocument, Type, TypeKind, TypeSystemDefinition};
use async_graphql::{Positioned, Value};

/// A field of an object.
pub struct Field {
    pub name: String,
    /// Name of its type, lists and non-null peeled off.
    pub of: String,
    /// Silo of its `@access`; none for `any`.
    pub silo: Option<SiloKey>,
    /// Class of its `@access`; of those with `all` the first.
    pub class: Class,
    /// Whether it needs every class: `all`.
    pub every: bool,
    arguments: Vec<(String, bool)>,
}

/// The published schema.
pub struct Sdl {
    /// Fields of each object type.
    pub objects: BTreeMap<String, Vec<Field>>,
    /// The object types of each interface and union.
    pub possible: BTreeMap<String, Vec<String>>,
    /// Fields of each input object.
    pub inputs: BTreeMap<String, Vec<String>>,
}

/// The document as parsed.
pub fn parse() -> ServiceDocument {
    async_graphql::parser::parse_schema(api::schema::sdl()).expect("the SDL is GraphQL")
}

/// What `@access` says of a field, as text.
pub fn access_of(field: &FieldDefinition) -> Option<(String, String)> {
    let directive = field.directives.iter().find(|directive| directive.node.name.node == "access")?;
    let argument = |name: &str| match directive.node.get_argument(name).map(|value| &value.node) {
        Some(Value::String(text)) => Some(text.clone()),
        _ => None,
    };
    Some((argument("silo")?, argument("class")?))
}

impl Sdl {
    /// Reads the published schema.
    pub fn read() -> Self {
        let mut sdl = Self { objects: BTreeMap::new(), possible: BTreeMap::new(), inputs: BTreeMap::new() };
        for definition in parse().definitions {
            let TypeSystemDefinition::Type(Positioned { node, .. }) = definition else { continue };
            let name = node.name.node.to_string();
            match node.kind {
                TypeKind::Object(object) => {
                    for interface in &object.implements {
                        sdl.possible.entry(interface.node.to_string()).or_default().push(name.clone());
                    }
                    sdl.objects.insert(name, object.fields.iter().map(|field| Field::read(&field.node)).collect());
                }
                TypeKind::Union(union) => {
                    let members = union.members.iter().map(|member| member.node.to_string()).collect();
                    sdl.possible.insert(name, members);
                }
                TypeKind::InputObject(input) => {
                    let names = input.fields.iter().map(|field| field.node.name.node.to_string()).collect();
                    sdl.inputs.insert(name, names);
                }
                _ => {}
            }
        }
        sdl
    }

    /// Every field as `Type.field`.
    pub fn coordinates(&self) -> impl Iterator<Item = (String, &Field)> {
        let all = self.objects.iter();
        all.flat_map(|(name, fields)| fields.iter().map(move |field| (format!("{name}.{}", field.name), field)))
    }

    /// The shortest way from the root to each object type.
    pub fn ways(&self) -> BTreeMap<String, Vec<Step<'_>>> {
        self.ways_through(|_| true)
    }

    /// The shortest way for whoever has these rights, through what they are shown; where there is none, any.
    pub fn ways_for(&self, rights: &Rights) -> BTreeMap<String, Vec<Step<'_>>> {
        let shown = |field: &Field| {
            field.silo.is_none_or(|silo| {
                rights.of(silo).rows.is_some() && rights.of(silo).action(field.class) == Action::Show
            })
        };
        let mut ways = self.ways();
        ways.extend(self.ways_through(shown));
        ways
    }

    /// `node` is left out: it needs an id.
    fn ways_through(&self, open: impl Fn(&Field) -> bool) -> BTreeMap<String, Vec<Step<'_>>> {
        let mut ways: BTreeMap<String, Vec<Step<'_>>> = BTreeMap::from([("Query".to_owned(), Vec::new())]);
        let mut queue = VecDeque::from(["Query".to_owned()]);
        while let Some(from) = queue.pop_front() {
            let way = ways[&from].clone();
            for field in &self.objects[&from] {
                if (from == "Query" && field.name == "node") || !open(field) {
                    continue;
                }
                let on_parts = self.possible.contains_key(&field.of);
                for to in self.targets(field) {
                    if !ways.contains_key(&to) {
                        let step = Step { field, on: on_parts.then(|| to.clone()) };
                        ways.insert(to.clone(), way.iter().cloned().chain([step]).collect());
                        queue.push_back(to);
                    }
                }
            }
        }
        ways
    }

    /// The object types that a field may lead to; none for a leaf.
    fn targets(&self, field: &Field) -> Vec<String> {
        match self.possible.get(&field.of) {
            Some(members) => members.clone(),
            None if self.objects.contains_key(&field.of) => vec![field.of.clone()],
            None => Vec::new(),
        }
    }

    /// The document that asks for all fields of a type at the end of a way, and for the leaves behind each of them.
    pub fn document(&self, name: &str, way: &[Step<'_>], customer: &str) -> String {
        let mut text = "{ ".to_owned();
        for step in way {
            write!(text, "{}{} {{ __typename ", step.field.name, arguments(step.field, customer)).expect("text");
            if let Some(on) = &step.on {
                write!(text, "... on {on} {{ ").expect("text");
            }
        }
        for field in &self.objects[name] {
            if name == "Query" && field.name == "node" {
                continue;
            }
            write!(text, "{}{} ", field.name, arguments(field, customer)).expect("text");
            self.leaves(field, &mut text);
        }
        let braces = way.len() + way.iter().filter(|step| step.on.is_some()).count() + 1;
        text.push_str(&"} ".repeat(braces));
        text
    }

    /// The leaves of what a field leads to, those of the rows included where it leads to a list.
    pub fn leaves(&self, field: &Field, text: &mut String) {
        let targets = self.targets(field);
        if targets.is_empty() {
            return;
        }
        text.push_str("{ __typename ");
        for target in targets {
            write!(text, "... on {target} {{ __typename ").expect("text");
            for leaf in &self.objects[&target] {
                if self.targets(leaf).is_empty() {
                    write!(text, "{} ", leaf.name).expect("text");
                } else if leaf.of == "Money" {
                    write!(text, "{} {{ amount }} ", leaf.name).expect("text");
                } else if leaf.name == "nodes" {
                    text.push_str("nodes ");
                    self.leaves(leaf, text);
                }
            }
            text.push_str("} ");
        }
        text.push_str("} ");
    }
}

/// One step of a way.
#[derive(Clone)]
pub struct Step<'a> {
    /// The field it goes through.
    pub field: &'a Field,
    /// The type of the fragment behind it.
    pub on: Option<String>,
}

/// What a field is asked with: what it must have, and small pages.
fn arguments(field: &Field, customer: &str) -> String {
    let given: Vec<String> = field
        .arguments
        .iter()
        .filter_map(|(name, must)| match (name.as_str(), must) {
            ("by", _) => Some(format!("by: {{customerNumber: \"{customer}\"}}")),
            ("key", true) => Some("key: \"csv-support\"".to_owned()),
            ("text", _) => Some("text: \"Quandora\"".to_owned()),
            ("channel", true) => Some("channel: EMAIL".to_owned()),
            ("purpose", true) => Some("purpose: MARKETING".to_owned()),
            ("first", _) => Some(if field.name == "timeline" { "first: 25" } else { "first: 5" }.to_owned()),
            (_, false) => None,
            (name, true) => panic!("say here what `{name}` of `{}` is asked with", field.name),
        })
        .collect();
    if given.is_empty() { String::new() } else { format!("({})", given.join(", ")) }
}

impl Field {
    fn read(field: &FieldDefinition) -> Self {
        let (silo, class) = access_of(field).unwrap_or_else(|| panic!("{} has no @access", field.name.node));
        let known = |text: &str| SiloKey::ALL.iter().copied().find(|key| key.name() == text);
        let every = class == "all";
        let class = Class::ALL.iter().copied().find(|known| every || known.name() == class);
        Self {
            name: field.name.node.to_string(),
            of: base(&field.ty.node),
            silo: known(&silo),
            class: class.expect("a known class"),
            every,
            arguments: field
                .arguments
                .iter()
                .map(|argument| &argument.node)
                .map(|argument| {
                    let must = !argument.ty.node.nullable && argument.default_value.is_none();
                    (argument.name.node.to_string(), must)
                })
                .collect(),
        }
    }
}

/// The name of a type, lists and non-null peeled off.
pub fn base(of: &Type) -> String {
    match &of.base {
        BaseType::Named(name) => name.to_string(),
        BaseType::List(inner) => base(inner),
    }
}
