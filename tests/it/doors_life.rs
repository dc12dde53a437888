//! The doors of a running server: killed, stopped, cut off from its sender or its database. What was acknowledged is there, and
//! nothing twice.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Instant;

use customer360_tests::process::{PATIENCE, Process, Program, free_port};
use customer360_tests::{Db, TestDatabase, both};
use sea_orm::EntityTrait;
use serde_json::{Value, json};

use crate::cut::Cut;
use crate::doors::{SECRETS, folder};

struct Serving {
    process: Process,
    address: String,
    _sources: tempfile::TempDir,
}

impl Serving {
    fn start(url: &str) -> Self {
        let (program, address, sources) = program(url);
        let mut process = program.start();
        process.wait_for_word("that it listens", |line| line.starts_with("Listening on "));
        Self { process, address, _sources: sources }
    }

    /// Sends events and gives the status; none: the connection broke.
    fn send(&self, ids: impl IntoIterator<Item = String>) -> Option<u16> {
        let batch: Vec<Value> = ids
            .into_iter()
            .map(|id| json!({"type": "track", "event": "x", "messageId": id, "anonymousId": "a"}))
            .collect();
        let body = json!({"writeKey": "the-write-key-of-the-web", "batch": batch});
        let agent: ureq::Agent =
            ureq::Agent::config_builder().timeout_global(Some(PATIENCE)).http_status_as_error(false).build().into();
        let answer = agent.post(format!("http://{}/v1/batch", self.address)).send_json(body);
        answer.ok().map(|answer| answer.status().as_u16())
    }

    /// A connection that has begun a stream of tickets.
    fn stream(&self) -> TcpStream {
        let mut socket = TcpStream::connect(&self.address).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let head = "POST /ingest/desk?stream=tickets HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer the-secret-of-the-desk\r\ntransfer-encoding: chunked\r\n\r\n";
        socket.write_all(head.as_bytes()).unwrap();
        socket
    }
}

fn program(url: &str) -> (Program, String, tempfile::TempDir) {
    let (address, sources) = (format!("127.0.0.1:{}", free_port()), folder());
    let mut program = Program::new(["serve"])
        .env("DATABASE_URL", url)
        .env("CUSTOMER360_HTTP__LISTEN", &address)
        .env("CUSTOMER360_INTAKE__FLUSH_MS", "50")
        .env("CUSTOMER360_INTAKE__SOURCES", sources.path().to_str().unwrap());
    for (name, value) in SECRETS {
        program = program.env(name, value);
    }
    (program, address, sources)
}

fn chunk(socket: &mut TcpStream, text: &str) {
    socket.write_all(format!("{:x}\r\n{text}\r\n", text.len()).as_bytes()).unwrap();
}

fn ticket(n: usize) -> String {
    json!({"id": format!("T{n}"), "status": "OPEN", "subject": "Printer", "opened_at": "2026-05-01"}).to_string() + "\n"
}

/// Reads until a line has this word.
fn read_until(reader: &mut impl BufRead, word: &str) -> String {
    let mut line = String::new();
    loop {
        line.clear();
        assert!(reader.read_line(&mut line).unwrap() > 0, "the answer ended before {word:?}");
        if line.contains(word) {
            return line;
        }
    }
}

async fn count<E: EntityTrait>(database: &TestDatabase) -> u64
where
    E::Model: Sync,
{
    let connection = database.connect().await;
    let all = E::find().all(&connection).await.unwrap().len() as u64;
    connection.close().await.unwrap();
    all
}

