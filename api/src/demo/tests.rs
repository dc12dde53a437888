//! What the demo promises: every record is taken, the same seed gives the same bytes, nobody real is written to.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Duration, Utc};
use serde_json::Value;

use super::Demo;
use crate::ingest::envelope::{Envelope, Mapped};
use crate::ingest::source::Source;

fn now() -> DateTime<Utc> {
    DateTime::parse_from_rfc3339("2026-11-22T09:15:00Z").unwrap().to_utc()
}

fn demo() -> Demo {
    Demo::new(1, 300, now())
}

fn everything(demo: &Demo) -> Vec<Envelope> {
    demo.catalogue().chain(demo.people(0..demo.customers())).collect()
}

fn sources(demo: &Demo) -> BTreeMap<String, Source> {
    demo.sources().unwrap().into_iter().map(|source| (source.key.clone(), source)).collect()
}

fn mapped(demo: &Demo, envelopes: &[Envelope]) -> Vec<Mapped> {
    let sources = sources(demo);
    let map = |envelope: &Envelope| {
        let answer = sources[&envelope.source].mapping.map(envelope);
        answer
            .unwrap_or_else(|reject| panic!("{}/{}: {reject}\n{}", envelope.source, envelope.stream, envelope.payload))
    };
    envelopes.iter().map(map).collect()
}

#[test]
fn every_record_is_taken_and_refers_to_what_came_before() {
    let demo = demo();
    let envelopes = everything(&demo);
    let (mut seen, mut heads) = (BTreeSet::new(), BTreeMap::<_, usize>::new());
    for (envelope, mapped) in envelopes.iter().zip(mapped(&demo, &envelopes)) {
        let key = mapped.key.clone().unwrap();
        for row in &mapped.rows {
            *heads.entry(row.table).or_default() += 1;
            for value in row.fields.values().filter(|value| value.get("stream").is_some()) {
                let target = (envelope.source.clone(), value["stream"].to_string(), value["key"].to_string());
                let own = value["stream"] == envelope.stream.as_str() && value["key"] == key.as_str();
                assert!(own || seen.contains(&target), "{target:?} is referred to before it came");
            }
        }
        seen.insert((
            envelope.source.clone(),
            Value::from(envelope.stream.as_str()).to_string(),
            Value::from(key).to_string(),
        ));
    }
    println!("{} envelopes, rows: {heads:?}", envelopes.len());
    assert!((5_000..=8_000).contains(&envelopes.len()), "{} envelopes", envelopes.len());
    let tables: Vec<_> = crate::ingest::mapping::table::TABLES.iter().map(|table| table.name).collect();
    let missing: Vec<_> = tables.iter().filter(|table| !heads.contains_key(*table)).collect();
    assert!(missing.is_empty(), "the demo fills no {missing:?}");
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let (one, other) = (everything(&demo()), everything(&demo()));
    assert!(one == other);
    assert!(demo().people(0..40).into_iter().chain(demo().people(40..300)).eq(demo().people(0..300)));
    assert!(Demo::new(1, 3000, now()).people(0..300) == demo().people(0..300));
    assert!(Demo::new(2, 300, now()).people(1..300) != demo().people(1..300));
    assert!(Demo::new(1, 5, now()).people(0..300).len() < 300);
}

#[test]
fn a_key_is_one_record_or_its_later_version() {
    let demo = demo();
    let envelopes = everything(&demo);
    let mut keys = BTreeSet::new();
    for (envelope, mapped) in envelopes.iter().zip(mapped(&demo, &envelopes)) {
        let again = !keys.insert((envelope.source.as_str(), envelope.stream.as_str(), mapped.key.clone()));
        assert!(
            !again || mapped.version.is_some(),
            "{}/{} {:?} comes twice",
            envelope.source,
            envelope.stream,
            mapped.key
        );
    }
}

