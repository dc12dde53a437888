//! From the text of a mapping file to a compiled [`Mapping`]: every word is checked here, so that a mapping that loads can
//! only fail on the data.

use std::collections::{BTreeMap, HashMap};

use super::condition::Condition;
use super::document::{Entries, MappingError, Node, read};
use super::each::Each;
use super::expression::Expression;
use super::path::Words;
use super::signature;
use super::table::{ATTRIBUTES, Belongs, FieldType, SILOS, TABLES, Table};
use super::touchpoint::TouchpointRule;
use super::{Constant, Facts, FieldRule, IdentifierRule, Lookups, Mapping, Owner, ProfileRule, RowRule, Rule, Stream};
use crate::identity::{IdentifierKind, PartyKind, Strength};

/// Reads a mapping file.
pub fn mapping(text: &str) -> Result<Mapping, MappingError> {
    read(text, |mut file| {
        let key = file.require("key")?.text()?.to_owned();
        let silo = silo(file.require("silo")?)?;
        let name = file.text("name")?.unwrap_or_else(|| key.clone());
        let version = match file.take("version") {
            Some(node) => i32::try_from(node.integer()?).map_err(|_| node.fail("the version is too large"))?,
            None => 1,
        };
        let priority = file.take("priority").map(priority).transpose()?.unwrap_or(0);
        let default_country = file.take("default_country").map(country).transpose()?;
        let expected_every = file.take("expected_every").map(seconds).transpose()?;
        let lookups = file.take("lookup").map(lookups).transpose()?.unwrap_or_default();
        let constants = file.take("constants").map(constants).transpose()?.unwrap_or_default();
        let zone = file.take("time_zone");
        let has_zone = zone.is_some();
        let told = zone.filter(|node| node.as_text() != Some("source"));
        let facts = Facts { lookups, constants, zone: told.map(signature::zone).transpose()?, has_zone };
        let rules = file.list("touchpoint")?;
        let shared = file.list("profile")?;
        let nodes = file.list("stream")?;
        let mut mapping = Mapping {
            key,
            silo,
            name,
            version,
            priority,
            default_country,
            expected_every,
            facts,
            touchpoints: Vec::new(),
            streams: Vec::new(),
            by_name: HashMap::new(),
        };
        for node in &nodes {
            stream(*node, &shared, &mut mapping)?;
        }
        if mapping.streams.is_empty() {
            return Err(file.fail("a mapping needs at least one [[stream]]"));
        }
        for node in shared {
            // The streams that a common profile names must exist; its other keys were checked where it is used.
            for name in node.table("a profile")?.require("streams")?.texts()? {
                if !mapping.by_name.contains_key(&name) {
                    return Err(node.fail(format!("there is no [[stream]] named `{name}`")));
                }
            }
        }
        for node in rules {
            let rule = TouchpointRule::load(node, &mapping)?;
            mapping.touchpoints.push(rule);
        }
        file.finish()?;
        Ok(mapping)
    })
}

/// A silo by its name.
pub fn silo(node: Node<'_>) -> Result<&'static str, MappingError> {
    let name = node.text()?;
    let found = SILOS.iter().find(|silo| **silo == name).copied();
    found.ok_or_else(|| node.fail(format!("unknown silo `{name}`; known are {}", SILOS.join(", "))))
}

/// A priority among sources.
pub fn priority(node: Node<'_>) -> Result<i32, MappingError> {
    i32::try_from(node.integer()?).map_err(|_| node.fail("the priority is too large"))
}

/// A country code.
pub fn country(node: Node<'_>) -> Result<String, MappingError> {
    let text = node.text()?;
    if text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Ok(text.to_owned());
    }
    Err(node.fail("a country is its two capital letters, such as DE"))
}

/// A span of time: seconds as a number, or `90s`, `15m`, `6h`, `1d`.
pub fn seconds(node: Node<'_>) -> Result<i64, MappingError> {
    let wrong = || node.fail("a span of time is a number of seconds, or a text such as 90s, 15m, 6h or 1d");
    let Some(text) = node.as_text() else {
        return node.integer().ok().filter(|seconds| *seconds > 0).ok_or_else(wrong);
    };
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(wrong()),
    };
    number.parse::<i64>().ok().filter(|n| *n > 0).and_then(|n| n.checked_mul(unit)).ok_or_else(wrong)
}

