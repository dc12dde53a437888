//! The lines of the answer to a stream: what a sender reads to know what is safe. Their names are stable.

use axum::body::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::error::Error;
use crate::ingest::feed::Progress;

#[derive(Serialize)]
struct Sums {
    flushed: usize,
    taken: usize,
    repeated: usize,
    superseded: usize,
    rejected: usize,
}

#[derive(Serialize)]
struct Flushed<'a> {
    #[serde(flatten)]
    sums: Sums,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    refused: Vec<Refused<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notices: Vec<Notice<'a>>,
}

#[derive(Serialize)]
struct Refused<'a> {
    line: u64,
    code: &'static str,
    reason: &'a str,
}

#[derive(Serialize)]
struct Notice<'a> {
    line: u64,
    #[serde(rename = "type")]
    kind: &'a str,
    text: &'a str,
}

#[derive(Serialize)]
struct Bookmark<'a> {
    state: &'a RawValue,
}

#[derive(Serialize)]
struct Last<'a> {
    done: bool,
    #[serde(flatten)]
    sums: Sums,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Fault<'a>>,
}

#[derive(Serialize)]
struct Fault<'a> {
    code: &'static str,
    message: &'a str,
}

fn sums(progress: &Progress) -> Sums {
    let Progress { flushed, taken, repeated, superseded, rejected, .. } = *progress;
    Sums { flushed, taken, repeated, superseded, rejected }
}

/// A line for what was flushed, and one for the state that this makes safe.
pub(super) fn flushed(progress: &Progress) -> Bytes {
    let refused = progress.refused.iter();
    let refused = refused.map(|one| Refused { line: one.line, code: one.code.as_str(), reason: &one.reason }).collect();
    let notices = progress.notices.iter();
    let notices = notices.map(|one| Notice { line: one.line, kind: &one.kind, text: &one.text }).collect();
    let mut text = line(&Flushed { sums: sums(progress), refused, notices });
    // After the line that says what is committed: so a sender that was cut between them asks for too much, never for too little.
    if let Some(state) = progress.state.as_deref().and_then(|state| serde_json::from_str::<&RawValue>(state).ok()) {
        text.extend(line(&Bookmark { state }));
    }
    text.into()
}

/// The last line.
pub(super) fn summed(sum: &Progress, ended: Option<&Error>) -> Bytes {
    let error = ended.map(|error| Fault { code: error.code.as_str(), message: &error.message });
    line(&Last { done: ended.is_none(), sums: sums(sum), error }).into()
}

fn line(value: &impl Serialize) -> Vec<u8> {
    let mut text = serde_json::to_vec(value).unwrap_or_default();
    text.push(b'\n');
    text
}