#[test]
fn nothing_lies_in_the_future_or_reaches_anybody_real() {
    let demo = demo();
    for envelope in everything(&demo) {
        assert!(envelope.received_at <= now() && envelope.received_at > now() - Duration::days(600));
        for (at, _) in envelope.payload.match_indices('@') {
            let domain: String = envelope.payload[at + 1..]
                .chars()
                .take_while(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-'))
                .collect();
            let domain = domain.to_lowercase();
            let reserved = ["example.com", "example.org", "example.net"];
            let ours = reserved.iter().any(|end| domain == *end || domain.ends_with(&format!(".{end}")));
            assert!(ours, "{domain} may be somebody's");
        }
        assert!(!envelope.payload.contains("{product}") && !envelope.payload.contains("{family}"));
    }
}

#[test]
fn the_first_customers_are_there_at_once() {
    let began = std::time::Instant::now();
    let count = demo().people(0..300).len();
    assert!(began.elapsed().as_millis() < 2_000, "{count} envelopes took {:?}", began.elapsed());
    println!("{count} envelopes in {:?}", began.elapsed());
}

/// The scripted customer's rows of a table, by source.
fn rows<'a>(all: &'a [(String, Mapped)], source: &str, table: &str) -> Vec<&'a serde_json::Map<String, Value>> {
    let of_source = all.iter().filter(|(name, _)| name == source);
    of_source.flat_map(|(_, mapped)| &mapped.rows).filter(|row| row.table == table).map(|row| &row.fields).collect()
}

#[test]
fn the_scripted_customer_is_at_risk_and_no_silo_alone_says_so() {
    for seed in [1, 7] {
        let demo = Demo::new(seed, 300, now());
        let envelopes = demo.people(0..1);
        let sources = envelopes.iter().map(|envelope| envelope.source.clone());
        let all: Vec<_> = sources.zip(mapped(&demo, &envelopes)).collect();

        let notes = rows(&all, "auental-sales", "contact_note");
        let missed = notes.iter().find(|note| note["touchpoint"] == "invoice").unwrap();
        assert!(missed["promise_due_at"].as_str().unwrap() < "2026-11-22" && missed.contains_key("promise_text"));
        assert!(notes.iter().any(|note| note["promise_due_at"].as_str().unwrap().starts_with("2026-11-23")));
        let opportunity = rows(&all, "auental-sales", "opportunity")[0];
        assert_eq!((&opportunity["state"], &opportunity["expected_close_on"]), (&"OPEN".into(), &"2026-11-23".into()));
        let contract = rows(&all, "auental-sales", "contract")[0];
        assert_eq!((&contract["state"], &contract["ends_on"]), (&"ACTIVE".into(), &"2026-12-30".into()));
        assert_eq!(contract["notice_by"], "2026-11-30");

        let response = rows(&all, "auental-formbricks", "survey_response")[0];
        assert_eq!((&response["touchpoint"], &response["kind"]), (&"invoice".into(), &"NPS".into()));
        assert_eq!(response["score"], 2);

        let at_exit = |row: &&&serde_json::Map<String, Value>| row["touchpoint"] == "cancellation-page";
        assert_eq!(rows(&all, "auental-web", "web_event").iter().filter(at_exit).count(), 3);
        assert_eq!(rows(&all, "auental-web-sessions", "web_session").iter().filter(at_exit).count(), 3);

        let ticket = rows(&all, "auental-helpdesk", "ticket")[0];
        assert_eq!((&ticket["kind"], &ticket["status"]), (&"COMPLAINT".into(), &"OPEN".into()));
        assert_eq!((&ticket["touchpoint"], &ticket["number"]), (&"invoice".into(), &demo.scripted().ticket.into()));
        let internal = rows(&all, "auental-helpdesk", "ticket_message");
        assert_eq!(internal.iter().filter(|message| message["internal"] == true).count(), 1);
        assert_eq!(demo.scripted().customer_number, "K-1001");
    }
}
