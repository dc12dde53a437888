//! Lanes: what many small requests of one source bring is written together, and each is answered once it is committed.
//!
//! Each source has a lane of its own: a queue bounded in records and bytes, and at most one worker, which writes what waits in
//! one transaction. A source that is slow or stuck fills its own queue and nobody else's. What was queued is written even if
//! whoever brought it went away; what a failing database did not take is answered with the fault and kept nowhere. What comes
//! is made ready by whoever brings it, while the database writes what came before.
//!
//! Not here: what a record is, how it is written ([`super::intake`]), who may bring it.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::{Notify, Semaphore, oneshot};

use super::intake::{Extra, Intake};
use super::lines::Item;
use super::prepare::{Ordinals, Ready};
use super::report::{FlushReport, envelope_of};
use crate::database::Dialect;
use crate::error::{Code, Error, Result};

/// What a record takes beside its payload once it is made ready, about, in bytes.
const OVERHEAD: usize = 2_048;

/// So many bytes are written at a time, however few records they are: a transaction has them several times over.
const GROUP_BYTES: usize = 4 << 20;

/// How often a stop looks whether all is written.
const LOOK: Duration = Duration::from_millis(20);

/// How much may wait.
#[derive(Debug, Clone, Copy)]
pub struct LaneSettings {
    /// Records of one source.
    pub records: usize,
    /// Their bytes.
    pub bytes: usize,
    /// Sources that write at once on PostgreSQL.
    pub writers: u32,
}

/// The lanes of all sources. Cheap to clone.
#[derive(Clone)]
pub struct Lanes(Arc<Inner>);

struct Inner {
    intake: Intake,
    settings: LaneSettings,
    writers: Semaphore,
    lanes: Mutex<HashMap<String, Arc<Lane>>>,
}

#[derive(Default)]
struct Lane {
    queue: Mutex<Queue>,
    /// Told when something was written.
    room: Notify,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    /// Of what waits and what is being written.
    records: usize,
    bytes: usize,
    working: bool,
}

struct Waiting {
    items: Vec<Item>,
    ready: Vec<Ready>,
    /// Hashes of the records that no key tells apart.
    keyless: Vec<u64>,
    bytes: usize,
    answer: oneshot::Sender<Result<FlushReport>>,
}

/// Records that are ready to be written.
struct Made {
    items: Vec<Item>,
    ready: Vec<Ready>,
}

type Answer = oneshot::Receiver<Result<FlushReport>>;

impl Lanes {
    /// After so many seconds it is worth asking a full lane again.
    pub const RETRY_SECONDS: u64 = 1;

    /// Lanes into this intake.
    pub fn new(intake: Intake, settings: LaneSettings) -> Self {
        let writers = match intake.database().dialect() {
            Dialect::Sqlite => 1,
            // One connection stays for whoever else writes.
            Dialect::Postgres => settings.writers.min(intake.database().writers().saturating_sub(1)).max(1),
        };
        Self(Arc::new(Inner { intake, settings, writers: Semaphore::new(writers as usize), lanes: Mutex::default() }))
    }

    /// Takes records of a source: done once they are committed. A full queue is refused as `RATE_LIMITED`, to be tried again
    /// in [`Self::RETRY_SECONDS`].
    pub async fn take(&self, source: &str, items: Vec<Item>) -> Result<FlushReport> {
        if items.is_empty() {
            return Ok(FlushReport::default());
        }
        let made = self.make(items).await?;
        match self.queue(&self.lane(source), made) {
            Ok(answer) => committed(answer).await,
            Err(_) => Err(Error::new(
                Code::RateLimited,
                "More of this source waits to be written than may wait (doors.queue_records, doors.queue_bytes). Send it again \
                 in a moment.",
            )),
        }
    }

    /// The same for who can wait for room: a stream.
    pub async fn take_in_turn(&self, source: &str, items: Vec<Item>) -> Result<FlushReport> {
        if items.is_empty() {
            return Ok(FlushReport::default());
        }
        let mut made = self.make(items).await?;
        let lane = self.lane(source);
        loop {
            let room = lane.room.notified();
            let mut room = std::pin::pin!(room);
            room.as_mut().enable();
            match self.queue(&lane, made) {
                Ok(answer) => return committed(answer).await,
                Err(back) => made = back,
            }
            room.await;
        }
    }

