//! How long a record takes to map: a figure to compare before and after a change, on one machine. Not a test that fails, since
//! machines differ: `cargo test --lib mapping::speed -- --ignored --nocapture`.

use std::fmt::Write;
use std::time::Instant;

use crate::ingest::csv::CsvRows;
use crate::ingest::envelope::Envelope;
use crate::ingest::json::Json;
use crate::ingest::lines::Origin;
use crate::ingest::mapping::condition::Condition;
use crate::ingest::mapping::path::{Scope, Words, Work};
use crate::ingest::mapping::{Facts, Mapping, cel, document};
use crate::ingest::preset;

/// The quickest of so many rounds: what else the machine does only slows.
const ROUNDS: usize = 2_000;

/// So short that most rounds are over before the system gives the processor to another.
const ROUND: u32 = 5;

fn best(preset: &str, envelope: &Envelope) -> u128 {
    let mapping = Mapping::parse(preset::find(preset).unwrap()).unwrap();
    let round = || {
        let begun = Instant::now();
        for _ in 0..ROUND {
            assert!(std::hint::black_box(mapping.map(envelope)).is_ok());
        }
        begun.elapsed().as_nanos() / u128::from(ROUND)
    };
    (0..ROUNDS).map(|_| round()).min().unwrap()
}

/// A condition over a record of 22 fields.
fn condition(text: &str) -> u128 {
    let mut fields = String::new();
    for number in 0..20 {
        let _ = write!(fields, "\"field{number}\":\"value {number}\",");
    }
    let record = format!("{{{fields}\"status\":\"deleted\",\"kind\":\"c\"}}");
    let record = Json::parse(&record).unwrap();
    let facts = Facts::default();
    let file = format!("when = {text}");
    let words = Words { facts: &facts, in_loop: false };
    let condition = document::read(&file, |mut entries| Condition::load(entries.require("when")?, words)).unwrap();
    let envelope = Origin::new("s").envelope("s", None, "");
    let scope = Scope { record: &record, envelope: &envelope, facts: &facts, work: &Work::default(), item: None };
    let round = || {
        let begun = Instant::now();
        for _ in 0..ROUND {
            assert!(std::hint::black_box(condition.evaluate(&scope)).unwrap());
        }
        begun.elapsed().as_nanos() / u128::from(ROUND)
    };
    (0..ROUNDS).map(|_| round()).min().unwrap()
}

/// The most memory the process had, in kB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or_default()
}

#[test]
#[ignore = "prints figures, tests nothing"]
fn cost_of_reading_expressions() {
    let most = cel::MAX_BYTES;
    let fill = |text: &str| text.repeat(most / text.len());
    for (name, text) in [
        ("conditions", vec!["record.status == 'deleted'"; most / 30].join(" || ")),
        ("a list", format!("record.id in [{}]", vec!["1"; most / 3 - 20].join(", "))),
        ("brackets", fill("(")),
        ("signs and brackets", fill("!!(!!!!!!(!!!!(((((!!(!!(!!!!((")),
        ("signs", fill("!") + "1"),
    ] {
        let (before, begun) = (peak(), Instant::now());
        let facts = Facts::default();
        let words = Words { facts: &facts, in_loop: false };
        let file = format!("cel = \"{text}\"");
        let read = document::read(&file, |mut entries| cel::Program::load(entries.require("cel")?, words));
        println!(
            "{name}: {} bytes, read {}, {:?}, {} kB more",
            text.len(),
            read.is_ok(),
            begun.elapsed(),
            peak() - before
        );
    }
}

#[test]
#[ignore = "prints figures, tests nothing"]
fn nanoseconds_a_record() {
    let ticket = "id,number,status,subject,opened_at,updated_at,email,customer_name,reopened_count,priority,channel\n\
        7,T-7,OPEN,Invoice is wrong,2026-01-02T08:00:00Z,2026-01-03T09:00:00Z,ada@example.org,Ada Ray,1,HIGH,EMAIL\n";
    let mut rows = CsvRows::new(ticket.as_bytes(), Origin::new("csv"), "tickets").unwrap();
    let ticket = rows.next().unwrap().unwrap().unwrap();
    let response = Origin::new("s").envelope(
        "responses",
        None,
        r#"{"id":"r1","surveyId":"s1","finished":true,"createdAt":"2026-01-02T08:00:00.123Z","updatedAt":"2026-01-02T08:01:00.123Z",
        "person":{"id":"p1"},"language":"de","data":{"nps":9,"why":"Quick and friendly","csat":5,"q4":["a","b"],"q5":"text"}}"#,
    );
    println!(
        "condition by words: {} ns",
        condition(
            "{ all = [{ path = \"/status\", equals = \"deleted\" }, { path = \"/kind\", in = [\"a\", \"b\", \"c\"] }] }"
        )
    );
    println!(
        "condition in CEL: {} ns",
        condition("{ cel = \"record.status == 'deleted' && record.kind in ['a', 'b', 'c']\" }")
    );
    println!("csv-support tickets: {} ns a record", best("csv-support", &ticket));
    println!("formbricks responses: {} ns a record", best("formbricks", &response));
}
