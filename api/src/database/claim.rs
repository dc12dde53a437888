//! A claim: that one process at a time does a certain thing to a database. It goes with its holder, however that one ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use sqlx::{Connection, PgConnection, Row as _};

use super::fault::{away, fault};
use super::{Database, Pools};
use crate::error::{Error, Result};

/// A claim that holds until it is given up, or soon after it is dropped.
pub struct Claim(Held);

enum Held {
    /// An advisory lock of a transaction that is never committed: also a pooler in between ends it with its connection, which
    /// is closed with the claim and never goes back to our pool.
    Postgres(PgConnection),
    /// The system's lock on an empty file beside the database. The file stays: who removes it could remove another's.
    Sqlite(#[expect(dead_code, reason = "held, and asked nothing")] File),
    /// A database that no other process can open.
    Own,
}

impl Claim {
    /// Gives it up: whoever asks from now on gets it. Dropped, PostgreSQL would still have to see that the connection is gone.
    pub async fn release(self) {
        if let Held::Postgres(mut session) = self.0 {
            // If it cannot be said, the connection is gone, and the claim with it.
            let _ = sqlx::raw_sql("ROLLBACK").execute(&mut session).await;
            let _ = session.close().await;
        }
    }
}

impl Database {
    /// The claim of that name on this database, or none if another has it.
    pub async fn claim(&self, name: &'static str) -> Result<Option<Claim>> {
        let held = match &self.pools {
            Pools::Postgres(lender) => {
                let place = lender.place().await.map_err(fault)?;
                let mut session = Box::pin(lender.pool().acquire()).await.map_err(fault)?.detach();
                // It is no longer the pool's.
                drop(place);
                let begin = sqlx::raw_sql("BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0");
                begin.execute(&mut session).await.map_err(fault)?;
                let row = sqlx::query("SELECT pg_try_advisory_xact_lock(361, hashtext($1))")
                    .bind(name)
                    .fetch_one(&mut session);
                if row.await.and_then(|row| row.try_get(0)).map_err(fault)? {
                    Some(Held::Postgres(session))
                } else {
                    session.close().await.map_err(away)?;
                    None
                }
            }
            Pools::Sqlite { write, .. } => {
                let options = write.connect_options();
                let file = options.get_filename();
                if file.is_file() { lock(file, name)?.map(Held::Sqlite) } else { Some(Held::Own) }
            }
        };
        Ok(held.map(Claim))
    }
}

fn lock(database: &Path, name: &str) -> Result<Option<File>> {
    let mut path = database.as_os_str().to_owned();
    path.push(format!("-{name}"));
    let unlockable = |error: std::io::Error| {
        Error::unavailable(error)
            .with_message("The file beside the database that tells who works on it cannot be used.")
    };
    let file =
        OpenOptions::new().write(true).create(true).truncate(false).open(PathBuf::from(path)).map_err(unlockable)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(unlockable(error)),
    }
}
