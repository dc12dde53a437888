//! A database of the test's own: migrated, empty, and gone when the test ends.
//!
//! Migrating takes longer than most tests, so it is done once a run, into a template; each test gets a copy.

use std::any::Any;

use migration::{Migrator, MigratorTrait};
use sea_orm::{ConnectOptions, DatabaseConnection};

use crate::{postgres, sqlite};

/// The two databases that everything runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Db {
    /// Embedded: a file.
    Sqlite,
    /// A server, started by the harness or named by `TEST_POSTGRES_URL`.
    Postgres,
}

/// What a test of [`both!`](crate::both) may ask for.
pub trait OnDatabase {
    /// Makes it on the given database.
    fn on(db: Db) -> impl Future<Output = Self>;
}

/// What [`both!`](crate::both) makes of a test: its argument made on one database, then the test itself.
pub async fn run_on<T: OnDatabase, F: Future<Output = ()>>(db: Db, test: impl FnOnce(T) -> F) {
    test(T::on(db).await).await;
}

/// A database for one test. Dropping it removes it.
pub struct TestDatabase {
    db: Db,
    url: String,
    // Nothing is asked of it but to be dropped: that removes the database.
    _copy: Box<dyn Any + Send + Sync>,
}

impl TestDatabase {
    /// A database with all tables and no rows.
    pub async fn create(db: Db) -> Self {
        match db {
            Db::Sqlite => {
                let copy = sqlite::Copy::of_template().await;
                Self { db, url: copy.url(), _copy: Box::new(copy) }
            }
            Db::Postgres => {
                let copy = postgres::Copy::of_template().await;
                Self { db, url: copy.url().to_owned(), _copy: Box::new(copy) }
            }
        }
    }

    /// A database without any table, for tests of the migrations themselves.
    pub async fn create_empty(db: Db) -> Self {
        match db {
            Db::Sqlite => {
                let copy = sqlite::Copy::empty();
                Self { db, url: copy.url(), _copy: Box::new(copy) }
            }
            Db::Postgres => {
                let copy = postgres::Copy::empty().await;
                Self { db, url: copy.url().to_owned(), _copy: Box::new(copy) }
            }
        }
    }

    /// Which of the two it is.
    pub fn db(&self) -> Db {
        self.db
    }

    /// What `DATABASE_URL` would be.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A connection past the server, to look at what it wrote.
    pub async fn connect(&self) -> DatabaseConnection {
        connect(&self.url).await
    }
}

impl OnDatabase for TestDatabase {
    async fn on(db: Db) -> Self {
        Self::create(db).await
    }
}

/// One connection: a test looks at one thing at a time, and the last to leave must be able to close the file.
pub(crate) async fn connect(url: &str) -> DatabaseConnection {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    match sea_orm::Database::connect(options).await {
        Ok(connection) => connection,
        Err(e) => panic!("cannot connect to the test database: {e}"),
    }
}

pub(crate) async fn migrate(connection: &DatabaseConnection) {
    if let Err(e) = Migrator::up(connection, None).await {
        panic!("the migrations do not go up: {e}");
    }
}