both! {
    async fn a_killed_server_has_what_it_acknowledged(database: TestDatabase) {
        const BATCH: usize = 20;
        let ids = |sender: usize, n: usize| (0..BATCH).map(move |k| format!("{sender}-{n}-{k}"));
        let mut server = Serving::start(database.url());
        let mut acknowledged = [0_usize; 3];
        for round in 0..2 {
            let (told, heard) = std::sync::mpsc::channel();
            let server_ref = &server;
            std::thread::scope(|scope| {
                for (sender, from) in acknowledged.into_iter().enumerate() {
                    let told = told.clone();
                    scope.spawn(move || {
                        for n in from.. {
                            if server_ref.send(ids(sender, n)) != Some(200) {
                                return;
                            }
                            let _ = told.send(sender);
                        }
                    });
                }
                for heard in heard.iter().take(12) {
                    acknowledged[heard] += 1;
                }
                // At full rate, with requests under way.
                let killed = std::process::Command::new("kill").args(["-9", &server_ref.process.id().to_string()]).status();
                assert!(killed.unwrap().success());
            });
            for heard in heard.try_iter() {
                acknowledged[heard] += 1;
            }
            server = Serving::start(database.url());
            let there = count::<entity::web_event::Entity>(&database).await;
            let sure: usize = acknowledged.iter().sum();
            assert!(there >= (sure * BATCH) as u64, "round {round}: {sure} batches were acknowledged, {there} events are there");
        }
        // All again, and those that were under way: a message that is known stays one.
        for (sender, to) in acknowledged.into_iter().enumerate() {
            for n in 0..to + 3 {
                assert_eq!(server.send(ids(sender, n)), Some(200));
            }
        }
        let all: usize = acknowledged.iter().map(|to| to + 3).sum();
        assert_eq!(count::<entity::web_event::Entity>(&database).await, (all * BATCH) as u64);
    }

    async fn asked_to_end_it_keeps_what_came(database: TestDatabase) {
        let server = Serving::start(database.url());
        let mut socket = server.stream();
        chunk(&mut socket, &(0..10).map(ticket).collect::<String>());
        let mut reader = BufReader::new(socket.try_clone().unwrap());
        read_until(&mut reader, "\"flushed\"");
        // The beginning of a record has come when the signal does.
        chunk(&mut socket, &(ticket(10) + &ticket(11)[..20]));
        server.process.terminate();
        let last = read_until(&mut reader, "\"done\"");
        let last: Value = serde_json::from_str(&last).unwrap();
        assert_eq!((&last["done"], &last["error"]["code"]), (&json!(false), &json!("UNAVAILABLE")), "{last}");
        drop((socket, reader));
        let finished = server.process.finish(PATIENCE);
        assert!(finished.status.success(), "{finished:#?}");
        let told = last["taken"].as_u64().unwrap();
        assert!((10..=11).contains(&told), "{last}");
        assert_eq!(count::<entity::ticket::Entity>(&database).await, told);
    }

    async fn a_sender_that_breaks_off_leaves_what_came_whole(database: TestDatabase) {
        let server = Serving::start(database.url());
        let mut socket = server.stream();
        chunk(&mut socket, &((0..30).map(ticket).collect::<String>() + &ticket(30)[..15]));
        drop(socket);
        let until = Instant::now() + PATIENCE;
        while count::<entity::ticket::Entity>(&database).await < 30 {
            assert!(Instant::now() < until, "what came whole is not there: {}", server.process.stderr());
        }
        // The next one is served, and nothing of the torn record was kept.
        let mut socket = server.stream();
        chunk(&mut socket, &ticket(31));
        socket.write_all(b"0\r\n\r\n").unwrap();
        let mut reader = BufReader::new(socket);
        let last = read_until(&mut reader, "\"done\"");
        assert!(last.contains("\"done\":true"), "{last}");
        assert_eq!(count::<entity::ticket::Entity>(&database).await, 31);
        assert_eq!(count::<entity::record::Entity>(&database).await, 31);
    }

    async fn a_source_whose_secret_is_not_there_does_not_start(database: TestDatabase) {
        let (program, _, sources) = program(database.url());
        let declared = "key = \"other\"\nmapping = \"segment\"\nsecrets = [\"other_key\"]\n";
        std::fs::write(sources.path().join("other.toml"), declared).unwrap();
        let finished = program.finish();
        assert_eq!(finished.status.code(), Some(1));
        assert!(finished.stderr.contains("other.toml: the source `other` names the secret `other_key`"), "{}", finished.stderr);
        let (program, _, sources) = self::program(database.url());
        let declared = "key = \"other\"\nmapping = \"segment\"\nsecrets = [\"web\"]\n";
        std::fs::write(sources.path().join("other.toml"), declared).unwrap();
        let finished = program.finish();
        assert_eq!(finished.status.code(), Some(1));
        assert!(finished.stderr.contains("have the same secret"), "{}", finished.stderr);
        assert!(!finished.stderr.contains("the-write-key"), "{}", finished.stderr);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_database_it_acknowledges_nothing() {
    let database = TestDatabase::create(Db::Postgres).await;
    let (cut, url) = Cut::between(database.url());
    let server = Serving::start(&url);
    assert_eq!(server.send(["m1".to_owned()]), Some(200));
    cut.off();
    assert_eq!(server.send(["m2".to_owned()]), Some(503));
    cut.on();
    let until = Instant::now() + PATIENCE;
    while server.send(["m2".to_owned(), "m3".to_owned()]) != Some(200) {
        assert!(Instant::now() < until, "{}", server.process.stderr());
    }
    assert_eq!(count::<entity::web_event::Entity>(&database).await, 3);
}
