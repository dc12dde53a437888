//! Rebuild: the whole graph once more from the records as they came, with the mappings and rules as they are now.
//!
//! It is computed into a shadow while everybody goes on reading and writing. Then writers wait, what came meanwhile is computed
//! too, and what differs is put into the graph in one transaction: equal rows are not touched, others are told of like any
//! change. So a rebuild that changes nothing writes nothing, and one that is killed has changed nothing.
//!
//! Ids that were given are given again, be they of records, profiles or identifiers. A customer whom the rules now take for
//! another leads there, as after a merge.

use std::time::Instant;

use chrono::Utc;
use uuid::Uuid;

use super::envelope::RejectCode;
use super::intake::Intake;
use super::lines::Item;
use super::overdue::Looked;
use super::rejected::{UNREADABLE, envelopes};
use super::store::difference;
pub use super::store::difference::Difference;
use super::store::refused::RefusedRow;
use super::store::{self, PayloadRow, shadow};
use crate::database::{Claim, Database, Dialect, Settings, Shadowed, Transaction};
use crate::error::{Error, Result};
use crate::identity::place::fixed_id;
use crate::identity::store::repoint_all;

/// So many records are looked up at a time.
const PAGE: i64 = 2_000;

/// So much text is read at a time: what keeps memory flat.
const CHUNK_BYTES: i64 = 8 << 20;

/// When fewer records than this came meanwhile, writers are asked to wait for them; or after so many rounds all the same.
const FEW: usize = 200;
const ROUNDS: u32 = 20;

/// How often SQLite's writers may come in between before they are asked to be paused.
const TRIES: u32 = 50;

/// So many customers are looked at in one statement.
const STRAYS: i64 = 500;

/// Where a rebuild stands.
#[derive(Debug, Clone, Copy, Default)]
pub struct Standing {
    /// Records that were read.
    pub read: usize,
    /// Those of them that are refused.
    pub rejected: usize,
}

/// What came of a rebuild.
#[derive(Debug, Clone)]
pub struct Rebuilt {
    /// What was read.
    pub standing: Standing,
    /// The tables that differed from what the records say, and in how many rows.
    pub differences: Vec<Difference>,
    /// How long writers waited, in milliseconds.
    pub held_ms: u128,
}

/// Computes the graph anew and makes it what the records say; `check` tells what would change, and changes nothing. The database
/// must be migrated. Errors: another rebuild or a bulk import is at work, or a source of kept records is not declared any more.
pub async fn rebuild(
    intake: &Intake,
    settings: &Settings,
    check: bool,
    mut progress: impl FnMut(&Standing),
) -> Result<Rebuilt> {
    let claims = claims(intake.database()).await?;
    let rebuilt = claimed(intake, settings, check, &mut progress).await;
    for claim in claims {
        claim.release().await;
    }
    rebuilt
}

async fn claimed(
    intake: &Intake,
    settings: &Settings,
    check: bool,
    progress: &mut impl FnMut(&Standing),
) -> Result<Rebuilt> {
    sources_are_there(intake).await?;
    let shadowed = Shadowed::make(settings).await?;
    let alone = intake.alone_over(shadowed.shadow.clone());
    let work = Work { intake: alone.in_bulk(), shadowed: &shadowed, standing: Standing::default() };
    let rebuilt = work.run(alone, check, progress).await;
    let removed = shadowed.remove().await;
    let rebuilt = rebuilt?;
    removed?;
    Ok(rebuilt)
}

/// Nobody else rebuilds, and no bulk import is under way or left unfinished.
async fn claims(database: &Database) -> Result<[Claim; 2]> {
    let Some(rebuild) = database.claim("rebuild").await? else {
        return Err(Error::conflict("Another rebuild is at work on this database. Wait for its end."));
    };
    if !super::bulk::restore(database).await? {
        return Err(Error::conflict("An import with --bulk is running on this database. Wait for its end."));
    }
    match database.claim("bulk").await? {
        Some(bulk) => Ok([rebuild, bulk]),
        None => Err(Error::conflict("An import with --bulk is running on this database. Wait for its end.")),
    }
}

async fn sources_are_there(intake: &Intake) -> Result<()> {
    for kept in shadow::sources(intake.database(), &left_refused()).await? {
        intake.source(&kept.source).await.map_err(|error| {
            let count = kept.count;
            error.with_message(format!(
                "{count} records of the source \"{}\" are kept, but it cannot be used now. Bring its file and its mapping back; a \
                 source that sends no more keeps them all the same.",
                kept.source
            ))
        })?;
    }
    Ok(())
}

/// What is refused for these stays so until it is replayed: lines that are no records, and what was over a limit.
fn left_refused() -> Vec<&'static str> {
    UNREADABLE.iter().chain(&[RejectCode::TooLarge]).map(|code| code.as_str()).collect()
}

struct Work<'a> {
    /// The intake into the shadow; in bulk until few records are left.
    intake: Intake,
    shadowed: &'a Shadowed,
    standing: Standing,
}

