//! The harness: what a test needs to stand on, so that the tests themselves say only what they are about.
//!
//! * [`both!`] makes one test into two, one on each database: `name::sqlite` and `name::postgres`.
//! * [`TestDatabase`] is an empty, migrated database of the test's own; [`TestApp`] is the server in process on top of it.
//! * [`process`] runs the real binary, for what needs sockets, signals or `kill -9`.
//!
//! Nothing is skipped: a test that cannot be set up fails with a sentence that says what to do.
//! No test stands here, and nothing that knows a table or a GraphQL type.
#![expect(clippy::missing_panics_doc, reason = "a harness reports by panicking: that is what fails the test")]

pub mod app;
pub mod database;
pub mod postgres;
pub mod process;
mod run_folder;
pub mod scan;
pub mod sqlite;

pub use app::{Answer, Role, TestApp};
pub use database::{Db, OnDatabase, TestDatabase};

/// One test, run on both databases: `async fn name(app: TestApp)` becomes the tests `name::sqlite` and `name::postgres`.
/// The argument is anything that is made [`OnDatabase`]: a [`TestApp`] or a bare [`TestDatabase`].
#[macro_export]
macro_rules! both {
    ($($(#[$meta:meta])* async fn $name:ident($argument:ident: $type:ty) $body:block)+) => {$(
        $(#[$meta])*
        async fn $name($argument: $type) $body

        // A module and a function may share a name: they live in different namespaces.
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                $crate::database::run_on($crate::Db::Sqlite, super::$name).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                $crate::database::run_on($crate::Db::Postgres, super::$name).await;
            }
        }
    )+};
}
