//! Connections lent for one statement.
//!
//! A pool of sqlx asks a connection that comes back whether it still lives: one more wait for the database (on SQLite for the
//! thread that works on the file) with each statement, which costs as much as a short statement does. So those that just gave
//! an answer are kept here for the next one, for a minute at most, and only then given back. A connection whose statement failed
//! or was given up goes back at once, to be asked.
//!
//! Everybody who takes a connection takes a place first, so that what is kept here is missing to nobody.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sqlx::pool::PoolConnection;
use sqlx::{Error, Pool};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How long a connection is kept before its pool looks after it again.
const KEPT: Duration = Duration::from_mins(1);

/// A pool whose connections are lent for one statement each.
pub(super) struct Lender<DB: sqlx::Database> {
    pool: Pool<DB>,
    places: Arc<Semaphore>,
    kept: Arc<Shelf<DB>>,
}

// Not derived: that would ask for databases that can be cloned.
impl<DB: sqlx::Database> Clone for Lender<DB> {
    fn clone(&self) -> Self {
        Self { pool: self.pool.clone(), places: self.places.clone(), kept: self.kept.clone() }
    }
}

/// The connections that are kept, the last used last.
struct Shelf<DB: sqlx::Database>(Mutex<VecDeque<Kept<DB>>>);

impl<DB: sqlx::Database> Drop for Shelf<DB> {
    fn drop(&mut self) {
        // To go back to the pool they would need a runtime, which may be gone by now as the pool is.
        for kept in self.0.get_mut().unwrap_or_else(PoisonError::into_inner).drain(..) {
            drop(kept.connection.leak());
        }
    }
}

/// A connection, and when its pool gave it out.
struct Kept<DB: sqlx::Database> {
    connection: PoolConnection<DB>,
    since: Instant,
}

