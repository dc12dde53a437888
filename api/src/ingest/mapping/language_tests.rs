//! The words that real products need: items chosen from lists, loops, links, zones, touchpoints, private notes, expressions.

use std::path::Path;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::ingest::lines::Origin;
use crate::ingest::source::Source;

/// A help desk that needs all of it.
const DESK: &str = r#"
key = "desk"
silo = "support"
time_zone = "source"
[constants]
subdomain = { about = "what stands before .desk.example", optional = true }
csat_field = "77"
base = { default = "https://desk.example" }
[lookup.smile]
good = "5"
bad = "1"
[[touchpoint]]
streams = ["tickets"]
when = { cel = "record.via == 'voice'" }
key = "hotline"
[[touchpoint]]
tables = ["ticket"]
key = { path = "/group", fn = [{ lookup = { table = "group", missing = "null" } }] }
[lookup.group]
Sales = "shop"
[[stream]]
name = "tickets"
key = "/id"
version = { path = "/changed", fn = [{ time = "local" }] }
occurred_at = { path = "/changed", fn = [{ time = "local" }] }
delete = { any = [{ path = "/status", equals = "deleted" }, { cel = "record.is_deleted" }] }
[[stream.profile]]
for_each = "/people"
key = "@item/id"
when = { not = { path = "@item/bot", equals = "true" } }
identifiers = [
    { kind = "EMAIL", strength = "STRONG", for_each = "@item/email", value = "@item/value" },
    { kind = "PHONE", strength = "STRONG", value = "@item/phone/[primary=true]/value" },
]
attributes = { name = "@item/name", email = "@item/email/[primary=true]/value" }
[[stream.row]]
table = "ticket"
[stream.row.fields]
status = { value = "OPEN" }
subject = { first = ["/subject", { cel = "'Ticket ' + string(record.id)" }] }
opened_at = { path = "/changed", fn = [{ time = "local" }] }
topic = "/fields/[id=@source.csat_field]/value"
team = "/log/[last]/team"
number = "/log/[-2]/nr"
assignee = "/answers/[field.ref=who]/text"
source_url = { template = "https://{@source.subdomain}.desk.example/t/{/id}?q={/subject}" }
[[stream.row]]
table = "ticket_message"
for_each = "/threads/[*]/messages"
part = { template = "m{@key}" }
[stream.row.fields]
ticket = { stream = "tickets", key = "/id" }
text = { path = "@item/html", fn = ["html_to_text"] }
internal = { is = { any = [{ cel = "item.private" }, { path = "@item/kind", in = ["note", "task"] }] } }
sent_at = { path = "@item/at", fn = [{ time = ["iso", "unix_s"] }] }
source_url = { template = "{@source.base}/m/{@item/id}" }
[[stream]]
name = "ratings"
key = "/id"
version = "/at"
[[stream.profile]]
key = "/who"
[[stream.row]]
table = "survey_answer"
[stream.row.fields]
response = { stream = "ratings", key = "/id" }
question_key = { value = "csat" }
kind = { value = "CSAT" }
raw_value = "/score"
score = { first = [
    { path = "/score", when = { path = "/score", type = "number" }, fn = [{ scale = { from = [-103, 103], to = [1, 5], round = true } }] },
    { path = "/score", fn = [{ lookup = "smile" }] },
] }
answered_at = "/at"
"#;

const TICKET: &str = r#"{"id": 7, "subject": "a/b ä&c", "changed": "2026-07-01 12:00:00", "via": "mail", "group": "Sales",
    "people": [
        {"id": "p1", "name": "Ada", "email": [{"value": "old@x.de", "primary": false}, {"value": "ada@x.de", "primary": true}],
         "phone": [{"value": "1", "primary": false}, {"value": "030 901820", "primary": true}]},
        {"id": "bot", "bot": true}, {"id": "p2", "name": "Bob"}],
    "fields": [{"id": 3, "value": "no"}, {"id": 77, "value": "billing"}],
    "log": [{"nr": 1}, {"nr": 2, "team": "A"}, {"nr": 3, "team": "B"}],
    "answers": [{"field": {"ref": "x"}, "text": "no"}, {"field": {"ref": "who"}, "text": "kim"}],
    "threads": [{"messages": [{"id": 1, "html": "<p>Gr&uuml;&szlig;e</p>", "at": 1782900000, "private": true}]}, {},
        {"messages": [{"id": 2, "html": "b", "at": "2026-07-01T12:00:00+0200", "kind": "note"}, {"id": 3, "html": "c", "at": "2026-07-01 12:00:00Z"}]}]}"#;

