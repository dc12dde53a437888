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

use super::scope::{Context, Scope, sent};
use super::viewer::{Grant, Writes};
use crate::database::{Bind, Database, Row, Sql, push_columns};
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
    /// Writes the entry, and with it what is answered to its request; when this has returned, both last. Nothing is written,
    /// and none given, if the request's key was used meanwhile.
    fn enter(
        &self,
        key: String,
        entry: Entry,
        answered: entity::idempotency_key::Model,
    ) -> Pin<Box<dyn Future<Output = Result<Option<Uuid>>> + Send + '_>>;
}

crate::row! {
    /// What was answered to a key.
    struct Answered {
        /// Hash of the request.
        request_hash: String = Text,
        /// The row that was written.
        result_id: Uuid = Uuid,
    }
}

/// A request to write something, known by its idempotency key.
pub enum Asked<'a> {
    /// It was answered before: the row that was written then.
    Before(Uuid),
    /// It is new.
    Now(NewRequest<'a>),
}

/// A request that was not answered yet. Only a [`Grant`] makes one.
pub struct NewRequest<'a> {
    scope: &'a Scope,
    /// What is to be kept of it; the row it writes is not known yet.
    answer: entity::idempotency_key::Model,
}

impl<W: Writes> Grant<W> {
    /// Whether the mutation that is resolved was answered before: the same key with all else that was sent with it. With
    /// another request it is a conflict. To be asked before anything is looked up, which may have changed since.
    pub async fn asked<'a>(&self, context: &Context<'a>, idempotency_key: &str) -> Result<Asked<'a>> {
        if idempotency_key.is_empty() || idempotency_key.len() > 200 || idempotency_key.contains('\0') {
            return Err(Error::bad_input(
                "An `idempotencyKey` has 1 to 200 characters, unlike for each change: a UUID will do.",
            ));
        }
        let scope = Scope::of(context)?;
        let (mutation, input) = sent(context)?;
        let answer = entity::idempotency_key::Model {
            subject: self.viewer().subject.clone(),
            key: idempotency_key.to_owned(),
            request_hash: hash(&[&mutation, &input]),
            mutation,
            result_id: Uuid::nil(),
            created_at: scope.now,
        };
        let request = NewRequest { scope, answer };
        Ok(match request.before().await? {
            Some(row) => Asked::Before(row),
            None => Asked::Now(request),
        })
    }
}

impl NewRequest<'_> {
    /// Writes an entry and what is answered, both or nothing; if the same request was quicker, its answer is given.
    pub async fn enter(self, entry: Entry) -> Result<Uuid> {
        let key = entry.key.clone().unwrap_or_else(|| hash(&[&self.answer.subject, &self.answer.key]));
        if let Some(row) = self.scope.door.enter(key, entry, self.answer.clone()).await? {
            return Ok(row);
        }
        self.before().await?.ok_or_else(|| Error::internal("an idempotency key is used and has no answer"))
    }

    async fn before(&self) -> Result<Option<Uuid>> {
        match answered(&self.scope.database, &self.answer.subject, &self.answer.key).await? {
            Some(answered) if answered.request_hash == self.answer.request_hash => Ok(Some(answered.result_id)),
            Some(_) => Err(Error::conflict(
                "This `idempotencyKey` was used for another request. Use a new one for each change.",
            )),
            None => Ok(None),
        }
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
