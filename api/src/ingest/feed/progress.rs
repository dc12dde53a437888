//! What became of one flush of a stream, as its sender is told.

use super::super::envelope::RejectCode;
use super::super::report::FlushReport;
use super::super::singer::Notice;

/// Refusals of one flush that are told; all of them are kept and can be listed.
const TOLD: usize = 10;

/// What became of one flush of the stream.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    /// Its records.
    pub flushed: usize,
    /// Records whose rows were written.
    pub taken: usize,
    /// Records that were known already.
    pub repeated: usize,
    /// Records older than what is known.
    pub superseded: usize,
    /// Records that were refused, and are kept with their reason.
    pub rejected: usize,
    /// The first of these.
    pub refused: Vec<RefusedLine>,
    /// What was understood but is not done.
    pub notices: Vec<Notice>,
    /// The sender's bookmark: all before it is committed.
    pub state: Option<Box<str>>,
}

/// A line that was refused.
#[derive(Debug, Clone)]
pub struct RefusedLine {
    /// Its number, counted from 1.
    pub line: u64,
    /// The stable code.
    pub code: RejectCode,
    /// What is wrong and what to do.
    pub reason: String,
}

impl Progress {
    /// Adds what became of a later flush: its state is the newer.
    pub fn add(&mut self, other: Self) {
        self.flushed += other.flushed;
        self.taken += other.taken;
        self.repeated += other.repeated;
        self.superseded += other.superseded;
        self.rejected += other.rejected;
        let (room, notes) = (TOLD.saturating_sub(self.refused.len()), TOLD.saturating_sub(self.notices.len()));
        self.refused.extend(other.refused.into_iter().take(room));
        self.notices.extend(other.notices.into_iter().take(notes));
        self.state = other.state.or(self.state.take());
    }

    /// What became of records that came in these lines; of those that came in none, no lines.
    pub(super) fn of(report: &FlushReport, lines: &[u64]) -> Self {
        let line = |position: usize| lines.get(position).copied().unwrap_or_default();
        let refused = report.rejected.iter().take(TOLD);
        let refused =
            refused.map(|one| RefusedLine { line: line(one.position), code: one.code, reason: one.reason.clone() });
        Self {
            flushed: report.taken + report.repeated + report.superseded + report.rejected.len(),
            taken: report.taken,
            repeated: report.repeated,
            superseded: report.superseded,
            rejected: report.rejected.len(),
            refused: refused.collect(),
            ..Self::default()
        }
    }
}
