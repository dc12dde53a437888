//! Auental Energie, who sell heat pumps, solar roofs and power: its sources, staff, products, touchpoints, questionnaires.
//!
//! The lists lie in `company/` as the files that the doors read; they come through these readers here.

use std::path::Path;
use std::sync::LazyLock;

use chrono::Duration;

use super::dice::{Clock, Dice};
use crate::ingest::csv::CsvRows;
use crate::ingest::envelope::Envelope;
use crate::ingest::jsonl::JsonLines;
use crate::ingest::lines::{Item, Origin};
use crate::ingest::source::{Source, SourceError};

/// The source files, by key. The company's name stands before each: where one of these is known, the database is the demo's.
pub const SOURCES: [(&str, &str); 8] = [
    ("auental-crm", include_str!("source/crm.toml")),
    ("auental-sales", include_str!("source/sales.toml")),
    ("auental-surveys", include_str!("source/surveys.toml")),
    ("auental-formbricks", include_str!("source/formbricks.toml")),
    ("auental-web", include_str!("source/web.toml")),
    ("auental-web-sessions", include_str!("source/web-sessions.toml")),
    ("auental-helpdesk", include_str!("source/helpdesk.toml")),
    ("auental-reviews", include_str!("source/reviews.toml")),
];

const STAFF: &str = include_str!("company/staff.csv");
const PRODUCTS: &str = include_str!("company/products.csv");
const TOUCHPOINTS: &str = include_str!("company/touchpoints.csv");
const SURVEYS: &str = include_str!("company/surveys.csv");
const FORMBRICKS_SURVEYS: &str = include_str!("company/formbricks-surveys.jsonl");

/// The company opened its books so many days ago; no record is older.
pub(super) const DAYS: i64 = 560;

/// The declared sources.
pub(super) fn sources() -> Result<Vec<Source>, SourceError> {
    SOURCES.iter().map(|(key, text)| Source::parse(text, key, Path::new(""))).collect()
}

/// What every silo refers to.
pub(super) fn catalogue(clock: Clock) -> impl Iterator<Item = Envelope> {
    let files = [
        ("auental-crm", "staff", STAFF),
        ("auental-crm", "products", PRODUCTS),
        ("auental-crm", "touchpoints", TOUCHPOINTS),
        ("auental-sales", "staff", STAFF),
        ("auental-helpdesk", "staff", STAFF),
        ("auental-surveys", "surveys", SURVEYS),
    ];
    let rows = files.into_iter().flat_map(|(source, stream, text)| {
        CsvRows::new(text.as_bytes(), Origin::new(source), stream).into_iter().flatten().filter_map(taken)
    });
    let lines =
        JsonLines::new(FORMBRICKS_SURVEYS.as_bytes(), Origin::new("auental-formbricks"), "surveys").filter_map(taken);
    let opened = clock.now - Duration::days(DAYS);
    rows.chain(lines).map(move |envelope| Envelope { received_at: opened, ..envelope })
}

/// The lists are ours: a line that is not taken fails the tests, not the demo.
fn taken(item: std::io::Result<Item>) -> Option<Envelope> {
    item.ok()?.ok()
}

/// A product and what it costs: once, or in a year.
pub(super) struct Product {
    pub(super) key: &'static str,
    pub(super) name: &'static str,
    pub(super) cents: i64,
}

static SOLD: LazyLock<Vec<Product>> = LazyLock::new(|| {
    let product = |line: &'static str| {
        let mut cells = line.split(',');
        let (key, name) = (cells.next()?, cells.next()?);
        Some(Product { key, name, cents: cells.nth(1)?.parse::<i64>().ok()? * 100 })
    };
    PRODUCTS.lines().skip(1).filter_map(product).collect()
});

/// Something to buy once.
pub(super) fn machine(dice: &mut Dice) -> &'static Product {
    let weights = [(0, 14), (1, 16), (2, 18), (3, 14), (4, 16), (5, 22)];
    &SOLD[dice.weighted(&weights)]
}

/// Something to pay by the year.
pub(super) fn plan(dice: &mut Dice) -> &'static Product {
    &SOLD[dice.weighted(&[(6, 6), (7, 4)])]
}

/// Who sells to companies, to the English speaking, and to everyone else.
pub(super) fn seller(dice: &mut Dice, company: bool, english: bool) -> &'static str {
    match (company, english) {
        (_, true) => dice.pick(&["oliver.grant", "oliver.grant", "elif.demir"]),
        (true, false) => dice.pick(&["jonas.richter", "elif.demir", "oliver.grant"]),
        (false, false) => dice.pick(&["sabine.vogt", "sabine.vogt", "jonas.richter", "elif.demir"]),
    }
}

/// Who answers tickets.
pub(super) fn agent(dice: &mut Dice, english: bool) -> &'static str {
    if english {
        dice.pick(&["priya.nair", "priya.nair", "miriam.kraus"])
    } else {
        dice.pick(&["miriam.kraus", "miriam.kraus", "tobias.lenz", "holger.brandt"])
    }
}

/// The name of the member of staff with that key.
pub(super) fn staff_name(key: &str) -> &'static str {
    let row = STAFF.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(','));
    row.and_then(|row| row.split(',').next()).unwrap_or_default()
}

/// The team of the member of staff with that key.
pub(super) fn team(key: &str) -> &'static str {
    let row = STAFF.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(','));
    row.and_then(|row| row.split(',').nth(2)).unwrap_or_default()
}
