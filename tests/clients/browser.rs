//! The page at `/` in a headless browser against the real server: it sets itself up, runs each example, shows what the
//! policy withholds, compares two roles, and breaks none of its own content policy.

use std::fmt::Write as _;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use customer360_tests::process::{PATIENCE, Process, Program, free_port};

/// The server over an empty database of its own, and where it is.
pub fn server(folder: &tempfile::TempDir) -> (Process, String) {
    let listen = format!("127.0.0.1:{}", free_port());
    let database = format!("sqlite://{}", folder.path().join("customers.sqlite").display());
    let server = Program::new(["serve"])
        .folder(folder.path())
        .env("CUSTOMER360_HTTP__LISTEN", &listen)
        .env("DATABASE_URL", &database)
        .start();
    wait_for(&server, "Ask at http://");
    (server, format!("http://{listen}"))
}

/// Waits for a word on standard error.
fn wait_for(server: &Process, word: &str) {
    let until = Instant::now() + PATIENCE;
    while !server.stderr().contains(word) {
        assert!(Instant::now() < until, "the server never said {word:?}:\n{}", server.stderr());
        thread::sleep(Duration::from_millis(50));
    }
}

/// The page's elements after its scripts have run, and what the browser logged.
fn opened(folder: &tempfile::TempDir, address: &str) -> (String, String) {
    opened_with(folder, address, &[])
}

fn opened_with(folder: &tempfile::TempDir, address: &str, more: &[&str]) -> (String, String) {
    let profile = tempfile::tempdir_in(folder.path()).expect("a folder for the browser's profile");
    let output = Command::new("timeout")
        .args(["60", "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--enable-logging=stderr", "--virtual-time-budget=10000", "--dump-dom"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args(more)
        .arg(address)
        .stdin(Stdio::null())
        .output()
        .expect("chromium runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "chromium failed on {address}:\n{said}");
    let console = said.lines().filter(|line| line.contains("CONSOLE")).fold(String::new(), |mut all, line| {
        let _ = writeln!(all, "{line}");
        all
    });
    (String::from_utf8_lossy(&output.stdout).into_owned(), console)
}

/// The text of the elements, without their tags.
fn text(elements: &str) -> String {
    let parts = elements.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text));
    parts.collect::<String>().replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">")
}

#[test]
fn the_page_asks_answers_and_compares() {
    let folder = tempfile::tempdir().expect("a folder of its own");
    let (_server, address) = server(&folder);

    let (page, console) = opened(&folder, &format!("{address}/#example=0&role=service&compare=admin&run"));
    let shown = text(&page);
    assert_eq!(console, "", "the page broke its content policy or failed");
    assert!(shown.contains("\"roles\": [") && shown.contains("\"service\""), "no answer as service in:\n{shown}");
    assert!(shown.contains("\"admin\""), "no answer as admin beside it in:\n{shown}");
    assert!(page.contains("line differs"), "what differs between the roles is not marked");
    assert!(shown.contains("What can be asked") && shown.contains("customers: CustomerConnection"), "no documentation");

    let (page, _) = opened(&folder, &format!("{address}/#example=1&role=admin&run&type=Customer"));
    let shown = text(&page);
    assert!(shown.contains("FORBIDDEN") && shown.contains("200 with errors"), "the refusal is not shown in:\n{shown}");
    assert!(shown.contains("Schema / Customer") && shown.contains("hidden"), "the type is not shown in:\n{shown}");
}

#[test]
fn graphiql_says_where_it_comes_from_when_there_is_no_network() {
    let folder = tempfile::tempdir().expect("a folder of its own");
    let (_server, address) = server(&folder);
    // Whatever the machine reaches: here the name leads nowhere.
    let (page, _) =
        opened_with(&folder, &format!("{address}/graphiql"), &["--host-resolver-rules=MAP cdn.jsdelivr.net ~NOTFOUND"]);
    let shown = text(&page);
    assert!(shown.contains("which this browser does not reach") && shown.contains("Ask on our own page"), "{shown}");
}

#[test]
fn the_demo_shows_what_a_role_withholds() {
    let folder = tempfile::tempdir().expect("a folder of its own");
    let listen = format!("127.0.0.1:{}", free_port());
    let demo = Program::new(["demo", "--customers", "300"])
        .folder(folder.path())
        .env("CUSTOMER360_HTTP__LISTEN", &listen)
        .env("DATABASE_URL", &format!("sqlite://{}", folder.path().join("demo.sqlite").display()));
    let mut demo = demo.start();
    demo.wait_for_line("the last query", |line| line.contains("moeller"));
    let printed = demo.stdout();
    let told = printed.lines().find_map(|line| line.strip_prefix("Look at ")).expect("the scripted customer");
    let name = told.split(',').next().expect("a name");

    // The first example is the risk query, with the scripted customer's number in its variables.
    let (page, console) = opened(&folder, &format!("http://{listen}/#example=0&role=service&compare=marketing&run"));
    let shown = text(&page);
    assert_eq!(console, "", "the page broke its content policy or failed");
    assert!(shown.matches(name).count() >= 2, "{name} is not in both answers:\n{shown}");
    assert!(shown.contains("latestNps") && shown.contains("nextUpdateAt"), "no answer of the risk query:\n{shown}");
    assert!(page.contains("class=\"withheld\""), "what is withheld from marketing is not listed:\n{shown}");
    assert!(page.contains("line differs"), "what differs between the roles is not marked");
}

#[test]
fn every_example_fits_the_schema() {
    let folder = tempfile::tempdir().expect("a folder of its own");
    let (_server, address) = server(&folder);
    let get = |path: &str| {
        let body = ureq::get(format!("{address}{path}")).call().expect("the page answers").body_mut().read_to_string();
        serde_json::from_str::<serde_json::Value>(&body.expect("a body")).expect("JSON")
    };
    let setup = get("/page/setup.json");
    let roles = setup["roles"].as_array().expect("roles");
    assert_eq!(roles[0]["role"], "service");
    let token = roles[0]["token"].as_str().expect("a token");
    for example in setup["examples"].as_array().expect("examples") {
        let asked = serde_json::json!({ "query": example["query"], "variables": example["variables"] });
        let answer = ureq::post(format!("{address}/graphql"))
            .header("authorization", format!("Bearer {token}"))
            .config()
            .http_status_as_error(false)
            .build()
            .send_json(asked)
            .expect("the API answers")
            .body_mut()
            .read_json::<serde_json::Value>()
            .expect("JSON");
        assert!(answer.get("errors").is_none(), "{}: {answer}", example["title"]);
    }
}

#[test]
fn production_has_no_page() {
    let folder = tempfile::tempdir().expect("a folder of its own");
    let listen = format!("127.0.0.1:{}", free_port());
    let server = Program::new(["serve"])
        .folder(folder.path())
        .env("CUSTOMER360_ENV", "production")
        .env("CUSTOMER360_HTTP__LISTEN", &listen)
        .env("CUSTOMER360_AUTH__HS256_SECRET", "a secret of this test alone, long enough for production")
        .env("DATABASE_URL", &format!("sqlite://{}", folder.path().join("customers.sqlite").display()))
        .start();
    wait_for(&server, "Listening on http://");
    for path in ["/", "/page/setup.json", "/page/js/page.js", "/schema.graphql"] {
        let asked = ureq::get(format!("http://{listen}{path}")).config().http_status_as_error(false).build().call();
        assert_eq!(asked.expect("the server answers").status(), 404, "{path}");
    }
    assert!(!server.stderr().contains("Ask at"), "{}", server.stderr());
}
