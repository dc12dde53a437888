//! The intake: takes envelopes from whatever door, and writes them in transactions of a bounded size, each tried again when
//! another writer was in the way.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::Utc;
use uuid::Uuid;

use super::delivery::Mark;
use super::envelope::{Envelope, Reject, RejectCode};
use super::files::Piece;
use super::flush::{self, Done, Keep, Way};
use super::keyring::Keyring;
use super::lines::{Item, MAX_LINE, Rejected};
use super::parts::PARTS;
use super::pause::Pauses;
use super::prepare::{Maker, Ordinals, Ready};
use super::report::{FlushReport, envelope_of};
use super::slots::Slots;
use super::source::{Source, SourceError, Sources};
use super::{staff, store};
use crate::database::{Database, Dialect, Met, refuses_a_value};
use crate::error::{Code, Error, Result};
use crate::identity::decide::Rules;

/// How the intake works.
#[derive(Debug, Clone)]
pub struct IntakeSettings {
    /// Country of phone numbers where neither the record nor its source names one.
    pub default_country: Option<String>,
    /// The most records of one transaction.
    pub batch: usize,
    /// The most records of one transaction of a bulk import.
    pub bulk_batch: usize,
    /// The longest that a tap's record waits for its transaction.
    pub flush_after: Duration,
    /// The longest line that is read, in bytes.
    pub line_bytes: usize,
    /// What its sources prove themselves with.
    pub keyring: Keyring,
}

impl Default for IntakeSettings {
    fn default() -> Self {
        Self {
            default_country: None,
            batch: 500,
            bulk_batch: 5_000,
            flush_after: Duration::from_secs(1),
            line_bytes: MAX_LINE,
            keyring: Keyring::default(),
        }
    }
}

/// Takes envelopes and writes the graph. Cheap to clone.
#[derive(Clone)]
pub struct Intake {
    inner: Arc<Inner>,
    /// A bulk import: in which tables it met rows that were there.
    bulk: Option<Arc<Met>>,
    hasty: bool,
}

struct Inner {
    database: Database,
    sources: Sources,
    rules: Arc<Rules>,
    settings: IntakeSettings,
    /// Sources as they were read and written to the database.
    known: Mutex<HashMap<String, Arc<Source>>>,
    pauses: Pauses,
    /// So many records fit a tenth of a second on SQLite.
    fitting: AtomicUsize,
}

const TRIES: u32 = 4;

/// Below this the locks of the parts cost more than they save.
const WORTH_PARTING: usize = 1_000;

/// What only some flushes have.
#[derive(Clone, Copy, Default)]
pub(super) struct Extra<'a> {
    /// What is locked for it.
    pub held: Option<&'a Slots>,
    /// What is answered to the request that it came by.
    pub answered: Option<&'a entity::idempotency_key::Model>,
    /// The deliveries that the items are, in their order.
    pub deliveries: &'a [Mark],
}

impl Intake {
    /// The intake of these sources into this database.
    pub fn new(database: Database, sources: Sources, rules: Rules, settings: IntakeSettings) -> Self {
        let inner = Inner {
            database,
            sources,
            rules: Arc::new(rules),
            settings,
            known: Mutex::default(),
            pauses: Pauses::default(),
            fitting: AtomicUsize::new(200),
        };
        Self { inner: Arc::new(inner), bulk: None, hasty: false }
    }

    /// The same intake for a bulk import: large transactions that do not wait for the disk, and what only readers need is
    /// left to the end.
    pub(super) fn in_bulk(&self) -> Self {
        Self { inner: self.inner.clone(), bulk: Some(Arc::default()), hasty: true }
    }

    /// The same intake, each of its transactions on the disk when it is done: for doors that tell the sender what was kept.
    pub(super) fn durable(&self) -> Self {
        Self { inner: self.inner.clone(), bulk: self.bulk.clone(), hasty: false }
    }

    /// How it works.
    pub(super) fn settings(&self) -> &IntakeSettings {
        &self.inner.settings
    }

    /// What its sources prove themselves with.
    pub fn keyring(&self) -> &Keyring {
        &self.inner.settings.keyring
    }

    /// The database below.
    pub fn database(&self) -> &Database {
        &self.inner.database
    }

    /// What is known of pauses.
    pub(super) fn pauses(&self) -> &Pauses {
        &self.inner.pauses
    }

    /// The countries that national phone numbers are read with: the installation's, then those of the declared sources.
    pub fn countries(&self) -> Vec<String> {
        let sources = self.inner.sources.iter().filter_map(|source| source.default_country.clone());
        self.inner.settings.default_country.iter().cloned().chain(sources).collect()
    }

    /// Takes envelopes: all that can be taken is written, what cannot is kept as refused.
    pub async fn flush(&self, envelopes: Vec<Envelope>) -> Result<FlushReport> {
        self.flush_items(envelopes.into_iter().map(Ok).collect()).await
    }

    /// Takes what a reader gave: envelopes, and lines that it refused.
    pub async fn flush_items(&self, items: Vec<Item>) -> Result<FlushReport> {
        self.flush_piece(items.into(), false).await
    }

