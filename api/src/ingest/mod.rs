//! Intake: from what a source sent to one envelope, and from the envelope to records in our words.
//!
//! The way of a record: a reader ([`csv`], [`jsonl`], [`singer`], [`hook`], or what [`input`] finds a file to be) makes an
//! [`envelope::Envelope`] of each line; a
//! [`source::Source`] knows which [`mapping::Mapping`] reads it; the mapping turns it into [`envelope::Mapped`] or into a
//! [`envelope::Reject`] that says what to do. [`id`] gives the ids, [`json`] reads a payload with its numbers exact,
//! [`preset`] lists the mappings that come with the product. [`subject`] and [`trial`] show what a mapping makes of a sample.
//!
//! All of these are functions of their arguments: the same mapping and the same envelope give the same records, so a
//! rebuild from raw records arrives at the same graph. What writes to the database has files of its own and may be used
//! by none of the above; GraphQL is not known here at all.

mod apart;
mod aside;
mod begun;
pub mod bulk;
pub mod csv;
pub mod decimal;
pub mod delivery;
mod dropped;
pub mod envelope;
pub mod feed;
mod files;
mod flush;
mod former;
mod given;
mod golden;
mod graph;
mod heads;
pub mod hook;
pub mod id;
pub mod import;
pub mod input;
pub mod intake;
pub mod json;
pub mod jsonl;
mod keepable;
mod kept;
pub mod keyring;
pub mod lane;
mod ledger;
pub mod lines;
pub mod mapping;
mod observe;
pub mod overdue;
mod parts;
mod party;
pub mod pause;
mod people;
mod prepare;
pub mod preset;
pub mod rebuild;
pub mod rejected;
pub mod report;
mod resume;
mod rows;
mod settings;
pub mod singer;
mod slots;
pub mod source;
pub mod staff;
mod stage;
mod store;
pub mod subject;
mod summary;
mod tally;
pub mod trial;
mod vanished;
mod waiting;
pub mod watch;
mod words;
