//! The migrations go up, down and up again on both databases, and every entity fits the tables they make.

use std::collections::BTreeSet;
use std::time::Duration;

use api::database::{Database, Settings};
use api::error::Code;
use customer360_tests::process::{PATIENCE, Program};
use customer360_tests::{Db, TestDatabase, both};
use migration::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, EntityName, EntityTrait, QuerySelect, Statement};

both! {
    async fn they_go_up_down_and_up(migrated: TestDatabase) {
        let database = TestDatabase::create_empty(migrated.db()).await;
        let connection = database.connect().await;
        Migrator::up(&connection, None).await.unwrap();
        let up = tables(&connection).await;
        assert!(up.contains("source"), "a table is missing after going up: {up:?}");

        Migrator::down(&connection, None).await.unwrap();
        let down = tables(&connection).await;
        assert!(down.is_empty(), "going down leaves tables behind: {down:?}");

        Migrator::up(&connection, None).await.unwrap();
        assert_eq!(tables(&connection).await, up, "going up again makes other tables");
    }

    async fn each_goes_down_and_up_alone(migrated: TestDatabase) {
        let connection = migrated.connect().await;
        // Step by step: a `down` that takes along what an earlier migration made shows only here.
        for _ in Migrator::migrations() {
            Migrator::down(&connection, Some(1)).await.unwrap();
            Migrator::up(&connection, Some(1)).await.unwrap();
            Migrator::down(&connection, Some(1)).await.unwrap();
        }
        assert_eq!(tables(&connection).await, BTreeSet::new());
    }

    async fn one_that_broke_off_can_be_tried_again(migrated: TestDatabase) {
        let database = TestDatabase::create_empty(migrated.db()).await;
        let settings = settings(&database, Duration::from_secs(5));
        let connection = database.connect().await;
        // The first migration makes two tables before it comes upon this one.
        connection.execute_unprepared("CREATE TABLE record_head (a INTEGER)").await.unwrap();
        let server = Database::open(&settings).await.unwrap();
        assert_eq!(server.migrate().await.unwrap_err().code, Code::Internal);
        connection.execute_unprepared("DROP TABLE record_head").await.unwrap();
        assert_eq!(tables(&connection).await, BTreeSet::new());
        server.migrate().await.unwrap();
        assert!(tables(&connection).await.contains("record_head"));
    }

    async fn several_processes_may_try_at_once(migrated: TestDatabase) {
        let database = TestDatabase::create_empty(migrated.db()).await;
        let start = |_| {
            let program = Program::new(["migrate"]).env("DATABASE_URL", database.url());
            program.env("CUSTOMER360_DATABASE__POOL_SIZE", "1").start()
        };
        let nodes: Vec<_> = (0..4).map(start).collect();
        for node in nodes {
            let ended = node.finish(PATIENCE);
            assert!(ended.status.success(), "{}", ended.stderr);
        }
        assert!(tables(&database.connect().await).await.contains("source"));
    }

    async fn every_entity_can_be_selected(migrated: TestDatabase) {
        let connection = migrated.connect().await;
        // A column that the entity has and the table has not, or the other way round, or of another type.
        macro_rules! select {
            ($($entity:ident)+) => {$(
                fits::<entity::$entity::Entity>(&connection).await;
            )+};
        }
        entity::for_each_entity!(select);
    }

    async fn every_table_has_an_entity(migrated: TestDatabase) {
        let mut tables = tables(&migrated.connect().await).await;
        macro_rules! remove {
            ($($entity:ident)+) => {$(
                assert!(tables.remove(entity::$entity::Entity.table_name()), "no table for {}", stringify!($entity));
            )+};
        }
        entity::for_each_entity!(remove);
        tables.retain(|table| !WITHOUT_ENTITY.iter().any(|prefix| table.starts_with(prefix)));
        assert!(tables.is_empty(), "these tables have no entity: {tables:?}");
    }
}

/// However short a statement may be elsewhere, a node waits for the one that is migrating.
#[tokio::test]
async fn a_node_waits_for_the_one_that_migrates() {
    let database = TestDatabase::create_empty(Db::Postgres).await;
    let other = database.connect().await;
    other.execute_unprepared("SELECT pg_advisory_lock(360360)").await.unwrap();
    let server = Database::open(&settings(&database, Duration::from_millis(20))).await.unwrap();
    let migrated = tokio::spawn(async move { server.migrate().await });
    // Until it has waited ten times as long as a statement may take.
    let waits = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory'
        AND clock_timestamp() > query_start + interval '200 ms'";
    while other.query_one_raw(Statement::from_string(DbBackend::Postgres, waits)).await.unwrap().is_none() {
        assert!(!migrated.is_finished(), "{:?}", migrated.await);
    }
    other.execute_unprepared("SELECT pg_advisory_unlock(360360)").await.unwrap();
    migrated.await.unwrap().unwrap();
    assert!(tables(&other).await.contains("source"));
}

fn settings(database: &TestDatabase, statement_timeout: Duration) -> Settings {
    let url = database.url().to_owned();
    Settings { url, pool_size: 1, acquire_timeout: Duration::from_secs(5), statement_timeout }
}

/// Tables that code reaches by SQL only: full-text indexes with what SQLite keeps beside them.
const WITHOUT_ENTITY: [&str; 1] = ["customer_search"];

async fn fits<E: EntityTrait>(connection: &DatabaseConnection) {
    let table = E::default().table_name().to_owned();
    let rows = E::find().limit(1).all(connection).await;
    assert!(rows.is_ok(), "the entity of {table} does not fit its table: {rows:?}");
}

/// The tables that are ours, without the migrations' own and the database's.
async fn tables(connection: &DatabaseConnection) -> BTreeSet<String> {
    let list = match connection.get_database_backend() {
        sea_orm::DbBackend::Sqlite => {
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        }
        _ => "SELECT tablename::text AS name FROM pg_tables WHERE schemaname = 'public'",
    };
    let rows = connection.query_all_raw(Statement::from_string(connection.get_database_backend(), list)).await.unwrap();
    let names = rows.iter().map(|row| row.try_get::<String>("", "name").unwrap());
    names.filter(|name| name != "seaql_migrations").collect()
}
