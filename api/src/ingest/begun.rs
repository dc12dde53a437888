//! Transactions that were begun before they are used, so that whoever holds locks need not wait for a connection.

use std::sync::{Mutex, PoisonError};

use crate::database::{Database, Transaction};
use crate::error::Result;

/// A transaction, until it is used.
pub(super) struct Begun(Mutex<Option<Transaction>>);

impl Begun {
    /// Begins so many.
    pub async fn several(database: &Database, count: usize) -> Result<Vec<Self>> {
        let mut begun = Vec::with_capacity(count);
        for _ in 0..count {
            begun.push(Self(Mutex::new(Some(database.begin().await?))));
        }
        Ok(begun)
    }

    /// The transaction, once.
    pub fn take(&self) -> Option<Transaction> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