    /// Done when nothing waits any more: a stop waits for it.
    pub async fn drained(&self) {
        let busy = |lane: &Arc<Lane>| lane.queue().records > 0;
        while lock(&self.0.lanes).values().any(busy) {
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Records of a source that wait or are being written.
    pub fn waiting(&self, source: &str) -> usize {
        lock(&self.0.lanes).get(source).map_or(0, |lane| lane.queue().records)
    }

    fn lane(&self, source: &str) -> Arc<Lane> {
        let mut lanes = lock(&self.0.lanes);
        if let Some(lane) = lanes.get(source) {
            return lane.clone();
        }
        lanes.entry(source.to_owned()).or_default().clone()
    }

    /// Makes records ready for their transaction.
    async fn make(&self, items: Vec<Item>) -> Result<Made> {
        let sources = self.0.intake.sources(&items).await?;
        let ready = self.0.intake.maker(&sources).make(&items, &HashMap::new(), &mut Ordinals::new());
        Ok(Made { items, ready })
    }

    /// Puts records into the queue; back, if there is no room. An empty queue has room for anything.
    fn queue(&self, lane: &Arc<Lane>, made: Made) -> std::result::Result<Answer, Made> {
        let Made { items, ready } = made;
        let bytes = items.iter().map(|item| envelope_of(item).payload.len() + OVERHEAD).sum::<usize>();
        let keyless =
            items.iter().map(envelope_of).filter(|record| record.key.is_none() && record.dedupe_key.is_none());
        let keyless = keyless.map(|record| hash(&record.payload)).collect();
        let settings = &self.0.settings;
        let mut queue = lane.queue();
        let over = queue.records + items.len() > settings.records || queue.bytes + bytes > settings.bytes;
        if over && queue.records > 0 {
            return Err(Made { items, ready });
        }
        let (answer, answered) = oneshot::channel();
        queue.records += items.len();
        queue.bytes += bytes;
        queue.waiting.push_back(Waiting { items, ready, keyless, bytes, answer });
        if !queue.working {
            queue.working = true;
            tokio::spawn(self.clone().work(lane.clone()));
        }
        Ok(answered)
    }

    /// Writes what waits until nothing does.
    async fn work(self, lane: Arc<Lane>) {
        loop {
            // What comes while others write goes into the same transaction.
            let Ok(place) = self.0.writers.acquire().await else { return };
            let Some(group) = lane.group(self.0.intake.settings().batch) else { return };
            let (mut items, mut ready, mut bytes) = (Vec::new(), Vec::new(), 0);
            let mut parts = Vec::with_capacity(group.len());
            for waiting in group {
                parts.push((waiting.items.len(), waiting.answer));
                bytes += waiting.bytes;
                items.extend(waiting.items);
                ready.extend(waiting.ready);
            }
            let reports = self.write(&items, ready, parts.iter().map(|(count, _)| *count)).await;
            drop(place);
            lane.done(items.len(), bytes);
            for ((_, answer), report) in parts.into_iter().zip(reports) {
                // Whoever went away is not told; what they brought is kept.
                let _ = answer.send(report);
            }
        }
    }

    /// Writes the parts together; one that makes the others fail is found by writing each alone.
    async fn write(
        &self,
        items: &[Item],
        ready: Vec<Ready>,
        counts: impl Iterator<Item = usize> + Clone,
    ) -> Vec<Result<FlushReport>> {
        let many = counts.clone().nth(1).is_some();
        match self.flush(items, ready).await {
            Ok(report) => ranges(counts).map(|range| Ok(report.part(items, range))).collect(),
            // Alone it would fail just the same.
            Err(error) if !many || error.code == Code::Unavailable => counts.map(|_| Err(error.clone())).collect(),
            Err(_) => {
                let mut reports = Vec::new();
                for range in ranges(counts) {
                    reports.push(self.flush(&items[range], Vec::new()).await);
                }
                reports
            }
        }
    }

    async fn flush(&self, items: &[Item], ready: Vec<Ready>) -> Result<FlushReport> {
        let flushed = self.0.intake.run(items, ready, false, &[], Extra::default());
        // A lane whose worker ended by a panic would be stuck for ever.
        AssertUnwindSafe(flushed).catch_unwind().await.unwrap_or_else(|_| Err(Error::internal("a flush panicked")))
    }
}

fn hash(payload: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    payload.hash(&mut hasher);
    hasher.finish()
}

fn ranges(counts: impl Iterator<Item = usize>) -> impl Iterator<Item = std::ops::Range<usize>> {
    counts.scan(0, |start, count| {
        let range = *start..*start + count;
        *start = range.end;
        Some(range)
    })
}

async fn committed(answer: Answer) -> Result<FlushReport> {
    answer.await.unwrap_or_else(|_| Err(Error::unavailable("the server stopped before it was written")))
}

impl Lane {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        lock(&self.queue)
    }

    /// The next to be written together: whole requests, at least one. None: the worker is done.
    ///
    /// Equal records without a key count as several within a flush. Of two requests they are a repetition, which a sender
    /// makes that heard nothing: they are not written together.
    fn group(&self, most: usize) -> Option<Vec<Waiting>> {
        let mut queue = self.queue();
        let (mut group, mut count, mut bytes) = (Vec::new(), 0, 0);
        let mut met = HashSet::new();
        while let Some(next) = queue.waiting.pop_front() {
            let repeats = next.keyless.iter().any(|hash| met.contains(hash));
            let over = count + next.items.len() > most || bytes + next.bytes > GROUP_BYTES;
            if count > 0 && (repeats || over) {
                queue.waiting.push_front(next);
                break;
            }
            count += next.items.len();
            bytes += next.bytes;
            met.extend(next.keyless.iter().copied());
            group.push(next);
        }
        queue.working = !group.is_empty();
        queue.working.then_some(group)
    }

    fn done(&self, records: usize, bytes: usize) {
        let mut queue = self.queue();
        queue.records -= records;
        queue.bytes -= bytes;
        drop(queue);
        self.room.notify_waiters();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::lines::Origin;

    fn waiting(count: usize) -> Waiting {
        let items = vec![Ok(Origin::new("web").envelope("events", None, "{}")); count];
        Waiting { items, ready: Vec::new(), keyless: Vec::new(), bytes: 0, answer: oneshot::channel().0 }
    }

    #[test]
    fn requests_are_written_together_up_to_a_transaction() {
        let lane = Lane::default();
        lane.queue().waiting.extend([2, 3, 1, 90, 1].map(waiting));
        let mut sizes = Vec::new();
        while let Some(group) = lane.group(6) {
            sizes.push(group.iter().map(|one| one.items.len()).collect::<Vec<_>>());
        }
        // One that is larger than a transaction goes alone; none is torn.
        assert_eq!(sizes, [vec![2, 3, 1], vec![90], vec![1]]);
        assert!(!lane.queue().working);
    }

    #[test]
    fn large_requests_are_not_written_together() {
        let lane = Lane::default();
        lane.queue()
            .waiting
            .extend([1, GROUP_BYTES / 2, GROUP_BYTES / 2, 1].map(|bytes| Waiting { bytes, ..waiting(1) }));
        let mut sizes = Vec::new();
        while let Some(group) = lane.group(6) {
            sizes.push(group.len());
        }
        assert_eq!(sizes, [2, 2]);
    }

    #[test]
    fn a_repetition_without_a_key_waits_for_the_first() {
        let lane = Lane::default();
        let keyless = |hash| Waiting { keyless: vec![hash], ..waiting(1) };
        lane.queue().waiting.extend([keyless(1), keyless(2), keyless(1), keyless(3)]);
        let mut sizes = Vec::new();
        while let Some(group) = lane.group(6) {
            sizes.push(group.len());
        }
        assert_eq!(sizes, [2, 2]);
    }

    #[test]
    fn parts_follow_each_other() {
        assert_eq!(ranges([2, 1, 3].into_iter()).collect::<Vec<_>>(), [0..2, 2..3, 3..6]);
    }
}
