//! A PostgreSQL cluster of the run's own: started by the first test that needs it, stopped when the runner has gone.
//!
//! It is the harness that starts it and not `tests/run`, so that `cargo nextest run` and `cargo test` work alike, with or
//! without the script. No test process can be the one to stop it, as none knows whether it is the last; so a few lines of
//! shell stay behind, look for the runner once a second, and stop the cluster and remove its folder when it is no more.
//!
//! It listens on 127.0.0.1 only, on a free port, asks for a password made for the run, and does not wait for the disk.
//! PostgreSQL refuses to run as root: then its programs run as `postgres`, or as `nobody`.

use std::ffi::OsStr;
use std::io::Read;
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use crate::run_folder;

const MISSING: &str = "The tests need PostgreSQL's server programs (initdb, pg_ctl) and found none: run ./tests/run, which \
                       installs them, or name a running server in TEST_POSTGRES_URL.";

/// Stops the cluster in `$2` (programs in `$1`, as user `$4` if that is not empty) when the process `$3` has gone.
/// Its last act is to remove the cluster's folder `$5` and the run's `$6`.
const WATCH: &str = r#"(
while kill -0 "$3" 2>/dev/null; do sleep 1; done
if [ -n "$4" ]; then runuser -u "$4" -- "$1/pg_ctl" stop -D "$2" -m immediate
else "$1/pg_ctl" stop -D "$2" -m immediate; fi
rm -rf "$5" "$6"
) &"#;

/// The address of the run's cluster, which is started if it does not run yet.
pub fn url() -> String {
    let _lock = run_folder::lock();
    let note = run_folder::path().join("postgres-url");
    if let Ok(url) = fs::read_to_string(&note)
        && answers(&url)
    {
        return url;
    }
    run_folder::sweep();
    let url = start();
    // The password is in it.
    let file = fs::File::options().create(true).write(true).truncate(true).mode(0o600).open(&note);
    let written = file.and_then(|mut file| std::io::Write::write_all(&mut file, url.as_bytes()));
    written.unwrap_or_else(|e| panic!("cannot write {}: {e}", note.display()));
    url
}

fn start() -> String {
    let programs = programs().unwrap_or_else(|| panic!("{MISSING}"));
    let user = is_root().then(other_user);
    // In the system's folder for temporary files, not below `target`: another user could not reach a home folder's.
    let folder = tempfile::Builder::new().prefix("customer360-postgres-").tempdir();
    let folder = folder.unwrap_or_else(|e| panic!("cannot make a folder for PostgreSQL: {e}")).keep();
    let password = password();
    let password_file = folder.join("password");
    fs::write(&password_file, &password).unwrap_or_else(|e| panic!("cannot write in {}: {e}", folder.display()));
    for path in [&folder, &password_file] {
        let mode = if path.is_dir() { 0o700 } else { 0o600 };
        let _ = fs::set_permissions(path, fs::Permissions::from_mode(mode));
        if let Some(user) = &user {
            run(Command::new("chown").arg(user).arg(path));
        }
    }

    let data = folder.join("data");
    let port = crate::process::free_port();
    let initdb = ["--auth=password", "--username=postgres", "--encoding=UTF8", "--locale=C", "--no-sync", "-D"];
    let pwfile = format!("--pwfile={}", password_file.display());
    run(as_user(user.as_deref(), &programs.join("initdb")).args(initdb).arg(&data).arg(pwfile));
    // Autovacuum would now and then hold the template that a test wants to copy.
    let settings = format!(
        "-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='{}' -c fsync=off -c synchronous_commit=off \
         -c full_page_writes=off -c max_connections=300 -c autovacuum=off -c max_wal_size=4GB",
        folder.display()
    );
    let log = folder.join("log");
    run(as_user(user.as_deref(), &programs.join("pg_ctl"))
        .args(["start", "--wait", "--timeout=60", "--silent", "-D"])
        .arg(&data)
        .arg("-l")
        .arg(&log)
        .args(["-o", &settings]));
    watch(&programs, &data, user.as_deref(), &folder);
    format!("postgres://postgres:{password}@127.0.0.1:{port}/postgres")
}

