//! The life of a serving process: it starts or says why not, ends politely, and outlives its database.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use customer360_tests::process::{PATIENCE, Process, Program, free_port};
use customer360_tests::scan::assert_clean;
use customer360_tests::{Db, Role, TestDatabase, app, both};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use crate::cut::Cut;

/// A server that listens, and its address.
struct Serving {
    process: Process,
    address: String,
}

fn serve(url: &str) -> (Program, String) {
    let address = format!("127.0.0.1:{}", free_port());
    let program = Program::new(["serve"]).env("DATABASE_URL", url).env("CUSTOMER360_HTTP__LISTEN", &address);
    (program, address)
}

impl Serving {
    fn start((program, address): (Program, String)) -> Self {
        let mut process = program.start();
        process.wait_for_word("that it listens", |line| line.starts_with("Listening on "));
        Self { process, address }
    }

    fn get(&self, path: &str) -> (u16, String) {
        answer(client().get(format!("http://{}{path}", self.address)).call())
    }

    fn ask(&self, document: &str) -> (u16, Value) {
        let asked = client().post(format!("http://{}/graphql", self.address));
        let asked = asked.header("authorization", format!("Bearer {}", app::token("tester", &[Role::Service])));
        let asked = asked.header("accept", "application/graphql-response+json");
        let (status, body) = answer(asked.send_json(json!({ "query": document })));
        assert_clean(&body, &[]);
        (status, serde_json::from_str(&body).unwrap_or_else(|_| panic!("no JSON: {body}")))
    }

    /// Asks until the readiness is this, within the tests' patience.
    fn wait_for_readiness(&self, status: u16) {
        let until = Instant::now() + PATIENCE;
        loop {
            let (found, body) = self.get("/readyz");
            assert_clean(&body, &[]);
            if found == status {
                return;
            }
            assert!(Instant::now() < until, "/readyz stays {found}: {body}\n{}", self.process.stderr());
            std::thread::yield_now();
        }
    }
}

fn client() -> ureq::Agent {
    ureq::Agent::config_builder().timeout_global(Some(PATIENCE)).http_status_as_error(false).build().into()
}

