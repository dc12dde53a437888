//! Which records are new: the newest record of each key, and what becomes of those that come.
//!
//! With a version, else the time of the event, the newest wins and an older one is kept as superseded. Without, or where the
//! versions of a key are no times, a record is a repetition only if it equals the latest of its key. The ids of all rows of a
//! key are made from the moment the key was first mentioned, be it by another record.
//!
//! A key that is deleted stays so until something newer comes: of two records of one version, the delete is the last word.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::envelope::Envelope;
use super::id;
use super::prepare::{Content, Prepared};
use super::store::HeadRow;

/// A key: source, stream, key.
pub(super) type HeadKey = (String, String, String);

/// What becomes of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// Its rows are written.
    Applied(Uuid),
    /// Older than what is known; kept as it came.
    Superseded(Uuid),
    /// Known already.
    Repeated,
    /// Refused; kept with its reason.
    Rejected(Uuid),
}

/// The newest record of a key.
struct Head {
    origin_id: Uuid,
    /// The newest record before this flush.
    before: Option<Uuid>,
    /// Whether there was anything of it before this flush.
    was_there: bool,
    record_id: Option<Uuid>,
    version: Option<String>,
    hash: Option<String>,
    deleted: bool,
    /// The newest version of its table that it was seen in.
    sync: Option<i64>,
    dirty: bool,
}

/// The heads that a flush knows.
pub(super) struct Heads {
    known: HashMap<HeadKey, Head>,
    /// Where records stand in the intake: those that are tried again, and the newest of their keys.
    places: HashMap<Uuid, i64>,
    /// Records to be tried again that are not refused any more: someone else was quicker.
    settled: HashSet<Uuid>,
    /// Records of this flush, by their position, in which their key was seen in a newer reading of its table.
    newly: HashSet<usize>,
    /// Records of this flush, by their position, after which the last word of their key was that it is gone.
    gone: HashSet<usize>,
    /// Records that were the newest of their keys until this flush, or until later in it.
    overtaken: Vec<Uuid>,
    /// Records that are kept already.
    met: HashSet<Uuid>,
}

impl Heads {
    /// From what the database has.
    pub fn new(rows: Vec<HeadRow>) -> Self {
        let known = rows
            .into_iter()
            .map(|row| {
                let head = Head {
                    origin_id: row.origin_id,
                    before: row.record_id,
                    was_there: row.record_id.is_some() && !row.deleted,
                    record_id: row.record_id,
                    version: row.version,
                    hash: row.content_hash,
                    deleted: row.deleted,
                    sync: row.sync,
                    dirty: false,
                };
                ((row.source, row.stream, row.key), head)
            })
            .collect();
        let (newly, gone, met) = (HashSet::new(), HashSet::new(), HashSet::new());
        Self { known, places: HashMap::new(), settled: HashSet::new(), newly, gone, overtaken: Vec::new(), met }
    }

    /// The newest records of the known keys.
    pub fn records(&self) -> impl Iterator<Item = Uuid> {
        self.known.values().filter_map(|head| head.record_id)
    }

    /// Where these records stand in the intake.
    pub fn stand(&mut self, places: impl IntoIterator<Item = (Uuid, i64)>) {
        self.places.extend(places);
    }

    /// Notes records that are to be tried again and are not refused any more.
    pub fn settle(&mut self, records: impl IntoIterator<Item = Uuid>) {
        self.settled.extend(records);
    }

    /// Whether a record is not to be tried again after all.
    pub fn is_settled(&self, record: Uuid) -> bool {
        self.settled.contains(&record)
    }

    /// Whether a record is the newest of its key.
    pub fn is_newest(&self, record: &Prepared<'_>, id: Uuid) -> bool {
        let Ok(content) = &record.content else { return false };
        let at = (record.envelope.source.clone(), record.envelope.stream.clone(), content.key.clone());
        self.known.get(&at).is_some_and(|head| head.record_id == Some(id))
    }

    /// Notes whether the key of a record, which was just decided on, is gone now: a later one of the flush may bring it back.
    pub fn note_gone(&mut self, position: usize, record: &Prepared<'_>) {
        let Ok(content) = &record.content else { return };
        if self.is_deleted(&record.envelope.source, &record.envelope.stream, &content.key) {
            self.gone.insert(position);
        }
    }

    /// Whether the key of a record was gone after it.
    pub fn is_gone(&self, position: usize) -> bool {
        self.gone.contains(&position)
    }

    /// The records that another has taken the place of.
    pub fn overtaken(&self) -> &[Uuid] {
        &self.overtaken
    }

    /// Whether the key of a record was seen with it in a newer reading of its table.
    pub fn is_newly_seen(&self, position: usize) -> bool {
        self.newly.contains(&position)
    }

