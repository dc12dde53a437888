//! What a source's file adds to its mapping: entries of lookup tables, constants, the time zone, touchpoint rules.

use super::document::{Entries, MappingError};
use super::touchpoint::TouchpointRule;
use super::{Mapping, load, signature};

/// Takes these keys out of the source's file into the mapping. Whatever the mapping needs and nobody gives is an error here.
pub fn add(mapping: &mut Mapping, entries: &mut Entries<'_>) -> Result<(), MappingError> {
    if let Some(node) = entries.take("lookup") {
        for (name, own) in load::lookups(node)? {
            match mapping.facts.lookups.get_mut(&name) {
                Some(table) => table.extend(own),
                None => return Err(node.fail(format!("the mapping has no table [lookup.{name}]"))),
            }
        }
    }
    if let Some(node) = entries.take("constants") {
        for (name, line, node) in node.table("constants")?.all() {
            let known: Vec<_> = mapping.facts.constants.keys().cloned().collect();
            let Some(constant) = mapping.facts.constants.get_mut(name) else {
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                let message = format!("the mapping has no constant `{name}`; it has {known}");
                return Err(MappingError { line, message });
            };
            constant.value = Some(node.scalar()?);
        }
    }
    if let Some(zone) = entries.take("time_zone") {
        mapping.facts.zone = Some(signature::zone(zone)?);
        mapping.facts.has_zone = true;
    }
    let mut rules = Vec::new();
    for node in entries.list("touchpoint")? {
        rules.push(TouchpointRule::load(node, mapping)?);
    }
    rules.append(&mut mapping.touchpoints);
    mapping.touchpoints = rules;
    whole(mapping, entries)
}

/// A mapping lacks nothing that only its source could have said.
fn whole(mapping: &Mapping, entries: &Entries<'_>) -> Result<(), MappingError> {
    if mapping.facts.has_zone && mapping.facts.zone.is_none() {
        let key = &mapping.key;
        let message = format!(
            "the times of `{key}` name no zone: say `time_zone = \"…\"` in the source's file, a name such as Europe/Berlin"
        );
        return Err(entries.fail(message));
    }
    let missing =
        mapping.facts.constants.iter().find(|(_, constant)| constant.value.is_none() && !constant.is_optional);
    let Some((name, constant)) = missing else { return Ok(()) };
    let about = constant.about.as_ref().map_or_else(String::new, |about| format!(" ({about})"));
    let message =
        format!("`{}` needs the constant `{name}`{about}: say it under [constants] in the source's file", mapping.key);
    Err(entries.fail(message))
}
