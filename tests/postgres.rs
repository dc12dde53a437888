//! PostgreSQL for tests: a server, a migrated template in it, and a copy of that for each test.
//!
//! The server is the one `TEST_POSTGRES_URL` names (whoever connects there must be allowed to create databases), or else a
//! cluster that [`cluster`] starts once a run. The names of all databases made here begin with `customer360_test_` and the
//! second they were made in, so that what a killed run left on a lasting server is recognised and swept.

mod cluster;

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use std::{env, fs, thread};

use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};

use crate::{database, run_folder};

const PREFIX: &str = "customer360_test_";
/// No run takes this long: an older database is nobody's.
const LEFT_OVER_AFTER: Duration = Duration::from_hours(6);

/// A database of one test, dropped with this value.
pub struct Copy {
    server: String,
    name: String,
    url: String,
}

impl Copy {
    /// A copy of the migrated template.
    pub async fn of_template() -> Self {
        let server = server();
        let template = template(&server).await;
        Self::create(server, &format!(" TEMPLATE \"{template}\"")).await
    }

    /// A database without tables.
    pub async fn empty() -> Self {
        Self::create(server(), "").await
    }

    /// What `DATABASE_URL` would be.
    pub fn url(&self) -> &str {
        &self.url
    }

    async fn create(server: String, from: &str) -> Self {
        let name = unused_name();
        let admin = database::connect(&server).await;
        run(&admin, &format!("CREATE DATABASE \"{name}\"{from}")).await;
        let _ = admin.close().await;
        let url = with_database(&server, &name);
        Self { server, name, url }
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        let drop = format!("DROP DATABASE IF EXISTS \"{}\" WITH (FORCE)", self.name);
        let server = self.server.clone();
        // A drop cannot wait on the test's own runtime: a thread with one of its own can.
        let dropped = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let admin = sea_orm::Database::connect(server).await.map_err(std::io::Error::other)?;
                admin.execute_unprepared(&drop).await.map_err(std::io::Error::other)?;
                admin.close().await.map_err(std::io::Error::other)
            })
        })
        .join();
        if !matches!(dropped, Ok(Ok(()))) {
            eprintln!("the database {} was not dropped; a later run sweeps it", self.name);
        }
    }
}

/// The server's address, for the database in which databases are made.
fn server() -> String {
    match env::var("TEST_POSTGRES_URL") {
        Ok(url) if !url.is_empty() => url,
        _ => cluster::url(),
    }
}

/// The name of this run's migrated template; the first test to ask makes it.
async fn template(server: &str) -> String {
    let _lock = run_folder::lock();
    let known = run_folder::path().join(format!("{}.template", run_folder::build_key()));
    if let Ok(name) = fs::read_to_string(&known) {
        return name;
    }
    let admin = database::connect(server).await;
    sweep(&admin).await;
    let name = unused_name();
    run(&admin, &format!("CREATE DATABASE \"{name}\"")).await;
    let _ = admin.close().await;

    let connection = database::connect(&with_database(server, &name)).await;
    database::migrate(&connection).await;
    // A template that somebody is connected to cannot be copied.
    let closed = connection.close().await;
    closed.unwrap_or_else(|e| panic!("the template could not be closed: {e}"));
    fs::write(&known, &name).unwrap_or_else(|e| panic!("cannot write {}: {e}", known.display()));
    name
}

async fn sweep(admin: &DatabaseConnection) {
    let list = format!("SELECT datname FROM pg_database WHERE datname LIKE '{}%'", PREFIX.replace('_', "\\_"));
    let rows = admin.query_all_raw(Statement::from_string(admin.get_database_backend(), list)).await;
    for row in rows.unwrap_or_else(|e| panic!("the databases of the server cannot be listed: {e}")) {
        let Ok(name) = row.try_get::<String>("", "datname") else { continue };
        if made_at(&name).is_some_and(|made| made + LEFT_OVER_AFTER.as_secs() < seconds_now()) {
            // Another run may be sweeping the same one.
            let _ = admin.execute_unprepared(&format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)")).await;
        }
    }
}

async fn run(admin: &DatabaseConnection, statement: &str) {
    if let Err(e) = admin.execute_unprepared(statement).await {
        panic!("PostgreSQL refused `{statement}`: {e}");
    }
}

/// No two are alike: the second, the process, and a count within it.
fn unused_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{PREFIX}{}_{}_{count}", seconds_now(), std::process::id())
}

fn made_at(name: &str) -> Option<u64> {
    name.strip_prefix(PREFIX)?.split('_').next()?.parse().ok()
}

fn seconds_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |passed| passed.as_secs())
}

/// The same address with another database: the path of the URL is replaced, its query is kept.
fn with_database(server: &str, name: &str) -> String {
    let (address, query) = match server.split_once('?') {
        Some((address, query)) => (address, format!("?{query}")),
        None => (server, String::new()),
    };
    let host_at = address.find("://").map_or(0, |at| at + 3);
    let path_at = address[host_at..].find('/').map_or(address.len(), |at| host_at + at);
    format!("{}/{name}{query}", &address[..path_at])
}