const SOURCE: &str = "key = \"s\"\nmapping = \"desk.toml\"\ntime_zone = \"Europe/Berlin\"\n";

fn load(mapping: &str, source: &str) -> Result<Mapping, String> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("desk.toml"), mapping).unwrap();
    let source = Source::parse(source, "s.toml", folder.path()).map_err(|error| error.to_string())?;
    Ok(std::sync::Arc::unwrap_or_clone(source.mapping))
}

fn map_with(source: &str, stream: &str, payload: &str) -> Result<Mapped, Reject> {
    load(DESK, &format!("{SOURCE}{source}")).unwrap().map(&Origin::new("s").envelope(stream, None, payload))
}

#[test]
fn lists_and_loops_give_what_stands_in_them() {
    let mapped = map_with("", "tickets", TICKET).unwrap();
    let people: Vec<_> = mapped.profiles.iter().map(|profile| profile.key.as_str()).collect();
    assert_eq!(people, ["p1", "p2"]);
    let known: Vec<_> = mapped.profiles[0].identifiers.iter().map(|one| one.value.as_str()).collect();
    assert_eq!(known, ["old@x.de", "ada@x.de", "030 901820"]);
    assert_eq!(mapped.profiles[0].attributes["email"], "ada@x.de");
    assert!(mapped.profiles[1].identifiers.is_empty());
    let ticket = &mapped.rows[0];
    assert_eq!(
        Value::from(ticket.fields.clone()),
        json!({"status": "OPEN", "subject": "a/b ä&c", "opened_at": "2026-07-01T10:00:00.000000Z", "topic": "billing",
            "team": "B", "number": "2", "assignee": "kim", "touchpoint": "shop"})
    );
    assert_eq!(mapped.version.as_deref(), Some("2026-07-01T10:00:00.000000Z"));
    let messages: Vec<_> = mapped.rows[1..]
        .iter()
        .map(|row| (row.part.as_str(), &row.fields["text"], &row.fields["internal"], &row.fields["source_url"]))
        .collect();
    let told = |text: &str| Value::from(text);
    assert_eq!(
        messages,
        [
            ("m0.0", &told("Grüße"), &json!(true), &told("https://desk.example/m/1")),
            ("m2.0", &told("b"), &json!(true), &told("https://desk.example/m/2")),
            ("m2.1", &told("c"), &json!(false), &told("https://desk.example/m/3")),
        ]
    );
    assert_eq!(mapped.rows[2].fields["sent_at"], "2026-07-01T10:00:00.000000Z");
}

