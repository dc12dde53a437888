//! Create views: what tools that speak SQL read, on PostgreSQL. Nobody is given a right to them here.
//!
//! Two schemas hold the same views: `customer360_views` in full, `customer360_views_pseudonymous` without names, contact data,
//! technical ids, what people wrote, and internal rows. The list of them is a text beside this file: a line for each view (`name of table: meaning`),
//! below it its conditions and its columns (`name kind classes: meaning`).

use std::fmt::Write;

use sea_orm_migration::prelude::*;

use crate::dialect;

const VIEWS: &str = include_str!("m20261122_017_views.txt");

const FULL: &str = "customer360_views";
const PSEUDONYMOUS: &str = "customer360_views_pseudonymous";

/// What the pseudonymous views leave out.
/// Keys of other systems are of the class technical, and may be addresses.
const WITHHELD: [&str; 5] = ["identity", "contact", "free_text", "internal", "technical"];

/// Create views.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut statements = Vec::new();
        for (schema, meaning) in [
            (FULL, "Read-only views for people and tools that may see all that is kept of customers."),
            (
                PSEUDONYMOUS,
                "Read-only views without names, contact data, technical ids, what people wrote, and internal rows.",
            ),
        ] {
            statements.push(format!("CREATE SCHEMA {schema}"));
            statements.push(format!("COMMENT ON SCHEMA {schema} IS {}", quoted(meaning)));
            for view in views()? {
                statements.extend(view.statements(schema));
            }
            statements.push(format!(
                "CREATE VIEW {schema}.customer_redirect AS SELECT t.id AS retired_id, t.merged_into AS customer_id \
                 FROM customer t WHERE t.merged_into IS NOT NULL"
            ));
            let meaning = quoted("Which customer an id leads to that was retired by a merge.");
            statements.push(format!("COMMENT ON VIEW {schema}.customer_redirect IS {meaning}"));
        }
        let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
        dialect::run_for(manager, &statements, &[]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let statements =
            ["DROP SCHEMA customer360_views_pseudonymous CASCADE", "DROP SCHEMA customer360_views CASCADE"];
        dialect::run_for(manager, &statements, &[]).await
    }
}

struct View<'a> {
    name: &'a str,
    table: &'a str,
    meaning: &'a str,
    /// The rows that exist for readers at all.
    only: Option<&'a str>,
    /// The rows that are internal.
    internal: Option<&'a str>,
    columns: Vec<Column<'a>>,
}

struct Column<'a> {
    name: &'a str,
    kind: &'a str,
    classes: &'a str,
    meaning: &'a str,
}

fn views() -> Result<Vec<View<'static>>, DbErr> {
    let mut views: Vec<View<'static>> = Vec::new();
    for line in VIEWS.lines() {
        let unreadable = || DbErr::Migration(format!("the list of views has an unreadable line: {line}"));
        let Some(inner) = line.strip_prefix("  ") else {
            let (head, meaning) = line.split_once(": ").ok_or_else(unreadable)?;
            let (name, table) = head.split_once(" of ").ok_or_else(unreadable)?;
            views.push(View { name, table, meaning, only: None, internal: None, columns: Vec::new() });
            continue;
        };
        let view = views.last_mut().ok_or_else(unreadable)?;
        if let Some(condition) = inner.strip_prefix("- only ") {
            view.only = Some(condition);
        } else if let Some(condition) = inner.strip_prefix("- internal ") {
            view.internal = Some(condition);
        } else {
            let (head, meaning) = inner.split_once(": ").ok_or_else(unreadable)?;
            let mut words = head.split(' ');
            let (Some(name), Some(kind), Some(classes)) = (words.next(), words.next(), words.next()) else {
                return Err(unreadable());
            };
            view.columns.push(Column { name, kind, classes, meaning });
        }
    }
    Ok(views)
}

impl View<'_> {
    fn statements(&self, schema: &str) -> Vec<String> {
        let withheld = |column: &&Column<'_>| {
            schema == PSEUDONYMOUS && column.classes.split(',').any(|class| WITHHELD.contains(&class))
        };
        let columns: Vec<&Column<'_>> = self.columns.iter().filter(|column| !withheld(column)).collect();
        let mut create = format!("CREATE VIEW {schema}.{} AS SELECT ", self.name);
        let mut joins = String::new();
        for (index, column) in columns.iter().enumerate() {
            let name = column.name;
            create.push_str(if index > 0 { ", " } else { "" });
            // Writing to a String cannot fail.
            let _ = match column.kind {
                "money" => write!(create, "(t.{name}::numeric / 10000)::numeric(18, 4) AS {name}"),
                "customer" => {
                    // Of a large customer the rows move to its survivor a while after the merge.
                    let _ = write!(joins, " LEFT JOIN customer c{index} ON c{index}.id = t.{name}");
                    write!(create, "coalesce(c{index}.merged_into, t.{name}) AS {name}")
                }
                _ => write!(create, "t.{name}"),
            };
        }
        let _ = write!(create, " FROM {} t{joins}", self.table);
        let internal = self.internal.filter(|_| schema == PSEUDONYMOUS);
        let conditions: Vec<String> = self
            .only
            .map(|condition| format!("({condition})"))
            .into_iter()
            .chain(internal.map(|condition| format!("NOT ({condition})")))
            .collect();
        if !conditions.is_empty() {
            let _ = write!(create, " WHERE {}", conditions.join(" AND "));
        }
        let view = format!("{schema}.{}", self.name);
        let mut statements = vec![create, format!("COMMENT ON VIEW {view} IS {}", quoted(self.meaning))];
        statements.extend(columns.iter().map(|column| {
            let meaning = quoted(&format!("{} Class: {}.", column.meaning, column.classes.replace(',', ", ")));
            format!("COMMENT ON COLUMN {view}.{} IS {meaning}", column.name)
        }));
        statements
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
