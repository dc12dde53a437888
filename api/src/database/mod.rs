//! The database: one door to SQLite and PostgreSQL.
//!
//! `sql` is a statement under construction, `row` what a read gives, `write` rows in bulk, `copy` those that are new, `lend` who
//! has which connection. Here are the pools, the one writer of SQLite, and the count of waits that a test looks at. No table is
//! named here, and no policy is known.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sea_orm::{DatabaseConnection, SqlxPostgresConnector, SqlxSqliteConnector};
use sqlx::postgres::PgArguments;
use sqlx::sqlite::{SqliteArguments, SqlitePool};
use sqlx::{Arguments, AssertSqlSafe, Executor as _, Postgres, Row as _, Sqlite};

mod camel;
mod claim;
mod copy;
mod fault;
mod lend;
mod migrate;
mod open;
mod row;
mod shadow;
mod sparse;
mod sql;
mod table;
mod values;
mod write;

pub use camel::Camel;
pub use claim::Claim;
pub use copy::Met;
use fault::{fault, may_come_back};
pub use fault::{out_of_reach, refuses_a_value, without_values};
use lend::{Lender, Place};
use open::{postgres_options, postgres_pools, sqlite_options, sqlite_pools};
pub use row::{Column, Kind, Read, Row, is_plain, or_default, push_asked, push_columns, push_sources};
pub use shadow::{SHADOW, Shadowed};
pub use sparse::Asked;
pub use sql::{Bind, Dialect, Sql, time_text};
pub use table::Description;
use values::Values;
pub use write::{OnConflict, WriteBatch, WriteRow};

use crate::error::{Error, Result};

/// How to reach the database.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `sqlite://file?mode=rwc` or `postgres://…`.
    pub url: String,
    /// Connections that read (SQLite) or in all (PostgreSQL).
    pub pool_size: u32,
    /// How long to wait for a free connection.
    pub acquire_timeout: Duration,
    /// How long a statement may run on PostgreSQL.
    pub statement_timeout: Duration,
}

#[derive(Clone)]
enum Pools {
    Sqlite { read: Lender<Sqlite>, write: SqlitePool },
    Postgres(Lender<Postgres>),
}

/// The database, cheap to clone.
#[derive(Clone)]
pub struct Database {
    pools: Pools,
    waits: Arc<AtomicU64>,
}

impl Database {
    /// Opens the pools. A SQLite file is made if it is not there.
    pub async fn open(settings: &Settings) -> Result<Self> {
        let pools = if settings.url.starts_with("postgres") {
            Pools::Postgres(postgres_pools(settings, postgres_options(settings)?))
        } else {
            sqlite_pools(settings, sqlite_options(settings)?, None).await?
        };
        Ok(Self::over(pools))
    }

    fn over(pools: Pools) -> Self {
        Self { pools, waits: Arc::default() }
    }

    /// Brings the tables up to date. Several nodes may try at once: one does it, the others wait.
    pub async fn migrate(&self) -> Result<()> {
        match &self.pools {
            Pools::Sqlite { write, .. } => migrate::sqlite(write).await,
            Pools::Postgres(lender) => migrate::postgres(lender.pool()).await,
        }
    }

    /// The same pools as sea-orm sees them, for migrations and tests of the entities.
    pub fn orm(&self) -> DatabaseConnection {
        match &self.pools {
            Pools::Sqlite { write, .. } => SqlxSqliteConnector::from_sqlx_sqlite_pool(write.clone()),
            Pools::Postgres(lender) => {
                lender.give_back();
                SqlxPostgresConnector::from_sqlx_postgres_pool(lender.pool().clone())
            }
        }
    }

    /// Which database it is.
    pub fn dialect(&self) -> Dialect {
        match &self.pools {
            Pools::Sqlite { .. } => Dialect::Sqlite,
            Pools::Postgres(_) => Dialect::Postgres,
        }
    }

    /// How many writers can be at work at once: one on SQLite.
    pub fn writers(&self) -> u32 {
        match &self.pools {
            Pools::Sqlite { .. } => 1,
            Pools::Postgres(lender) => lender.pool().options().get_max_connections(),
        }
    }

