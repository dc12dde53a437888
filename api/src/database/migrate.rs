//! Bringing the tables up to date: on a connection of its own, since a change of a large table takes longer than any request
//! may, and so does waiting for the node that is at it.

use std::time::Duration;

use migration::{Migrator, MigratorTrait};
use sea_orm::{
    SqliteTransactionMode, SqlxPostgresConnector, SqlxSqliteConnector, TransactionOptions, TransactionTrait,
};
use sqlx::Executor as _;
use sqlx::postgres::{PgPool, PgPoolOptions};
use sqlx::sqlite::{SqlitePool, SqlitePoolOptions};

use super::fault::{away, fault, not_migrated, unopened};
use crate::error::Result;

/// How long SQLite is waited for while another process changes the tables.
const PATIENCE: Duration = Duration::from_hours(1);

/// All changes in one transaction that takes the writer's lock first: another process waits and then finds them made, and of
/// a process that is killed nothing remains.
pub(super) async fn sqlite(pool: &SqlitePool) -> Result<()> {
    let options = pool.connect_options().as_ref().clone().busy_timeout(PATIENCE);
    let own = SqlitePoolOptions::new().max_connections(1).connect_with(options).await.map_err(unopened)?;
    let connection = SqlxSqliteConnector::from_sqlx_sqlite_pool(own.clone());
    let immediate = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    let made = async {
        let transaction = connection.begin_with_options(immediate).await?;
        Migrator::up(&transaction, None).await?;
        transaction.commit().await
    };
    let made = made.await.map_err(not_migrated);
    own.close().await;
    made
}

/// Each change in a transaction, all of them under a lock that belongs to the one connection and goes with it.
pub(super) async fn postgres(pool: &PgPool) -> Result<()> {
    let own = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(pool.options().get_acquire_timeout())
        // The lock is the connection's: it must stay the same one.
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(pool.connect_options().as_ref().clone())
        .await
        .map_err(fault)?;
    let locked = async {
        for statement in ["SET statement_timeout = 0", "SET lock_timeout = 0", "SELECT pg_advisory_lock(360360)"] {
            own.execute(statement).await.map_err(away)?;
        }
        Ok(())
    };
    let made = match locked.await {
        Ok(()) => {
            let connection = SqlxPostgresConnector::from_sqlx_postgres_pool(own.clone());
            Migrator::up(&connection, None).await.map_err(not_migrated)
        }
        Err(error) => Err(error),
    };
    own.close().await;
    made
}
