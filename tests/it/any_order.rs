//! The property that order makes no difference: a history delivered straight, the same delivered in any order, some of it
//! more than once, cut into flushes anyhow, and the same beside many others in one large flush end in one state.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write as _;

use api::ingest::envelope::Envelope;
use api::ingest::rebuild::rebuild;
use customer360_tests::{TestDatabase, both};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use sea_orm::{DatabaseConnection, EntityTrait};
use serde_json::{Value, json};

use crate::intake::{envelope, graph, settings};
use crate::order::desk;

both! {
    async fn any_order_ends_in_one_state(database: TestDatabase) {
        const CASES: u32 = 32;
        let names = |case: u32| ["straight", "mixed", "beside"].map(|name| format!("{name}-{case}"));
        let intake = desk(&database, (0..CASES).flat_map(names)).await;
        let connection = database.connect().await;
        let mut histories_told = Vec::new();
        let mut runner = TestRunner::new(Config::default());
        for case in 0..CASES {
            let [straight, mixed, _] = names(case);
            let history: Vec<Said> = histories().new_tree(&mut runner).unwrap().current();
            let delivery = deliveries(history.len()).new_tree(&mut runner).unwrap().current();
            for (n, said) in (0..).zip(&history) {
                intake.flush(vec![said.envelope(&straight, n)]).await.unwrap();
            }
            let mut n = 0;
            for flush in delivery.split(|at| *at >= history.len()) {
                let batch = flush.iter().map(|at| { n += 1; history[*at].envelope(&mixed, n) });
                intake.flush(batch.collect()).await.unwrap();
            }
            let told = differing(&connection, &straight, &mixed).await;
            assert!(told.is_empty(), "case {case}: {told:?}\nof {history:?}\ncame as {delivery:?}");
            histories_told.push((history, delivery));
        }
        // PostgreSQL writes it in parts, unless there is staff among it.
        let each = |(case, (history, _)): (u32, &(Vec<Said>, Vec<usize>))| {
            let [.., beside] = names(case);
            history.iter().zip(0..).map(|(said, n)| said.envelope(&beside, n)).collect::<Vec<_>>()
        };
        let all = (0..).zip(&histories_told).flat_map(each);
        let (staff, all): (Vec<_>, Vec<_>) = all.partition(|one| one.stream == "staff");
        let count = all.len();
        intake.flush(staff).await.unwrap();
        intake.flush(dealt(all, 7)).await.unwrap();
        for (case, told) in (0..).zip(&histories_told) {
            let [straight, _, beside] = names(case);
            let differing = differing(&connection, &straight, &beside).await;
            assert!(differing.is_empty(), "case {case} of {count} records at once: {differing:?}\nof {told:?}");
        }
        // And read again from the first record on, all of it is as it was: every row, every id, every moment.
        let before = graph(&database).await;
        let rebuilt = rebuild(&intake, &settings(&database), false, |_| {}).await.unwrap();
        if !rebuilt.differences.is_empty() {
            let told = differences(&before, &graph(&database).await);
            let of = |case: usize| names(u32::try_from(case).unwrap()).iter().any(|name| told.contains(&format!("{name}\"")));
            let of: Vec<_> = histories_told.iter().enumerate().filter(|(case, _)| of(*case)).collect();
            panic!("{:?}\n{told}\nof {of:#?}", rebuilt.differences);
        }
    }
}

/// Records of several sources by turns, those of a source in their order.
fn dealt(all: Vec<Envelope>, hands: usize) -> Vec<Envelope> {
    let mut sources: Vec<VecDeque<Envelope>> = Vec::new();
    for one in all {
        match sources.last_mut().filter(|last| last.back().is_some_and(|last| last.source == one.source)) {
            Some(last) => last.push_back(one),
            None => sources.push(VecDeque::from([one])),
        }
    }
    let mut dealt = Vec::new();
    for hand in sources.chunks_mut(hands) {
        while hand.iter().any(|source| !source.is_empty()) {
            dealt.extend(hand.iter_mut().filter_map(VecDeque::pop_front));
        }
    }
    dealt
}

/// The rows that only one of two graphs has, a few of each table.
fn differences(before: &BTreeMap<&str, Vec<Value>>, after: &BTreeMap<&str, Vec<Value>>) -> String {
    let mut all = String::new();
    for (table, rows) in before {
        for (sign, these, those) in [('-', rows, &after[table]), ('+', &after[table], rows)] {
            for row in these.iter().filter(|row| !those.contains(row)).take(6) {
                let of = after["source_profile"].iter().find(|profile| profile["id"] == row["source_profile_id"]);
                let source = of.map_or(&Value::Null, |profile| &profile["source"]);
                writeln!(all, "{sign} {table} of {source}: {row}").unwrap();
            }
        }
    }
    all
}

/// One version of one record.
#[derive(Debug, Clone)]
struct Said {
    stream: &'static str,
    id: u8,
    version: u8,
    gone: bool,
    of: u8,
    word: u8,
}