    /// How many connections are at work, and how many there may be; on SQLite with the one that writes.
    pub fn connections(&self) -> (usize, usize) {
        match &self.pools {
            Pools::Sqlite { read, write } => {
                let (busy, most) = read.usage();
                let writing = (write.size() as usize).saturating_sub(write.num_idle());
                (busy + writing, most + 1)
            }
            Pools::Postgres(lender) => lender.usage(),
        }
    }

    /// How often anyone waited for an answer of the database so far.
    pub fn waits(&self) -> u64 {
        self.waits.load(Ordering::Relaxed)
    }

    /// Runs a statement that gives one row of texts: how every read of a request comes back.
    pub async fn texts(&self, sql: Sql) -> Result<Vec<Option<String>>> {
        self.waits.fetch_add(1, Ordering::Relaxed);
        match &self.pools {
            Pools::Sqlite { read, .. } => {
                let mut loan = read.lend().await.map_err(fault)?;
                let found = loan.connection().fetch_optional(sqlite_query(sql)).await;
                let row = loan.end(found).and_then(there).map_err(fault)?;
                (0..row.len()).map(|column| row.try_get(column).map_err(fault)).collect()
            }
            Pools::Postgres(lender) => {
                let mut loan = lender.lend().await.map_err(fault)?;
                let found = loan.connection().fetch_optional(postgres_query(sql)).await;
                let row = loan.end(found).and_then(there).map_err(fault)?;
                (0..row.len()).map(|column| row.try_get(column).map_err(fault)).collect()
            }
        }
    }

    /// Reads rows outside a request: each row of the statement is one JSON text.
    pub async fn rows<R: serde::de::DeserializeOwned>(&self, sql: Sql) -> Result<Vec<R>> {
        self.waits.fetch_add(1, Ordering::Relaxed);
        let texts: Vec<String> = match &self.pools {
            Pools::Sqlite { read, .. } => {
                let mut loan = read.lend().await.map_err(fault)?;
                let found = sqlite_query(sql).fetch_all(loan.connection()).await;
                let rows = loan.end(found).map_err(fault)?;
                rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>().map_err(fault)?
            }
            Pools::Postgres(lender) => {
                let mut loan = lender.lend().await.map_err(fault)?;
                let found = postgres_query(sql).fetch_all(loan.connection()).await;
                let rows = loan.end(found).map_err(fault)?;
                rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>().map_err(fault)?
            }
        };
        texts.iter().map(|text| serde_json::from_str(text).map_err(Error::internal)).collect()
    }

    /// Begins a write. On SQLite it takes the one writer at once, so that it cannot fail half-way for a lock.
    pub async fn begin(&self) -> Result<Transaction> {
        match &self.pools {
            Pools::Sqlite { write, .. } => {
                let begun = match write.begin_with("BEGIN IMMEDIATE").await {
                    // SQLite rolls back by itself where the disk is full; its driver then takes the writer to be within a
                    // transaction for ever. A fresh one knows better.
                    Err(sqlx::Error::InvalidSavePointStatement) => {
                        let stuck = write.acquire().await.map_err(fault)?;
                        let _ = stuck.close().await;
                        write.begin_with("BEGIN IMMEDIATE").await
                    }
                    begun => begun,
                };
                Ok(Transaction::Sqlite(begun.map_err(fault)?))
            }
            Pools::Postgres(lender) => {
                let place = lender.place().await.map_err(fault)?;
                let begun = Box::pin(lender.pool().begin()).await.map_err(fault)?;
                Ok(Transaction::Postgres(begun, place))
            }
        }
    }