#[test]
fn links_lead_where_the_source_says_and_nowhere_else() {
    let url = |source: &str, payload: &str| {
        map_with(source, "tickets", payload).map(|mapped| mapped.rows[0].fields.get("source_url").cloned())
    };
    let own = "[constants]\nsubdomain = \"acme\"\n";
    assert_eq!(url(own, TICKET).unwrap(), Some(json!("https://acme.desk.example/t/7?q=a%2Fb%20%C3%A4%26c")));
    // A value that is missing: no link; a source that does not say where it is: none either.
    assert_eq!(url(own, r#"{"id": 7, "changed": "2026-07-01 12:00"}"#).unwrap_err().code, RejectCode::MissingField);
    let people = r#""people":[{"id":"p"}]"#;
    assert_eq!(url(own, &format!(r#"{{"id":7,"changed":"2026-07-01 12:00",{people}}}"#)).unwrap(), None);
    assert_eq!(url("", TICKET).unwrap(), None);
    let script = "[constants]\nbase = \"javascript:alert(1)//\"\n";
    assert_eq!(url(script, TICKET).unwrap_err().code, RejectCode::WrongType);
}

#[test]
fn touchpoints_go_by_the_first_rule_that_holds() {
    let touchpoint = |source: &str, via: &str, group: &str| {
        let payload = TICKET.replace("\"mail\"", &format!("\"{via}\"")).replace("\"Sales\"", &format!("\"{group}\""));
        map_with(source, "tickets", &payload).unwrap().rows[0].fields.get("touchpoint").cloned()
    };
    assert_eq!(touchpoint("", "voice", "Sales"), Some(json!("hotline")));
    assert_eq!(touchpoint("", "mail", "Sales"), Some(json!("shop")));
    assert_eq!(touchpoint("", "mail", "?"), None);
    let own = "[[touchpoint]]\nwhen = { path = \"/id\", equals = 7 }\nkey = \"invoice\"\n";
    assert_eq!(touchpoint(own, "voice", "Sales"), Some(json!("invoice")));
}

#[test]
fn ratings_come_to_our_scale_beside_what_was_said() {
    let rating = |score: &str| -> Result<(Value, Value), RejectCode> {
        let payload = format!(r#"{{"id":1,"who":"p","at":"2026-07-01T12:00:00Z","score":{score}}}"#);
        let mapped = map_with("", "ratings", &payload).map_err(|reject| reject.code)?;
        let fields = &mapped.rows[0].fields;
        Ok((fields["score"].clone(), fields["raw_value"].clone()))
    };
    assert_eq!(rating("103"), Ok((json!(5), json!("103"))));
    assert_eq!(rating("-50"), Ok((json!(2), json!("-50"))));
    assert_eq!(rating("\"good\""), Ok((json!(5), json!("good"))));
    assert_eq!(rating("104"), Err(RejectCode::OutOfRange));
    assert_eq!(rating("\"splendid\""), Err(RejectCode::UnknownValue));
}

#[test]
fn an_expression_that_fails_on_a_row_refuses_that_row() {
    let reject =
        map_with("", "tickets", &TICKET.replace("\"via\"", "\"is_deleted\": \"secret\", \"via\"")).unwrap_err();
    assert_eq!(reject.code, RejectCode::ExpressionFailed);
    assert!(reject.reason.contains("`delete`") && reject.reason.contains("true or false"), "{}", reject.reason);
    assert!(!reject.reason.contains("secret"));
    assert!(map_with("", "tickets", TICKET).is_ok());
}

#[test]
fn what_a_source_must_say_is_asked_for_with_file_and_line() {
    let error = |mapping: &str, source: &str| load(mapping, source).unwrap_err();
    let bare = "key = \"s\"\nmapping = \"desk.toml\"\n";
    assert!(error(DESK, bare).starts_with("s.toml, line 1: the times of `desk` name no zone"), "{}", error(DESK, bare));
    let needed = DESK.replace(", optional = true", "");
    let told = error(&needed, SOURCE);
    assert!(told.contains("needs the constant `subdomain` (what stands before .desk.example)"), "{told}");
    let with = |rest: &str| error(DESK, &format!("{SOURCE}{rest}"));
    assert!(with("[constants]\nsub = \"a\"\n").starts_with("s.toml, line 5: the mapping has no constant `sub`"));
    assert!(with("[[touchpoint]]\nkey = \"a\"\nstreams = [\"x\"]\n").contains("no [[stream]] named `x`"));
    assert!(with("[[touchpoint]]\nkey = \"a\"\ntables = [\"staff\"]\n").contains("no table with a touchpoint"));
    assert!(error(DESK, &SOURCE.replace("Berlin", "Atlantis")).starts_with("s.toml, line 3: a zone is"));
}

#[test]
fn a_mistake_in_the_new_words_names_its_line() {
    let wrong = |from: &str, to: &str| {
        assert!(DESK.contains(from), "{from}");
        Mapping::parse(&DESK.replacen(from, to, 1)).unwrap_err().to_string()
    };
    let line = |text: &str| 1 + DESK[..DESK.find(text).unwrap()].matches('\n').count();
    let via = "record.via == 'voice'";
    assert!(wrong(via, "record.via = 'voice'").starts_with(&format!("line {}: this is not an expression", line(via))));
    assert!(wrong(via, "rekord.via").contains("unknown name `rekord`"));
    assert!(wrong(via, "source.nothing == ''").contains("no constant `nothing`"));
    assert!(wrong("@source.csat_field", "@source.csat").contains("no constant `csat`"));
    assert!(wrong("/[last]/", "/[newest]/").contains("`[newest]` chooses no item"));
    assert!(wrong("/[last]/", "/[*]/").contains("stands in `for_each` only"));
    assert!(wrong("[field.ref=who]", "[.ref=who]").contains("names no field"));
    assert!(wrong("\"source\"", "\"Mars\"").contains("a zone is"));
    assert!(wrong("subdomain = {", "Sub = {").contains("not spelled in small letters"));
    assert!(wrong("type = \"number\"", "type = \"digit\"").contains("unknown type `digit`"));
    assert!(wrong("{ any = [{ cel", "{ any = [], not = [{ cel").contains("one of `all`, `any` and `not`"));
    let message = wrong("time_zone = \"source\"\n", "");
    assert!(message.contains("times of `local` name no zone"), "{message}");
}

#[test]
fn nesting_without_end_is_refused() {
    let deep = |open: &str, close: &str| format!("{}\"/a\"{}", open.repeat(20_000), close.repeat(20_000));
    for when in [deep("{ not = ", " }"), deep("[", "]"), deep("{ path = \"/a\", when = ", " }")] {
        let from = "when = { cel = \"record.via == 'voice'\" }";
        assert!(DESK.contains(from));
        assert!(Mapping::parse(&DESK.replacen(from, &format!("when = {when}"), 1)).is_err());
    }
}

#[test]
fn every_file_of_the_tests_is_a_mapping_and_its_source_loads() {
    assert!(load(DESK, SOURCE).is_ok());
    assert!(Source::parse("key = \"a\"\nmapping = \"formbricks\"", "a.toml", Path::new("")).is_ok());
}

/// JSON of any shape, with the names that the mapping looks for.
fn any_json() -> impl Strategy<Value = Value> {
    let name = prop::sample::select(vec![
        "id",
        "people",
        "fields",
        "log",
        "threads",
        "messages",
        "at",
        "changed",
        "value",
        "primary",
        "email",
        "via",
        "score",
        "who",
        "is_deleted",
        "private",
        "answers",
        "field",
        "ref",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_filter("JSON has none", |number| number.is_finite()).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        Just(json!("2026-07-01 12:00:00")),
        Just(json!("2026-07-01T12:00:00Z")),
    ];
    leaf.prop_recursive(5, 60, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..8).prop_map(|entries| entries
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect::<Value>()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_record_is_taken_or_refused_and_always_the_same(record in any_json(), over in any_json()) {
        let mapping = load(DESK, SOURCE).unwrap();
        let mut whole: Value = serde_json::from_str(TICKET).unwrap();
        if let (Value::Object(whole), Value::Object(over)) = (&mut whole, over) {
            whole.extend(over);
        }
        for payload in [record.to_string(), whole.to_string()] {
            for stream in ["tickets", "ratings"] {
                let envelope = Origin::new("s").envelope(stream, None, payload.as_str());
                prop_assert_eq!(mapping.map(&envelope), mapping.map(&envelope));
            }
        }
    }

    #[test]
    fn no_file_makes_it_panic(at in 0..DESK.len(), cut in 0..8_usize, insert in "[\\[\\]{}=\"a-z@/.*]{0,4}") {
        let end = (at + cut).min(DESK.len());
        if DESK.is_char_boundary(at) && DESK.is_char_boundary(end) {
            let file = format!("{}{insert}{}", &DESK[..at], &DESK[end..]);
            if let Ok(mapping) = Mapping::parse(&file) {
                let _ = mapping.map(&Origin::new("s").envelope("tickets", None, TICKET));
                let _ = check::check(&mapping);
            }
        }
    }
}