    /// The ids that these records have if they came before: those of the newest version of their key, but otherwise than it.
    pub fn twins(&self, prepared: &[Prepared<'_>]) -> Vec<Uuid> {
        let twin = |record: &Prepared<'_>| {
            let content = record.content.as_ref().ok().filter(|content| content.has_version)?;
            let envelope = record.envelope;
            let head = self.known.get(&(envelope.source.clone(), envelope.stream.clone(), content.key.clone()))?;
            let other = head.version == content.version && head.hash.as_deref() != Some(&record.hash);
            let part = version_part(content.version.as_deref(), &record.hash);
            other.then(|| id::make(time_of(head.origin_id), &envelope.source, &envelope.stream, &content.key, &part))
        };
        prepared.iter().filter_map(twin).collect()
    }

    /// Notes records that are kept.
    pub fn meet(&mut self, records: impl IntoIterator<Item = Uuid>) {
        self.met.extend(records);
    }

    /// Decides on a record. An older version is superseded even if it was kept before; who asks finds out.
    /// `replaces` is the id of the record that is tried again: it keeps that id.
    pub fn decide(&mut self, position: usize, record: &Prepared<'_>, replaces: Option<Uuid>) -> Fate {
        let envelope = record.envelope;
        let received_at = envelope.received_at;
        let (key, version) = match &record.content {
            Ok(content) => (content.key.clone(), content.version.as_deref()),
            Err(_) => (record.refused_key(), None),
        };
        let make = |at, part: &str| id::make(at, &envelope.source, &envelope.stream, &key, part);
        let own = replaces.and_then(|id| self.places.get(&id));
        let head = head(&mut self.known, &envelope.source, &envelope.stream, &key, received_at);
        let deletes = record.deletes();
        let seen = head.see(envelope);
        if seen == Seen::Newly {
            self.newly.insert(position);
        }
        // A message that its sender gave an id of its own is the same message, whatever a repetition adds to it.
        let sent_before =
            record.content.is_ok() && envelope.dedupe_key.as_deref() == Some(&key) && head.record_id.is_some();
        if sent_before || deletes && seen == Seen::Already {
            return Fate::Repeated;
        }
        if head.hash.as_deref() == Some(&record.hash) && head.deleted == deletes {
            // What is newest already and is asked to be placed once more: a row that it waited for is there now.
            let again = replaces.filter(|id| head.record_id == Some(*id));
            return again.map_or(Fate::Repeated, Fate::Applied);
        }
        // The time of the event says nothing beside versions that are no times.
        let says = match &record.content {
            Ok(content) => content.has_version || head.version.as_deref().is_none_or(is_time),
            Err(_) => false,
        };
        let version = version.filter(|_| says);
        // A refused record that is tried again keeps its place: what came after it is newer.
        let overtaken =
            own.zip(head.record_id.and_then(|id| self.places.get(&id))).is_some_and(|(own, newest)| own < newest);
        let order = match (version, head.version.as_deref(), head.record_id) {
            (Some(new), Some(old), Some(_)) if is_time(new) == is_time(old) => new.cmp(old),
            (Some(_), _, None) => std::cmp::Ordering::Greater,
            // Nothing tells them apart but their order of arrival.
            _ => std::cmp::Ordering::Equal,
        };
        let order = if overtaken { order.then(std::cmp::Ordering::Less) } else { order };
        // A late word of the version that was deleted does not bring it back; being seen in a newer state of its table does.
        let gone = head.deleted && !deletes && version.is_some() && seen != Seen::Newly;
        let order = if gone { order.then(std::cmp::Ordering::Less) } else { order };
        // Made so that a version has one id however often it comes, and a record without one follows from the last.
        let is_version = version.is_some()
            && seen != Seen::Newly
            && record.content.as_ref().is_ok_and(|content| content.has_version);
        let made = if order == std::cmp::Ordering::Equal && !is_version {
            let before = head.record_id.unwrap_or_default();
            make(received_at, &format!("record:{}:{before}", record.hash))
        } else {
            make(time_of(head.origin_id), &version_part(version, &record.hash))
        };
        // Of two records of one version the later counts; the first of them once more is a repetition.
        if order == std::cmp::Ordering::Equal && is_version && replaces.is_none() && !self.met.insert(made) {
            return Fate::Repeated;
        }
        self.met.insert(made);
        let record_id = replaces.unwrap_or(made);
        if order == std::cmp::Ordering::Less {
            // A delete without a version of its own stands after the versions that came late under it, until a greater one comes.
            if gone && head.version.is_none() {
                head.version = version.map(str::to_owned);
                head.dirty = true;
            }
            return Fate::Superseded(record_id);
        }
        self.overtaken.extend(head.record_id.filter(|_| record.content.is_ok()));
        head.record_id = Some(record_id);
        // One that says no version does not make older ones new again.
        head.version = version.map(str::to_owned).or_else(|| head.version.take());
        head.hash = Some(record.hash.clone());
        head.deleted = deletes;
        head.dirty = true;
        if record.content.is_ok() { Fate::Applied(record_id) } else { Fate::Rejected(record_id) }
    }

