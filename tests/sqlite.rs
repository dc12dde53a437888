//! SQLite for tests: a migrated file, copied for each test into a folder of its own.

use std::fs;
use std::path::PathBuf;

use sea_orm::ConnectionTrait;
use tempfile::TempDir;

use crate::{database, run_folder};

/// A file of one test; its folder goes when it is dropped.
pub struct Copy {
    folder: TempDir,
}

impl Copy {
    /// A copy of the migrated template.
    pub async fn of_template() -> Self {
        let copy = Self::empty();
        let template = template().await;
        fs::copy(&template, copy.path()).unwrap_or_else(|e| panic!("cannot copy {}: {e}", template.display()));
        copy
    }

    /// A file that is not there yet.
    pub fn empty() -> Self {
        Self { folder: TempDir::new().expect("the system's folder for temporary files can be written to") }
    }

    /// What `DATABASE_URL` would be.
    pub fn url(&self) -> String {
        format!("sqlite://{}?mode=rwc", self.path().display())
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("customer360.sqlite")
    }
}

/// The path of the migrated file of this run; the first test to ask makes it.
async fn template() -> PathBuf {
    let _lock = run_folder::lock();
    let path = run_folder::path().join(format!("{}.sqlite", run_folder::build_key()));
    if !path.exists() {
        run_folder::sweep();
        // Made beside and renamed: a run that is killed half-way must not leave half a template.
        let draft = path.with_extension("draft");
        let _ = fs::remove_file(&draft);
        let connection = database::connect(&format!("sqlite://{}?mode=rwc", draft.display())).await;
        // The form a server's file has; it is kept in the file, so that no test pays for the change.
        let wal = connection.execute_unprepared("PRAGMA journal_mode = WAL").await;
        wal.unwrap_or_else(|e| panic!("SQLite does not take WAL: {e}"));
        database::migrate(&connection).await;
        let closed = connection.close().await;
        closed.unwrap_or_else(|e| panic!("the template could not be closed: {e}"));
        fs::rename(&draft, &path).unwrap_or_else(|e| panic!("cannot rename {}: {e}", draft.display()));
    }
    path
}
