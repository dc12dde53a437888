//! Lanes: what many small requests of one source bring is written together, and each is answered once it is committed.
//!
//! Each source has a lane of its own: a queue bounded in records and bytes, and at most one worker, which writes what waits
//! together: in one transaction, or on PostgreSQL in a few at once. A source that is slow or stuck fills its own queue and
//! nobody else's. What was queued is written even if whoever brought it went away; what a failing database did not take is
//! answered with the fault and kept nowhere. What comes is made ready by whoever brings it, while the database writes what came
//! before.
//!
//! Not here: what a record is, how it is written ([`super::intake`]), who may bring it.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::{Notify, Semaphore, oneshot};

use super::delivery::Mark;
use super::files::Piece;
use super::intake::{Extra, Intake};
use super::lines::Item;
use super::prepare::{Ordinals, Ready};
use super::report::{FlushReport, envelope_of};
use crate::database::Dialect;
use crate::error::{Code, Error, Result};
use crate::meter::Door;

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
    made: Made,
    /// Hashes of the records that no key tells apart, and of the ids of deliveries.
    once: Vec<u64>,
    bytes: usize,
    answer: oneshot::Sender<Result<FlushReport>>,
}

/// Records that are ready to be written, and the deliveries that they are.
#[derive(Default)]
struct Made {
    door: Door,
    items: Vec<Item>,
    ready: Vec<Ready>,
    marks: Vec<Mark>,
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
    pub async fn take(&self, door: Door, source: &str, items: Vec<Item>) -> Result<FlushReport> {
        self.offer(source, Made { door, items, ..Made::default() }).await
    }

    /// The same with the deliveries that the records are, noted with them. Where there are fewer outcomes than records,
    /// somebody else took one of the deliveries meanwhile, and of what the report does not tell nothing was written.
    pub(super) async fn deliver(&self, source: &str, items: Vec<Item>, marks: Vec<Mark>) -> Result<FlushReport> {
        self.offer(source, Made { door: Door::Hook, items, marks, ..Made::default() }).await
    }

