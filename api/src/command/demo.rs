//! `demo`: a company to look at, filled through the real doors, and served on this machine only.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, Utc};
use clap::Args;
use migration::MigratorTrait;

use super::page::pages;
use super::serve::{listen, over};
use crate::app::{App, open_database, open_intake_of, open_migrated};
use crate::auth::mint;
use crate::catalogue;
use crate::config::{Config, DatabaseUrl, Mode};
use crate::database::Database;
use crate::demo::{Demo, RISK_QUERY, SEARCH_QUERY, SOURCES};
use crate::error::{Error, Result};
use crate::http::page::Example;
use crate::ingest::intake::Intake;
use crate::ingest::source::Sources;

/// How large a company, and whether to begin again.
#[derive(Args)]
pub struct DemoArguments {
    /// How many customers it has.
    #[arg(long, default_value_t = 3_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    customers: u32,
    /// What the company is made from: another number gives another company.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Throw away the demo's database and begin again.
    #[arg(long)]
    fresh: bool,
}

/// So many customers are there before the server answers; the rest arrive behind it.
const FIRST: usize = 300;

/// So many customers arrive at a time.
const CHUNK: usize = 50;

/// The file of the demo, where no database is named.
const FILE: &str = "customer360-demo.sqlite";

/// Who asks in each role: people of the demo's own staff, where the role has one.
const PEOPLE: [(&str, &str); 5] = [
    ("service", "miriam.kraus"),
    ("sales", "jonas.richter"),
    ("marketing", "clara.schoen"),
    ("product", "nadja.petrova"),
    ("management", "martin.osterloh"),
];

/// Fills the demo's database and serves it.
pub async fn demo(mut config: Config, arguments: DemoArguments) -> Result<()> {
    let begun = Instant::now();
    if config.env == Mode::Production {
        return Err(Error::bad_input(
            "The demo invents customers, so it is for development: leave CUSTOMER360_ENV out.",
        ));
    }
    if !config.http.listen.ip().is_loopback() {
        return Err(Error::bad_input("The demo serves this machine only. Let http.listen be an address of 127.0.0.1."));
    }
    if !Config::names_database() && config.database.url == crate::config::Database::default().url {
        config.database.url = DatabaseUrl::new(format!("sqlite://{FILE}"));
    }
    // Before any work: who has a server running already learns it at once.
    let listener = listen(&config).await?;
    let mut database = open_migrated(&config).await?;
    if is_begun(&database).await? && arguments.fresh {
        database.close().await;
        begin_again(&config).await?;
        database = open_migrated(&config).await?;
    }
    // A demo that was begun goes on from its own first day, so that nothing arrives twice.
    let now = catalogue::store::source_since(&database, SOURCES[0].0).await?.unwrap_or_else(Utc::now);
    let demo = Demo::new(arguments.seed, usize::try_from(arguments.customers).unwrap_or(FIRST), now);
    let sources = demo.sources().map_err(|error| Error::internal(error.to_string()))?;
    let intake = open_intake_of(&config, database.clone(), Sources::of(sources))?;
    intake.flush(demo.catalogue().collect()).await?;
    intake.flush(demo.people(0..FIRST)).await?;
    let app = Arc::new(App::over(&config, database)?);
    tell(&config, &demo, now, begun)?;
    let page = pages(&config, &app, examples(&demo), person);
    let server = over(&config, app, page)?;
    let rest = tokio::spawn(async move {
        if let Err(error) = arrive(&intake, &demo).await {
            eprintln!("The rest of the company did not arrive: {}", error.message);
        }
    });
    let served = server.serve(listener).await;
    rest.abort();
    served
}

/// The customers behind the first, a few at a time, so that whoever asks meanwhile is not kept waiting.
async fn arrive(intake: &Intake, demo: &Demo) -> Result<()> {
    let total = demo.customers();
    let mut told = 0;
    for start in (FIRST..total).step_by(CHUNK) {
        let end = (start + CHUNK).min(total);
        intake.flush(demo.people(start..end)).await?;
        let tenth = end * 10 / total;
        if tenth > told {
            told = tenth;
            eprintln!("{end} of {total} customers are there.");
        }
    }
    Ok(())
}

/// Whether the demo made this database. One of others is refused: invented customers must not come among real ones, let
/// alone replace them.
async fn is_begun(database: &Database) -> Result<bool> {
    let known = catalogue::store::source_keys(database).await?;
    let own = |key: &String| SOURCES.iter().any(|(own, _)| own == key);
    if known.is_empty() || known.iter().any(own) {
        return Ok(!known.is_empty());
    }
    Err(Error::conflict(
        "This database holds records of other sources, so it is not the demo's. Name another one in DATABASE_URL.",
    ))
}

async fn begin_again(config: &Config) -> Result<()> {
    let url = config.database.url.as_str();
    if let Some(file) = url.strip_prefix("sqlite://") {
        let file = file.split('?').next().unwrap_or(file);
        for path in [file.to_owned(), format!("{file}-wal"), format!("{file}-shm")] {
            if Path::new(&path).exists() {
                std::fs::remove_file(&path).map_err(|error| {
                    Error::unavailable(error).with_message("The demo's database file cannot be removed.")
                })?;
            }
        }
        return Ok(());
    }
    let database = open_database(config).await?;
    let unable = |error| Error::unavailable(error).with_message("The demo's tables cannot be removed.");
    migration::Migrator::down(&database.orm(), None).await.map_err(unable)?;
    database.close().await;
    Ok(())
}

/// What to try, for the page and for the terminal.
fn examples(demo: &Demo) -> Vec<Example> {
    let scripted = demo.scripted();
    vec![
        Example::new("Is this customer about to leave?", RISK_QUERY).with("number", scripted.customer_number),
        Example::new("Who is calling?", SEARCH_QUERY).with("text", "moeller"),
    ]
    .into_iter()
    .chain(super::page::examples())
    .collect()
}

/// Tells where to look, whom to be, and what to ask.
fn tell(config: &Config, demo: &Demo, now: DateTime<Utc>, begun: Instant) -> Result<()> {
    let scripted = demo.scripted();
    let address = config.http.listen;
    println!(
        "customer360: the demo company of {} is there after {:.1} s.",
        now.format("%Y-%m-%d"),
        begun.elapsed().as_secs_f64()
    );
    println!();
    println!(
        "Open http://{address}/ and ask. {} more customers arrive meanwhile.",
        demo.customers().saturating_sub(FIRST)
    );
    println!();
    println!("A token for each role (Authorization: Bearer …), for a day:");
    for (role, person) in roles() {
        println!("  {role}: {}", mint(config, person, &[role.to_owned()], 86_400)?);
    }
    println!();
    println!(
        "Look at {}, customer number {}: sales visits tomorrow to renew. Ask every silo at once and see what no silo shows alone.",
        scripted.name, scripted.customer_number
    );
    println!();
    println!("{}", RISK_QUERY.trim_end());
    println!("with {{\"number\": \"{}\"}}", scripted.customer_number);
    println!();
    println!("{}", SEARCH_QUERY.trim_end());
    println!("with {{\"text\": \"moeller\"}}");
    Ok(())
}

fn roles() -> impl Iterator<Item = (&'static str, &'static str)> {
    let others = ["analyst", "steward", "privacy", "integration", "admin"];
    PEOPLE.iter().map(|(role, _)| *role).chain(others).map(|role| (role, person(role)))
}

/// Whom the token of a role is for: a person of the demo's staff, or the role itself.
fn person(role: &str) -> &str {
    PEOPLE.iter().find(|(known, _)| *known == role).map_or(role, |(_, person)| person)
}
