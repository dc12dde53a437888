//! What surrounds a bulk import: indexes that only readers need, and on PostgreSQL foreign keys, are taken away before and made
//! again after, be it after a failure; rows of merged customers are moved at the end.
//!
//! What was taken away stands in a table of its own until it is back, so that even a killed import is mended by the next
//! import, in bulk or not, or by [`restore`]. An import under way is told from a killed one by its claim on the database.

use super::intake::Intake;
use super::store::bulk as store;
use crate::database::{Claim, Database};
use crate::error::{Error, Result};
use crate::identity;

/// Runs an import, in bulk or not: what it is given is the intake to write through.
pub async fn around<T>(intake: &Intake, bulk: bool, import: impl AsyncFnOnce(&Intake) -> Result<T>) -> Result<T> {
    let database = intake.database();
    if !bulk {
        restore(database).await?;
        return import(intake).await;
    }
    let Some(claim) = claim(database).await? else {
        return Err(Error::conflict(
            "Another import with --bulk is running on this database. Wait for its end, or leave out --bulk.",
        ));
    };
    let value = claimed(intake, import).await;
    claim.release().await;
    value
}

async fn claimed<T>(intake: &Intake, import: impl AsyncFnOnce(&Intake) -> Result<T>) -> Result<T> {
    let database = intake.database();
    mend(database).await?;
    take_away(database).await?;
    let result = import(&intake.in_bulk()).await;
    // Also after a failure; the import's own error is the one to tell.
    let finished = finish(database).await;
    let value = result?;
    finished?;
    Ok(value)
}

/// Makes again what a killed bulk import took away. False: a bulk import is running, and does so itself.
pub async fn restore(database: &Database) -> Result<bool> {
    if store::taken_away(database).await?.is_none() {
        return Ok(true);
    }
    match claim(database).await? {
        None => Ok(false),
        Some(claim) => {
            let mended = mend(database).await;
            claim.release().await;
            mended.map(|()| true)
        }
    }
}

async fn claim(database: &Database) -> Result<Option<Claim>> {
    database.claim("bulk").await
}

async fn take_away(database: &Database) -> Result<()> {
    let mut tx = database.begin().await?;
    store::patient(&mut tx).await?;
    let taken = store::expendable(&mut tx).await?;
    store::take_away(&mut tx, &taken).await?;
    tx.commit().await
}

async fn mend(database: &Database) -> Result<()> {
    if store::taken_away(database).await?.is_some() { finish(database).await } else { Ok(()) }
}

/// Moves the rows that the import left on retired customers, whatever became of the indexes meanwhile, and puts these back.
async fn finish(database: &Database) -> Result<()> {
    let missing = store::taken_away(database).await?;
    let mut tx = database.begin().await?;
    store::patient(&mut tx).await?;
    identity::store::repoint_all(&mut tx).await?;
    if let Some(missing) = &missing {
        store::put_back(&mut tx, missing).await?;
    }
    tx.commit().await?;
    store::look_over(database).await
}