impl Work<'_> {
    async fn run(mut self, alone: Intake, check: bool, progress: &mut impl FnMut(&Standing)) -> Result<Rebuilt> {
        let both = &self.shadowed.both;
        let mut tx = both.begin().await?;
        store::bulk::patient(&mut tx).await?;
        shadow::carry_ids(&mut tx).await?;
        tx.commit().await?;
        let mut after = 0;
        for _ in 0..ROUNDS {
            let (read, last) = self.catch_up(after, progress).await?;
            after = last;
            if read < FEW {
                break;
            }
        }
        // In bulk, rows stay with a customer that was merged until the end; what comes from now on moves them itself.
        let mut tx = self.intake.database().begin().await?;
        store::bulk::patient(&mut tx).await?;
        repoint_all(&mut tx).await?;
        tx.commit().await?;
        self.intake = alone;
        for _ in 0..TRIES {
            let start = Instant::now();
            let Some(mut tx) = self.hold(&mut after, progress).await? else { continue };
            let now = Utc::now();
            self.keep_strays(&mut tx, now).await?;
            let differences = difference::settle(&mut tx, now).await?;
            if !check {
                tx.commit().await?;
            }
            return Ok(Rebuilt { standing: self.standing, differences, held_ms: start.elapsed().as_millis() });
        }
        Err(Error::conflict(
            "Records keep coming faster than they can be read again. Nothing was changed. Pause the sources that send most, and \
             start again.",
        ))
    }

    /// A transaction in which nobody else writes and the shadow has every record; none if a writer of SQLite came in between.
    async fn hold(&mut self, after: &mut i64, progress: &mut impl FnMut(&Standing)) -> Result<Option<Transaction>> {
        let both = &self.shadowed.both;
        if both.dialect() == Dialect::Postgres {
            let mut tx = both.begin().await?;
            shadow::hold(&mut tx).await?;
            // From the first one: numbers are drawn before their transactions end.
            self.catch_up(0, progress).await?;
            return Ok(Some(tx));
        }
        // A transaction of SQLite holds the shadow too, so the last records are read before it begins.
        *after = self.catch_up(*after, progress).await?.1;
        let mut tx = both.begin().await?;
        Ok((!shadow::lacks_any(&mut tx, &left_refused(), *after).await?).then_some(tx))
    }

    /// Computes the records that the shadow lacks after a place in the intake, up to a page that is not full: what comes meanwhile
    /// is for the next round, or there would be no end. Gives how many, and the last one's place.
    async fn catch_up(&mut self, mut after: i64, progress: &mut impl FnMut(&Standing)) -> Result<(usize, i64)> {
        let mut read = 0;
        loop {
            let rows = shadow::lacking(&self.shadowed.both, &left_refused(), after, PAGE).await?;
            let is_last = rows.len() < usize::try_from(PAGE).unwrap_or(usize::MAX);
            after = rows.last().map_or(after, |last| last.intake_no);
            read += rows.len();
            let mut chunk = Vec::new();
            let mut bytes = 0;
            for row in rows {
                bytes += row.bytes;
                chunk.push(row);
                if bytes >= CHUNK_BYTES {
                    bytes = 0;
                    self.compute(std::mem::take(&mut chunk)).await?;
                }
            }
            self.compute(chunk).await?;
            progress(&self.standing);
            if is_last {
                if read > 0 {
                    self.place_the_rest().await?;
                }
                return Ok((read, after));
            }
        }
    }

    /// What waited for a record that is there by now is in its place. The intake leaves what fails there for later; here it must
    /// not be missing.
    async fn place_the_rest(&self) -> Result<()> {
        let mut looked = Looked::default();
        loop {
            let found = self.intake.place_overdue(&mut looked).await?;
            if found.failed > 0 {
                return Err(Error::unavailable(format!("{} records could not be placed", found.failed)));
            }
            if looked.is_at_end() {
                return Ok(());
            }
        }
    }

    async fn compute(&mut self, rows: Vec<RefusedRow>) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
        let database = &self.shadowed.both;
        let payloads: Vec<PayloadRow> = database.rows(store::payloads(database.dialect(), ids.clone())).await?;
        let items: Vec<Item> = envelopes(rows, payloads).map(Ok).collect();
        let report = self.intake.retry(&items, &ids, false).await?;
        self.standing.read += items.len();
        self.standing.rejected += report.rejected.len();
        Ok(())
    }

    /// Whoever is no customer of their own any more leads to the one that their founding profile belongs to.
    async fn keep_strays(&self, tx: &mut Transaction, now: chrono::DateTime<Utc>) -> Result<()> {
        shadow::carry_redirects(tx).await?;
        let mut after = Uuid::nil();
        loop {
            let strays = shadow::strays(tx, after, STRAYS).await?;
            let Some(last) = strays.last() else { return Ok(()) };
            after = last.id;
            for stray in &strays {
                let event_id = fixed_id("rebuilt", &format!("{}\0{}", stray.id, stray.home));
                shadow::keep_stray(tx, stray, event_id, now).await?;
            }
        }
    }
}