/// The `[lookup.<name>]` tables.
pub fn lookups(node: Node<'_>) -> Result<Lookups, MappingError> {
    let mut tables = Lookups::new();
    for (name, _, table) in node.table("lookup")?.all() {
        let mut entries = BTreeMap::new();
        for (key, _, value) in table.table("a lookup table")?.all() {
            entries.insert(key.to_owned(), value.scalar()?);
        }
        tables.insert(name.to_owned(), entries);
    }
    Ok(tables)
}

/// The `[constants]` of a mapping: the text of each, or what a source shall say of it.
fn constants(node: Node<'_>) -> Result<BTreeMap<String, Constant>, MappingError> {
    let mut constants = BTreeMap::new();
    for (name, line, node) in node.table("constants")?.all() {
        let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if name.is_empty() || !name.bytes().all(is_word) {
            let message = format!("the constant `{name}` is not spelled in small letters, digits and underscores");
            return Err(MappingError { line, message });
        }
        let constant = if node.value().is_table() {
            let mut entries = node.table("a constant")?;
            let constant = Constant {
                value: entries.take("default").map(|node| node.scalar()).transpose()?,
                about: entries.text("about")?,
                is_optional: entries.take("optional").map_or(Ok(false), |node| node.bool())?,
            };
            entries.finish()?;
            constant
        } else {
            Constant { value: Some(node.scalar()?), ..Constant::default() }
        };
        constants.insert(name.to_owned(), constant);
    }
    Ok(constants)
}

fn stream(node: Node<'_>, shared: &[Node<'_>], mapping: &mut Mapping) -> Result<(), MappingError> {
    let mut entries = node.table("a stream")?;
    let names = entries.require("name")?.texts()?;
    let words = Words { facts: &mapping.facts, in_loop: false };
    let rule = |node| Expression::load(node, words);
    let key = entries.take("key").map(rule).transpose()?;
    let version = match entries.take("version") {
        Some(node) if node.value().is_array() => node.list()?.into_iter().map(rule).collect::<Result<_, _>>()?,
        Some(node) => vec![rule(node)?],
        None => Vec::new(),
    };
    let occurred_at = entries.take("occurred_at").map(rule).transpose()?;
    let delete = entries.take("delete").map(|node| Condition::load(node, words)).transpose()?;
    let ignore = entries.take("ignore").map_or(Ok(false), |node| node.bool())?;
    let mut profiles = Vec::new();
    for node in shared {
        let mut entries = node.table("a profile")?;
        let streams = entries.require("streams")?.texts()?;
        if names.iter().any(|name| streams.contains(name)) {
            profiles.push(profile(entries, words)?);
        }
    }
    for node in entries.list("profile")? {
        profiles.push(profile(node.table("a profile")?, words)?);
    }
    let rows = entries.list("row")?;
    let rows = rows.into_iter().map(|node| row(node, words)).collect::<Result<Vec<_>, _>>()?;
    if !ignore && profiles.is_empty() && rows.is_empty() {
        return Err(node.fail("a stream needs a [[stream.profile]] or a [[stream.row]], or `ignore = true`"));
    }
    entries.finish()?;
    let position = mapping.streams.len();
    for name in names {
        if mapping.by_name.insert(name.clone(), position).is_some() {
            return Err(node.fail(format!("the stream `{name}` is mapped twice")));
        }
    }
    mapping.streams.push(Stream { key, version, occurred_at, delete, profiles, rows });
    Ok(())
}

fn profile(mut entries: Entries<'_>, words: Words<'_>) -> Result<ProfileRule, MappingError> {
    // Only common profiles have it; there it was read already.
    entries.take("streams");
    let for_each = entries.take("for_each").map(|node| Each::load(node, words)).transpose()?;
    let words = Words { in_loop: for_each.is_some(), ..words };
    let rule = |node| Expression::load(node, words);
    let key = rule(entries.require("key")?)?;
    let kind = entries.take("kind").map(|node| either(node, party, rule)).transpose()?;
    let country = entries.take("country").map(rule).transpose()?;
    let observed_at = entries.take("observed_at").map(rule).transpose()?;
    let when = entries.take("when").map(|node| Condition::load(node, words)).transpose()?;
    let mut attributes = Vec::new();
    if let Some(node) = entries.take("attributes") {
        for (name, line, node) in node.table("attributes")?.all() {
            let known = ATTRIBUTES.iter().find(|known| **known == name).copied();
            let name = known.ok_or_else(|| MappingError {
                line,
                message: format!("unknown attribute `{name}`; known are {}", ATTRIBUTES.join(", ")),
            })?;
            attributes.push((name, rule(node)?));
        }
    }
    let mut identifiers = Vec::new();
    for node in entries.list("identifiers")? {
        let mut entries = node.table("an identifier")?;
        let kind = word::<IdentifierKind>(entries.require("kind")?, "identifier kind")?;
        let strength = word::<Strength>(entries.require("strength")?, "strength (STRONG, WEAK)")?;
        let for_each = entries.take("for_each").map(|node| Each::load(node, words)).transpose()?;
        let words = Words { in_loop: words.in_loop || for_each.is_some(), ..words };
        let value = Expression::load(entries.require("value")?, words)?;
        identifiers.push(IdentifierRule { kind, strength, for_each, value });
        entries.finish()?;
    }
    entries.finish()?;
    Ok(ProfileRule { for_each, key, kind, country, observed_at, when, attributes, identifiers })
}

