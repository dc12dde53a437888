//! The SQL views on PostgreSQL: the columns of the exports, in full and without what names people, for a role that can do
//! nothing else.

use std::collections::BTreeMap;

use api::access::{Class, Classes, Form, Policy};
use api::export::tables::TABLES;
use customer360_tests::{Db, TestDatabase};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};

use crate::access::world::{World, leaks};

const FULL: &str = "customer360_views";
const PSEUDONYMOUS: &str = "customer360_views_pseudonymous";
const WITHHELD: [Class; 5] = [Class::Identity, Class::Contact, Class::FreeText, Class::Internal, Class::Technical];

async fn texts(database: &DatabaseConnection, sql: &str) -> Vec<String> {
    let rows = database.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap();
    rows.iter().map(|row| row.try_get::<String>("", "text").unwrap()).collect()
}

async fn columns(database: &DatabaseConnection, schema: &str, view: &str) -> BTreeMap<String, String> {
    let sql = format!(
        "SELECT column_name || ' ' || data_type AS text FROM information_schema.columns
         WHERE table_schema = '{schema}' AND table_name = '{view}'"
    );
    let split = |text: String| text.split_once(' ').map(|(name, kind)| (name.to_owned(), kind.to_owned())).unwrap();
    texts(database, &sql).await.into_iter().map(split).collect()
}

#[tokio::test]
async fn views_have_the_columns_and_classes_of_the_exports() {
    let kept = TestDatabase::create(Db::Postgres).await;
    let database = kept.connect().await;
    for table in TABLES {
        let (mut full, mut pseudonymous) = (BTreeMap::new(), BTreeMap::new());
        for told in table.told {
            let classes = match told.classes {
                Classes::All(classes) => classes,
                Classes::ByLast { any, .. } => any,
            };
            for (name, form) in told.columns.iter().zip(told.forms) {
                if (table.name, *name) == ("customer_identifier", "id") {
                    continue; // Two columns name it.
                }
                full.insert((*name).to_owned(), *form);
                if !classes.iter().any(|class| WITHHELD.contains(class)) {
                    pseudonymous.insert((*name).to_owned(), *form);
                }
            }
        }
        for (schema, expected) in [(FULL, full), (PSEUDONYMOUS, pseudonymous)] {
            let found = columns(&database, schema, table.name).await;
            assert_eq!(
                found.keys().collect::<Vec<_>>(),
                expected.keys().collect::<Vec<_>>(),
                "{schema}.{}",
                table.name
            );
            for (name, form) in expected {
                let kind = match form {
                    Form::Money => "numeric",
                    Form::Time => "timestamp with time zone",
                    Form::Id(_) => "uuid",
                    Form::Bool => "boolean",
                    Form::Texts => "jsonb",
                    _ => continue,
                };
                assert_eq!(found[&name], kind, "{schema}.{}.{name}", table.name);
            }
        }
    }
    let undescribed =
        "SELECT c.table_schema || '.' || c.table_name || '.' || c.column_name AS text FROM information_schema.columns c
        WHERE c.table_schema LIKE 'customer360_views%' AND c.table_name <> 'customer_redirect'
        AND col_description((c.table_schema || '.' || c.table_name)::regclass, c.ordinal_position) IS NULL";
    assert_eq!(texts(&database, undescribed).await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_reads_views_and_nothing_else() {
    let world = World::with(Db::Postgres, &[]).await;
    let database = world.app.database().connect().await;
    let execute = async |sql: &str| database.execute_unprepared(sql).await;
    let name = texts(&database, "SELECT 'reader_' || md5(current_database()) AS text").await.remove(0);
    execute(&format!("CREATE ROLE {name} NOLOGIN")).await.unwrap();
    execute(&format!("SET ROLE {name}")).await.unwrap();
    assert!(execute(&format!("SELECT 1 FROM {PSEUDONYMOUS}.ticket")).await.is_err(), "nobody has a right by default");
    execute("RESET ROLE").await.unwrap();
    execute(&format!("GRANT USAGE ON SCHEMA {PSEUDONYMOUS} TO {name}")).await.unwrap();
    execute(&format!("GRANT SELECT ON ALL TABLES IN SCHEMA {PSEUDONYMOUS} TO {name}")).await.unwrap();
    execute(&format!("SET ROLE {name}")).await.unwrap();
    let mut everything = String::new();
    for table in TABLES {
        let rows = texts(&database, &format!("SELECT v::text AS text FROM {PSEUDONYMOUS}.{} v", table.name)).await;
        assert!(!rows.is_empty(), "{}", table.name);
        everything.push_str(&rows.join("\n"));
    }
    for refused in [
        "SELECT 1 FROM customer",
        "SELECT 1 FROM public.ticket",
        "SELECT 1 FROM customer360_views.customer",
        "SELECT 1 FROM record",
        "DELETE FROM customer360_views_pseudonymous.ticket",
        "UPDATE customer360_views_pseudonymous.survey SET kind = NULL",
        "CREATE VIEW customer360_views_pseudonymous.more AS SELECT 1",
    ] {
        assert!(execute(refused).await.is_err(), "{refused}");
    }
    execute("RESET ROLE").await.unwrap();
    execute(&format!("DROP OWNED BY {name}")).await.unwrap();
    execute(&format!("DROP ROLE {name}")).await.unwrap();
    let rights = "[role.reader]\ndescription = ''\nread = '*'\nrows = 'all'\nwrite = []\nclasses = { financial = 'show', behaviour = 'show', staff = 'show' }";
    let rights = Policy::parse(rights).unwrap().rights(["reader"]).unwrap();
    assert_eq!(leaks(&everything, &rights).next(), None);
    assert!(everything.contains("7710001.1100"), "money is a number with four places");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_merged_is_found_as_the_survivor() {
    let world = World::with(Db::Postgres, &[]).await;
    let database = world.app.database().connect().await;
    let merge = "UPDATE customer SET merged_into = (SELECT id FROM customer WHERE customer_number = 'K-2') WHERE customer_number = 'K-1'";
    database.execute_unprepared(merge).await.unwrap();
    let left = "SELECT count(*)::text AS text FROM customer360_views.ticket v WHERE v.customer_id NOT IN (SELECT id FROM customer360_views.customer)";
    assert_eq!(texts(&database, left).await, ["0"]);
    let there = "SELECT c.customer_number AS text FROM customer360_views.customer_redirect r JOIN customer360_views.customer c ON c.id = r.customer_id";
    assert_eq!(texts(&database, there).await, ["K-2"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn internal_rows_are_not_in_the_pseudonymous_views() {
    let world = World::with(Db::Postgres, &[]).await;
    let database = world.app.database().connect().await;
    let with_internal = format!(
        "SELECT c.table_name AS text FROM information_schema.columns c JOIN information_schema.views v USING (table_name)
         WHERE c.table_schema = 'public' AND c.column_name = 'internal' AND v.table_schema = '{PSEUDONYMOUS}' ORDER BY 1"
    );
    let tables = texts(&database, &with_internal).await;
    assert!(tables.contains(&"interaction".to_owned()), "{tables:?}");
    for table in tables {
        let internal = format!("SELECT id::text AS text FROM {table} WHERE internal");
        let told = format!("{internal} AND id IN (SELECT id FROM {PSEUDONYMOUS}.{table})");
        assert!(!texts(&database, &internal).await.is_empty(), "{table} has none to hide");
        assert_eq!(texts(&database, &told).await, [""; 0], "{table}");
    }
}
