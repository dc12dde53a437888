//! What vanished at its source: a tap that reads a whole table tells a version with each record and says once which version
//! counts (`ACTIVATE_VERSION`, Singer). Keys that were not seen in that version are deleted, each by a record of its own, so that a
//! rebuild deletes them too.
//!
//! Nothing is deleted on a tap's word alone: some activate a version before they send its records. The deletion waits until the
//! records have come: until the version is activated once more behind them, or the tap ends after a state.

use std::collections::BTreeMap;

use super::envelope::{Envelope, Op};
use super::intake::Intake;
use super::lines::Origin;
use super::report::FlushReport;
use super::singer::Notice;
use super::store;
use crate::error::Result;

/// So many keys are deleted at a time.
const AT_ONCE: u16 = 500;

/// The versions that a tap activates, until their records have come.
#[derive(Default)]
pub(super) struct Activations(BTreeMap<String, Stream>);

#[derive(Default)]
struct Stream {
    /// The version of the record that came last.
    came: Option<i64>,
    /// The version that was activated before its records.
    waiting: Option<i64>,
    /// Whether a state came since.
    stated: bool,
}

impl Activations {
    /// A record of a stream.
    pub fn came(&mut self, stream: &str, version: i64) {
        match self.0.get_mut(stream) {
            Some(known) => (known.came, known.stated) = (Some(version), false),
            None => {
                self.0.insert(stream.to_owned(), Stream { came: Some(version), ..Stream::default() });
            }
        }
    }

    /// A version is activated. Whether its records have come.
    pub fn activate(&mut self, stream: &str, version: i64) -> bool {
        let known = self.0.entry(stream.to_owned()).or_default();
        let complete = known.came == Some(version);
        known.waiting = (!complete).then_some(version);
        known.stated = false;
        complete
    }

    /// A state: what came before it is complete.
    pub fn stated(&mut self) {
        for stream in self.0.values_mut() {
            stream.stated = true;
        }
    }

    /// The tap ended well: the streams whose version counts from now on, and those of which nobody knows whether all of it came.
    pub fn end(self) -> (Vec<(String, i64)>, Vec<String>) {
        let (mut complete, mut cut) = (Vec::new(), Vec::new());
        for (name, stream) in self.0 {
            match stream.waiting {
                Some(version) if stream.stated => complete.push((name, version)),
                Some(_) => cut.push(name),
                None => {}
            }
        }
        (complete, cut)
    }
}

/// What is told of a stream of which nobody knows whether all of it came.
pub(super) fn cut(stream: String) -> Notice {
    let text = "The tap ended without a state behind the records of this table: it is not known whether all of them came, so \
                nothing was removed that did not come.";
    Notice { line: 0, stream: Some(stream), kind: "ACTIVATE_VERSION".to_owned(), text: text.to_owned() }
}

impl Intake {
    /// Deletes the keys of a stream that were not seen in this version of its table, nor in a newer one.
    pub(super) async fn vanish(&self, origin: &Origin, stream: &str, version: i64) -> Result<FlushReport> {
        let mut report = FlushReport::default();
        let mut after = String::new();
        loop {
            let keys =
                store::waiting::unseen(self.database(), &origin.source, stream, version, &after, AT_ONCE).await?;
            let Some(last) = keys.last() else { return Ok(report) };
            after.clone_from(&last.key);
            let delete = |key| Envelope {
                op: Op::Delete,
                sync: Some(version),
                ..origin.envelope(stream, Some(key), format!("{{\"vanishedInVersion\":{version}}}"))
            };
            let items = keys.into_iter().map(|row| delete(row.key)).collect();
            report.join(self.flush(items).await?, &[]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_counts_once_its_records_have_come() {
        let mut behind = Activations::default();
        behind.came("a", 1);
        assert!(behind.activate("a", 1));
        assert_eq!(behind.end(), (Vec::new(), Vec::new()));

        let mut before = Activations::default();
        assert!(!before.activate("a", 1));
        before.came("a", 1);
        before.stated();
        assert_eq!(before.end(), (vec![("a".to_owned(), 1)], Vec::new()));

        let mut both = Activations::default();
        assert!(!both.activate("a", 1));
        both.came("a", 1);
        assert!(both.activate("a", 1));
        assert_eq!(both.end(), (Vec::new(), Vec::new()));
    }

    #[test]
    fn a_tap_that_breaks_off_deletes_nothing() {
        let mut cut = Activations::default();
        cut.activate("a", 1);
        cut.came("a", 1);
        cut.stated();
        cut.came("a", 1);
        assert_eq!(cut.end(), (Vec::new(), vec!["a".to_owned()]));
    }

    #[test]
    fn an_empty_table_is_complete_too() {
        let mut empty = Activations::default();
        empty.activate("a", 1);
        empty.stated();
        assert_eq!(empty.end().0, [("a".to_owned(), 1)]);
    }
}
