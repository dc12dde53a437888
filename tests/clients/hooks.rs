//! Webhooks as other people's libraries sign them: Standard Webhooks of npm and PyPI, and the guide's own lines of shell,
//! against the running binary.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use customer360_tests::process::{Process, Program, free_port};

const SECRET: &str = "whsec_dGhlLXNlY3JldC1vZi10aGlzLXRlc3QtYWxvbmU=";
const OTHER: &str = "whsec_YW5vdGhlci1zZWNyZXQtdGhhdC1pcy1ub3Qtb3Vycw==";

const GUIDE: &str = include_str!("../../api/guide/hooks.md");

/// A server with the guide's source, and its address.
fn server(folder: &Path) -> (Process, String) {
    let sources = folder.join("sources");
    fs::create_dir(&sources).expect("a folder for sources");
    let source = "key = \"surveys-eu\"\nmapping = \"formbricks\"\nsecrets = [\"formbricks_eu\"]\n";
    assert!(GUIDE.contains(&source.replace('\n', "\n   ").trim_end().to_owned()), "the guide declares another source");
    fs::write(sources.join("surveys.toml"), source).expect("a source file");
    let listen = format!("127.0.0.1:{}", free_port());
    let mut server = Program::new(["serve"])
        .folder(folder)
        .env("CUSTOMER360_HTTP__LISTEN", &listen)
        .env("DATABASE_URL", &format!("sqlite://{}", folder.join("customers.sqlite").display()))
        .env("CUSTOMER360_SECRETS__FORMBRICKS_EU", SECRET)
        .start();
    server.wait_for_word("that it listens", |line| line.starts_with("Listening on "));
    (server, format!("http://{listen}"))
}

/// What a program prints that runs in the folder of the senders.
fn run(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|e| panic!("{command:?} does not run: {e}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} failed:\n{said}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// The folder of the senders with one of them installed, in a folder of the test's own.
fn copied(folder: &Path, files: &[&str]) {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients/standard-webhooks");
    for file in files {
        fs::copy(source.join(file), folder.join(file)).unwrap_or_else(|e| panic!("{file} cannot be copied: {e}"));
    }
}

/// Sends as the library does: once, again, and with a secret that is not ours.
fn sends(folder: &Path, program: &str, script: &str, path: Option<&Path>) {
    let (_server, address) = server(folder);
    let send = |id: &str, secret: &str| {
        let body = r#"{"event":"responseCreated","data":{"id":"r1","surveyId":"s1","createdAt":"2026-11-02T08:00:00Z","data":{"why":"Grüße"}}}"#;
        let mut command = Command::new(program);
        command.arg(script).current_dir(folder);
        if let Some(path) = path {
            command.env("PYTHONPATH", path);
        }
        command.env("HOOK_URL", format!("{address}/hooks/surveys-eu"));
        run(command.env("HOOK_ID", id).env("HOOK_SECRET", secret).env("HOOK_BODY", body))
    };
    assert_eq!(send("m1", SECRET), r#"200 {"rejected":0,"repeated":0,"taken":1}"#);
    assert_eq!(send("m1", SECRET), r#"200 {"rejected":0,"repeated":1,"taken":0}"#);
    assert!(send("m2", OTHER).starts_with("401 "));
}

#[test]
fn the_library_of_npm_is_understood() {
    let folder = tempfile::tempdir().expect("a folder of its own");
    copied(folder.path(), &["package.json", "send.mjs"]);
    let install = ["install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts", "--loglevel=error"];
    run(Command::new("npm").args(install).current_dir(folder.path()));
    sends(folder.path(), "node", "send.mjs", None);
}

#[test]
fn the_library_of_pypi_is_understood() {
    let folder = tempfile::tempdir().expect("a folder of its own");
    copied(folder.path(), &["send.py"]);
    let packages = folder.path().join("packages");
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target"];
    run(Command::new("python3").args(install).arg(&packages).arg("standardwebhooks==1.1.0"));
    sends(folder.path(), "python3", "send.py", Some(&packages));
}

#[test]
fn the_guides_own_lines_are_understood() {
    let folder = tempfile::tempdir().expect("a folder of its own");
    let (_server, address) = server(folder.path());
    let lines = GUIDE.split("<!-- run by tests/clients -->\n```sh\n").nth(1).and_then(|rest| rest.split("```").next());
    let lines = lines.expect("the guide shows how to sign by hand");
    let send = || run(Command::new("bash").args(["-euc", lines]).env("SERVER", &address).env("SECRET", SECRET));
    assert_eq!(send(), r#"{"rejected":0,"repeated":0,"taken":1}"#);
    assert_eq!(send(), r#"{"rejected":0,"repeated":1,"taken":0}"#);
}
