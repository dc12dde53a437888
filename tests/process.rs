//! The real binary, for what cannot be seen in process: sockets, signals, `kill -9`, exit statuses, what a terminal shows.
//!
//! Cargo does not build the binary of one package for the tests of another, so it is looked for beside the test program,
//! where `cargo build` (and `tests/run`, which calls it) leaves it; `CUSTOMER360_BIN` names another one, a release build say.
//! What the process prints is read by threads of its own, so that it never stops for a full pipe.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::run_folder;

/// How long anything is waited for unless a test says otherwise: generous, as it is spent only where something is broken.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// The path of the binary under test.
pub fn binary() -> PathBuf {
    let named = std::env::var_os("CUSTOMER360_BIN").map(PathBuf::from);
    let path = named.unwrap_or_else(|| run_folder::programs().join("customer360"));
    assert!(
        path.exists(),
        "the tests run the binary customer360 and it is not at {}: run `cargo build --workspace` first, as ./tests/run does",
        path.display()
    );
    path
}

/// A port that nobody listens on, at the moment of asking.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port of 127.0.0.1 can be listened on");
    listener.local_addr().expect("a listener has an address").port()
}

/// What is to be run: the binary's arguments, its environment, what it reads.
pub struct Program {
    command: Command,
    input: Option<Vec<u8>>,
    held: bool,
}

impl Program {
    /// `customer360 <arguments>`, with none of our own settings inherited.
    pub fn new<S: AsRef<std::ffi::OsStr>>(arguments: impl IntoIterator<Item = S>) -> Self {
        let mut command = Command::new(binary());
        command.args(arguments);
        for (key, _) in std::env::vars_os() {
            if key.to_str().is_some_and(|key| key.starts_with("CUSTOMER360_") || key.starts_with("DATABASE_")) {
                command.env_remove(key);
            }
        }
        Self { command, input: None, held: false }
    }

    /// With an environment variable.
    #[must_use]
    pub fn env(mut self, key: &str, value: &str) -> Self {
        self.command.env(key, value);
        self
    }

    /// In another folder.
    #[must_use]
    pub fn folder(mut self, folder: &std::path::Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// With this on standard input; without, there is none.
    #[must_use]
    pub fn input(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.input = Some(bytes.into());
        self
    }

    /// With a standard input that stays open after what it was given, as of a tap that has more to say.
    #[must_use]
    pub fn held_open(mut self) -> Self {
        self.held = true;
        self
    }

    /// With no file larger than so many bytes: a disk that is full. Writing beyond gives an error instead of a signal.
    #[must_use]
    pub fn file_limit(mut self, bytes: u64) -> Self {
        let mut shell = Command::new("sh");
        // POSIX counts in blocks of 512 bytes, and so does dash; bash in posix mode too.
        shell.args(["-c", "trap '' XFSZ; ulimit -f \"$0\"; exec \"$@\""]).arg((bytes / 512).to_string());
        shell.arg(self.command.get_program()).args(self.command.get_args());
        for (key, value) in self.command.get_envs() {
            match value {
                Some(value) => shell.env(key, value),
                None => shell.env_remove(key),
            };
        }
        if let Some(folder) = self.command.get_current_dir() {
            shell.current_dir(folder);
        }
        self.command = shell;
        self
    }

    /// Starts it.
    pub fn start(mut self) -> Process {
        let stdin = if self.input.is_some() { Stdio::piped() } else { Stdio::null() };
        self.command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().unwrap_or_else(|e| panic!("cannot start {:?}: {e}", self.command));
        if let (Some(bytes), Some(mut stdin)) = (self.input, child.stdin.take()) {
            // It may stop reading whenever it wants: that is what some tests look at.
            let held = self.held;
            thread::spawn(move || {
                let _ = stdin.write_all(&bytes);
                // Its end closes the pipe; a parked thread goes with the test.
                if held {
                    loop {
                        thread::park();
                    }
                }
            });
        }
        let stdout = Capture::of(child.stdout.take().expect("standard output is a pipe"));
        let stderr = Capture::of(child.stderr.take().expect("standard error is a pipe"));
        Process { child, stdout, stderr }
    }

    /// Runs it to its end.
    pub fn finish(self) -> Finished {
        self.start().finish(PATIENCE)
    }
}

/// A running binary. Dropping it kills it.
pub struct Process {
    child: Child,
    stdout: Capture,
    stderr: Capture,
}

/// What a finished one left.
#[derive(Debug)]
pub struct Finished {
    /// How it ended.
    pub status: ExitStatus,
    /// All it printed.
    pub stdout: String,
    /// All it complained about.
    pub stderr: String,
}

impl Process {
    /// Waits until a line of standard output satisfies the test, and returns that line.
    pub fn wait_for_line(&mut self, what: &str, is_it: impl Fn(&str) -> bool) -> String {
        match self.stdout.wait_for(&is_it, PATIENCE) {
            Some(line) => line,
            None => panic!("it never printed {what}.\nIt printed:\n{}\nand said:\n{}", self.stdout(), self.stderr()),
        }
    }