    /// A refused record was seen at its source all the same: what a source still has has not vanished there.
    pub fn see_refused(&mut self, envelope: &Envelope) {
        let Some(key) = &envelope.key else { return };
        let at = (envelope.source.clone(), envelope.stream.clone(), key.clone());
        if let Some(head) = self.known.get_mut(&at) {
            head.see(envelope);
        }
    }

    /// Notes that a record refers to others: their ids are made from now on.
    pub fn mention(&mut self, source: &str, content: &Content, received_at: DateTime<Utc>) {
        for reference in &content.references {
            head(&mut self.known, source, &reference.stream, &reference.key, received_at);
        }
    }

    /// The id of a part of a record, whether it came or was only mentioned.
    pub fn row_id(&self, source: &str, stream: &str, key: &str, part: &str) -> Option<Uuid> {
        let head = self.known.get(&(source.to_owned(), stream.to_owned(), key.to_owned()))?;
        Some(id::make(time_of(head.origin_id), source, stream, key, part))
    }

    /// The newest record of a key before this flush.
    pub fn before(&self, source: &str, stream: &str, key: &str) -> Option<Uuid> {
        self.known.get(&(source.to_owned(), stream.to_owned(), key.to_owned()))?.before
    }

    /// Whether the rows of a key were there before this flush.
    pub fn was_there(&self, source: &str, stream: &str, key: &str) -> bool {
        self.known.get(&(source.to_owned(), stream.to_owned(), key.to_owned())).is_some_and(|head| head.was_there)
    }

    /// Whether the last word of a key is that it is gone.
    pub fn is_deleted(&self, source: &str, stream: &str, key: &str) -> bool {
        self.known.get(&(source.to_owned(), stream.to_owned(), key.to_owned())).is_some_and(|head| head.deleted)
    }

    /// The heads to write.
    pub fn changed(&self) -> impl Iterator<Item = entity::record_head::Model> {
        self.known.iter().filter(|(_, head)| head.dirty).map(|((source, stream, key), head)| {
            entity::record_head::Model {
                source: source.clone(),
                stream: stream.clone(),
                key: key.clone(),
                origin_id: head.origin_id,
                record_id: head.record_id,
                version: head.version.clone(),
                content_hash: head.hash.clone(),
                deleted: head.deleted,
                sync: head.sync,
            }
        })
    }
}

fn head<'a>(
    known: &'a mut HashMap<HeadKey, Head>,
    source: &str,
    stream: &str,
    key: &str,
    received_at: DateTime<Utc>,
) -> &'a mut Head {
    let at = (source.to_owned(), stream.to_owned(), key.to_owned());
    known.entry(at).or_insert_with(|| Head {
        origin_id: id::make(received_at, source, stream, key, ""),
        before: None,
        was_there: false,
        record_id: None,
        version: None,
        hash: None,
        deleted: false,
        sync: None,
        dirty: true,
    })
}

/// Whether a record was seen in a newer version of its table than before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    /// The door tells of no such version.
    Untold,
    /// In this version, or a newer one.
    Already,
    /// In an older one, or never.
    Newly,
}

impl Head {
    /// Notes the version of the table that an envelope tells of, be it that the key vanished in it.
    fn see(&mut self, envelope: &Envelope) -> Seen {
        match envelope.sync {
            None => Seen::Untold,
            Some(sync) if self.sync >= Some(sync) => Seen::Already,
            Some(sync) => {
                self.sync = Some(sync);
                self.dirty = true;
                Seen::Newly
            }
        }
    }
}

fn version_part(version: Option<&str>, hash: &str) -> String {
    format!("record:{}:{hash}", version.unwrap_or_default())
}

/// Whether a version begins with a day, as times do.
fn is_time(version: &str) -> bool {
    let version = version.as_bytes();
    version.get(4) == Some(&b'-') && version.get(7) == Some(&b'-')
}

/// Superseded records that are known already, be it from earlier in the flush, are repetitions.
pub(super) fn forget_known(fates: &mut [Fate], known: &HashSet<Uuid>) {
    let mut met = known.clone();
    for fate in fates {
        match fate {
            Fate::Superseded(record_id) if !met.insert(*record_id) => *fate = Fate::Repeated,
            Fate::Applied(record_id) => {
                met.insert(*record_id);
            }
            _ => {}
        }
    }
}

/// The moment an id was made at.
pub(super) fn time_of(origin: Uuid) -> DateTime<Utc> {
    let millis = i64::try_from(id::millis(origin)).unwrap_or(0);
    DateTime::from_timestamp_millis(millis).unwrap_or_default()
}