    async fn offer(&self, source: &str, made: Made) -> Result<FlushReport> {
        if made.items.is_empty() {
            return Ok(FlushReport::default());
        }
        let made = self.ready(made).await?;
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
    pub async fn take_in_turn(&self, door: Door, source: &str, items: Vec<Item>) -> Result<FlushReport> {
        if items.is_empty() {
            return Ok(FlushReport::default());
        }
        let mut made = self.ready(Made { door, items, ..Made::default() }).await?;
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

    /// Writes into the meter how long the queues are.
    pub fn measure(&self) {
        for (source, lane) in lock(&self.0.lanes).iter() {
            self.0.intake.meter().queued(source, lane.queue().records);
        }
    }

    /// The intake below.
    pub(super) fn intake(&self) -> &Intake {
        &self.0.intake
    }

    fn lane(&self, source: &str) -> Arc<Lane> {
        let mut lanes = lock(&self.0.lanes);
        if let Some(lane) = lanes.get(source) {
            return lane.clone();
        }
        lanes.entry(source.to_owned()).or_default().clone()
    }

    /// Makes records ready for their transaction.
    async fn ready(&self, made: Made) -> Result<Made> {
        let sources = self.0.intake.sources(&made.items).await?;
        let ready = self.0.intake.maker(&sources).make(&made.items, &HashMap::new(), &mut Ordinals::new());
        Ok(Made { ready, ..made })
    }

    /// Puts records into the queue; back, if there is no room. An empty queue has room for anything.
    fn queue(&self, lane: &Arc<Lane>, made: Made) -> std::result::Result<Answer, Made> {
        let items = &made.items;
        let bytes = items.iter().map(|item| envelope_of(item).payload.len() + OVERHEAD).sum::<usize>();
        let keyless =
            items.iter().map(envelope_of).filter(|record| record.key.is_none() && record.dedupe_key.is_none());
        let ids = made.marks.iter().flat_map(|mark| &mark.ids);
        let once = keyless.map(|record| hash(&record.payload)).chain(ids.map(|id| hash(id))).collect();
        let settings = &self.0.settings;
        let mut queue = lane.queue();
        let over = queue.records + items.len() > settings.records || queue.bytes + bytes > settings.bytes;
        if over && queue.records > 0 {
            return Err(made);
        }
        let (answer, answered) = oneshot::channel();
        queue.records += items.len();
        queue.bytes += bytes;
        queue.waiting.push_back(Waiting { made, once, bytes, answer });
        if !queue.working {
            queue.working = true;
            tokio::spawn(self.clone().work(lane.clone()));
        }
        Ok(answered)
    }

    /// Writes what waits until nothing does.
    async fn work(self, lane: Arc<Lane>) {
        loop {
            // What comes while others write is written together.
            let Ok(place) = self.0.writers.acquire().await else { return };
            let Some(group) = lane.group(self.0.intake.most()) else { return };
            let (mut all, mut bytes) = (Made::default(), 0);
            let mut parts = Vec::with_capacity(group.len());
            for Waiting { made, bytes: more, answer, .. } in group {
                let start = all.items.len();
                parts.push((made.items.len(), answer));
                bytes += more;
                all.door = made.door;
                all.items.extend(made.items);
                all.ready.extend(made.ready);
                all.marks.extend(made.marks.into_iter().map(|mark| Mark { end: mark.end + start, ..mark }));
            }
            let count = all.items.len();
            let reports = self.write(all, parts.iter().map(|(count, _)| *count)).await;
            drop(place);
            lane.done(count, bytes);
            for ((_, answer), report) in parts.into_iter().zip(reports) {
                // Whoever went away is not told; what they brought is kept.
                let _ = answer.send(report);
            }
        }
    }

    /// Writes the parts together; one that makes the others fail, or is being taken elsewhere, is found by writing each alone.
    async fn write(&self, all: Made, counts: impl Iterator<Item = usize> + Clone) -> Vec<Result<FlushReport>> {
        let Made { door, items, ready, marks } = all;
        let many = counts.clone().nth(1).is_some();
        let (count, mut piece) = (items.len(), Piece { items, ready });
        let together = self.flush(door, &mut piece, &marks).await;
        let items = piece.items;
        let written = match &together {
            // Alone it would fail just the same.
            Err(error) if !many || error.code == Code::Unavailable || items.len() < count => {
                return counts.map(|_| Err(error.clone())).collect();
            }
            Err(_) => 0,
            Ok(report) if many => report.origins.len(),
            Ok(_) => items.len(),
        };
        let mut reports = Vec::new();
        for range in ranges(counts) {
            reports.push(match &together {
                Ok(report) if range.end <= written => Ok(report.part(&items, range)),
                _ => {
                    let own = marks.iter().filter(|mark| range.contains(&(mark.end - 1)));
                    let own: Vec<Mark> = own.map(|mark| Mark { end: mark.end - range.start, ..mark.clone() }).collect();
                    self.flush(door, &mut items[range].to_vec().into(), &own).await
                }
            });
        }
        reports
    }

    /// A panic may have lost items of the piece.
    async fn flush(&self, door: Door, piece: &mut Piece, marks: &[Mark]) -> Result<FlushReport> {
        let intake = self.0.intake.through(door);
        let flushed = async {
            if marks.is_empty() {
                return intake.flush_together(piece).await;
            }
            // A delivery is noted with its last record: they stay together.
            let ready = std::mem::take(&mut piece.ready);
            intake.run(&piece.items, ready, false, &[], Extra { deliveries: marks, ..Extra::default() }).await
        };
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
    /// makes that heard nothing, and so are two deliveries of one id: they are not written together. What came through one door
    /// is counted as that door's.
    fn group(&self, most: usize) -> Option<Vec<Waiting>> {
        let mut queue = self.queue();
        let (mut group, mut count, mut bytes) = (Vec::new(), 0, 0);
        let mut met = HashSet::new();
        while let Some(next) = queue.waiting.pop_front() {
            let apart = next.once.iter().any(|hash| met.contains(hash))
                || group.first().is_some_and(|first: &Waiting| first.made.door != next.made.door);
            let over = count + next.made.items.len() > most || bytes + next.bytes > GROUP_BYTES;
            if count > 0 && (apart || over) {
                queue.waiting.push_front(next);
                break;
            }
            count += next.made.items.len();
            bytes += next.bytes;
            met.extend(next.once.iter().copied());
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
mod tests;
