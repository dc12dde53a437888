//! What a hook kept as refused before a mapping saw it, read again with the section `[hook]` as it is now.

use super::super::envelope::Envelope;
use super::super::json::Json;
use super::super::lines::{Item, Origin};
use super::super::mapping::Mapping;
use super::body::{STREAM, refuse};
use super::section::Hook;

impl Hook {
    /// Whether a record is one that has to be read again: it never got as far as a stream.
    pub fn kept(mapping: &Mapping, stream: &str) -> bool {
        stream == STREAM && !mapping.streams().contains(&STREAM)
    }

    /// The records of what was refused, received when that was; none: it is one to ignore.
    pub fn again(&self, mapping: &Mapping, kept: &Envelope) -> Vec<Item> {
        let origin = Origin::new(&kept.source);
        let ids: Vec<String> = kept.key.iter().cloned().collect();
        let mut items = match Json::parse(&kept.payload) {
            Err(reject) => vec![Err(refuse(&origin, &kept.payload, reject))],
            Ok(body) if body.get("specversion").is_some() => {
                self.event(mapping, &origin, &kept.payload, Vec::new()).items
            }
            Ok(body) => match self.records(mapping, &origin, &kept.payload, &body, &ids) {
                Ok(items) => items,
                Err(reject) => vec![Err(refuse(&origin, &kept.payload, reject))],
            },
        };
        let is_one = items.len() == 1;
        for item in &mut items {
            let envelope = match item {
                Ok(envelope) => envelope,
                Err(rejected) => &mut rejected.envelope,
            };
            envelope.received_at = kept.received_at;
            if is_one {
                // As it would have been known when it came.
                envelope.dedupe_key = kept.key.clone().or(envelope.dedupe_key.take());
            }
        }
        items
    }
}
