//! The mapping as a whole: what it refuses on loading, what on mapping, and that nothing makes it panic.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::ingest::envelope::Op;
use crate::ingest::lines::Origin;

const FILE: &str = r#"
key = "test"
silo = "crm"
[lookup.state]
a = "GRANTED"
[[stream]]
name = "x"
key = "/id"
version = "/v"
occurred_at = { path = "/at", fn = [{ time = ["rfc3339", "unix_s"] }] }
[[stream.profile]]
key = "/who"
when = "/who"
kind = { path = "/type" }
identifiers = [{ kind = "EMAIL", strength = "WEAK", value = { path = "/mail", fn = ["trim", "lower"] } }]
[stream.profile.attributes]
given_name = { path = "/name", fn = [{ split = { sep = ",", index = -1 } }, "trim"] }
birth_date = { path = "/born", fn = [{ date = "%d.%m.%Y" }] }
[[stream.row]]
table = "crm_profile"
when = "/revenue"
[stream.row.fields]
revenue = { path = "/revenue", fn = [{ number = { decimal = "," } }] }
products_held = "/held"
[[stream.row]]
table = "consent"
for_each = "/consents"
[stream.row.fields]
purpose = { path = "@key", fn = ["upper"] }
state = { path = "@item/state", fn = [{ lookup = "state" }] }
recorded_at = { first = ["@item/at", "@received_at"] }
evidence = { template = "form {@item/form} of {{{/id}" }
"#;

fn map(payload: &str) -> Result<Mapped, Reject> {
    Mapping::parse(FILE).unwrap().map(&Origin::new("s").envelope("x", None, payload))
}

fn code(payload: &str) -> RejectCode {
    map(payload).unwrap_err().code
}

fn load_error(from: &str, to: &str) -> String {
    assert!(FILE.contains(from));
    Mapping::parse(&FILE.replacen(from, to, 1)).unwrap_err().to_string()
}

#[test]
fn a_record_becomes_profiles_and_rows() {
    let mapped =
        map(r#"{"id":7,"v":12,"at":1795301201,"who":"p","type":"PERSON","mail":" A@B.DE ","name":"Schmidt, Anna",
        "born":"02.01.1980","revenue":"1.234,50","held":["a",2],
        "consents":{"marketing":{"state":"a","at":"2026-01-01","form":9}}}"#);
    let mapped = mapped.unwrap();
    assert_eq!((mapped.key.as_deref(), mapped.version.as_deref()), (Some("7"), Some("00000000000000000012")));
    let person = &mapped.profiles[0];
    assert_eq!((person.kind, person.identifiers[0].value.as_str()), (Some(PartyKind::Person), "a@b.de"));
    assert_eq!(
        (person.attributes["given_name"].as_str(), person.attributes["birth_date"].as_str()),
        ("Anna", "1980-01-02")
    );
    assert_eq!(person.observed_at, mapped.occurred_at);
    assert_eq!(Value::from(mapped.rows[0].fields.clone()), json!({"revenue": "1234.50", "products_held": ["a", "2"]}));
    let consent = json!({"purpose": "MARKETING", "state": "GRANTED", "recorded_at": "2026-01-01T00:00:00.000000Z",
        "evidence": "form 9 of {7"});
    assert_eq!((mapped.rows[1].part.as_str(), Value::from(mapped.rows[1].fields.clone())), ("marketing", consent));
}

