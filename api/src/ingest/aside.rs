//! Work of the processor between waits for the database, done so that it keeps nobody else waiting.

use tokio::runtime::{Handle, RuntimeFlavor};

/// What is below this, in bytes, takes a moment only.
const HEAVY: usize = 64 << 10;

/// Does the work on what weighs so much; a heavy one while another thread goes on with what this one was to do next.
pub(super) fn aside<T>(bytes: usize, work: impl FnOnce() -> T) -> T {
    let has_others = || Handle::try_current().is_ok_and(|handle| handle.runtime_flavor() == RuntimeFlavor::MultiThread);
    if bytes > HEAVY && has_others() { tokio::task::block_in_place(work) } else { work() }
}
