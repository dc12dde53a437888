//! Every field of the schema × every role: what the server does, against what the policy says; the table is kept and read
//! in review.

use std::collections::BTreeMap;
use std::fmt::Write;

use api::access::{Action, Class, Policy, Rights, Target};
use customer360_tests::app::token;
use customer360_tests::{Role, both};
use serde_json::{Value, json};

use super::document::{Field, Sdl, Step};
use super::world::{SUBJECT, World, leaks};

/// What became of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    /// No object that has it is visible.
    Beyond,
    /// Null or an empty list, and nothing says that it was withheld.
    Empty,
    Shown,
    Masked,
    Hidden,
    /// An error with the code FORBIDDEN.
    Refused,
}

impl Outcome {
    const fn letter(self) -> char {
        match self {
            Self::Beyond => '.',
            Self::Empty => 'e',
            Self::Shown => 'S',
            Self::Masked => 'm',
            Self::Hidden => 'h',
            Self::Refused => 'F',
        }
    }
}

/// Fields of which nobody is asked a question here, and why.
const UNASKED: [(&str, &str); 1] = [("Query.node", "needs an id: `canaries` asks it for every id there is")];

/// Types that only mutations answer with: `mutation` and `watch` ask for them, as roles with the right to write and without it.
const ANSWERS_OF_MUTATIONS: [&str; 8] = [
    "Mutation",
    "ConsentPayload",
    "ContactNotePayload",
    "CustomerPayload",
    "RejectedRecordPayload",
    "RejectedRecordsReplayPayload",
    "SourcePayload",
    "UserError",
];

/// Whether a field is asked elsewhere.
fn is_unasked(coordinate: &str) -> bool {
    let owner = coordinate.split('.').next().unwrap_or_default();
    ANSWERS_OF_MUTATIONS.contains(&owner) || UNASKED.iter().any(|(unasked, _)| *unasked == coordinate)
}

/// Fields that are empty even for those who see everything, and why.
const EMPTY: [(&str, &str); 10] = [
    ("RejectedRecord.discardReason", "nothing of the world is discarded: `watch` does that"),
    ("RejectedRecord.discardedAt", "nothing of the world is discarded"),
    ("RejectedRecord.discardedBy", "nothing of the world is discarded"),
    ("Source.pauseReason", "no source of the world is paused: `watch` does that"),
    ("Source.pausedAt", "no source of the world is paused"),
    ("Source.pausedBy", "no source of the world is paused"),
    ("Source.staleSince", "no source of the world is expected at a time"),
    ("Freshness.staleSources", "no source of the world is expected at a time"),
    ("Source.expectedEverySeconds", "no source of the world is expected at a time"),
    ("SourceProfile.deletedAt", "no source of the world deletes"),
];

/// Fields whose class depends on the row: `canaries` holds them to the class of each value.
const BY_ROW: [&str; 4] = ["Alternative.value", "Attribute.value", "Identifier.value", "TicketMessage.author"];

/// Lists of what the policy withholds: who sees everything has them empty.
const OF_POLICY: [&str; 4] = ["SiloAccess.hidden", "SiloAccess.masked", "SiloRight.hidden", "SiloRight.masked"];

both! {
    async fn every_field_for_every_role(world: World) {
        let (sdl, policy) = (Sdl::read(), Policy::built_in().unwrap());
        let mut table: BTreeMap<String, Vec<Outcome>> = BTreeMap::new();
        let classes: BTreeMap<String, Option<Class>> =
            sdl.coordinates().map(|(name, field)| (name, (!field.every).then_some(field.class))).collect();
        let mut wrong = Vec::new();
        for role in Role::ALL {
            let rights = policy.rights([role.as_str()]).unwrap();
            let token = token(SUBJECT, &[role]);
            for (name, way) in sdl.ways_for(&rights) {
                let mut outcomes = vec![Outcome::Beyond; sdl.objects[&name].len()];
                // A company has people, a person has everything else.
                for customer in ["K-1", "F-1"] {
                    let document = sdl.document(&name, &way, customer);
                    let answer = world.app.query_by(&token, &document, json!({})).await;
                    check_extensions(&classes, &answer.json, &mut wrong);
                    wrong.extend(leaks(&answer.text, &rights).map(|text| format!("{} comes across {text} at {name}", role.as_str())));
                    for (field, outcome) in sdl.objects[&name].iter().zip(&mut outcomes) {
                        *outcome = (*outcome).max(outcome_of(&name, &way, field, &answer.json));
                    }
                    if name != "Customer" {
                        break;
                    }
                }
                for (field, outcome) in sdl.objects[&name].iter().zip(outcomes) {
                    let coordinate = format!("{name}.{}", field.name);
                    if is_unasked(&coordinate) {
                        continue;
                    }
                    if !agrees(&coordinate, field, outcome, &rights) {
                        wrong.push(format!("{} {coordinate} ({}): {outcome:?}", role.as_str(), field.class));
                    }
                    table.entry(coordinate).or_default().push(outcome);
                }
            }
        }
        assert!(wrong.is_empty(), "the policy says otherwise:\n{}", wrong.join("\n"));
        for (coordinate, _) in sdl.coordinates() {
            let reached = table.get(&coordinate).is_some_and(|row| row.iter().any(|one| *one != Outcome::Beyond));
            let listed = is_unasked(&coordinate);
            assert_ne!(reached, listed, "{coordinate}: reached {reached}, listed as unasked {listed}");
        }
        insta::assert_snapshot!("access", print(&sdl, &table));
    }
}

