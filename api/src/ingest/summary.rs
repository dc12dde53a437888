//! What came of an import: counts, and the first of each kind of what was refused or not done.

use std::collections::BTreeMap;
use std::time::Duration;

use super::report::{Counts, FlushReport, Refused};
use super::singer::Notice;
use crate::error::Error;

/// What came of an import so far.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// Records written.
    pub taken: usize,
    /// Records known already.
    pub repeated: usize,
    /// Records older than what is known.
    pub superseded: usize,
    /// Records refused.
    pub rejected: usize,
    /// Those of the taken that waited for the row that they belong to.
    pub waiting: usize,
    /// Those that waited, now or from before, and are in their place.
    pub woken: usize,
    /// The same by stream.
    pub streams: BTreeMap<String, Counts>,
    /// The first reason of each kind of refusal: stream, code, how often, the sentence.
    pub reasons: Vec<Reason>,
    /// The first things that a tap said and that are not done.
    pub notices: Vec<Notice>,
    /// How many more there were.
    pub more_notices: usize,
    /// The record that stopped a strict import.
    pub stopped: Option<Refused>,
    /// What ended it before its time; what was taken until then stays.
    pub fault: Option<Error>,
    /// How long it took.
    pub elapsed: Duration,
    /// Files that an import before this one did not end, and where it was gone on.
    pub resumed: Vec<Resumed>,
    /// How many bytes of its inputs were read, as they came.
    pub bytes: u64,
    /// How many bytes its inputs have, if all of them are files.
    pub of_bytes: Option<u64>,
}

/// A file that was gone on with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resumed {
    /// Its name.
    pub name: String,
    /// So many of its records were written already.
    pub records: u64,
}

/// A kind of refusal.
#[derive(Debug, Clone)]
pub struct Reason {
    /// The stream.
    pub stream: String,
    /// The stable code.
    pub code: &'static str,
    /// How many records.
    pub count: usize,
    /// The sentence of the first.
    pub first: String,
}

/// Kinds of refusals, and notices, that a summary names.
const NAMED: usize = 20;

impl Summary {
    pub(super) fn add(&mut self, report: FlushReport) {
        self.taken += report.taken;
        self.repeated += report.repeated;
        self.superseded += report.superseded;
        self.rejected += report.rejected.len();
        self.waiting += report.waiting;
        self.woken += report.woken;
        for ((_, stream), counts) in report.streams {
            let sum = self.streams.entry(stream).or_default();
            sum.taken += counts.taken;
            sum.repeated += counts.repeated;
            sum.superseded += counts.superseded;
            sum.rejected += counts.rejected;
        }
        for refused in report.rejected {
            let code = refused.code.as_str();
            let known = self.reasons.iter().position(|known| known.code == code && known.stream == refused.stream);
            if let Some(known) = known {
                self.reasons[known].count += 1;
            } else if self.reasons.len() < NAMED {
                self.reasons.push(Reason { stream: refused.stream, code, count: 1, first: refused.reason });
            }
        }
    }

    pub(super) fn notice(&mut self, notice: Notice) {
        if self.notices.len() < NAMED {
            self.notices.push(notice);
        } else {
            self.more_notices += 1;
        }
    }

    /// All records so far.
    pub fn total(&self) -> usize {
        self.taken + self.repeated + self.superseded + self.rejected
    }
}
