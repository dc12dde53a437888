//! The intake: takes envelopes from whatever door, and writes them in transactions of a bounded size, each tried again when
//! another writer was in the way.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::Utc;
use uuid::Uuid;

use super::begun::Begun;
use super::delivery::{self, Mark};
use super::envelope::Envelope;
use super::flush::{self, Done, Keep, Way};
use super::keepable::keepable;
use super::keyring::Keyring;
use super::lines::Item;
use super::pause::Pauses;
use super::prepare::{Maker, Ordinals, Ready};
use super::report::{FlushReport, count, envelope_of};
pub use super::settings::IntakeSettings;
use super::slots::Slots;
use super::source::{Source, SourceError, Sources};
use super::watch::Told;
use super::{staff, store};
use crate::database::{Database, Dialect, Met, refuses_a_value};
use crate::error::{Code, Error, Result};
use crate::identity::decide::Rules;
use crate::meter::{Door, Meter};

/// Takes envelopes and writes the graph. Cheap to clone.
#[derive(Clone)]
pub struct Intake {
    inner: Arc<Inner>,
    /// A bulk import: in which tables it met rows that were there.
    bulk: Option<Arc<Met>>,
    hasty: bool,
    /// It writes what nobody else does, beside the graph: a rebuild.
    alone: bool,
    door: Door,
}

struct Inner {
    database: Database,
    sources: Sources,
    rules: Arc<Rules>,
    settings: IntakeSettings,
    /// Sources as they were read and written to the database.
    known: Mutex<HashMap<String, Arc<Source>>>,
    pauses: Pauses,
    told: Told,
    meter: Arc<Meter>,
    /// So many records fit a tenth of a second on SQLite.
    fitting: AtomicUsize,
    /// Held while a piece is written in parts.
    parting: tokio::sync::Mutex<()>,
}

const TRIES: u32 = 4;

/// What only some flushes have.
#[derive(Clone, Copy, Default)]
pub(super) struct Extra<'a> {
    /// What is locked for it.
    pub held: Option<&'a Slots>,
    /// The transaction that was begun for it.
    pub begun: Option<&'a Begun>,
    /// What is answered to the request that it came by.
    pub answered: Option<&'a entity::idempotency_key::Model>,
    /// How far its file is read with it.
    pub noted: Option<&'a entity::import_progress::Model>,
    /// The records that are tried again were taken before, and are to be placed once more.
    pub taken: bool,
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
            told: Told::default(),
            meter: Arc::default(),
            fitting: AtomicUsize::new(200),
            parting: tokio::sync::Mutex::default(),
        };
        Self { inner: Arc::new(inner), bulk: None, hasty: false, alone: false, door: Door::default() }
    }

    /// The same intake for a bulk import: large transactions that do not wait for the disk, and what only readers need is
    /// left to the end.
    pub(super) fn in_bulk(&self) -> Self {
        Self { bulk: Some(Arc::default()), hasty: true, ..self.clone() }
    }

    /// The same intake of kept records into a graph that is nobody else's yet.
    pub(super) fn alone_over(&self, database: Database) -> Self {
        let Inner { sources, rules, settings, .. } = &*self.inner;
        let other = Self::new(database, sources.clone(), Rules::clone(rules), settings.clone());
        Self { alone: true, ..other }
    }

    /// The same intake, each of its transactions on the disk when it is done: for doors that tell the sender what was kept.
    pub(super) fn durable(&self) -> Self {
        Self { hasty: false, ..self.clone() }
    }

    /// The same intake as a door sees it: what comes through it is counted as that door's.
    #[must_use]
    pub fn through(&self, door: Door) -> Self {
        Self { door, ..self.clone() }
    }

    /// Where what happens is counted.
    pub fn meter(&self) -> &Arc<Meter> {
        &self.inner.meter
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

    /// Whether it is that of a bulk import.
    pub(super) fn is_bulk(&self) -> bool {
        self.bulk.is_some()
    }

    /// Whether its transactions need not wait for the disk.
    pub(super) fn is_hasty(&self) -> bool {
        self.hasty
    }

    /// The turn of those who write in parts: one at a time.
    pub(super) fn parting(&self) -> &tokio::sync::Mutex<()> {
        &self.inner.parting
    }

    /// What is known of pauses.
    pub(super) fn pauses(&self) -> &Pauses {
        &self.inner.pauses
    }

    /// What the log was told of silent sources.
    pub(super) fn told(&self) -> &Told {
        &self.inner.told
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
        self.flush_together(&mut items.into()).await
    }

    /// Takes all or nothing: if anything is refused, nothing of the transaction is written.
    pub async fn flush_strictly(&self, items: Vec<Item>) -> Result<FlushReport> {
        self.flush_piece(items.into(), true, None).await
    }

    /// Takes one item strictly, and keeps in the same transaction what is answered to its request, if it came by one.
    /// Nothing is written, and nothing counted, if the request's key was used meanwhile.
    pub(super) async fn flush_answered(
        &self,
        item: Item,
        answered: Option<&entity::idempotency_key::Model>,
    ) -> Result<FlushReport> {
        let extra = Extra { answered, ..Extra::default() };
        self.through(Door::Staff).run(&[item], Vec::new(), true, &[], extra).await
    }

    /// Tries refused records again, which keep their ids: those that are refused again stay as they are. Or places records again
    /// that were `taken`.
    pub(super) async fn retry(&self, items: &[Item], replaces: &[Uuid], taken: bool) -> Result<FlushReport> {
        let extra = Extra { taken, ..Extra::default() };
        self.through(Door::Replay).run(items, Vec::new(), false, replaces, extra).await
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
        let kept = keepable(items, &mut ahead);
        let items: &[Item] = &kept;
        let sources = self.sources(items).await?;
        let mut way = Way {
            database: &self.inner.database,
            maker: &self.maker(&sources),
            rules: &self.inner.rules,
            keep: if strict { Keep::AllOrNothing } else { Keep::Possible },
            bulk: self.bulk.as_deref(),
            held: extra.held,
            begun: extra.begun,
            answered: extra.answered,
            noted: None,
            deliveries: &[],
            taken: extra.taken,
            hasty: self.hasty,
            alone: self.alone,
        };
        let mut report = FlushReport::default();
        let mut ordinals = Ordinals::new();
        let mut rest = items;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(self.size(strict).min(rest.len()));
            let before = Instant::now();
            let start = items.len() - rest.len();
            let replaced = replaces.get(start..start + now.len()).unwrap_or_default();
            way.noted = extra.noted.filter(|_| later.is_empty());
            way.deliveries = delivery::ending(extra.deliveries, start..start + now.len());
            let rest_ahead = ahead.split_off(now.len().min(ahead.len()));
            let done =
                self.write(&way, now, std::mem::replace(&mut ahead, rest_ahead), replaced, &mut ordinals).await?;
            let written = done.written;
            if written {
                self.inner.meter.flushed(self.door, before.elapsed());
                // What was taken before was counted then.
                if !extra.taken {
                    count(&self.inner.meter, self.door, now, &done);
                }
            }
            report.add(now, start, done);
            // What is locked for us is locked for those who waited, too.
            if written && extra.held.is_none() {
                self.wake(&mut report).await;
            }
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

    pub(super) async fn write(
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
}

fn unusable(error: &SourceError) -> Error {
    let code = if matches!(error, SourceError::Unknown { .. }) { Code::NotFound } else { Code::BadUserInput };
    Error::new(code, error.to_string())
}
