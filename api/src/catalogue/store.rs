//! SQL of the catalogue that needs no permit: who the person behind a token is, which sources are known and since when.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::database::{Bind, Database, Row, Sql, push_columns};
use crate::error::Result;

crate::row! {
    /// The member of staff behind a token.
    pub struct Person {
        /// The member of staff.
        id: Uuid = Uuid,
        /// Department.
        department: Option<String> = Text,
    }
}

/// The member of staff whose tokens carry this subject, else whose e-mail it is, if there is one.
pub async fn behind(database: &Database, subject: &str, email: Option<&str>) -> Result<Option<Person>> {
    let mut sql = Sql::new(database.dialect());
    sql.push("SELECT ");
    push_columns(&mut sql, Person::COLUMNS);
    sql.by_dialect("::text", "").push(" FROM staff AS t WHERE t.subject = ").bind(subject);
    let address = email.unwrap_or(subject).trim().to_lowercase();
    sql.push(" OR t.email = ").bind(Bind::from(address));
    sql.push(" ORDER BY CASE WHEN t.subject = ").bind(subject).push(" THEN 0 ELSE 1 END, t.id LIMIT 1");
    Ok(database.rows::<Person>(sql).await?.into_iter().next())
}

crate::row! {
    /// Since when a source is known.
    struct Since {
        /// The moment.
        created_at: DateTime<Utc> = Time,
    }
}

/// Since when a source is known here; none if it is not.
pub async fn source_since(database: &Database, key: &str) -> Result<Option<DateTime<Utc>>> {
    let mut sql = Sql::new(database.dialect());
    sql.push("SELECT ");
    push_columns(&mut sql, Since::COLUMNS);
    sql.by_dialect("::text", "").push(" FROM source AS t WHERE t.key = ").bind(key);
    Ok(database.rows::<Since>(sql).await?.into_iter().next().map(|since| since.created_at))
}

crate::row! {
    /// A source that records came from.
    struct Known {
        /// Its key.
        key: String = Text,
    }
}

/// The keys of all sources that records came from.
pub async fn source_keys(database: &Database) -> Result<Vec<String>> {
    let mut sql = Sql::new(database.dialect());
    sql.push("SELECT ");
    push_columns(&mut sql, Known::COLUMNS);
    sql.by_dialect("::text", "").push(" FROM source AS t ORDER BY t.key");
    Ok(database.rows::<Known>(sql).await?.into_iter().map(|known| known.key).collect())
}
