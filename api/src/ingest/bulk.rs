//! What surrounds a bulk import: indexes that only readers need are taken away before and made again after, be it after a
//! failure; rows of merged customers are moved at the end.
//!
//! What was taken away stands in a table of its own until it is back, so that even a killed import is mended by the next one,
//! or by [`restore`].

use super::intake::Intake;
use super::store::bulk as store;
use crate::database::Database;
use crate::error::Result;

/// Runs an import, in bulk or not: what it is given is the intake to write through.
pub async fn around<T>(intake: &Intake, bulk: bool, import: impl AsyncFnOnce(&Intake) -> Result<T>) -> Result<T> {
    if !bulk {
        return import(intake).await;
    }
    let database = intake.database();
    restore(database).await?;
    take_away(database).await?;
    let result = import(&intake.in_bulk()).await;
    // Also after a failure; the import's own error is the one to tell.
    let restored = restore(database).await;
    let value = result?;
    restored?;
    Ok(value)
}

async fn take_away(database: &Database) -> Result<()> {
    let mut tx = database.begin().await?;
    store::patient(&mut tx).await?;
    let taken = store::indexes(&mut tx).await?;
    store::take_away(&mut tx, &taken).await?;
    tx.commit().await
}

/// Makes again what a bulk import took away; nothing if nothing is missing.
pub async fn restore(database: &Database) -> Result<()> {
    let mut tx = database.begin().await?;
    store::patient(&mut tx).await?;
    let Some(missing) = store::taken_away(&mut tx).await? else { return Ok(()) };
    crate::identity::store::repoint_all(&mut tx).await?;
    store::put_back(&mut tx, &missing).await?;
    tx.commit().await?;
    store::look_over(database).await
}