#[test]
fn versions_compare_as_what_they_mean() {
    let version = |value: &str| map(&format!(r#"{{"id":1,"v":{value}}}"#)).unwrap().version.unwrap();
    assert!(version("\"9\"") < version("\"10\"") && version("\"10\"") == version("10"));
    assert!(version("\"2026-11-21T23:00:00+01:00\"") < version("\"2026-11-21T22:30:00.5Z\""));
    assert_eq!(version("\"v2\""), "v2");
}

#[test]
fn what_cannot_be_mapped_says_why_without_the_value() {
    assert_eq!(code(r#"{"v":1}"#), RejectCode::MissingField);
    assert_eq!(code(r#"{"id":1,"at":"1850-01-01T00:00:00Z"}"#), RejectCode::OutOfRange);
    assert_eq!(code(r#"{"id":1,"at":{}}"#), RejectCode::WrongType);
    assert_eq!(code(r#"{"id":{}}"#), RejectCode::WrongType);
    assert_eq!(code(r#"{"id":1,"who":"p","type":"ROBOT"}"#), RejectCode::UnknownValue);
    assert_eq!(code(r#"{"id":1,"who":"p","consents":{"m":{"state":"z"}}}"#), RejectCode::UnknownValue);
    assert_eq!(code(r#"{"id":1,"who":"p","consents":7}"#), RejectCode::WrongType);
    assert_eq!(code(r#"{"id":1,"revenue":"1"}"#), RejectCode::MissingField);
    assert_eq!(code(r#"{"id":1,"who":"p","revenue":"99999999999999999"}"#), RejectCode::OutOfRange);
    assert_eq!(code(r#"{"id":1,"who":"p\u0000"}"#), RejectCode::NulCharacter);
    assert_eq!(code("[1]"), RejectCode::BrokenJson);
    let twice = r#"{"id":1,"who":"p","consents":{"m":{"state":"a"},"m":{"state":"a"}}}"#;
    assert_eq!(code(twice), RejectCode::DuplicateRow);
    // Another table is no other part.
    let mapping = Mapping::parse(
        &FILE.replace("for_each = \"/consents\"\n", "").replace("@item", "/consent").replace("@key", "/purpose"),
    );
    let both = Origin::new("s").envelope(
        "x",
        None,
        r#"{"id":1,"who":"p","revenue":"1","purpose":"m","consent":{"state":"a"}}"#,
    );
    assert_eq!(mapping.unwrap().map(&both).unwrap_err().code, RejectCode::DuplicateRow);
    let many = format!(r#"{{"id":1,"who":"p","consents":[{}0]}}"#, "0,".repeat(5_000));
    assert_eq!(code(&many), RejectCode::TooLarge);
    let reject = map(r#"{"id":1,"who":"p","born":"secret"}"#).unwrap_err();
    assert!(reject.reason.starts_with("`birth_date` (/born) is not a date"), "{}", reject.reason);
    assert!(!reject.reason.contains("secret"));
    let mapping = Mapping::parse(FILE).unwrap();
    let unknown = mapping.map(&Origin::new("s").envelope("y", None, "{}")).unwrap_err();
    assert_eq!(unknown.code, RejectCode::UnknownStream);
    let mut deleted = Origin::new("s").envelope("x", None, r#"{"id":1}"#);
    deleted.op = Op::Delete;
    let mapped = mapping.map(&deleted).unwrap();
    assert_eq!((mapped.key.as_deref(), mapped.op, mapped.rows.len()), (Some("1"), Op::Delete, 0));
    // The door may know whose delete it is.
    deleted.payload = "{}".into();
    assert_eq!(mapping.map(&deleted).unwrap_err().code, RejectCode::MissingField);
    deleted.key = Some("1".into());
    assert_eq!(mapping.map(&deleted).unwrap().key.as_deref(), Some("1"));
}

#[test]
fn what_one_record_takes_is_limited_as_a_whole() {
    // A small expression, worked out for each of many items.
    let loops = "for_each = \"/consents\"\nwhen = { cel = \"record.consents.exists(k, k == 'nobody')\" }";
    let mapping = Mapping::parse(&FILE.replace("for_each = \"/consents\"", loops)).unwrap();
    let rows = |count: usize| {
        let consents: Vec<_> = (0..count).map(|n| format!(r#""p{n}":{{"state":"a"}}"#)).collect();
        let payload = format!(r#"{{"id":1,"who":"p","consents":{{{}}}}}"#, consents.join(","));
        let mapped = mapping.map(&Origin::new("s").envelope("x", None, payload.as_str()));
        mapped.map(|mapped| mapped.rows.len()).map_err(|reject| reject.code)
    };
    assert_eq!(rows(100), Ok(0));
    assert_eq!(rows(3_000), Err(RejectCode::ExpressionFailed));
}

#[test]
fn a_mistake_in_the_file_names_its_line() {
    assert_eq!(
        load_error("revenue = {", "turnover = {").split(';').next(),
        Some("line 23: unknown field `turnover` of crm_profile")
    );
    assert!(load_error("given_name", "nickname").starts_with("line 17: unknown attribute `nickname`"));
    assert!(load_error("\"upper\"", "\"shout\"").starts_with("line 29: unknown function `shout`"));
    assert!(load_error("table = \"consent\"", "table = \"consents\"").contains("unknown table `consents`"));
    assert!(load_error("lookup = \"state\"", "lookup = \"stat\"").contains("no table [lookup.stat]"));
    assert!(load_error("for_each = \"/consents\"", "").contains("means something only beside `for_each`"));
    assert!(load_error("\"/revenue\"\n", "\"revenue\"\n").contains("is not a path"));
    assert!(load_error("silo = \"crm\"", "silo = \"erp\"").starts_with("line 3: unknown silo `erp`"));
    assert!(load_error("key = \"/who\"", "kee = \"/who\"").contains("a profile needs `key`"));
    assert!(load_error("when = \"/who\"", "wen = \"/who\"").starts_with("line 13: unknown key `wen` in a profile"));
    assert!(load_error("recorded_at =", "# ").contains("needs the field `recorded_at`"));
    assert!(load_error("\"WEAK\"", "\"SOFT\"").contains("unknown strength"));
    assert!(load_error("index = -1", "index = \"a\"").contains("a whole number was expected"));
    assert!(load_error("%d.%m.%Y", "%Q").contains("no date pattern"));
    assert!(load_error("\"unix_s\"", "\"epoch\"").contains("unknown time format `epoch`"));
    let pattern = |time: &str| load_error("time = [\"rfc3339\", \"unix_s\"]", &format!("time = {time}"));
    assert!(pattern("\"%d.%m.%Y %H:%M\"").contains("name no zone"));
    assert!(pattern("{ format = \"%d.%m.%Y %H:%M %z\", zone = \"UTC\" }").contains("name their own zone"));
    assert!(load_error("[[stream]]", "[[stream").contains("not TOML"));
}

fn presets() -> Vec<Mapping> {
    crate::ingest::preset::all().map(|(_, text)| Mapping::parse(text).unwrap()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_payload_makes_it_panic(
        payload in any::<String>(),
        id in r#"(null|-?[0-9]{1,40}(\.[0-9]{1,9})?|"[^"\\\x00-\x1f]{0,20}"|\[1,"a"\]|\{"state":1\}|true)"#,
    ) {
        for mapping in presets() {
            for stream in mapping.streams() {
                let object = format!(r#"{{"id":{id},"data":{id},"updatedAt":{id},"type":{id},"userId":{id},"amount":{id},"email":{id},"customer_number":{id},"ordered_at":{id},"items":[{id}]}}"#);
                let _ = mapping.map(&Origin::new("s").envelope(stream, None, payload.as_str()));
                let _ = mapping.map(&Origin::new("s").envelope(stream, None, object));
            }
        }
    }

    #[test]
    fn amounts_survive_exactly(amount in "(0|[1-9][0-9]{0,13})(\\.[0-9]{1,4})?") {
        let mapping = Mapping::parse(crate::ingest::preset::find("postgres-contacts").unwrap()).unwrap();
        let payload = format!(r#"{{"id":1,"lifetime_value":{amount},"updated_at":"2026-11-21 22:46:41+00"}}"#);
        let mapped = mapping.map(&Origin::new("s").envelope("public-contacts", None, payload)).unwrap();
        prop_assert_eq!(mapped.rows[0].fields["lifetime_value"].as_str().unwrap(), amount);
    }

    #[test]
    fn no_file_makes_it_panic(text in any::<String>(), at in 0..FILE.len(), insert in "[\\[\\]{}=\"a-z@/]{0,3}") {
        let _ = Mapping::parse(&text);
        let _ = Mapping::parse(&format!("{}{insert}{}", &FILE[..at], &FILE[at..]));
    }
}
