//! How connections are made: what each is set to, and the pools they come from.

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, Postgres};

use super::fault::unopened;
use super::lend::Lender;
use super::shadow::SHADOW;
use super::{Pools, Settings};
use crate::error::{Error, Result};

/// Statements are kept prepared for each connection; the shapes of queries are many.
const PREPARED: usize = 500;

pub(super) fn postgres_options(settings: &Settings) -> Result<PgConnectOptions> {
    Ok(PgConnectOptions::from_str(&settings.url)
        .map_err(|_| Error::bad_input("DATABASE_URL is not an address of PostgreSQL: postgres://user@host/database."))?
        .statement_cache_capacity(PREPARED)
        .options([
            ("timezone", "UTC".to_owned()),
            ("statement_timeout", settings.statement_timeout.as_millis().to_string()),
            ("idle_in_transaction_session_timeout", "10000".to_owned()),
            ("lock_timeout", "2000".to_owned()),
            ("jit", "off".to_owned()),
            // A statement has one good plan whatever it is bound to; to plan a short one anew costs more than to run it.
            ("plan_cache_mode", "force_generic_plan".to_owned()),
        ]))
}

pub(super) fn postgres_pools(settings: &Settings, options: PgConnectOptions) -> Lender<Postgres> {
    let pool = PgPoolOptions::new()
        .max_connections(settings.pool_size)
        .acquire_timeout(settings.acquire_timeout)
        .test_before_acquire(false)
        .connect_lazy_with(options);
    Lender::new(pool)
}

pub(super) fn sqlite_options(settings: &Settings) -> Result<SqliteConnectOptions> {
    let known = settings.url.strip_prefix("sqlite:").map(|_| SqliteConnectOptions::from_str(&settings.url));
    let Some(Ok(options)) = known else {
        return Err(Error::bad_input("DATABASE_URL is neither sqlite://FILE nor postgres://user@host/database."));
    };
    Ok(options
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(5))
        .statement_cache_capacity(PREPARED)
        .pragma("cache_size", "-16384"))
}

/// The pools of a file; with another file in their sight, its shadow.
pub(super) async fn sqlite_pools(
    settings: &Settings,
    options: SqliteConnectOptions,
    shadow: Option<&Path>,
) -> Result<Pools> {
    let shadow = shadow.map(|file| file.to_string_lossy().into_owned());
    let pool = |size: u32| {
        let shadow = shadow.clone();
        SqlitePoolOptions::new()
            .max_connections(size)
            .acquire_timeout(settings.acquire_timeout)
            .test_before_acquire(false)
            .after_connect(move |connection, _| {
                let shadow = shadow.clone();
                Box::pin(async move {
                    if let Some(file) = shadow {
                        let attach = AssertSqlSafe(format!("ATTACH DATABASE ? AS {SHADOW}"));
                        sqlx::query(attach).bind(file).execute(connection).await?;
                    }
                    Ok(())
                })
            })
    };
    let write = pool(1).connect_with(options.clone()).await.map_err(unopened)?;
    // Readers look into the file itself, which they share, instead of each copying its pages.
    let reading = options.read_only(true).pragma("mmap_size", "1099511627776");
    let read = pool(settings.pool_size).connect_with(reading).await.map_err(unopened)?;
    Ok(Pools::Sqlite { read: Lender::new(read), write })
}