fn party(node: Node<'_>) -> Result<PartyKind, MappingError> {
    word(node, "kind (PERSON, COMPANY)")
}

fn word<T: std::str::FromStr>(node: Node<'_>, what: &str) -> Result<T, MappingError> {
    let text = node.text()?;
    text.parse().map_err(|_| node.fail(format!("unknown {what} `{text}`")))
}

fn either<'d, T>(
    node: Node<'d>,
    literal: impl FnOnce(Node<'d>) -> Result<T, MappingError>,
    rule: impl FnOnce(Node<'d>) -> Result<Expression, MappingError>,
) -> Result<Rule<T>, MappingError> {
    if node.as_text().is_some() { literal(node).map(Rule::Fixed) } else { rule(node).map(Rule::Read) }
}

fn row(node: Node<'_>, words: Words<'_>) -> Result<RowRule, MappingError> {
    let mut entries = node.table("a row")?;
    let name = entries.require("table")?;
    let table = Table::find(name.text()?).ok_or_else(|| {
        let known: Vec<_> = TABLES.iter().map(|table| table.name).collect();
        name.fail(format!("unknown table `{}`; known are {}", name.text().unwrap_or_default(), known.join(", ")))
    })?;
    let for_each = entries.take("for_each").map(|node| Each::load(node, words)).transpose()?;
    let words = Words { in_loop: for_each.is_some(), ..words };
    let rule = |node| Expression::load(node, words);
    let part = entries.take("part").map(rule).transpose()?;
    let when = entries.take("when").map(|node| Condition::load(node, words)).transpose()?;
    let owner = match entries.take("profile") {
        Some(node) if node.value().is_bool() && !node.bool()? => Owner::Nobody,
        Some(node) => Owner::Read(rule(node)?),
        None if table.belongs == Belongs::Nobody => Owner::Nobody,
        None => Owner::First,
    };
    let mut fields = Vec::new();
    if let Some(node) = entries.take("fields") {
        for (name, line, node) in node.table("fields")?.all() {
            let field = table.field(name).ok_or_else(|| {
                let known: Vec<_> = table.fields.iter().map(|field| field.name).collect();
                let message = format!("unknown field `{name}` of {}; known are {}", table.name, known.join(", "));
                MappingError { line, message }
            })?;
            let rule = match field.kind {
                FieldType::Reference => reference(node, rule)?,
                FieldType::Url => FieldRule::Value(rule(node)?.of_address()),
                _ => FieldRule::Value(rule(node)?),
            };
            fields.push((field, rule));
        }
    }
    if entries.take("columns").map_or(Ok(false), |node| node.bool())? {
        for field in table.fields {
            if field.kind != FieldType::Reference && !fields.iter().any(|(known, _)| known.name == field.name) {
                fields.push((field, FieldRule::Column));
            }
        }
    }
    let missing = table.fields.iter().find(|f| f.required && !fields.iter().any(|(known, _)| known.name == f.name));
    if let Some(field) = missing {
        return Err(node.fail(format!("a row of {} needs the field `{}`", table.name, field.name)));
    }
    entries.finish()?;
    Ok(RowRule { table, for_each, part, when, owner, fields })
}

fn reference<'d>(
    node: Node<'d>,
    rule: impl Fn(Node<'d>) -> Result<Expression, MappingError>,
) -> Result<FieldRule, MappingError> {
    let mut entries = node.table("a reference to another row")?;
    let stream = entries.require("stream")?.text()?.to_owned();
    let key = rule(entries.require("key")?)?;
    let part = entries.take("part").map(rule).transpose()?;
    entries.finish()?;
    Ok(FieldRule::Reference { stream, key, part })
}
