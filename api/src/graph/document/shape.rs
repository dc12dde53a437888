//! What the checks need to know of the schema, read from its SDL once at start: which field leads to which type, what is
//! a list, what is paged, and what an input may hold.

use std::collections::{HashMap, HashSet};

use async_graphql::parser::types::{
    BaseType, FieldDefinition, InputValueDefinition, OperationType, Type, TypeKind, TypeSystemDefinition,
};
use async_graphql::parser::{Error, parse_schema};
use async_graphql::{Name, Number, Positioned, Value};

/// The schema as far as it matters here.
#[derive(Debug, Default)]
pub(super) struct Shape {
    outputs: HashMap<Name, Output>,
    inputs: HashMap<Name, Input>,
    query: Option<Name>,
    mutation: Option<Name>,
    subscription: Option<Name>,
}

/// An object, interface or union.
#[derive(Debug, Default)]
pub(super) struct Output {
    pub(super) fields: HashMap<Name, Field>,
    /// A connection: its lists are pages, whatever leads to it.
    pub(super) connection: bool,
    /// Connections, edges and page information carry objects and are none.
    pub(super) wrapper: bool,
}

/// A field that leads to an `Output`; scalars and enums are not kept.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) target: Name,
    pub(super) list: bool,
    /// The default page, if the field takes `first` or `last`; 0 where the schema names none.
    pub(super) paged: Option<u32>,
}

/// What a variable's type allows.
#[derive(Debug)]
pub(super) enum Input {
    Enum(HashSet<Name>),
    Object { fields: HashMap<Name, InputField>, one_of: bool },
    Scalar,
}

/// A field of an input object.
#[derive(Debug)]
pub(super) struct InputField {
    pub(super) ty: Type,
    pub(super) has_default: bool,
}

impl Shape {
    pub(super) fn try_new(sdl: &str) -> Result<Self, Error> {
        let mut shape = Self::default();
        let named = |name: &str| Some(Name::new(name));
        (shape.query, shape.mutation, shape.subscription) = (named("Query"), named("Mutation"), named("Subscription"));
        for definition in parse_schema(sdl)?.definitions {
            match definition {
                TypeSystemDefinition::Schema(schema) => {
                    let name = |root: Option<Positioned<Name>>| root.map(|name| name.node);
                    shape.query = name(schema.node.query);
                    shape.mutation = name(schema.node.mutation);
                    shape.subscription = name(schema.node.subscription);
                }
                TypeSystemDefinition::Type(ty) => {
                    let one_of = ty.node.directives.iter().any(|directive| directive.node.name.node == "oneOf");
                    shape.add(ty.node.name.node, ty.node.kind, one_of);
                }
                TypeSystemDefinition::Directive(_) => {}
            }
        }
        let Self { outputs, .. } = &mut shape;
        let names: HashSet<Name> = outputs.keys().cloned().collect();
        for output in outputs.values_mut() {
            output.fields.retain(|_, field| names.contains(&field.target));
        }
        Ok(shape)
    }

    fn add(&mut self, name: Name, kind: TypeKind, one_of: bool) {
        match kind {
            TypeKind::Object(object) => self.add_output(name, &object.fields),
            TypeKind::Interface(interface) => self.add_output(name, &interface.fields),
            TypeKind::Union(_) => self.add_output(name, &[]),
            TypeKind::Scalar => {
                self.inputs.insert(name, Input::Scalar);
            }
            TypeKind::Enum(definition) => {
                let values = definition.values.into_iter().map(|value| value.node.value.node).collect();
                self.inputs.insert(name, Input::Enum(values));
            }
            TypeKind::InputObject(object) => {
                let fields = object.fields.into_iter().map(|field| {
                    let InputValueDefinition { name, ty, default_value, .. } = field.node;
                    (name.node, InputField { ty: ty.node, has_default: default_value.is_some() })
                });
                let fields = fields.collect();
                self.inputs.insert(name, Input::Object { fields, one_of });
            }
        }
    }

    fn add_output(&mut self, name: Name, fields: &[Positioned<FieldDefinition>]) {
        let has = |wanted: &str| fields.iter().any(|field| field.node.name.node == wanted);
        let connection = has("pageInfo");
        let wrapper = connection || (has("node") && has("cursor")) || name == "PageInfo";
        let fields = fields.iter().map(|field| {
            let (target, list) = named(&field.node.ty.node);
            (field.node.name.node.clone(), Field { target, list, paged: paged(&field.node.arguments) })
        });
        let output = Output { fields: fields.collect(), connection, wrapper };
        self.outputs.entry(name).or_default().merge(output);
    }

    pub(super) fn root(&self, kind: OperationType) -> Option<&Output> {
        let name = match kind {
            OperationType::Query => self.query.as_ref(),
            OperationType::Mutation => self.mutation.as_ref(),
            OperationType::Subscription => self.subscription.as_ref(),
        };
        self.output(name?)
    }

    pub(super) fn output(&self, name: &Name) -> Option<&Output> {
        self.outputs.get(name)
    }

    pub(super) fn input(&self, name: &Name) -> Option<&Input> {
        self.inputs.get(name)
    }
}

impl Output {
    /// `extend type` adds to what is there.
    fn merge(&mut self, other: Self) {
        self.fields.extend(other.fields);
        self.connection |= other.connection;
        self.wrapper |= other.wrapper;
    }
}

fn named(ty: &Type) -> (Name, bool) {
    match &ty.base {
        BaseType::Named(name) => (name.clone(), false),
        BaseType::List(inner) => (named(inner).0, true),
    }
}

fn paged(arguments: &[Positioned<InputValueDefinition>]) -> Option<u32> {
    let mut pages = arguments.iter().filter(|argument| matches!(argument.node.name.node.as_str(), "first" | "last"));
    let default = |argument: &Positioned<InputValueDefinition>| {
        let value = &argument.node.default_value.as_ref()?.node;
        if let Value::Number(number) = value { integer(number) } else { None }
    };
    let first = pages.next()?;
    Some(default(first).or_else(|| pages.find_map(default)).unwrap_or(0))
}

/// A page size as written: what is no whole number from 0 up counts as the largest.
pub(super) fn integer(number: &Number) -> Option<u32> {
    match number.as_i64() {
        Some(number) => u32::try_from(number.max(0)).ok().or(Some(u32::MAX)),
        None => Some(u32::MAX),
    }
}
