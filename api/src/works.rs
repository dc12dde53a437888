//! The intake as those see it who may work on it through GraphQL: each call is bounded, so that none outlives its request.

use std::time::Duration;

use uuid::Uuid;

use crate::access::{Effect, Replayed, Which, Works};
use crate::error::{Code, Error, Result};
use crate::ingest::intake::Intake;
use crate::ingest::rejected::{self, Bounds, Selection};

/// A call that replays begins nothing more after this time: well within `http.request_seconds`.
const REPLAY: Duration = Duration::from_secs(5);

/// The works of an intake.
pub struct IntakeWorks(pub Intake);

fn selection(which: Which) -> Selection {
    match which {
        Which::Records(ids) => Selection::records(ids),
        Which::OfSource { source, stream, code } => Selection::of_source(source, stream, code),
    }
}

/// The sentence about an unknown source is for whoever runs the server; a client is told by the field.
fn told<T>(result: Result<T>) -> Result<T> {
    result.map_err(|error| match error.code {
        Code::NotFound => Error::not_found("There is no such `source`."),
        _ => error,
    })
}

impl Works for IntakeWorks {
    fn pause(&self, source: String, by: String, reason: String) -> Effect<'_, bool> {
        Box::pin(async move { self.0.pause(&source, &by, &reason).await })
    }

    fn resume(&self, source: String) -> Effect<'_, bool> {
        Box::pin(async move { self.0.resume(&source).await })
    }

    fn replay(&self, which: Which, most: usize, after: i64) -> Effect<'_, Replayed> {
        Box::pin(async move {
            let bounds = Bounds { after, most, time: REPLAY };
            let report = told(rejected::replay(&self.0, &selection(which), bounds).await)?;
            Ok(Replayed {
                taken: report.taken,
                superseded: report.superseded,
                waiting: report.waiting,
                rejected: report.rejected.len(),
                remaining: report.remaining,
                next: report.next,
            })
        })
    }

    fn discard(&self, which: Which, most: u32, by: String, reason: String) -> Effect<'_, (u64, i64)> {
        Box::pin(async move { told(rejected::discard(&self.0, &selection(which), most, &by, &reason).await) })
    }

    fn restore(&self, records: Vec<Uuid>) -> Effect<'_, u64> {
        Box::pin(async move { rejected::restore(&self.0, records).await })
    }
}
