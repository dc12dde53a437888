//! Rows that are most likely new, as those of a bulk import: PostgreSQL takes a table's as one stream, which costs it half of
//! what an INSERT costs that looks for each row whether it is there.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use sqlx::{Acquire as _, PgConnection};

use super::write::{Pending, WriteBatch};
use super::{Transaction, fault, postgres_query};
use crate::error::Result;

/// So much is sent at a time: PostgreSQL writes it while the next is made.
const PIECE: usize = 64 << 10;

/// The tables in which an import has met a row that was there already: their rows are written the ordinary way from then on.
#[derive(Debug, Default)]
pub struct Met(Mutex<BTreeSet<&'static str>>);

impl Met {
    fn has(&self, table: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(table)
    }

    fn note(&self, table: &'static str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(table);
    }
}

impl Transaction {
    /// Writes everything a batch holds, in the hope that its rows are new. Those of a table that are not are written as
    /// [`Transaction::write`] does it; SQLite writes all of them so.
    pub async fn write_new(&mut self, batch: WriteBatch, met: &Met) -> Result<()> {
        let Self::Postgres(inner, _) = self else { return self.write(batch).await };
        for pending in batch.into_tables() {
            if !(pending.are_there() || met.has(pending.table())) {
                if stream(inner, &pending).await.map_err(fault)? {
                    continue;
                }
                met.note(pending.table());
            }
            postgres_query(pending.at_once()).execute(&mut **inner).await.map_err(fault)?;
        }
        Ok(())
    }
}

/// Whether the rows were written: none is, where one was there already.
async fn stream(connection: &mut PgConnection, pending: &Pending) -> sqlx::Result<bool> {
    let mut point = connection.begin().await?;
    match send(&mut point, pending).await {
        Ok(()) => point.commit().await.map(|()| true),
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => point.rollback().await.map(|()| false),
        Err(error) => Err(error),
    }
}

async fn send(connection: &mut PgConnection, pending: &Pending) -> sqlx::Result<()> {
    let mut copy = connection.copy_in_raw(&pending.copied()).await?;
    let mut text = String::with_capacity(PIECE + PIECE / 8);
    for row in 0..pending.rows() {
        pending.push_copied(row, &mut text);
        if text.len() >= PIECE {
            copy.send(text.as_bytes()).await?;
            text.clear();
        }
    }
    copy.send(text.as_bytes()).await?;
    copy.finish().await.map(|_| ())
}