fn answer(answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> (u16, String) {
    let mut answer = answer.unwrap_or_else(|e| panic!("the server did not answer: {e}"));
    (answer.status().as_u16(), answer.body_mut().read_to_string().expect("a whole answer"))
}

fn refused(program: Program, code: &str, words: &[&str]) {
    let finished = program.finish();
    assert_clean(&finished.stderr, &["pa55word"]);
    assert_eq!(finished.status.code(), Some(1), "{finished:#?}");
    assert!(finished.stderr.lines().any(|line| line.starts_with(&format!("{code}: "))), "{finished:#?}");
    for word in words {
        assert!(finished.stderr.contains(word), "it does not say {word:?}: {}", finished.stderr);
    }
}

const COUNT: &str = "{ customers(first: 1) { nodes { id } } }";

both! {
    async fn a_declared_source_that_never_delivered_is_stale(database: TestDatabase) {
        let folder = tempfile::tempdir().unwrap();
        let declared = "key = \"desk\"\nmapping = \"csv-support\"\nexpected_every = \"1h\"\n";
        std::fs::write(folder.path().join("desk.toml"), declared).unwrap();
        let (program, address) = serve(database.url());
        let program = program.env("CUSTOMER360_INTAKE__SOURCES", folder.path().to_str().unwrap());
        let server = Serving::start((program, address));
        let (_, answer) = server.ask("{ sources { nodes { key stale lastRecordAt } } }");
        assert_eq!(answer["data"]["sources"]["nodes"], json!([{ "key": "desk", "stale": true, "lastRecordAt": null }]), "{answer:#}");
    }
}

both! {
    async fn the_tables_of_an_older_database_are_made(database: TestDatabase) {
        let older = TestDatabase::create_empty(database.db()).await;
        let server = Serving::start(serve(older.url()));
        assert_eq!(server.get("/readyz").0, 200);
        assert_eq!(server.ask(COUNT).1["data"]["customers"]["nodes"], json!([]));
    }

    async fn a_newer_database_is_left_alone(database: TestDatabase) {
        let connection = database.connect().await;
        connection.execute_unprepared("INSERT INTO seaql_migrations (version, applied_at) VALUES ('m29990101_001_from_tomorrow', 0)").await.unwrap();
        connection.close().await.unwrap();
        refused(serve(database.url()).0, "CONFLICT", &["newer version of customer360"]);
        let listen = format!("127.0.0.1:{}", free_port());
        let demo = Program::new(["demo"]).env("DATABASE_URL", database.url()).env("CUSTOMER360_HTTP__LISTEN", &listen);
        refused(demo, "CONFLICT", &["newer version of customer360"]);
        let import = Program::new(["import", "--singer", "--source", "csv-crm"]).env("DATABASE_URL", database.url());
        refused(import, "CONFLICT", &["newer version of customer360"]);
    }

    async fn asked_to_end_it_answers_what_is_under_way(database: TestDatabase) {
        let server = Serving::start(serve(database.url()));
        // Half a request is under way when the signal comes.
        let body = json!({ "query": COUNT }).to_string();
        let mut socket = TcpStream::connect(&server.address).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let token = app::token("tester", &[Role::Service]);
        let head = format!("POST /graphql HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
        socket.write_all(head.as_bytes()).unwrap();
        socket.write_all(&body.as_bytes()[..10]).unwrap();
        // Another request on another connection is answered after it: so the server has the first head.
        assert_eq!(server.get("/healthz").0, 200);
        server.process.terminate();
        server.wait_for_readiness(503);
        socket.write_all(&body.as_bytes()[10..]).unwrap();
        let mut received = String::new();
        socket.read_to_string(&mut received).unwrap();
        assert!(received.starts_with("HTTP/1.1 200") && received.contains("\"nodes\":[]"), "{received}");
        let finished = server.process.finish(PATIENCE);
        assert!(finished.status.success(), "{finished:#?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_start_says_why() {
    let database = TestDatabase::create(Db::Sqlite).await;
    let server = Serving::start(serve(database.url()));
    let busy = |command: &str| {
        Program::new([command]).env("DATABASE_URL", database.url()).env("CUSTOMER360_HTTP__LISTEN", &server.address)
    };
    for command in ["serve", "demo"] {
        refused(busy(command), "UNAVAILABLE", &["is taken", "CUSTOMER360_HTTP__LISTEN", &server.address]);
    }
    let production = |secret: &str| {
        let program = serve(database.url()).0.env("CUSTOMER360_ENV", "production");
        if secret.is_empty() { program } else { program.env("CUSTOMER360_AUTH__HS256_SECRET", secret) }
    };
    refused(production(""), "BAD_USER_INPUT", &["auth.hs256_secret"]);
    refused(production("short"), "BAD_USER_INPUT", &["at least 32"]);
    refused(production(api::config::Auth::DEVELOPMENT_SECRET), "BAD_USER_INPUT", &["public development secret"]);
    let demo = Program::new(["demo"]).env("CUSTOMER360_ENV", "production").env("DATABASE_URL", database.url());
    let demo = demo.env("CUSTOMER360_AUTH__HS256_SECRET", "a secret of this test alone, long enough for production");
    refused(demo, "BAD_USER_INPUT", &["for development"]);
    refused(serve(database.url()).0.env("CUSTOMER360_HTTP__LISTEN", "0.0.0.0:0"), "BAD_USER_INPUT", &["http.listen"]);
    refused(serve(database.url()).0.env("CUSTOMER360_GRAPHQL__MAX_DEPHT", "3"), "BAD_USER_INPUT", &["max_depht"]);
    refused(
        serve(database.url()).0.env("CUSTOMER360_IDENTITY__DEGREE_LIMITS__FAX", "3"),
        "BAD_USER_INPUT",
        &["degree_limits", "fax"],
    );
    refused(serve("mysql://me:pa55word@localhost/db").0, "BAD_USER_INPUT", &["DATABASE_URL"]);
    refused(serve("sqlite:///no/such/folder/a.sqlite").0, "UNAVAILABLE", &["cannot be opened", "DATABASE_URL"]);
    let away = |url: &str| serve(url).0.env("CUSTOMER360_DATABASE__START_SECONDS", "0");
    refused(away("postgres://me:pa55word@127.0.0.1:1/db"), "UNAVAILABLE", &["database cannot be reached"]);
    let server = TestDatabase::create_empty(Db::Postgres).await;
    let name = server.url().rsplit('/').next().unwrap().split('?').next().unwrap();
    let absent = server.url().replace(name, "no_such_database");
    // What waiting does not mend is told at once.
    refused(serve(&absent).0, "UNAVAILABLE", &["no such database", "DATABASE_URL"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_away_comes_back() {
    let database = TestDatabase::create(Db::Postgres).await;
    let (cut, url) = Cut::between(database.url());
    let (program, address) = serve(&url);
    let server = Serving::start((program.env("CUSTOMER360_HTTP__REQUEST_SECONDS", "3"), address));
    assert_eq!(server.ask(COUNT).0, 200);

    let unavailable = |(status, answer): (u16, Value)| {
        assert!([200, 503].contains(&status), "{answer:#}");
        assert!(answer["data"]["customers"].is_null(), "{answer:#}");
        assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAVAILABLE", "{answer:#}");
    };
    // Gone: connections are cut and refused.
    cut.off();
    server.wait_for_readiness(503);
    unavailable(server.ask(COUNT));
    assert_eq!(server.get("/healthz").0, 200, "the process lives");
    cut.on();
    server.wait_for_readiness(200);
    assert_eq!(server.ask(COUNT).0, 200);

    // Silent: connections stand and nothing answers.
    cut.silence();
    let began = Instant::now();
    unavailable(server.ask(COUNT));
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    cut.off();
    cut.on();
    server.wait_for_readiness(200);

    // Closed for maintenance: nobody may connect, and who was is thrown out.
    let name = database.url().rsplit('/').next().unwrap().split('?').next().unwrap().to_owned();
    let admin = TestDatabase::create_empty(Db::Postgres).await;
    let connection = admin.connect().await;
    let run = async |statement: String| connection.execute_unprepared(&statement).await.map(|_| ()).unwrap();
    run(format!("ALTER DATABASE \"{name}\" ALLOW_CONNECTIONS false")).await;
    run(format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")).await;
    server.wait_for_readiness(503);
    unavailable(server.ask(COUNT));
    run(format!("ALTER DATABASE \"{name}\" ALLOW_CONNECTIONS true")).await;
    server.wait_for_readiness(200);
    assert_eq!(server.ask(COUNT).0, 200);
    server.process.terminate();
    let finished = server.process.finish(PATIENCE);
    assert!(finished.status.success() && !finished.stderr.contains("panicked"), "{finished:#?}");
}
