//! What the lines of a tap become.

use std::io;

use super::super::envelope::Envelope;
use super::super::lines::Rejected;
use super::super::prepare::MAX_KEY;
use super::{MAX_KEY_PROPERTIES, MAX_STREAMS};

/// What a line of the stream becomes.
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    /// The shape of a stream from here on.
    Schema {
        /// The stream.
        stream: String,
        /// The fields that make its key; none: append only.
        key_properties: Vec<String>,
    },
    /// A record.
    Record(Envelope),
    /// The tap's bookmark, as it came: print it once everything before is committed.
    State(Box<str>),
    /// From here on only records of this version of the table count: it may come before them or behind them.
    ActivateVersion {
        /// The line, counted from 1.
        line: u64,
        /// The stream.
        stream: String,
        /// The version, as the records carry it in [`Envelope::sync`].
        version: i64,
    },
    /// Something to tell the person at the terminal.
    Notice(Notice),
    /// Something that makes the whole a failure, although the rest goes on: records that are not here, a source in trouble.
    Failure(Notice),
    /// A line that cannot be taken; the rest goes on.
    Rejected(Box<Rejected>),
}

/// What was understood but is not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The line, counted from 1.
    pub line: u64,
    /// The stream, where the message names one.
    pub stream: Option<String>,
    /// The type of the message.
    pub kind: String,
    /// What it means for the import, and what to do.
    pub text: String,
}

/// Why reading ends.
#[derive(Debug, thiserror::Error)]
pub enum SingerError {
    /// The input cannot be read.
    #[error("The input cannot be read: {0}.")]
    Input(#[from] io::Error),
    /// A record of a stream whose shape was not sent.
    #[error(
        "Line {line}: a {kind} of the stream `{stream}` came before its SCHEMA. Run the tap from its start; do not cut its output."
    )]
    NoSchema {
        /// The line, counted from 1.
        line: u64,
        /// RECORD or BATCH.
        kind: &'static str,
        /// The stream.
        stream: String,
    },
    /// More streams than any tap has.
    #[error("Line {line}: the tap declares more than {MAX_STREAMS} streams. Select those that are needed.")]
    TooManyStreams {
        /// The line, counted from 1.
        line: u64,
    },
    /// A key that no stream has.
    #[error(
        "Line {line}: the stream `{stream}` has more than {MAX_KEY_PROPERTIES} key properties, or one whose name is longer than \
         {MAX_KEY} bytes. Choose a shorter key."
    )]
    TooManyKeys {
        /// The line, counted from 1.
        line: u64,
        /// The stream.
        stream: String,
    },
}
