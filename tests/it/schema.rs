//! The published schema: kept in the repository, described throughout, and every field with its right.

use api::access::{Class, SiloKey};
use async_graphql::Positioned;
use async_graphql::parser::types::{FieldDefinition, InputValueDefinition, TypeKind, TypeSystemDefinition};

use crate::access::document::{access_of, parse};

#[test]
fn the_file_is_what_the_server_serves() {
    let file = include_str!("../../schema.graphql");
    assert!(file == api::schema::sdl(), "schema.graphql is not the server's: write it with `customer360 schema`");
}

#[test]
fn everything_is_described_and_every_field_has_its_right() {
    let mut wrong = Vec::new();
    let mut fields = 0;
    for definition in parse().definitions {
        let TypeSystemDefinition::Type(Positioned { node, .. }) = definition else { continue };
        let name = node.name.node.to_string();
        // Scalars of the specification carry their meaning in their name.
        let mut say = |what: String, described: bool| {
            if !described {
                wrong.push(format!("{what} has no description"));
            }
        };
        say(name.clone(), node.description.is_some() || name == "Query");
        match node.kind {
            TypeKind::Object(object) => {
                for field in &object.fields {
                    fields += 1;
                    describe(&name, &field.node, &mut say);
                }
                for field in &object.fields {
                    if let Some(fault) = fault_of_access(&field.node) {
                        wrong.push(format!("{name}.{}: {fault}", field.node.name.node));
                    }
                }
            }
            TypeKind::Interface(interface) => {
                for field in &interface.fields {
                    describe(&name, &field.node, &mut say);
                }
            }
            TypeKind::InputObject(input) => {
                for field in &input.fields {
                    describe_input(&name, &field.node, &mut say);
                }
            }
            TypeKind::Enum(words) => {
                for word in &words.values {
                    say(format!("{name}.{}", word.node.value.node), word.node.description.is_some());
                }
            }
            TypeKind::Union(_) | TypeKind::Scalar => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(fields > 400, "the schema was read whole: {fields} fields");
}

fn describe(of: &str, field: &FieldDefinition, say: &mut impl FnMut(String, bool)) {
    let name = format!("{of}.{}", field.name.node);
    say(name.clone(), field.description.is_some());
    for argument in &field.arguments {
        describe_input(&name, &argument.node, say);
    }
}

fn describe_input(of: &str, input: &InputValueDefinition, say: &mut impl FnMut(String, bool)) {
    say(format!("{of}({})", input.name.node), input.description.is_some());
}

fn fault_of_access(field: &FieldDefinition) -> Option<String> {
    let Some((silo, class)) = access_of(field) else { return Some("no @access".to_owned()) };
    if silo != "any" && !SiloKey::ALL.iter().any(|known| known.name() == silo) {
        return Some(format!("unknown silo {silo}"));
    }
    (class != "all" && !Class::ALL.iter().any(|known| known.name() == class)).then(|| format!("unknown class {class}"))
}