    /// Takes all or nothing: if anything is refused, nothing of the transaction is written.
    pub async fn flush_strictly(&self, items: Vec<Item>) -> Result<FlushReport> {
        self.flush_piece(items.into(), true).await
    }

    /// Takes a piece of a file, all or nothing of it if that is strict.
    pub(super) async fn flush_piece(&self, piece: Piece, strict: bool) -> Result<FlushReport> {
        // The claim and the locks take a connection each.
        let enough = self.inner.database.writers() as usize >= PARTS + 2;
        if self.bulk.is_some() && !strict && enough && piece.items.len() >= WORTH_PARTING {
            return self.flush_parts(piece).await;
        }
        self.run(&piece.items, piece.ready, strict, &[], Extra::default()).await
    }

    /// Takes one item strictly, and keeps in the same transaction what is answered to its request, if it came by one.
    /// Nothing is written, and nothing counted, if the request's key was used meanwhile.
    pub(super) async fn flush_answered(
        &self,
        item: Item,
        answered: Option<&entity::idempotency_key::Model>,
    ) -> Result<FlushReport> {
        self.run(&[item], Vec::new(), true, &[], Extra { answered, ..Extra::default() }).await
    }

    /// Tries refused records again, which keep their ids: those that are refused again stay as they are.
    pub(super) async fn retry(&self, items: &[Item], replaces: &[Uuid]) -> Result<FlushReport> {
        self.run(items, Vec::new(), false, replaces, Extra::default()).await
    }

    /// The declared sources.
    pub fn declared(&self) -> impl Iterator<Item = &Source> {
        self.inner.sources.iter()
    }

    /// Writes every declared source to the database, so that one that never delivers is seen to be silent.
    pub async fn declare(&self) -> Result<()> {
        for source in self.inner.sources.iter() {
            self.source(&source.key).await?;
        }
        Ok(())
    }