fn print(sdl: &Sdl, table: &BTreeMap<String, Vec<Outcome>>) -> String {
    let mut text = "S shown  m masked  h hidden  F refused  e empty  . beyond reach\n".to_owned();
    let roles: Vec<&str> = Role::ALL.iter().map(|role| &role.as_str()[..3]).collect();
    writeln!(text, "{:<40} {:<20} {}", "field", "silo.class", roles.join(" ")).unwrap();
    for (coordinate, field) in sdl.coordinates() {
        let Some(row) = table.get(&coordinate) else { continue };
        let class = if field.every { "all" } else { field.class.name() };
        let access = format!("{}.{class}", field.silo.map_or("any", api::access::SiloKey::name));
        let letters: Vec<String> = row.iter().map(|outcome| format!("{}  ", outcome.letter())).collect();
        writeln!(text, "{coordinate:<40} {access:<20} {}", letters.join(" ").trim_end()).unwrap();
    }
    text
}

/// What became of a field at the end of a way.
fn outcome_of(name: &str, way: &[Step<'_>], field: &Field, answer: &Value) -> Outcome {
    let path: Vec<&str> = way.iter().map(|step| step.field.name.as_str()).chain([field.name.as_str()]).collect();
    for error in answer["errors"].as_array().into_iter().flatten() {
        let at: Vec<&str> = error["path"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        if at.is_empty() || at == path {
            assert_eq!(error["extensions"]["code"], "FORBIDDEN", "{name}.{}: {error:#}", field.name);
            return Outcome::Refused;
        }
    }
    let mut objects = Vec::new();
    collect(&answer["data"], &path[..path.len() - 1], &mut objects);
    if name != "Query" {
        objects.retain(|object| object["__typename"] == name);
    }
    if objects.is_empty() {
        return Outcome::Beyond;
    }
    let coordinate = format!("{name}.{}", field.name);
    for withheld in answer["extensions"]["access"].as_array().into_iter().flatten() {
        if withheld["path"] == json!(path) && withheld["coordinate"] == coordinate {
            let outcome = if withheld["code"] == "MASKED" { Outcome::Masked } else { Outcome::Hidden };
            let values = objects.iter().map(|object| &object[&field.name]);
            for value in values.filter(|_| !BY_ROW.contains(&coordinate.as_str())) {
                let masked = outcome == Outcome::Masked && value.as_str().is_some_and(|text| text.contains('…'));
                assert!(value.is_null() || masked, "{coordinate} is told as {outcome:?} and given as {value}");
            }
            return outcome;
        }
    }
    let empty = |value: &Value| value.is_null() || value.as_array().is_some_and(Vec::is_empty);
    if objects.iter().all(|object| empty(&object[&field.name])) { Outcome::Empty } else { Outcome::Shown }
}

fn collect<'a>(value: &'a Value, path: &[&str], found: &mut Vec<&'a Value>) {
    match (value, path) {
        (Value::Array(items), _) => items.iter().for_each(|item| collect(item, path, found)),
        (Value::Object(_), []) => found.push(value),
        (Value::Object(fields), [first, rest @ ..]) => {
            if let Some(value) = fields.get(*first) {
                collect(value, rest, found);
            }
        }
        _ => {}
    }
}

/// Whether the policy says the same.
fn agrees(coordinate: &str, field: &Field, outcome: Outcome, rights: &Rights) -> bool {
    use Outcome::{Beyond, Empty, Hidden, Masked, Refused, Shown};
    if outcome == Beyond || BY_ROW.contains(&coordinate) || OF_POLICY.contains(&coordinate) {
        return true;
    }
    // `any` needs no more than the object it stands on.
    let Some(silo) = field.silo else { return outcome == Shown };
    let cell = rights.of(silo);
    let root = coordinate.starts_with("Query.");
    if cell.rows.is_none() {
        return outcome == if root { Refused } else { Hidden };
    }
    let every = Class::ALL.iter().map(|class| cell.action(*class)).min();
    let action = match every {
        Some(every) if field.every => {
            let works =
                [Target::RejectedRecords, Target::Intake].iter().any(|target| rights.may_write(*target).is_some());
            if coordinate == "RejectedContent.shape" && works { Action::Show } else { every }
        }
        _ => cell.action(field.class),
    };
    match action {
        Action::Show if EMPTY.iter().any(|(empty, _)| *empty == coordinate) => outcome == Empty,
        Action::Show => outcome == Shown,
        _ if root => outcome == Refused,
        Action::Mask => outcome == Masked,
        Action::Hide => outcome == Hidden,
    }
}

/// What `extensions.access` says names fields of the schema, with their class or that of a silo withheld whole.
fn check_extensions(classes: &BTreeMap<String, Option<Class>>, answer: &Value, wrong: &mut Vec<String>) {
    for withheld in answer["extensions"]["access"].as_array().into_iter().flatten() {
        let coordinate = withheld["coordinate"].as_str().unwrap_or_default();
        let class = withheld["dataClass"].as_str().unwrap_or_default();
        let known = classes
            .get(coordinate)
            .is_some_and(|known| class == "open" || known.is_none_or(|known| class == known.name()));
        if !known && !BY_ROW.contains(&coordinate) {
            wrong.push(format!("extensions.access names {coordinate} as {class}"));
        }
    }
}
