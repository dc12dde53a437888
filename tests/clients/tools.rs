//! What the other tests here stand on is there; if not, this one says what to do.

use std::process::Command;

#[test]
fn npm_pypi_and_chromium_are_there() {
    for (program, argument) in [("npm", "--version"), ("python3", "--version"), ("chromium", "--version")] {
        let ran = Command::new(program).arg(argument).output().is_ok_and(|output| output.status.success());
        assert!(ran, "{program} does not run: `bash .ci/run` installs it, or your system's package manager");
    }
}
