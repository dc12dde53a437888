//! A shadow: the same tables once more, empty, beside a database. What is computed anew is computed there, while everybody goes
//! on reading what is; then both are seen side by side.
//!
//! On PostgreSQL it is a schema of the same database, on SQLite a file beside the database's own. In statements of a database
//! that is opened with its shadow, the shadow's tables are `customer360_shadow.TABLE`.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, Executor as _, Row as _};

use super::fault::{away, fault, unopened};
use super::open::{postgres_options, postgres_pools, sqlite_options, sqlite_pools};
use super::{Database, Pools, Settings};
use crate::error::{Error, Result};

/// What the shadow is called in statements.
pub const SHADOW: &str = "customer360_shadow";

/// A database and its shadow.
pub struct Shadowed {
    /// The shadow alone, as if it were a database.
    pub shadow: Database,
    /// The database with its shadow in sight.
    pub both: Database,
    file: Option<PathBuf>,
}

impl Shadowed {
    /// Makes an empty shadow; one that was left behind is removed. The database must be migrated.
    pub async fn make(settings: &Settings) -> Result<Self> {
        if settings.url.starts_with("postgres") { in_schema(settings).await } else { in_file(settings).await }
    }

    /// Removes the shadow.
    pub async fn remove(self) -> Result<()> {
        self.shadow.close().await;
        if let Pools::Postgres(lender) = &self.both.pools {
            drop_schema(lender.pool()).await?;
        }
        self.both.close().await;
        if let Some(file) = &self.file {
            remove_file(file)?;
        }
        Ok(())
    }
}

async fn in_schema(settings: &Settings) -> Result<Shadowed> {
    let options = postgres_options(settings)?;
    let both = Database::over(Pools::Postgres(postgres_pools(settings, options.clone())));
    let Pools::Postgres(lender) = &both.pools else { return Err(Error::internal("a pool of another database")) };
    drop_schema(lender.pool()).await?;
    let mut tx = lender.pool().begin().await.map_err(fault)?;
    tx.execute(AssertSqlSafe(format!("CREATE SCHEMA {SHADOW}"))).await.map_err(away)?;
    let tables = "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename";
    for table in tx.fetch_all(tables).await.map_err(away)? {
        let table: String = table.try_get(0).map_err(fault)?;
        // Like the table with its keys and indexes; foreign keys are checked where it counts, when the rows go over.
        let made = format!("CREATE TABLE {SHADOW}.\"{table}\" (LIKE \"{table}\" INCLUDING ALL)");
        tx.execute(AssertSqlSafe(made)).await.map_err(away)?;
    }
    tx.commit().await.map_err(fault)?;
    // What is written there can be computed again: nothing waits for the disk.
    let alone = options.options([("search_path", SHADOW), ("synchronous_commit", "off")]);
    let shadow = Database::over(Pools::Postgres(postgres_pools(settings, alone)));
    Ok(Shadowed { shadow, both, file: None })
}

async fn drop_schema(pool: &sqlx::PgPool) -> Result<()> {
    pool.execute(AssertSqlSafe(format!("DROP SCHEMA IF EXISTS {SHADOW} CASCADE"))).await.map_err(away).map(|_| ())
}

async fn in_file(settings: &Settings) -> Result<Shadowed> {
    let options = sqlite_options(settings)?;
    let database = options.get_filename().to_owned();
    if !database.is_file() {
        return Err(Error::bad_input("A database in memory cannot have a second one beside it. Name a file."));
    }
    let file = beside(&database);
    remove_file(&file)?;
    let alone = SqliteConnectOptions::from_str("sqlite:")
        .map_err(unopened)?
        .filename(&file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Off)
        .pragma("cache_size", "-65536");
    let shadow = Database::over(sqlite_pools(settings, alone, None).await?);
    shadow.migrate().await?;
    let both = Database::over(sqlite_pools(settings, options, Some(&file)).await?);
    Ok(Shadowed { shadow, both, file: Some(file) })
}

fn beside(database: &Path) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push("-shadow");
    path.into()
}

/// Removes the file, and what SQLite keeps beside it.
fn remove_file(file: &Path) -> Result<()> {
    for ending in ["", "-wal", "-shm"] {
        let mut path = file.as_os_str().to_owned();
        path.push(ending);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                let told = "The file beside the database that a rebuild left behind cannot be removed.";
                return Err(Error::unavailable(error).with_message(told));
            }
            _ => {}
        }
    }
    Ok(())
}
