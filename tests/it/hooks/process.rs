//! Webhooks and the process that takes them: what a kill leaves, and what it does not start with.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use api::app::App;
use api::config::Config;
use customer360_tests::process::{PATIENCE, Process, Program, free_port};
use customer360_tests::{Db, TestDatabase, both};
use serde_json::Value;

use super::{NEW, now, records, response, responses, settings, signed, sources};

both! {
    async fn what_was_acknowledged_outlives_a_kill_and_is_not_taken_twice(database: TestDatabase) {
        const ALL: usize = 120;
        let folder = sources();
        let bodies: Vec<String> = (0..ALL).map(|index| response(&format!("r{index}"), 9, 1)).collect();
        let bodies = Arc::new(bodies);
        let (process, address) = serve(&database, folder.path());
        let acknowledged = Arc::new(Mutex::new(Vec::new()));
        let (next, answered) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let senders: Vec<_> = (0..4).map(|_| {
            let (bodies, next, answered) = (bodies.clone(), next.clone(), answered.clone());
            let (acknowledged, address) = (acknowledged.clone(), address.clone());
            std::thread::spawn(move || loop {
                let index = next.fetch_add(1, Ordering::SeqCst);
                let Some(body) = bodies.get(index) else { return };
                if post(&address, &format!("d{index}"), body).is_some_and(|(status, _)| status == 200) {
                    acknowledged.lock().unwrap().push(index);
                    answered.fetch_add(1, Ordering::SeqCst);
                }
            })
        }).collect();
        while answered.load(Ordering::SeqCst) < ALL / 4 {
            std::thread::yield_now();
        }
        process.kill();
        for sender in senders {
            sender.join().unwrap();
        }
        let acknowledged = acknowledged.lock().unwrap().clone();
        let (_process, address) = serve(&database, folder.path());
        for (index, body) in bodies.iter().enumerate() {
            let (status, answer) = post(&address, &format!("d{index}"), body).expect("the server answers");
            assert_eq!(status, 200, "{answer}");
            let answer: Value = serde_json::from_str(&answer).unwrap();
            if acknowledged.contains(&index) {
                assert_eq!(answer["repeated"], 1, "what was acknowledged is gone: {index}");
            }
        }
        assert_eq!(responses(&database).await.len(), ALL);
        assert_eq!(records(&database).await.len(), ALL);
    }
}

/// The real binary, and its address.
fn serve(database: &TestDatabase, folder: &Path) -> (Process, String) {
    let address = format!("127.0.0.1:{}", free_port());
    let mut program =
        Program::new(["serve"]).env("DATABASE_URL", database.url()).env("CUSTOMER360_HTTP__LISTEN", &address);
    for (name, value) in settings(folder) {
        program = program.env(name, &value);
    }
    let mut process = program.start();
    process.wait_for_word("that it listens", |line| line.starts_with("Listening on "));
    (process, address)
}

/// Sends a delivery over a socket; none if the server went away.
fn post(address: &str, id: &str, body: &str) -> Option<(u16, String)> {
    let agent = ureq::Agent::config_builder().timeout_global(Some(PATIENCE)).http_status_as_error(false).build();
    let mut request = ureq::Agent::from(agent).post(format!("http://{address}/hooks/surveys-eu"));
    for (name, value) in signed(NEW, id, now(), body.as_bytes()) {
        request = request.header(name, value);
    }
    let mut answer = request.send(body).ok()?;
    let text = answer.body_mut().read_to_string().ok()?;
    Some((answer.status().as_u16(), text))
}

#[tokio::test]
async fn settings_that_cannot_verify_do_not_start() {
    let database = TestDatabase::create(Db::Sqlite).await;
    let start = async |source: &str, more: &[(&str, &str)]| {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.toml"), source).unwrap();
        let own = [("CUSTOMER360_SECRETS__S", "no base64 at all!"), ("DATABASE_URL", database.url())];
        let path = folder.path().display().to_string();
        let folder = [("CUSTOMER360_INTAKE__SOURCES", path.as_str())];
        let all = own.iter().chain(more).chain(&folder);
        let config = Config::load_from(None, all.map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))).unwrap();
        App::open(&config).await.err().map(|error| error.message).unwrap_or_default()
    };
    let base = "key = \"a\"\nmapping = \"formbricks\"\nsecrets = [\"s\"]\n";
    let message = start(&format!("{base}[hook]\nrecipe = \"standard-webhooks\""), &[]).await;
    assert!(message.contains("a.toml: the secret `s` is not base64") && !message.contains("at all"), "{message}");
    let message = start(&format!("{base}[hook]\nrecipe = \"hubspot-v3\""), &[]).await;
    assert!(message.contains("Set http.public_url"), "{message}");
    let public = [("CUSTOMER360_HTTP__PUBLIC_URL", "https://customers.example.com")];
    assert_eq!(start(&format!("{base}[hook]\nrecipe = \"hubspot-v3\""), &public).await, "");
    // Only the mapping offers the hook: the secret may be for another door.
    assert_eq!(start(base, &[]).await, "");
}