    /// The source of that key, read once and written to the database.
    pub async fn source(&self, key: &str) -> Result<Arc<Source>> {
        if let Some(known) = self.known().get(key) {
            return Ok(known.clone());
        }
        let source = if key == staff::KEY {
            staff::source()?
        } else {
            self.inner.sources.find(key).map_err(|error| unusable(&error))?
        };
        let source = Arc::new(source);
        self.register(&source).await?;
        self.known().insert(key.to_owned(), source.clone());
        Ok(source)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<Source>>> {
        self.inner.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn register(&self, source: &Source) -> Result<()> {
        let now = Utc::now();
        let row = entity::source::Model {
            key: source.key.clone(),
            id: crate::catalogue::id("source", &source.key),
            silo: source.silo.to_owned(),
            name: source.name.clone(),
            mapping: source.mapping.key.clone(),
            mapping_version: source.mapping.version,
            priority: source.priority,
            default_country: source.default_country.clone(),
            expected_every_seconds: source.expected_every_seconds,
            last_record_at: None,
            paused_at: None,
            paused_by: None,
            pause_reason: None,
            created_at: now,
        };
        let mut tx = self.inner.database.begin().await?;
        store::put_source(&mut tx, &row).await?;
        tx.commit().await
    }

    /// The sources of these items, by their keys.
    pub(super) async fn sources(&self, items: &[Item]) -> Result<HashMap<String, Arc<Source>>> {
        let mut sources = HashMap::new();
        for envelope in items.iter().map(envelope_of) {
            if !sources.contains_key(&envelope.source) {
                sources.insert(envelope.source.clone(), self.source(&envelope.source).await?);
            }
        }
        Ok(sources)
    }

    /// What makes their records ready.
    pub(super) fn maker<'a>(&'a self, sources: &'a HashMap<String, Arc<Source>>) -> Maker<'a> {
        Maker { sources, default_country: self.inner.settings.default_country.as_deref() }
    }

    /// Writes items in transactions of a bounded size.
    pub(super) async fn run(
        &self,
        items: &[Item],
        mut ahead: Vec<Ready>,
        strict: bool,
        replaces: &[Uuid],
        extra: Extra<'_>,
    ) -> Result<FlushReport> {
        let sources = self.sources(items).await?;
        let mut way = Way {
            database: &self.inner.database,
            maker: &self.maker(&sources),
            rules: &self.inner.rules,
            keep: if strict { Keep::AllOrNothing } else { Keep::Possible },
            bulk: self.bulk.as_deref(),
            held: extra.held,
            answered: extra.answered,
            deliveries: &[],
            hasty: self.hasty,
        };
        let mut report = FlushReport::default();
        let mut ordinals = Ordinals::new();
        let mut rest = items;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(self.size(strict).min(rest.len()));
            let before = Instant::now();
            let start = items.len() - rest.len();
            let replaced = replaces.get(start..start + now.len()).unwrap_or_default();
            let ended = |mark: &Mark| (start + 1..=start + now.len()).contains(&mark.end);
            let first = extra.deliveries.partition_point(|mark| mark.end <= start);
            let count = extra.deliveries[first..].iter().take_while(|mark| ended(mark)).count();
            way.deliveries = &extra.deliveries[first..first + count];
            let rest_ahead = ahead.split_off(now.len().min(ahead.len()));
            let done =
                self.write(&way, now, std::mem::replace(&mut ahead, rest_ahead), replaced, &mut ordinals).await?;
            let written = done.written;
            report.add(now, start, done);
            if !written {
                break;
            }
            rest = later;
            self.breathe(now.len(), before.elapsed()).await;
        }
        Ok(report)
    }

    /// How many records go into the next transaction.
    fn size(&self, strict: bool) -> usize {
        let settings = &self.inner.settings;
        match (self.bulk.is_some(), self.inner.database.dialect()) {
            (true, _) => settings.bulk_batch,
            (false, Dialect::Sqlite) if !strict => self.inner.fitting.load(Ordering::Relaxed).min(settings.batch),
            _ => settings.batch,
        }
    }

    /// On SQLite everyone waits for the one writer: a transaction takes a tenth of a second, and then others have a turn.
    async fn breathe(&self, count: usize, took: Duration) {
        if self.bulk.is_some() || self.inner.database.dialect() == Dialect::Postgres {
            return;
        }
        if took > Duration::from_millis(90) {
            self.inner.fitting.store((count * 2 / 3).max(25), Ordering::Relaxed);
        } else if took < Duration::from_millis(50) && count >= self.inner.fitting.load(Ordering::Relaxed) {
            self.inner.fitting.store((count * 5 / 4 + 1).min(self.inner.settings.batch), Ordering::Relaxed);
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }

    async fn write(
        &self,
        way: &Way<'_>,
        items: &[Item],
        mut ahead: Vec<Ready>,
        replaces: &[Uuid],
        ordinals: &mut Ordinals,
    ) -> Result<Done> {
        let mut tries = 0;
        loop {
            match flush::flush(way, items, std::mem::take(&mut ahead), replaces, ordinals).await {
                Err(error) if error.code == Code::Unavailable && tries + 1 < TRIES => {
                    tries += 1;
                    tracing::debug!(
                        tries,
                        cause = error.cause().map(tracing::field::display),
                        "a flush is tried again"
                    );
                    tokio::time::sleep(Duration::from_millis(u64::from(20 * tries * tries))).await;
                }
                Err(error) if refuses_a_value(&error) => {
                    return self.apart(way, items, replaces, ordinals, error).await;
                }
                other => return other,
            }
        }
    }

    /// Finds the record whose value the database cannot keep: the others are written without it.
    async fn apart(
        &self,
        way: &Way<'_>,
        items: &[Item],
        replaces: &[Uuid],
        ordinals: &mut Ordinals,
        error: Error,
    ) -> Result<Done> {
        if way.keep == Keep::AllOrNothing {
            let position = culprit(way, items, ordinals).await?;
            let mut items = items.to_vec();
            items[position] = refused(&items[position], error)?;
            return flush::flush(way, &items, Vec::new(), replaces, ordinals).await;
        }
        if let [item] = items {
            return flush::flush(way, &[refused(item, error)?], Vec::new(), replaces, ordinals).await;
        }
        let middle = items.len() / 2;
        let (first, second) = items.split_at(middle);
        let (first_ids, second_ids) = replaces.split_at(middle.min(replaces.len()));
        // A delivery is noted with its last record.
        let before = Way { deliveries: &[], ..*way };
        let mut done = Box::pin(self.write(&before, first, Vec::new(), first_ids, ordinals)).await?;
        let rest = Box::pin(self.write(way, second, Vec::new(), second_ids, ordinals)).await?;
        done.outcomes.extend(rest.outcomes);
        Ok(done)
    }
}

/// The position of the record whose value the database cannot keep, found without writing anything.
async fn culprit(way: &Way<'_>, items: &[Item], ordinals: &Ordinals) -> Result<usize> {
    let trial = Way { keep: Keep::Nothing, ..*way };
    let (mut start, mut end) = (0, items.len());
    while end - start > 1 {
        let middle = start.midpoint(end);
        match flush::flush(&trial, &items[start..middle], Vec::new(), &[], &mut ordinals.clone()).await {
            Ok(_) => start = middle,
            Err(error) if refuses_a_value(&error) => end = middle,
            Err(error) => return Err(error),
        }
    }
    Ok(start)
}

/// The same record, refused for what the database cannot keep.
fn refused(item: &Item, error: Error) -> Result<Item> {
    let Ok(envelope) = item else { return Err(error) };
    let reason = "The database cannot keep a value of this record: it is too large. Shorten it, or leave it out.";
    let reject = Reject::new(RejectCode::TooLarge, reason);
    Ok(Err(Rejected { line: 0, envelope: envelope.clone(), reject }))
}

fn unusable(error: &SourceError) -> Error {
    let code = if matches!(error, SourceError::Unknown { .. }) { Code::NotFound } else { Code::BadUserInput };
    Error::new(code, error.to_string())
}