/// The right to a connection; whoever waits for one gets it when this is dropped.
pub struct Place(#[expect(dead_code, reason = "held, and asked nothing")] OwnedSemaphorePermit);

impl<DB: sqlx::Database> Lender<DB> {
    pub(super) fn new(pool: Pool<DB>) -> Self {
        let places = Arc::new(Semaphore::new(pool.options().get_max_connections() as usize));
        Self { pool, places, kept: Arc::new(Shelf(Mutex::default())) }
    }

    /// The pool below, for one who holds a [`Self::place`].
    pub(super) fn pool(&self) -> &Pool<DB> {
        &self.pool
    }

    /// A place for one who takes a connection from the pool itself; one that is kept here makes room.
    pub(super) async fn place(&self) -> Result<Place, Error> {
        let place = self.wait().await?;
        drop(self.kept().pop_front());
        Ok(place)
    }

    /// A connection for one statement.
    pub(super) async fn lend(&self) -> Result<Loan<DB>, Error> {
        let place = self.wait().await?;
        let kept = self.kept().pop_back();
        let connection = match kept.filter(|kept| kept.since.elapsed() < KEPT) {
            Some(kept) => kept,
            // Boxed: it is large, and seldom needed.
            None => Kept { connection: Box::pin(self.pool.acquire()).await?, since: Instant::now() },
        };
        Ok(Loan { connection, lender: self.clone(), _place: place })
    }

    /// How many connections are at work, and how many there may be.
    pub(super) fn usage(&self) -> (usize, usize) {
        let most = self.pool.options().get_max_connections() as usize;
        (most.saturating_sub(self.places.available_permits()), most)
    }

    /// Gives back what is kept, for one who takes no place.
    pub(super) fn give_back(&self) {
        self.kept().clear();
    }

    /// Closes the pool; what is under way ends first.
    pub(super) async fn close(&self) {
        self.places.close();
        self.give_back();
        self.pool.close().await;
    }

    async fn wait(&self) -> Result<Place, Error> {
        if let Ok(free) = self.places.clone().try_acquire_owned() {
            return Ok(Place(free));
        }
        let patience = self.pool.options().get_acquire_timeout();
        let waiting = tokio::time::timeout(patience, self.places.clone().acquire_owned());
        waiting.await.map_err(|_| Error::PoolTimedOut)?.map(Place).map_err(|_| Error::PoolClosed)
    }

    fn kept(&self) -> MutexGuard<'_, VecDeque<Kept<DB>>> {
        self.kept.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection for one statement. Dropped without [`Loan::end`], it goes back to its pool.
pub(super) struct Loan<DB: sqlx::Database> {
    connection: Kept<DB>,
    lender: Lender<DB>,
    _place: Place,
}

impl<DB: sqlx::Database> Loan<DB> {
    /// The connection.
    pub(super) fn connection(&mut self) -> &mut DB::Connection {
        &mut self.connection.connection
    }

    /// Ends the loan with what the statement gave: after an answer the connection is kept for the next.
    pub(super) fn end<T>(self, answer: Result<T, Error>) -> Result<T, Error> {
        let Self { connection, lender, _place } = self;
        let mut kept = lender.kept();
        if answer.is_ok() && !lender.places.is_closed() {
            kept.push_back(connection);
        }
        // The last is lent first: what has been idle for long is in front.
        if kept.front().is_some_and(|kept| kept.since.elapsed() >= KEPT) {
            kept.pop_front();
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use sqlx::sqlite::SqlitePoolOptions;
    use sqlx::{Executor as _, Row as _, Sqlite};

    use super::*;

    fn lender(connections: u32) -> Lender<Sqlite> {
        let options = SqlitePoolOptions::new().max_connections(connections).acquire_timeout(Duration::from_secs(2));
        Lender::new(options.connect_lazy("sqlite::memory:").unwrap())
    }

    /// Each connection has a database of its own here, which tells them apart.
    async fn count(lender: &Lender<Sqlite>) -> i64 {
        let mut loan = lender.lend().await.unwrap();
        let done = loan.connection().execute("CREATE TABLE IF NOT EXISTS seen (id INTEGER)").await;
        done.unwrap();
        loan.connection().execute("INSERT INTO seen VALUES (1)").await.unwrap();
        let found = loan.connection().fetch_one("SELECT count(*) FROM seen").await;
        loan.end(found).unwrap().get(0)
    }

    #[tokio::test]
    async fn what_answered_is_lent_again_without_its_pool() {
        let lender = lender(2);
        assert_eq!(count(&lender).await, 1);
        assert_eq!(count(&lender).await, 2);
        assert_eq!((lender.pool().size(), lender.pool().num_idle(), lender.kept().len()), (1, 0, 1));
    }

    #[tokio::test]
    async fn what_failed_or_was_given_up_is_not_kept() {
        let lender = lender(1);
        let mut loan = lender.lend().await.unwrap();
        let failed = loan.connection().execute("SELECT nothing").await;
        assert!(loan.end(failed).is_err());
        drop(lender.lend().await.unwrap());
        assert_eq!(lender.kept().len(), 0);
        // It is usable all the same: its pool had a look at it.
        assert_eq!(count(&lender).await, 1);
    }

    #[tokio::test]
    async fn what_is_kept_is_missing_to_nobody() {
        let lender = lender(1);
        count(&lender).await;
        let place = lender.place().await.unwrap();
        lender.pool().acquire().await.unwrap().close().await.unwrap();
        drop(place);
        count(&lender).await;
        lender.give_back();
        lender.pool().acquire().await.unwrap().close().await.unwrap();
    }

    #[tokio::test]
    async fn who_waits_gets_the_next_that_is_free() {
        let lender = lender(1);
        let loan = lender.lend().await.unwrap();
        let other = lender.clone();
        let waiting = tokio::spawn(async move { count(&other).await });
        tokio::task::yield_now().await;
        let _ = loan.end(Ok(()));
        assert_eq!(waiting.await.unwrap(), 1);
        lender.close().await;
        assert!(matches!(lender.lend().await.err(), Some(Error::PoolClosed)));
    }

    #[test]
    fn it_can_be_dropped_where_no_runtime_is() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let lender = runtime.block_on(async {
            let lender = lender(1);
            count(&lender).await;
            lender
        });
        drop(runtime);
        drop(lender);
    }
}
