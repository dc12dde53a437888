//! The programs that prove the doors (`tests/doors`), each once: every silo at once through its own door, and a kill at two of them.

use std::path::Path;
use std::process::Command;

use customer360_tests::process::binary;
use customer360_tests::{Db, TestDatabase, both};

/// Runs one of them on the server of this database; it ends with 0 if nothing was lost or doubled.
fn prove(program: &str, database: &TestDatabase, arguments: &[&str]) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("doors").join(program);
    let mut command = Command::new("python3");
    command.env("PYTHONDONTWRITEBYTECODE", "1").arg(path).arg("--binary").arg(binary()).args(arguments);
    if database.db() == Db::Postgres {
        let (server, _) = database.url().rsplit_once('/').expect("an address ends with the database");
        command.args(["--postgres", server]);
    }
    let output = command.output().expect("python3 runs");
    let (said, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{program}:\n{said}\n{errors}");
    said.into_owned()
}

both! {
    async fn every_silo_comes_in_at_once_and_twice(database: TestDatabase) {
        let said = prove("together.py", &database, &[]);
        assert!(said.contains("after the second round: the same"), "{said}");
        assert!(said.contains("The graph is what the records say"), "{said}");
    }

    async fn a_kill_loses_nothing(database: TestDatabase) {
        let said = prove("kill.py", &database, &["v1", "file", "--cycles", "1"]);
        assert_eq!(said.lines().filter(|line| line.contains("| agrees")).count(), 2, "{said}");
    }
}
