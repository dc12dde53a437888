//! The door for what staff write: a grant is needed to go through it, and an idempotency key makes a repetition harmless.
//!
//! Behind it stands the intake, so that an entry is a record like any other; it is only known here as a trait, since the
//! intake stands above.

use std::future::Future;
use std::pin::Pin;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::scope::Scope;
use super::viewer::{Grant, Writes};
use crate::database::{Bind, Database, OnConflict, Row, Sql, WriteBatch, push_columns};
use crate::error::{Error, Result};

/// What a member of staff writes about a customer.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Stream of the source `staff`: `notes`, `consents` or `corrections`.
    pub stream: &'static str,
    /// Key of the entry where it writes an earlier one anew; else it is made of the idempotency key.
    pub key: Option<String>,
    /// The customer it is about.
    pub customer: Uuid,
    /// The fields of the stream.
    pub fields: Map<String, Value>,
    /// When it was written.
    pub written_at: DateTime<Utc>,
}

/// Takes an entry with its key and gives the id of its row.
pub trait Door: Send + Sync {
    /// Writes the entry; when this has returned, it lasts.
    fn enter(&self, key: String, entry: Entry) -> Pin<Box<dyn Future<Output = Result<Uuid>> + Send + '_>>;
}

crate::row! {
    /// What was answered to a key.
    struct Answered {
        /// Hash of the request.
        request_hash: String = Text,
        /// The mutation.
        mutation: String = Text,
        /// The row that was written.
        result_id: Uuid = Uuid,
    }
}

impl<W: Writes> Grant<W> {
    /// What was written under a key of this viewer's for the same mutation, if anything was.
    pub async fn repeat(&self, scope: &Scope, mutation: &str, idempotency_key: &str) -> Result<Option<Uuid>> {
        let answered = answered(&scope.database, &self.viewer().subject, idempotency_key).await?;
        Ok(answered.filter(|answered| answered.mutation == mutation).map(|answered| answered.result_id))
    }

    /// Writes an entry once: the same key with the same request gives the same row, with another request a conflict.
    pub async fn enter(&self, scope: &Scope, mutation: &str, idempotency_key: &str, entry: Entry) -> Result<Uuid> {
        if idempotency_key.is_empty() || idempotency_key.len() > 200 || idempotency_key.contains('\0') {
            return Err(Error::bad_input(
                "An `idempotencyKey` has 1 to 200 characters, unlike for each change: a UUID will do.",
            ));
        }
        let subject = &self.viewer().subject;
        let hash = hash(&[mutation, &entry.customer.to_string(), &Value::Object(entry.fields.clone()).to_string()]);
        if let Some(answered) = answered(&scope.database, subject, idempotency_key).await? {
            if answered.request_hash == hash {
                return Ok(answered.result_id);
            }
            return Err(Error::conflict(
                "This `idempotencyKey` was used for another request. Use a new one for each change.",
            ));
        }
        // The record's key comes from the idempotency key, so that a repetition before the answer was kept writes the
        // same record again and nothing twice.
        let key = entry.key.clone().unwrap_or_else(|| self::hash(&[subject, idempotency_key]));
        let result_id = scope.door.enter(key, entry).await?;
        let mut batch = WriteBatch::default();
        batch.push(
            OnConflict::Keep,
            &entity::idempotency_key::Model {
                subject: subject.clone(),
                key: idempotency_key.to_owned(),
                mutation: mutation.to_owned(),
                request_hash: hash,
                result_id,
                created_at: scope.now,
            },
        )?;
        let mut transaction = scope.database.begin().await?;
        transaction.write(batch).await?;
        transaction.commit().await?;
        Ok(result_id)
    }
}

async fn answered(database: &Database, subject: &str, key: &str) -> Result<Option<Answered>> {
    let mut sql = Sql::new(database.dialect());
    sql.push("SELECT ");
    push_columns(&mut sql, Answered::COLUMNS);
    sql.by_dialect("::text", "").push(" FROM idempotency_key AS t WHERE t.subject = ").bind(subject);
    sql.push(" AND t.key = ").bind(Bind::from(key));
    Ok(database.rows::<Answered>(sql).await?.into_iter().next())
}

fn hash(parts: &[&str]) -> String {
    use std::fmt::Write as _;
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.len().to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
