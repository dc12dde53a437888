//! The schema has the words that the loader asks for, and no others.

use super::*;
use crate::ingest::mapping::Mapping;

/// The keys that the loader knows where a file has one that nobody knows.
fn asked(file: &str) -> Vec<String> {
    let told = Mapping::parse(file).unwrap_err().message;
    let known = told.split("; known are ").nth(1).unwrap_or_else(|| panic!("{told}"));
    let mut known: Vec<String> = known.split(", ").map(str::to_owned).collect();
    known.sort();
    known.dedup();
    known
}

fn told(pointer: &str) -> Vec<String> {
    let schema = schema();
    let properties = schema.pointer(&format!("{pointer}/properties")).unwrap().as_object().unwrap();
    let mut keys: Vec<String> = properties.keys().cloned().collect();
    keys.sort();
    keys
}

#[test]
fn it_has_the_keys_that_the_loader_asks_for_and_no_others() {
    const HEAD: &str = "key = \"a\"\nsilo = \"crm\"\n";
    const STREAM: &str =
        "[[stream]]\nname = \"s\"\n[[stream.row]]\ntable = \"product\"\nfields = { key = \"/k\", name = \"/n\" }\n";
    let file = |before: &str, after: &str| asked(&format!("{HEAD}{before}{STREAM}{after}"));
    assert_eq!(file("zzz = 1\n", ""), told(""));
    assert_eq!(file("[constants]\na = { zzz = 1 }\n", ""), told("/$defs/constant/anyOf/1"));
    assert_eq!(file("", "zzz = 1\n"), told("/$defs/row"));
    assert_eq!(file("", "[[touchpoint]]\nkey = \"x\"\nzzz = 1\n"), told("/$defs/touchpointRule"));
    assert_eq!(file("", "[[stream.profile]]\nkey = \"/k\"\nzzz = 1\n"), told("/$defs/sharedProfile"));
    let stream = asked(&format!("{HEAD}[[stream]]\nname = \"s\"\nignore = true\nzzz = 1\n"));
    assert_eq!(stream, told("/$defs/stream"));
    let identifier = "identifiers = [{ kind = \"EMAIL\", strength = \"STRONG\", value = \"/e\", zzz = 1 }]\n";
    assert_eq!(file("", &format!("[[stream.profile]]\nkey = \"/k\"\n{identifier}")), told("/$defs/identifier"));
    let value = |value: &str| file("", &format!("[[stream.profile]]\nkey = {value}\n"));
    assert_eq!(value("{ path = \"/k\", zzz = 1 }"), told("/$defs/value/anyOf/1"));
    let condition = file("", "[[stream.profile]]\nkey = \"/k\"\nwhen = { path = \"/k\", zzz = 1 }\n");
    let mut both = told("/$defs/oneCondition/anyOf/1");
    both.extend(told("/$defs/oneCondition/anyOf/2"));
    both.sort();
    assert_eq!(condition, both);
    assert_eq!(value("{ path = \"/k\", fn = [\"zzz\"] }"), {
        let mut names = told("/$defs/function/anyOf/1");
        names.extend(PLAIN.map(str::to_owned));
        names.sort();
        names.dedup();
        names
    });
    for (name, keys) in WITH_ARGUMENT.iter().filter(|(_, keys)| !keys.is_empty()) {
        let needed = match *name {
            "split" => "sep = \",\", ",
            "lookup" => "table = \"x\", ",
            "time" => "format = \"iso\", ",
            "scale" => "power = 1, ",
            "number" => "decimal = \",\", ",
            _ => "true = \"a\", false = \"b\", ",
        };
        let found = file(
            "",
            &format!("[[stream.profile]]\nkey = {{ path = \"/k\", fn = [{{ {name} = {{ {needed}zzz = 1 }} }}] }}\n"),
        );
        let mut keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
        keys.sort();
        assert_eq!(found, keys, "{name}");
    }
    let reference = "[[stream]]\nname = \"t\"\n[[stream.row]]\ntable = \"web_event\"\nfields = { name = \"/n\", occurred_at = \"/o\", session = { stream = \"s\", key = \"/k\", zzz = 1 } }\n";
    assert_eq!(file("", reference), told("/$defs/reference"));
    let fields = schema()["$defs"]["row"]["allOf"].as_array().unwrap().len();
    assert_eq!(fields, TABLES.len());
}
