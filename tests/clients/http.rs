//! The GraphQL-over-HTTP specification, as the npm package `graphql-http` audits it: 61 audits against the running binary.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use customer360_tests::Role;
use customer360_tests::app::token;

use crate::browser::server;

/// How many audits the pinned version has: fewer would mean that some did not run.
const AUDITS: &str = "61 of 61 audits ok";

/// The audit's folder with its packages installed, in a folder of the test's own so that runs beside it do not meet.
fn installed(folder: &Path) {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients/graphql-http");
    for file in ["package.json", "audit.mjs"] {
        fs::copy(source.join(file), folder.join(file)).unwrap_or_else(|e| panic!("{file} cannot be copied: {e}"));
    }
    let npm = Command::new("npm")
        .args(["install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts", "--loglevel=error"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .expect("npm runs");
    assert!(npm.status.success(), "npm could not install the audits: {}", String::from_utf8_lossy(&npm.stderr));
}

#[test]
fn every_audit_of_graphql_http_is_ok() {
    let folder = tempfile::tempdir().expect("a folder of its own");
    installed(folder.path());
    let (_server, address) = server(&folder);
    let audit = Command::new("node")
        .arg("audit.mjs")
        .current_dir(folder.path())
        .env("GRAPHQL_URL", format!("{address}/graphql"))
        .env("GRAPHQL_TOKEN", token("auditor", &[Role::Service]))
        .stdin(Stdio::null())
        .output()
        .expect("node runs");
    let said = format!("{}{}", String::from_utf8_lossy(&audit.stdout), String::from_utf8_lossy(&audit.stderr));
    assert!(audit.status.success() && said.contains(AUDITS), "{said}");
}
