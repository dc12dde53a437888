//! Checks the variables of a request before anything runs: those that must be given are there, each fits its type, and
//! none is oversized. Messages name the variable and the place inside it, never the value: it may be personal.

use async_graphql::parser::types::{BaseType, OperationDefinition, Type};
use async_graphql::{Name, Pos, Value, Variables};

use super::Refusal;
use super::shape::{Input, Shape};
use crate::config::GraphQl;
use crate::error::Code;

/// What an operation declares.
#[derive(Debug)]
pub(super) struct Rules(Vec<Rule>);

#[derive(Debug)]
struct Rule {
    name: Name,
    ty: Type,
    has_default: bool,
    at: Pos,
}

impl Rules {
    pub(super) fn new(operation: &OperationDefinition, limits: &GraphQl, at: Pos) -> Result<Self, Refusal> {
        let definitions = &operation.variable_definitions;
        if definitions.len() > limits.max_variables as usize {
            let (found, limit) = (definitions.len() as u64, limits.max_variables.into());
            return Err(Refusal::too_complex("variables", found, limit, "max_variables", Some(at)));
        }
        let rule = |definition: &async_graphql::Positioned<async_graphql::parser::types::VariableDefinition>| Rule {
            name: definition.node.name.node.clone(),
            ty: definition.node.var_type.node.clone(),
            has_default: definition.node.default_value.is_some(),
            at: definition.pos,
        };
        Ok(Self(definitions.iter().map(rule).collect()))
    }

    pub(super) fn check(&self, given: &Variables, shape: &Shape, limits: &GraphQl) -> Result<(), Refusal> {
        if given.len() > limits.max_variables as usize {
            let (found, limit) = (given.len() as u64, limits.max_variables.into());
            return Err(Refusal::too_complex("variables", found, limit, "max_variables", None));
        }
        for (name, value) in given.iter() {
            bounds(value, limits, 2)
                .map_err(|what| Refusal::new(Code::BadUserInput, format!("Variable ${name} {what}."), None))?;
        }
        for rule in &self.0 {
            let refuse = |at: &str, what: &str| {
                let place = if at.is_empty() { String::new() } else { format!(" at {}", at.trim_start_matches('.')) };
                let message = format!("Variable ${} of type {}{place} {what}.", rule.name, rule.ty);
                Refusal::new(Code::BadUserInput, message, Some(rule.at))
            };
            match given.get(&rule.name) {
                None if rule.ty.nullable || rule.has_default => {}
                None => return Err(refuse("", "is required")),
                Some(value) => {
                    fits(value, &rule.ty, shape, &mut String::new()).map_err(|(at, what)| refuse(&at, &what))?;
                }
            }
        }
        Ok(())
    }
}

/// Size, depth and characters, whatever the type.
fn bounds(value: &Value, limits: &GraphQl, depth: u32) -> Result<(), String> {
    if depth > limits.max_json_depth {
        return Err(format!("is nested deeper than {} (graphql.max_json_depth)", limits.max_json_depth));
    }
    match value {
        Value::String(text) if text.len() > limits.max_text_bytes => Err(format!(
            "holds a text of {} bytes; at most {} are taken (graphql.max_text_bytes)",
            text.len(),
            limits.max_text_bytes
        )),
        Value::String(text) if text.contains('\0') => Err("holds a NUL character".into()),
        Value::List(list) => list.iter().try_for_each(|value| bounds(value, limits, depth + 1)),
        Value::Object(object) => object.values().try_for_each(|value| bounds(value, limits, depth + 1)),
        _ => Ok(()),
    }
}

type Misfit = (String, String);

fn fits(value: &Value, ty: &Type, shape: &Shape, at: &mut String) -> Result<(), Misfit> {
    if *value == Value::Null {
        return if ty.nullable { Ok(()) } else { Err((at.clone(), "must not be null".into())) };
    }
    match (&ty.base, value) {
        (BaseType::List(inner), Value::List(list)) => {
            for (index, value) in list.iter().enumerate() {
                nested(at, &index.to_string(), |at| fits(value, inner, shape, at))?;
            }
            Ok(())
        }
        // A single value stands for a list of one.
        (BaseType::List(inner), value) => fits(value, inner, shape, at),
        (BaseType::Named(name), value) => fits_named(value, name, shape, at),
    }
}

fn fits_named(value: &Value, name: &Name, shape: &Shape, at: &mut String) -> Result<(), Misfit> {
    let fits = match name.as_str() {
        "Int" => matches!(value, Value::Number(number) if number.as_i64().is_some_and(|n| i32::try_from(n).is_ok())),
        "Float" => matches!(value, Value::Number(_)),
        "String" => matches!(value, Value::String(_)),
        "Boolean" => matches!(value, Value::Boolean(_)),
        "ID" => match value {
            Value::String(_) => true,
            Value::Number(number) => number.as_i64().is_some() || number.as_u64().is_some(),
            _ => false,
        },
        _ => match (shape.input(name), value) {
            (Some(Input::Enum(values)), Value::String(text)) => values.contains(text.as_str()),
            (Some(Input::Enum(values)), Value::Enum(text)) => values.contains(text),
            (Some(Input::Object { fields, one_of }), Value::Object(object)) => {
                for (key, value) in object {
                    let Some(field) = fields.get(key) else {
                        return nested(at, key, |at| Err((at.clone(), format!("is no field of {name}"))));
                    };
                    nested(at, key, |at| self::fits(value, &field.ty, shape, at))?;
                }
                for (key, field) in fields {
                    if !field.ty.nullable && !field.has_default && !object.contains_key(key) {
                        return nested(at, key, |at| Err((at.clone(), "is required".into())));
                    }
                }
                let set = object.values().filter(|value| **value != Value::Null).count();
                if *one_of && (object.len() != 1 || set != 1) {
                    return Err((at.clone(), format!("must hold exactly one field of {name}")));
                }
                true
            }
            (Some(Input::Enum(_) | Input::Object { .. }), _) => false,
            // A scalar of our own checks itself, and the validation names unknown types.
            (Some(Input::Scalar) | None, _) => true,
        },
    };
    if fits { Ok(()) } else { Err((at.clone(), format!("must be {name}"))) }
}

fn nested(at: &mut String, part: &str, check: impl FnOnce(&mut String) -> Result<(), Misfit>) -> Result<(), Misfit> {
    let length = at.len();
    at.push('.');
    at.push_str(part);
    let result = check(at);
    at.truncate(length);
    result
}
