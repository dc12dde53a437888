//! What the test processes of one run share: a folder under `target/tmp`, and a lock on it.
//!
//! nextest starts a process for every test, `cargo test` a thread, and both are wanted to share one PostgreSQL cluster and
//! one migrated template. What they have in common is their parent, the runner; so the folder carries the runner's process
//! id, and lives as long as the runner does. Folders of runners that have gone are swept by the next run.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::UNIX_EPOCH;

/// The process that runs the tests: as long as it lives, what the run shares is kept.
pub fn runner() -> u32 {
    std::os::unix::process::parent_id()
}

/// The folder of this run, made if need be.
pub fn path() -> PathBuf {
    let folder = all_runs().join(runner().to_string());
    fs::create_dir_all(&folder).unwrap_or_else(|e| panic!("cannot make the folder {}: {e}", folder.display()));
    folder
}

/// Holds the run's lock until the returned file is dropped; the system lets go of it if the process dies.
pub fn lock() -> File {
    let path = path().join("lock");
    let file = File::options().create(true).truncate(false).write(true).open(&path);
    let file = file.unwrap_or_else(|e| panic!("cannot open the lock {}: {e}", path.display()));
    file.lock().unwrap_or_else(|e| panic!("cannot take the lock {}: {e}", path.display()));
    file
}

/// Tells one build of the tests from another, so that a template made by older migrations is not taken for a new one
/// where the runner lives long (a shell from which a test binary is started twice).
pub fn build_key() -> String {
    let mut hasher = DefaultHasher::new();
    let program = test_program();
    let changed = fs::metadata(&program).and_then(|data| data.modified()).unwrap_or(UNIX_EPOCH);
    (program, changed).hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// The folder of the built programs, `target/debug` as a rule: test programs lie in its `deps`.
pub fn programs() -> PathBuf {
    let deps = test_program().parent().map(Path::to_path_buf).expect("a program lies in a folder");
    if deps.ends_with("deps") { deps.parent().expect("deps lies in a folder").to_path_buf() } else { deps }
}

/// Removes what runs left behind whose runner has gone.
pub fn sweep() {
    for entry in fs::read_dir(all_runs()).into_iter().flatten().flatten() {
        let gone = entry.file_name().to_str().and_then(|name| name.parse().ok()).is_some_and(|pid| !is_alive(pid));
        if gone {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn all_runs() -> PathBuf {
    programs().parent().expect("the profile's folder lies in the target folder").join("tmp").join("test-runs")
}

fn test_program() -> PathBuf {
    std::env::current_exe().expect("the system knows the path of the running program")
}

fn is_alive(pid: u32) -> bool {
    let status = Command::new("kill").args(["-0", &pid.to_string()]).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}