    /// Waits for a database that is away: it may be starting beside us. What waiting does not mend is told at once.
    pub async fn wait(&self, patience: Duration) -> Result<()> {
        let until = Instant::now() + patience;
        let mut told = false;
        loop {
            let Err(error) = self.ping().await else { return Ok(()) };
            if Instant::now() >= until || !may_come_back(&error) {
                return Err(error);
            }
            if !told {
                told = true;
                tracing::warn!("the database is away; waiting for it for up to {} s", patience.as_secs());
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<()> {
        let mut sql = Sql::new(self.dialect());
        sql.push("SELECT '1'");
        self.texts(sql).await.map(|_| ())
    }

    /// Closes the pools; what is under way ends first.
    pub async fn close(&self) {
        match &self.pools {
            Pools::Sqlite { read, write } => {
                read.close().await;
                write.close().await;
            }
            Pools::Postgres(lender) => lender.close().await,
        }
    }
}

/// A write under way. Dropped without [`Transaction::commit`], nothing of it remains.
pub enum Transaction {
    /// On the one writer.
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    /// On a connection of the pool.
    Postgres(sqlx::Transaction<'static, Postgres>, Place),
}

impl Transaction {
    /// Which database it is.
    pub fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(..) => Dialect::Postgres,
        }
    }

    /// Runs a statement and gives the number of rows it wrote.
    pub async fn execute(&mut self, sql: Sql) -> Result<u64> {
        match self {
            Self::Sqlite(inner) => Ok(sqlite_query(sql).execute(&mut **inner).await.map_err(fault)?.rows_affected()),
            Self::Postgres(inner, _) => {
                Ok(postgres_query(sql).execute(&mut **inner).await.map_err(fault)?.rows_affected())
            }
        }
    }

    /// Reads rows: each row of the statement is one JSON text.
    pub async fn rows<R: serde::de::DeserializeOwned>(&mut self, sql: Sql) -> Result<Vec<R>> {
        let texts: Vec<String> = match self {
            Self::Sqlite(inner) => {
                let rows = sqlite_query(sql).fetch_all(&mut **inner).await.map_err(fault)?;
                rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>().map_err(fault)?
            }
            Self::Postgres(inner, _) => {
                let rows = postgres_query(sql).fetch_all(&mut **inner).await.map_err(fault)?;
                rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>().map_err(fault)?
            }
        };
        texts.iter().map(|text| serde_json::from_str(text).map_err(Error::internal)).collect()
    }

    /// Writes everything a batch holds.
    pub async fn write(&mut self, batch: WriteBatch) -> Result<()> {
        for statement in batch.into_statements(self.dialect()) {
            self.execute(statement).await?;
        }
        Ok(())
    }

    /// Makes the write last.
    pub async fn commit(self) -> Result<()> {
        match self {
            Self::Sqlite(inner) => inner.commit().await,
            Self::Postgres(inner, _) => inner.commit().await,
        }
        .map_err(fault)
    }
}

fn there<R>(row: Option<R>) -> sqlx::Result<R> {
    row.ok_or(sqlx::Error::RowNotFound)
}

fn postgres_query(sql: Sql) -> sqlx::query::Query<'static, Postgres, PgArguments> {
    let mut arguments = PgArguments::default();
    for bind in sql.binds {
        // Encoding into memory cannot fail for these types.
        let _ = match bind {
            Bind::Text(value) => arguments.add(value),
            Bind::Int(value) => arguments.add(value),
            Bind::Real(value) => arguments.add(value),
            Bind::Id(value) => arguments.add(value),
            Bind::Time(value) => arguments.add(value),
            Bind::Ids(value) => arguments.add(value),
            Bind::Texts(value) => arguments.add(value),
            Bind::Column(Values::Id(values)) => arguments.add(values),
            Bind::Column(Values::Text(values) | Values::Json(values)) => arguments.add(values),
            Bind::Column(Values::Int(values)) => arguments.add(values),
            Bind::Column(Values::Real(values)) => arguments.add(values),
            Bind::Column(Values::Flag(values)) => arguments.add(values),
            Bind::Column(Values::Time(values)) => arguments.add(values),
        };
    }
    sqlx::query_with(AssertSqlSafe(sql.text), arguments)
}

fn sqlite_query(sql: Sql) -> sqlx::query::Query<'static, Sqlite, SqliteArguments> {
    let mut arguments = SqliteArguments::default();
    for bind in sql.binds {
        let _ = match bind {
            Bind::Text(value) => arguments.add(value),
            Bind::Int(value) => arguments.add(value),
            Bind::Real(value) => arguments.add(value),
            Bind::Id(value) => arguments.add(value),
            Bind::Time(value) => arguments.add(value.map(time_text)),
            Bind::Ids(value) => arguments.add(sql::ids_json(&value)),
            Bind::Texts(value) => arguments.add(sql::texts_json(&value)),
            // Rows are written value by value here.
            Bind::Column(_) => continue,
        };
    }
    sqlx::query_with(AssertSqlSafe(sql.text), arguments)
}