impl Said {
    fn envelope(&self, source: &str, n: i64) -> Envelope {
        let Self { stream, id, version, gone, of, word } = self;
        let time = format!("2026-05-{:02}T10:{:02}:{:02}Z", version + 1, id, stream.len());
        let mut payload = match *stream {
            "people" => {
                json!({ "id": format!("p{id}"), "name": format!("Person {id}"), "city": (*word > 0).then(|| format!("City {word}")),
                "email": format!("p{id}-{}@{source}.example.org", word % 2) })
            }
            "tickets" => {
                // Some tell something of the person, and some are no tickets yet.
                json!({ "id": format!("t{id}"), "person": format!("p{of}"), "subject": format!("Subject {word}"), "agent": "kim",
                "draft": word % 4 == 0, "city": (word % 4 > 1).then(|| format!("City of {id}-{word}")),
                "company": (word % 4 < 3).then(|| format!("Company {id}-{word}")) })
            }
            "messages" => {
                json!({ "id": format!("m{id}"), "ticket": format!("t{of}"), "text": format!("m{id}: {word}"), "agent": "kim" })
            }
            _ => json!({ "key": "kim", "name": "Kim Lee" }),
        };
        if *stream != "staff" {
            payload["v"] = json!(version);
            payload["at"] = json!(time);
            if *gone {
                payload["gone"] = json!(true);
            }
        }
        envelope(n, source, stream, &payload)
    }
}

/// Versions of a few records, in their order; the last of some is a delete.
fn histories() -> impl Strategy<Value = Vec<Said>> {
    let stream = prop_oneof![Just("people"), Just("tickets"), Just("messages"), Just("staff")];
    let said = (stream, 0_u8..3, 0_u8..3, 0_u8..4, prop::bool::weighted(0.2));
    prop::collection::vec(said, 1..24).prop_map(|all| {
        let mut versions = BTreeMap::new();
        let number = |(stream, id, of, word, gone): (&'static str, u8, u8, u8, bool)| {
            let version: &mut u8 = versions.entry((stream, id)).or_default();
            *version += 1;
            Said { stream, id, version: *version, gone, of, word }
        };
        all.into_iter().map(number).collect()
    })
}

/// Positions of a history, each at least once, in any order; what is no position ends a flush.
fn deliveries(count: usize) -> impl Strategy<Value = Vec<usize>> {
    let again = prop::collection::vec(0..count + 3, 0..count + 3);
    again.prop_flat_map(move |again| Just((0..count).chain(again).collect::<Vec<_>>()).prop_shuffle())
}

/// What is told of one of two sources and not of the other, or otherwise.
async fn differing(
    connection: &DatabaseConnection,
    one: &str,
    other: &str,
) -> Vec<(String, Option<Value>, Option<Value>)> {
    let (one, mut other) = (state(connection, one).await, state(connection, other).await);
    let mut all: Vec<_> =
        one.into_iter().map(|(name, value)| (name.clone(), Some(value), other.remove(&name))).collect();
    all.extend(other.into_iter().map(|(name, value)| (name, None, Some(value))));
    all.retain(|(_, one, other)| one != other);
    all
}

/// All that is told of a source, without what only the order of arrival decides: ids, times of our own, and which delete left
/// nobody to speak of a person.
async fn state(connection: &DatabaseConnection, source: &str) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    let profiles = entity::source_profile::Entity::find().all(connection).await.unwrap();
    let profiles: Vec<_> = profiles.into_iter().filter(|profile| profile.source == source).collect();
    let customers = entity::customer::Entity::find().all(connection).await.unwrap();
    let clean = |text: String| text.replace(source, "source");
    let mut key_of = BTreeMap::new();
    for profile in &profiles {
        key_of.insert(profile.id, profile.key.clone());
        let together: BTreeSet<&str> = profiles
            .iter()
            .filter(|other| other.customer_id == profile.customer_id)
            .map(|other| other.key.as_str())
            .collect();
        let customer = customers.iter().find(|customer| customer.id == profile.customer_id).unwrap();
        let attributes = profile.attributes.as_object().unwrap();
        let said: BTreeMap<&str, String> = attributes
            .iter()
            .map(|(name, value)| {
                let value = value.as_str().map_or_else(|| value["value"].as_str().unwrap().to_owned(), str::to_owned);
                (name.as_str(), clean(value))
            })
            .collect();
        let shown = [&customer.name, &customer.email, &customer.city].map(|value| value.clone().map(&clean));
        all.insert(
            format!("profile {}", profile.key),
            json!({ "with": together, "said": said, "shown": shown, "last": customer.last_interaction_at }),
        );
    }
    for known in entity::profile_identifier::Entity::find().all(connection).await.unwrap() {
        if let Some(key) = key_of.get(&known.source_profile_id) {
            all.insert(format!("identifier {key} {}", clean(known.value)), json!(known.times_seen > 0));
        }
    }
    for row in
        entity::ticket::Entity::find().all(connection).await.unwrap().into_iter().filter(|row| row.source == source)
    {
        let about = &key_of[&row.source_profile_id];
        all.insert(
            format!("ticket {}", row.number.unwrap()),
            json!([about, row.subject, row.assignee_id.is_some(), row.opened_at]),
        );
    }
    for row in entity::ticket_message::Entity::find()
        .all(connection)
        .await
        .unwrap()
        .into_iter()
        .filter(|row| row.source == source)
    {
        let about = &key_of[&row.source_profile_id];
        all.insert(format!("message {}", row.text), json!([about, row.staff_id.is_some(), row.sent_at]));
    }
    let mut happened: Vec<String> = Vec::new();
    for row in entity::interaction::Entity::find()
        .all(connection)
        .await
        .unwrap()
        .into_iter()
        .filter(|row| row.source == source)
    {
        happened.push(format!("{} {} {}", row.kind, row.occurred_at, key_of[&row.source_profile_id]));
    }
    happened.sort();
    all.insert("timeline".into(), json!(happened));
    for head in entity::record_head::Entity::find()
        .all(connection)
        .await
        .unwrap()
        .into_iter()
        .filter(|head| head.source == source)
    {
        // A refused record has a key of its own; what was only mentioned says nothing.
        if head.record_id.is_some() && !head.key.starts_with('!') {
            all.insert(format!("head {} {}", head.stream, head.key), json!([head.version, head.deleted]));
        }
    }
    all
}
