//! The language of mapping files as a JSON Schema (draft 2020-12), for editors. Made of the same tables of words that the loader reads by,
//! and compared with what the loader asks for by a test, so that it cannot go stale.
//!
//! It knows the shapes, not what a path means: `customer360 mapping check` has the last word.

use serde_json::{Map, Value, json};

use super::condition::{JOINTS, TESTS};
use super::expression::ORIGINS;
use super::signature::{FORMATS, PLAIN, WITH_ARGUMENT};
use super::table::{ATTRIBUTES, FieldType, SILOS, TABLES, Table};
use crate::identity::{IdentifierKind, PartyKind, Strength};

/// The schema.
pub fn schema() -> Value {
    let mut root = object(&ROOT, &["key", "silo", "stream"]);
    root["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    root["title"] = json!("A mapping of customer360");
    root["description"] =
        json!("How the records of a product become profiles and rows. The guide is guide/mappings.md.");
    root["$defs"] = json!({
        "path": {
            "type": "string",
            "pattern": "^(/|@record|@item|@key$|@index$|@stream$|@occurred_at$|@received_at$|@source\\.)",
            "description": "Where the value stands: /field/field, /list/[id=7]/value, @record, @item, @key, @index, @stream, @occurred_at, @received_at, @source.constant",
        },
        "scalar": { "type": ["string", "number", "boolean"] },
        "texts": { "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }] },
        "value": { "anyOf": [of("path"), value_table(&[])] },
        "condition": { "anyOf": [of("oneCondition"), { "type": "array", "items": of("oneCondition") }] },
        "oneCondition": { "anyOf": [of("path"), value_table(&TESTS), joints()] },
        "function": function(),
        "span": { "type": ["integer", "string"], "pattern": "^[1-9][0-9]*[smhd]$", "minimum": 1 },
        "constant": { "anyOf": [of("scalar"), object(&CONSTANT, &[])] },
        "hook": object(&HOOK, &[]),
        "recipe": { "type": ["string", "object"] },
        "touchpointRule": object(&TOUCHPOINT, &["key"]),
        "stream": object(&STREAM, &["name"]),
        "profile": object(&PROFILE, &["key"]),
        "sharedProfile": object(&shared(), &["key", "streams"]),
        "identifier": object(&IDENTIFIER, &["kind", "strength", "value"]),
        "reference": object(&REFERENCE, &["stream", "key"]),
        "row": row(),
    });
    root
}

/// What a key holds.
#[derive(Clone, Copy)]
enum Shape {
    Text,
    Integer,
    Bool,
    Country,
    Silo,
    Zone,
    Of(&'static str),
    ListOf(&'static str),
    TableOf(&'static str),
    Lookups,
    Attributes,
    Kind,
    Owner,
    Word(fn() -> Vec<&'static str>),
    VersionParts,
    Fields,
    Tables,
}

/// A key, what it holds, what it means.
type Key = (&'static str, Shape, &'static str);

const ROOT: [Key; 14] = [
    ("key", Shape::Text, "Its name, which sources use."),
    ("silo", Shape::Silo, "What kind of product it is."),
    ("name", Shape::Text, "The product, for people."),
    ("version", Shape::Integer, "Raised with every change, so that a record knows which mapping read it."),
    ("priority", Shape::Integer, "Where sources differ, the higher wins. A source may say another."),
    ("default_country", Shape::Country, "The country of phone numbers that name none."),
    ("expected_every", Shape::Of("span"), "Silence beyond it makes the source stale: seconds, or 15m, 6h, 1d."),
    ("lookup", Shape::Lookups, "Tables of words: [lookup.name]. A source may add entries."),
    ("constants", Shape::TableOf("constant"), "What a source's file says of its installation: @source.name."),
    ("time_zone", Shape::Zone, "The zone of times that name none, or \"source\": its file must say it."),
    ("hook", Shape::Of("hook"), "How the product's webhooks are proved and taken apart."),
    ("profile", Shape::ListOf("sharedProfile"), "Whom the records of several streams are about."),
    (
        "touchpoint",
        Shape::ListOf("touchpointRule"),
        "The touchpoint of rows that name none: the first rule that holds.",
    ),
    ("stream", Shape::ListOf("stream"), "What a kind of record becomes."),
];

const HOOK: [Key; 4] = [
    ("recipe", Shape::Of("recipe"), "How the product signs: a shipped recipe by its name, or one written here."),
    ("records", Shape::Of("texts"), "Where in the body the records are; several places: a record at each."),
    ("stream", Shape::Of("value"), "The stream of a record; `/…` reads the body, `@item/…` the record."),
    ("ignore", Shape::Of("condition"), "What is answered and not kept: a ping."),
];

const CONSTANT: [Key; 3] = [
    ("default", Shape::Of("scalar"), "Its value where a source gives none."),
    ("about", Shape::Text, "What it is and where to find it."),
    ("optional", Shape::Bool, "Whether the mapping works without."),
];

const TOUCHPOINT: [Key; 4] = [
    ("streams", Shape::Of("texts"), "Of these streams only."),
    ("tables", Shape::Tables, "Of these tables only."),
    ("when", Shape::Of("condition"), "Where it holds."),
    ("key", Shape::Owner, "The key of the touchpoint, or a value."),
];

const STREAM: [Key; 9] = [
    ("name", Shape::Of("texts"), "Its name, or several of the same shape."),
    ("key", Shape::Of("value"), "What tells its records apart: the same key again is the same record, changed."),
    ("version", Shape::VersionParts, "What orders the versions of a key: the greater wins, whichever comes first."),
    ("occurred_at", Shape::Of("value"), "When it happened."),
    ("delete", Shape::Of("condition"), "Where it holds, the record is deleted at the source."),
    (
        "on_delete",
        Shape::Word(|| vec!["remove", "keep"]),
        "What becomes of the rows of a deleted record: they go, unless it is \"keep\".",
    ),
    ("ignore", Shape::Bool, "Whether its records are known and not wanted."),
    ("profile", Shape::ListOf("profile"), "Whom it is about; the first is whom its rows hang on."),
    ("row", Shape::ListOf("row"), "What is written."),
];

const PROFILE: [Key; 8] = [
    ("for_each", Shape::Of("path"), "A profile for each item of this list."),
    ("key", Shape::Of("value"), "Its key in the source."),
    ("kind", Shape::Kind, "PERSON, COMPANY, or a value that gives one of them."),
    ("country", Shape::Of("value"), "The country of its phone numbers."),
    ("observed_at", Shape::Of("value"), "When the source saw these values."),
    ("when", Shape::Of("condition"), "Where there is such a profile."),
    ("attributes", Shape::Attributes, "What it is said to be."),
    ("identifiers", Shape::ListOf("identifier"), "What it is known by."),
];

const IDENTIFIER: [Key; 4] = [
    ("kind", Shape::Word(kinds), "What kind of value it is."),
    ("strength", Shape::Word(strengths), "STRONG joins profiles, WEAK is shown and searched only."),
    ("for_each", Shape::Of("path"), "One for each item of this list."),
    ("value", Shape::Of("value"), "The value as the source writes it."),
];

const REFERENCE: [Key; 3] = [
    ("stream", Shape::Text, "The stream of the other record."),
    ("key", Shape::Of("value"), "Its key."),
    ("part", Shape::Of("value"), "Which of its rows."),
];

const ROW: [Key; 7] = [
    ("table", Shape::Word(tables), "The table it is a row of."),
    ("for_each", Shape::Of("path"), "A row for each item of this list or object."),
    ("part", Shape::Of("value"), "Tells several rows of one record apart."),
    ("when", Shape::Of("condition"), "Where there is such a row."),
    ("profile", Shape::Owner, "The key of the profile it hangs on; else the first of the record; false: none."),
    ("columns", Shape::Bool, "Fills what is not listed from the fields of the same name."),
    ("fields", Shape::Fields, "What it says."),
];

/// What a shared profile has besides.
fn shared() -> Vec<Key> {
    let streams = ("streams", Shape::Of("texts"), "The streams whose records are about it.");
    PROFILE.into_iter().chain([streams]).collect()
}

fn kinds() -> Vec<&'static str> {
    IdentifierKind::ALL.iter().map(|kind| kind.as_str()).collect()
}

fn strengths() -> Vec<&'static str> {
    [Strength::Strong, Strength::Weak].map(Strength::as_str).to_vec()
}

fn parties() -> Vec<&'static str> {
    [PartyKind::Person, PartyKind::Company].map(PartyKind::as_str).to_vec()
}

fn tables() -> Vec<&'static str> {
    TABLES.iter().map(|table| table.name).collect()
}

fn of(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}

/// An object of these keys and no others.
fn object(keys: &[Key], required: &[&str]) -> Value {
    let mut properties = Map::new();
    for (name, shape, about) in keys {
        let mut property = shape.schema();
        property["description"] = json!(about);
        properties.insert((*name).to_owned(), property);
    }
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

impl Shape {
    fn schema(self) -> Value {
        match self {
            Self::Text => json!({ "type": "string" }),
            Self::Integer => json!({ "type": "integer", "minimum": i32::MIN, "maximum": i32::MAX }),
            Self::Bool => json!({ "type": "boolean" }),
            Self::Country => json!({ "type": "string", "pattern": "^[A-Z]{2}$" }),
            Self::Silo => json!({ "enum": SILOS }),
            Self::Zone => json!({ "type": "string", "examples": ["Europe/Berlin", "UTC", "+01:00", "source"] }),
            Self::Of(name) => of(name),
            Self::ListOf(name) => json!({ "type": "array", "items": of(name) }),
            Self::TableOf(name) => json!({ "type": "object", "additionalProperties": of(name) }),
            Self::Lookups => json!({
                "type": "object",
                "additionalProperties": { "type": "object", "additionalProperties": of("scalar") },
            }),
            Self::Attributes => {
                let known: Map<String, Value> =
                    ATTRIBUTES.iter().map(|name| ((*name).to_owned(), of("value"))).collect();
                json!({ "type": "object", "properties": known, "additionalProperties": false })
            }
            Self::Kind => json!({ "anyOf": [{ "enum": parties() }, value_table(&[])] }),
            Self::Owner => json!({ "anyOf": [{ "type": "string" }, { "const": false }, value_table(&[])] }),
            Self::Word(words) => json!({ "enum": words() }),
            Self::VersionParts => json!({ "anyOf": [of("value"), { "type": "array", "items": of("value") }] }),
            Self::Fields => json!({ "type": "object" }),
            Self::Tables => {
                let words: Vec<_> = TABLES.iter().filter(|table| table.field("touchpoint").is_some()).collect();
                let words: Vec<_> = words.iter().map(|table| table.name).collect();
                json!({ "anyOf": [{ "enum": words }, { "type": "array", "items": { "enum": words } }] })
            }
        }
    }
}

/// A value written as a table: exactly one origin, and what may stand beside it.
fn value_table(tests: &[&str]) -> Value {
    let mut properties = Map::new();
    for origin in ORIGINS {
        let shape = match origin {
            "path" => of("path"),
            "value" => of("scalar"),
            "first" => json!({ "type": "array", "items": of("value") }),
            "is" => of("condition"),
            _ => json!({ "type": "string" }),
        };
        properties.insert(origin.to_owned(), shape);
    }
    properties.insert("fn".to_owned(), json!({ "type": "array", "items": of("function") }));
    properties.insert("when".to_owned(), of("condition"));
    properties.insert("required".to_owned(), json!({ "type": "boolean" }));
    for test in tests {
        let shape = match *test {
            "in" => json!({ "type": "array", "items": of("scalar") }),
            "absent" => json!({ "type": "boolean" }),
            "type" => json!({ "enum": ["text", "number", "bool", "list", "object", "null"] }),
            _ => of("scalar"),
        };
        properties.insert((*test).to_owned(), shape);
    }
    let origins: Vec<_> = ORIGINS.iter().map(|origin| json!({ "required": [origin] })).collect();
    let mut table =
        json!({ "type": "object", "properties": properties, "additionalProperties": false, "oneOf": origins });
    if !tests.is_empty() {
        let pairs = tests.iter().enumerate().flat_map(|(at, one)| tests[at + 1..].iter().map(move |two| [one, two]));
        let pairs: Vec<_> = pairs.map(|pair| json!({ "required": pair })).collect();
        table["not"] = json!({ "anyOf": pairs });
    }
    table
}

/// A condition of conditions.
fn joints() -> Value {
    let mut properties = Map::new();
    for joint in JOINTS {
        let several = json!({ "type": "array", "items": of("condition") });
        properties.insert(joint.to_owned(), if joint == "not" { of("condition") } else { several });
    }
    json!({
        "type": "object", "properties": properties, "additionalProperties": false,
        "minProperties": 1, "maxProperties": 1,
    })
}

fn function() -> Value {
    let mut properties = Map::new();
    for (name, keys) in WITH_ARGUMENT {
        let mut arguments = Map::new();
        for key in keys {
            let ends = json!({ "type": "array", "items": { "type": "integer" }, "minItems": 2, "maxItems": 2 });
            let shape = match *key {
                "index" => json!({ "type": "integer" }),
                "power" => json!({ "type": "integer", "minimum": -18, "maximum": 18 }),
                "from" | "to" => ends,
                "round" => json!({ "type": "boolean" }),
                "true" | "false" => of("texts"),
                "fallback" => of("scalar"),
                "missing" => json!({ "const": "null" }),
                "decimal" => json!({ "enum": [",", "."] }),
                "sep" => json!({ "type": "string", "minLength": 1 }),
                "format" => formats(),
                _ => json!({ "type": "string" }),
            };
            arguments.insert((*key).to_owned(), shape);
        }
        let table = json!({ "type": "object", "properties": arguments, "additionalProperties": false });
        let shape = match name {
            "join" | "date" => json!({ "type": "string" }),
            "default" => of("scalar"),
            "lookup" => json!({ "anyOf": [{ "type": "string" }, table] }),
            "time" => json!({ "anyOf": [formats(), table] }),
            _ => table,
        };
        properties.insert(name.to_owned(), shape);
    }
    json!({ "anyOf": [
        { "enum": PLAIN },
        {
            "type": "object", "properties": properties, "additionalProperties": false,
            "minProperties": 1, "maxProperties": 1,
        },
    ] })
}

fn formats() -> Value {
    let one = json!({ "anyOf": [{ "enum": FORMATS }, { "type": "string", "pattern": "%" }] });
    json!({ "anyOf": [one, { "type": "array", "items": one }] })
}

/// A row: its fields are those of its table.
fn row() -> Value {
    let mut row = object(&ROW, &["table"]);
    let cases = TABLES.iter().map(|table| {
        json!({
            "if": { "properties": { "table": { "const": table.name } } },
            "then": { "properties": { "fields": fields(table) } },
        })
    });
    row["allOf"] = json!(cases.collect::<Vec<_>>());
    row
}

fn fields(table: &Table) -> Value {
    let mut properties = Map::new();
    for field in table.fields {
        let mut shape = of(if field.kind == FieldType::Reference { "reference" } else { "value" });
        let about = match field.kind {
            FieldType::Choice(words) => format!("One of {}.", words.join(", ")),
            FieldType::Text => "A text.".into(),
            FieldType::Integer => "A whole number.".into(),
            FieldType::Number => "A number.".into(),
            FieldType::Money => "An amount, at most four places.".into(),
            FieldType::Bool => "Yes or no.".into(),
            FieldType::Time => "A time with its zone.".into(),
            FieldType::Date => "A day.".into(),
            FieldType::Texts => "A list of texts.".into(),
            FieldType::Reference => "A row of another record of the source.".into(),
            FieldType::Url => "The address of a page, http or https.".into(),
        };
        let needed = if field.required { " Every row needs it." } else { "" };
        shape["description"] = json!(format!("{about}{needed}"));
        properties.insert(field.name.to_owned(), shape);
    }
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}

#[cfg(test)]
#[path = "schema_tests.rs"]
mod tests;
