//! The words in which SQLite and PostgreSQL differ, so that each table is written once.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

/// Placeholder, PostgreSQL, SQLite. `{key}` is text in binary order; `{xid}` fills itself on PostgreSQL.
const WORDS: &[(&str, &str, &str)] = &[
    ("{uuid}", "UUID", "BLOB"),
    ("{key}", "TEXT COLLATE \"C\"", "TEXT"),
    ("{time}", "TIMESTAMPTZ", "TEXT"),
    ("{json}", "JSONB", "TEXT"),
    ("{serial}", "BIGSERIAL PRIMARY KEY", "INTEGER PRIMARY KEY AUTOINCREMENT"),
    ("{xid} NOT NULL", "BIGINT NOT NULL DEFAULT pg_current_xact_id()::text::bigint", "BIGINT NOT NULL DEFAULT 0"),
];

/// Runs statements, each put into the database's own words.
pub async fn run(manager: &SchemaManager<'_>, statements: &[&str]) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    let postgres = connection.get_database_backend() == DbBackend::Postgres;
    for statement in statements {
        let mut sql = (*statement).to_owned();
        for (word, in_postgres, in_sqlite) in WORDS {
            sql = sql.replace(word, if postgres { in_postgres } else { in_sqlite });
        }
        connection.execute_unprepared(&sql).await?;
    }
    Ok(())
}

/// Runs the statements of one database only.
pub async fn run_for(manager: &SchemaManager<'_>, postgres: &[&str], sqlite: &[&str]) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    let statements = if connection.get_database_backend() == DbBackend::Postgres { postgres } else { sqlite };
    for statement in statements {
        connection.execute_unprepared(statement).await?;
    }
    Ok(())
}