fn watch(programs: &Path, data: &Path, user: Option<&str>, folder: &Path) {
    let mut shell = Command::new("sh");
    shell.args(["-c", WATCH, "watch"]).arg(programs).arg(data).arg(run_folder::runner().to_string());
    shell.arg(user.unwrap_or_default()).arg(folder).arg(run_folder::path()).current_dir("/");
    // A process group of its own: Ctrl-C at the runner must reach the tests, not the one who cleans up after them.
    shell.process_group(0).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let started = shell.status();
    assert!(started.is_ok_and(|status| status.success()), "cannot start a shell to stop PostgreSQL after the run");
}

/// The folder of PostgreSQL's server programs: from the path, from `pg_config`, then where packages put them, newest first.
fn programs() -> Option<PathBuf> {
    let on_path = env::var_os("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default();
    let told = Command::new("pg_config").arg("--bindir").output().ok().filter(|output| output.status.success());
    let told = told.map(|output| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    let mut packaged: Vec<(u32, PathBuf)> = Vec::new();
    for (parent, prefix) in [
        ("/usr/lib/postgresql", ""),
        ("/usr", "pgsql-"),
        ("/opt/homebrew/opt", "postgresql@"),
        ("/usr/local/opt", "postgresql@"),
    ] {
        for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let version = name.to_str().and_then(|name| name.strip_prefix(prefix)?.parse().ok());
            packaged.extend(version.map(|version| (version, entry.path().join("bin"))));
        }
    }
    packaged.sort();
    let packaged = packaged.into_iter().rev().map(|(_, path)| path);
    let candidates: Vec<PathBuf> = on_path;
    candidates.into_iter().chain(told).chain(packaged).find_map(|path| {
        let initdb = fs::canonicalize(path.join("initdb")).ok()?;
        let folder = initdb.parent()?.to_path_buf();
        folder.join("pg_ctl").exists().then_some(folder)
    })
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

fn other_user() -> String {
    let exists = |user: &&str| {
        let id = Command::new("id").arg(user).stdout(Stdio::null()).stderr(Stdio::null()).status();
        id.is_ok_and(|status| status.success())
    };
    let user = ["postgres", "nobody"].into_iter().find(exists);
    user.expect("PostgreSQL does not run as root, and there is neither a user postgres nor nobody").to_owned()
}

fn as_user(user: Option<&str>, program: &Path) -> Command {
    let mut command = match user {
        Some(user) => {
            let mut command = Command::new("runuser");
            command.args([OsStr::new("-u"), OsStr::new(user), OsStr::new("--"), program.as_os_str()]);
            command
        }
        None => Command::new(program),
    };
    // The other user may not be allowed into the folder that the tests run in, and need not see what we were given.
    command.current_dir("/").env("LC_ALL", "C");
    command
}

/// Runs it to its end. Standard output goes nowhere: the server inherits it, and whoever reads a pipe waits for the server.
fn run(command: &mut Command) {
    let errors = tempfile::tempfile().expect("the system's folder for temporary files can be written to");
    let stderr = errors.try_clone().expect("an open file can be opened again");
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(stderr).status();
    let said = || {
        let mut text = String::new();
        let mut errors = &errors;
        let _ = std::io::Seek::rewind(&mut errors).and_then(|()| errors.read_to_string(&mut text));
        text
    };
    match status {
        Ok(status) if status.success() => {}
        Ok(status) => panic!("PostgreSQL could not be started ({status}) by {command:?}:\n{}", said()),
        Err(e) => panic!("PostgreSQL could not be started by {command:?}: {e}"),
    }
}

fn password() -> String {
    let mut bytes = [0_u8; 16];
    let read = fs::File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes));
    read.expect("the system gives random bytes");
    format!("{:032x}", u128::from_ne_bytes(bytes))
}

/// Whether somebody listens at the address noted.
fn answers(url: &str) -> bool {
    let port = url.rsplit_once(':').and_then(|(_, rest)| rest.split('/').next()?.parse().ok());
    port.is_some_and(|port: u16| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok())
}
