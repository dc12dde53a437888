//! One wait for the database per level of a query.
//!
//! Resolvers put what they need into the batch and wait. When the request's own future has nothing left to do but wait,
//! the level is complete: [`drive`] sees that and sends everything as one statement, equal selects of many parents
//! joined into one. No timer, no yield. If the statement fails, each part is tried alone, so that one silo's fault
//! stays one silo's; where the database is out of reach, all learn it at once.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::database::{Asked, Database, Sql, out_of_reach};
use crate::error::{Error, Result};

/// A select that can be put into a common statement. Only `access` makes them, out of a permit.
pub trait Fetch: Any + Send + Sync {
    /// Whether the two differ in nothing but the parent row.
    fn is_like(&self, other: &dyn Fetch) -> bool;
    /// Which columns it reads.
    fn asked(&self) -> Asked;
    /// Writes a scalar subselect giving a JSON list of rows; with several parents, a list of such lists in their order.
    fn render(&self, sql: &mut Sql, parents: &[Uuid]);
}

type Answer = Result<Arc<str>>;

struct Waiting {
    fetch: Arc<dyn Fetch>,
    parent: Option<Uuid>,
    answer: oneshot::Sender<Answer>,
}

/// What the levels of one request wait for.
pub struct Batch {
    database: Database,
    queue: Mutex<Vec<Waiting>>,
}

impl Batch {
    /// An empty batch on a database.
    pub fn new(database: Database) -> Arc<Self> {
        Arc::new(Self { database, queue: Mutex::default() })
    }

    /// Waits for the rows of a select, for one parent if it has parents.
    pub async fn rows<R: DeserializeOwned>(&self, fetch: Arc<dyn Fetch>, parent: Option<Uuid>) -> Result<Vec<R>> {
        let asked = fetch.asked();
        asked.rows(&self.text(fetch, parent).await?).map_err(Error::internal)
    }

    /// The same, each row with what it is sorted by.
    pub async fn sorted_rows<R>(&self, fetch: Arc<dyn Fetch>, parent: Option<Uuid>) -> Result<Vec<(String, R)>>
    where
        R: DeserializeOwned,
    {
        let asked = fetch.asked();
        asked.sorted_rows(&self.text(fetch, parent).await?).map_err(Error::internal)
    }

    async fn text(&self, fetch: Arc<dyn Fetch>, parent: Option<Uuid>) -> Answer {
        let (answer, waiting) = oneshot::channel();
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).push(Waiting { fetch, parent, answer });
        waiting.await.map_err(|_| Error::internal("the batch was dropped before its answer"))?
    }

    /// Waits for a select that gives exactly one row, such as figures. Boxed: each field of a silo that shows one waits so.
    pub fn one<R: DeserializeOwned + Send>(&self, fetch: Arc<dyn Fetch>, parent: Uuid) -> BoxFuture<'_, Result<R>> {
        Box::pin(async move {
            let rows: Vec<R> = self.rows(fetch, Some(parent)).await?;
            rows.into_iter().next().ok_or_else(|| Error::internal("a select of one row gave none"))
        })
    }

    fn take(&self) -> Vec<Waiting> {
        std::mem::take(&mut self.queue.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Runs a request's future and sends each level when it is complete.
pub async fn drive<F: Future>(batch: &Batch, request: F) -> F::Output {
    // Tokio makes a task that has polled much look as if it waited; a level must not be cut there.
    let mut request = pin!(tokio::task::unconstrained(request));
    let mut running: FuturesUnordered<BoxFuture<'_, ()>> = FuturesUnordered::new();
    poll_fn(|context| {
        loop {
            if let Poll::Ready(output) = request.as_mut().poll(context) {
                return Poll::Ready(output);
            }
            let level = batch.take();
            if !level.is_empty() {
                running.push(Box::pin(send(&batch.database, level)));
            }
            match running.poll_next_unpin(context) {
                Poll::Ready(Some(())) => {}
                Poll::Ready(None) | Poll::Pending => return Poll::Pending,
            }
        }
    })
    .await
}

/// One part of the common statement: a select and all who wait for it.
struct Part {
    fetch: Arc<dyn Fetch>,
    parents: Vec<Uuid>,
    waiting: Vec<(usize, oneshot::Sender<Answer>)>,
}

async fn send(database: &Database, level: Vec<Waiting>) {
    let mut parts = join(level);
    let whole = ask(database, &parts).await;
    match whole {
        Ok(answers) => {
            for (part, text) in parts.drain(..).zip(answers) {
                part.deliver(Ok(text));
            }
        }
        Err(error) if parts.len() == 1 || out_of_reach(&error) => {
            for part in parts.drain(..) {
                part.deliver(Err(error.clone()));
            }
        }
        Err(_) => {
            for part in parts.drain(..) {
                let alone = ask(database, std::slice::from_ref(&part)).await;
                part.deliver(alone.map(|mut texts| texts.pop().unwrap_or_default()));
            }
        }
    }
}

fn join(level: Vec<Waiting>) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::with_capacity(level.len().min(16));
    let mut next = 0;
    for waiting in level {
        let is_its = |part: &Part| {
            part.parents.is_empty() == waiting.parent.is_none() && part.fetch.is_like(waiting.fetch.as_ref())
        };
        // Rows ask for the same things in the same order: most often it is the one after the last.
        let found = (next..parts.len()).chain(0..next.min(parts.len())).find(|at| is_its(&parts[*at]));
        let at = found.unwrap_or_else(|| {
            parts.push(Part { fetch: waiting.fetch, parents: Vec::new(), waiting: Vec::new() });
            parts.len() - 1
        });
        next = at + 1;
        let part = &mut parts[at];
        let index = waiting.parent.map_or(0, |parent| {
            part.parents.iter().position(|known| *known == parent).unwrap_or_else(|| {
                part.parents.push(parent);
                part.parents.len() - 1
            })
        });
        part.waiting.push((index, waiting.answer));
    }
    parts
}

async fn ask(database: &Database, parts: &[Part]) -> Result<Vec<String>> {
    let mut sql = Sql::new(database.dialect());
    sql.text.reserve(parts.len() * 768);
    sql.push("SELECT ");
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            sql.push(", ");
        }
        sql.push("(");
        part.fetch.render(&mut sql, &part.parents);
        sql.by_dialect(")::text", ")");
    }
    let texts = database.texts(sql).await?;
    Ok(texts.into_iter().map(|text| text.unwrap_or_else(|| "[]".to_owned())).collect())
}

impl Part {
    fn deliver(self, answer: Result<String>) {
        let several = self.parents.len() > 1;
        match answer {
            Ok(text) if several => match serde_json::from_str::<Vec<&RawValue>>(&text) {
                Ok(lists) => {
                    let lists: Vec<Arc<str>> = lists.iter().map(|list| Arc::from(list.get())).collect();
                    for (index, answer) in self.waiting {
                        let list = lists.get(index).cloned().unwrap_or_else(|| Arc::from("[]"));
                        // Whoever went away does not want it any more.
                        let _ = answer.send(Ok(list));
                    }
                }
                Err(error) => self.fail(&Error::internal(error)),
            },
            Ok(text) => {
                let text: Arc<str> = Arc::from(text);
                for (_, answer) in self.waiting {
                    let _ = answer.send(Ok(text.clone()));
                }
            }
            Err(error) => self.fail(&error),
        }
    }

    fn fail(self, error: &Error) {
        for (_, answer) in self.waiting {
            let _ = answer.send(Err(error.clone()));
        }
    }
}