    /// Waits until a line of standard error satisfies the test, and returns that line.
    pub fn wait_for_word(&mut self, what: &str, is_it: impl Fn(&str) -> bool) -> String {
        match self.stderr.wait_for(&is_it, PATIENCE) {
            Some(line) => line,
            None => panic!("it never said {what}.\nIt printed:\n{}\nand said:\n{}", self.stdout(), self.stderr()),
        }
    }

    /// The first address it prints, `http://127.0.0.1:8360` say, without a path.
    pub fn address(&mut self) -> String {
        let line = self.wait_for_line("an address", |line| line.contains("http://"));
        let at = line.find("http://").expect("the line was chosen for it");
        let end = line[at + 7..].find(|c: char| !(c.is_ascii_alphanumeric() || ".:-[]".contains(c)));
        line[at..].chars().take(end.map_or(usize::MAX, |end| end + 7)).collect()
    }

    /// Asks it for a path over a socket: the status and the body.
    pub fn get(&mut self, path: &str) -> (u16, String) {
        let request = client().get(format!("{}{path}", self.address()));
        received(request.call())
    }

    /// Posts JSON over a socket, as whoever holds the token: the status and the body.
    pub fn post(&mut self, path: &str, token: &str, body: &serde_json::Value) -> (u16, String) {
        let request = client().post(format!("{}{path}", self.address()));
        received(request.header("authorization", format!("Bearer {token}")).send_json(body))
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// All it printed so far.
    pub fn stdout(&self) -> String {
        self.stdout.text()
    }

    /// All it complained about so far.
    pub fn stderr(&self) -> String {
        self.stderr.text()
    }

    /// SIGTERM: the polite way.
    pub fn terminate(&self) {
        let sent = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()), "the signal was not sent");
    }

    /// `kill -9`: no chance to finish anything.
    pub fn kill(mut self) -> Finished {
        let _ = self.child.kill();
        self.finish(PATIENCE)
    }

    /// Waits for its end; if that does not come in time, it is killed and the test fails.
    pub fn finish(mut self, patience: Duration) -> Finished {
        let until = Instant::now() + patience;
        let status = loop {
            match self.child.try_wait().expect("a child can be waited for") {
                Some(status) => break status,
                None if Instant::now() < until => thread::sleep(Duration::from_millis(10)),
                None => panic!("it did not end within {patience:?}.\nIt said:\n{}", self.stderr()),
            }
        };
        self.stdout.wait_for_end();
        self.stderr.wait_for_end();
        Finished { status, stdout: self.stdout(), stderr: self.stderr() }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A client that waits no longer than the tests do, and takes a refusal for an answer.
fn client() -> ureq::Agent {
    ureq::Agent::config_builder().timeout_global(Some(PATIENCE)).http_status_as_error(false).build().into()
}

fn received(answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> (u16, String) {
    let mut answer = answer.unwrap_or_else(|e| panic!("the server did not answer: {e}"));
    let body = answer.body_mut().read_to_string().unwrap_or_else(|e| panic!("the answer broke off: {e}"));
    (answer.status().as_u16(), body)
}

/// What came through a pipe, line by line.
struct Capture {
    shared: Arc<(Mutex<Captured>, Condvar)>,
}

#[derive(Default)]
struct Captured {
    lines: Vec<String>,
    ended: bool,
}

impl Capture {
    fn of(pipe: impl Read + Send + 'static) -> Self {
        let shared = Arc::new((Mutex::new(Captured::default()), Condvar::new()));
        let (writer, mut reader) = (Arc::clone(&shared), BufReader::new(pipe));
        thread::spawn(move || {
            loop {
                let mut line = Vec::new();
                let ended = matches!(reader.read_until(b'\n', &mut line), Ok(0) | Err(_));
                let mut captured = writer.0.lock().unwrap_or_else(PoisonError::into_inner);
                if ended {
                    captured.ended = true;
                } else {
                    captured.lines.push(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned());
                }
                writer.1.notify_all();
                if ended {
                    return;
                }
            }
        });
        Self { shared }
    }

    fn text(&self) -> String {
        self.locked().lines.join("\n")
    }

    fn wait_for(&self, is_it: &impl Fn(&str) -> bool, patience: Duration) -> Option<String> {
        let until = Instant::now() + patience;
        let mut seen = 0;
        let mut captured = self.locked();
        loop {
            if let Some(line) = captured.lines[seen..].iter().find(|line| is_it(line)) {
                return Some(line.clone());
            }
            seen = captured.lines.len();
            let left = until.saturating_duration_since(Instant::now());
            if captured.ended || left.is_zero() {
                return None;
            }
            captured = self.shared.1.wait_timeout(captured, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// A grandchild may hold the pipe open: then this gives up after a second with what has come.
    fn wait_for_end(&self) {
        let wait = self.shared.1.wait_timeout_while(self.locked(), Duration::from_secs(1), |captured| !captured.ended);
        drop(wait);
    }

    fn locked(&self) -> MutexGuard<'_, Captured> {
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
