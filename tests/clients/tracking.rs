//! The tracking SDKs of Segment and RudderStack, from npm and PyPI, against the running binary: what they send becomes one
//! customer with its events and its company, once.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use customer360_tests::Role;
use customer360_tests::app::token;
use customer360_tests::process::{Process, Program, free_port};
use serde_json::{Value, json};

const KEY: &str = "the-write-key-of-the-sdks";

/// The events of each program.
const TRACKED: u64 = 50;

/// A server that takes events with [`KEY`], on SQLite.
fn server(folder: &Path) -> (Process, String) {
    let listen = format!("127.0.0.1:{}", free_port());
    let sources = folder.join("sources");
    fs::create_dir(&sources).expect("a folder of sources");
    fs::write(sources.join("web.toml"), "key = \"web\"\nmapping = \"segment\"\nsecrets = [\"web\"]\n")
        .expect("a source");
    let mut server = Program::new(["serve"])
        .folder(folder)
        .env("CUSTOMER360_HTTP__LISTEN", &listen)
        .env("CUSTOMER360_INTAKE__SOURCES", &sources.display().to_string())
        .env("CUSTOMER360_SECRETS__WEB", KEY)
        .env("DATABASE_URL", &format!("sqlite://{}", folder.join("customers.sqlite").display()))
        .start();
    server.wait_for_word("that it listens", |line| line.starts_with("Listening on "));
    (server, format!("http://{listen}"))
}

/// The SDKs' programs in a folder of their own.
fn programs(folder: &Path) {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients/tracking");
    for entry in fs::read_dir(source).expect("the programs are there") {
        let path = entry.expect("an entry").path();
        fs::copy(&path, folder.join(path.file_name().expect("a name"))).expect("it can be copied");
    }
}

/// Runs a program to its end: what it said.
fn run(command: &mut Command, folder: &Path, server: &str) -> String {
    command.current_dir(folder).env("SERVER", server).env("WRITE_KEY", KEY).stdin(Stdio::null());
    let output = command.output().unwrap_or_else(|e| panic!("{command:?} does not run: {e}"));
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?} failed:\n{said}");
    said
}

fn ask(server: &str, document: &str, variables: &Value) -> Value {
    let asked = ureq::post(format!("{server}/graphql"))
        .header("authorization", format!("Bearer {}", token("tester", &[Role::Sales])))
        .send_json(json!({ "query": document, "variables": variables }));
    asked.expect("the server answers").body_mut().read_json().expect("JSON")
}

/// What the SDK of this name sent is one customer with all of its events, and works at its company.
fn arrived(server: &str, name: &str) {
    let document = "query($email: String!, $company: String!) {
        customer(by: {email: $email}) { name analytics { eventCount } }
        company: customer(by: {external: {source: \"web\", key: $company}}) { kind people(first: 5) { nodes { customer { name } } } } }";
    let variables = json!({"email": format!("{name}@example.org"), "company": format!("group:{name}-company")});
    let answer = ask(server, document, &variables);
    let customer = &answer["data"]["customer"];
    assert_eq!(
        customer["analytics"]["eventCount"],
        json!(TRACKED + 1),
        "{name}: the page and what was tracked: {answer:#}"
    );
    let company = &answer["data"]["company"];
    assert_eq!(company["kind"], "COMPANY", "{name}: {answer:#}");
    let people = company["people"]["nodes"].to_string();
    assert!(people.contains(customer["name"].as_str().expect("a name")), "{name}: {answer:#}");
}

#[test]
fn the_sdks_of_npm_send_to_us() {
    let folder = tempfile::tempdir().expect("a folder of its own");
    programs(folder.path());
    let (_server, address) = server(folder.path());
    let install = ["install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts", "--loglevel=error"];
    run(Command::new("npm").args(install), folder.path(), &address);
    for (program, name) in [("segment.mjs", "node"), ("rudder.mjs", "rudder")] {
        let said = run(Command::new("node").arg(program), folder.path(), &address);
        assert!(said.contains("all sent"), "{program}: {said}");
        arrived(&address, name);
    }
}

#[test]
fn the_sdks_of_pypi_send_to_us() {
    let folder = tempfile::tempdir().expect("a folder of its own");
    programs(folder.path());
    let (_server, address) = server(folder.path());
    // Each in a place of its own: they share names of modules.
    for (package, program, name) in [
        ("segment-analytics-python", "segment_python.py", "python"),
        ("rudder-sdk-python", "rudder_python.py", "rpython"),
    ] {
        let listed = fs::read_to_string(folder.path().join("requirements.txt")).expect("the list of packages");
        let pinned = listed.lines().find(|line| line.starts_with(package)).expect("the package is listed");
        let target = folder.path().join(package);
        let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target"];
        run(Command::new("python3").args(install).arg(&target).arg(pinned), folder.path(), &address);
        let said = run(Command::new("python3").arg(program).env("PYTHONPATH", &target), folder.path(), &address);
        assert!(said.contains("all sent"), "{program}: {said}");
        arrived(&address, name);
    }
}
