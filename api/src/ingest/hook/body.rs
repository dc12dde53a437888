//! From the body of a verified request to the deliveries in it: envelopes, and what tells their repetition.
//!
//! Nothing is lost here: a body that cannot be read becomes one record that is kept as refused, with what it says.

use std::collections::HashMap;

use axum::http::HeaderMap;
use serde_json::value::RawValue;

use super::super::envelope::{Reject, RejectCode};
use super::super::json::Json;
use super::super::lines::{Item, Origin, Rejected, not_utf8};
use super::super::mapping::Mapping;
use super::super::mapping::path::{Scope, Work};
use super::section::Hook;
use super::verify::Proof;
use super::{alone, event};

/// A request holds no more records.
const MOST: usize = 5_000;

/// The stream of what says nothing of its own.
pub const STREAM: &str = "hook";

/// What came at once, and what tells that it came before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Each of them is remembered; if one is known, the delivery is a repetition.
    pub ids: Vec<String>,
    /// The records.
    pub items: Vec<Item>,
}

impl Hook {
    /// The deliveries in a request that holds: one, or of a batch of `CloudEvents` one for each event.
    pub fn read(
        &self,
        mapping: &Mapping,
        origin: &Origin,
        proof: &Proof,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Vec<Delivery> {
        if body.is_empty() {
            return Vec::new();
        }
        if let Some(form) = event::form(headers) {
            return self.events(mapping, origin, proof, headers, body, form);
        }
        let text = match std::str::from_utf8(body) {
            Ok(text) => text,
            Err(error) => {
                let reject = not_utf8(error.valid_up_to());
                let ids = self.recipe.ids(proof, headers, None);
                let text = String::from_utf8_lossy(body);
                return vec![Delivery { ids, items: vec![Err(refuse(origin, &text, reject))] }];
            }
        };
        let json = Json::parse(text);
        let ids = self.recipe.ids(proof, headers, json.as_ref().ok());
        let items = match json.and_then(|json| self.records(mapping, origin, text, &json, &ids)) {
            Ok(items) => items,
            Err(reject) => vec![Err(refused(origin, text, ids.first().cloned(), reject))],
        };
        vec![Delivery { ids, items }]
    }

    /// The records of a body.
    pub(super) fn records(
        &self,
        mapping: &Mapping,
        origin: &Origin,
        text: &str,
        body: &Json<'_>,
        ids: &[String],
    ) -> Result<Vec<Item>, Reject> {
        let [place] = self.records.as_slice() else { return self.several(mapping, origin, text, body, ids) };
        let Some(found) = body.at(place) else {
            // A ping has no record.
            if self.ignores(mapping, origin, body, (body, "", 0))? {
                return Ok(Vec::new());
            }
            let reason = format!("The body has nothing at /{}, where its records stand.", place.join("/"));
            return Err(Reject::new(RejectCode::MissingField, reason));
        };
        let raw = slice(text, place).ok_or_else(unreadable)?;
        let Json::List(list) = found else {
            let dedupe = ids.first().cloned();
            return Ok(self.record(mapping, origin, body, (found, "", 0), raw, dedupe)?.into_iter().collect());
        };
        if list.len() > MOST {
            let reason = format!("The request has more than {MOST} records. Send fewer at once.");
            return Err(Reject::new(RejectCode::TooLarge, reason));
        }
        let list_text = raw;
        let raws: Vec<&RawValue> = serde_json::from_str(raw).map_err(|_| unreadable())?;
        let mut items = Vec::with_capacity(list.len());
        for (index, (record, raw)) in list.iter().zip(raws).enumerate() {
            let dedupe = ids.first().map(|id| format!("{id}#{index}"));
            let key = index.to_string();
            let item = self.record(mapping, origin, body, (record, &key, index), raw.get(), dedupe.clone());
            let alone = || alone::of_list(text, list_text, raw.get());
            items.extend(item.unwrap_or_else(|reject| Some(Err(refused(origin, &alone(), dedupe, reject)))));
        }
        Ok(items)
    }

    /// The records of a body that has one at each of several places; some may be empty, but not all.
    fn several(
        &self,
        mapping: &Mapping,
        origin: &Origin,
        text: &str,
        body: &Json<'_>,
        ids: &[String],
    ) -> Result<Vec<Item>, Reject> {
        let mut items = Vec::with_capacity(self.records.len());
        let mut is_empty = true;
        for (index, place) in self.records.iter().enumerate() {
            let Some(found) =
                body.at(place).filter(|found| matches!(found, Json::Object(entries) if !entries.is_empty()))
            else {
                continue;
            };
            is_empty = false;
            let raw = slice(text, place).ok_or_else(unreadable)?;
            let dedupe = ids.first().map(|id| format!("{id}#{index}"));
            let key = index.to_string();
            let item = self.record(mapping, origin, body, (found, &key, index), raw, dedupe.clone());
            let alone = || alone::of_places(text, &self.records, index);
            items.extend(item.unwrap_or_else(|reject| Some(Err(refused(origin, &alone(), dedupe, reject)))));
        }
        if is_empty && !self.ignores(mapping, origin, body, (body, "", 0))? {
            let places: Vec<_> = self.records.iter().map(|place| format!("/{}", place.join("/"))).collect();
            let reason = format!("The body has nothing at {}, where its records stand.", places.join(" or "));
            return Err(Reject::new(RejectCode::MissingField, reason));
        }
        Ok(items)
    }

    /// A record, unless it is one to ignore.
    fn record(
        &self,
        mapping: &Mapping,
        origin: &Origin,
        body: &Json<'_>,
        item: (&Json<'_>, &str, usize),
        raw: &str,
        dedupe: Option<String>,
    ) -> Result<Option<Item>, Reject> {
        if self.ignores(mapping, origin, body, item)? {
            return Ok(None);
        }
        let stream = self.stream(mapping, origin, body, item)?;
        let stream = stream.or_else(|| mapping.streams().contains(&STREAM).then(|| STREAM.to_owned()));
        let stream = stream.ok_or_else(|| {
            let reason = "Nothing says which stream this record belongs to. Mend `stream` of [hook], and replay it.";
            Reject::new(RejectCode::UnknownStream, reason)
        })?;
        let mut envelope = origin.envelope(&stream, None, raw);
        envelope.dedupe_key = dedupe;
        Ok(Some(Ok(envelope)))
    }

    /// Which stream a record belongs to; none: nothing says so.
    pub(super) fn stream(
        &self,
        mapping: &Mapping,
        origin: &Origin,
        body: &Json<'_>,
        item: (&Json<'_>, &str, usize),
    ) -> Result<Option<String>, Reject> {
        let Some(rule) = &self.stream else {
            return Ok(match mapping.streams().as_slice() {
                [only] => Some((*only).to_owned()),
                _ => None,
            });
        };
        let envelope = origin.envelope(STREAM, None, "");
        let (facts, work) = (mapping.facts(), Work::default());
        let scope = Scope { record: body, envelope: &envelope, facts, work: &work, item: Some(item) };
        Ok(rule.read_text(&scope, "stream")?.map(std::borrow::Cow::into_owned))
    }

    /// Whether a record is a ping or the like.
    pub(super) fn ignores(
        &self,
        mapping: &Mapping,
        origin: &Origin,
        body: &Json<'_>,
        item: (&Json<'_>, &str, usize),
    ) -> Result<bool, Reject> {
        let Some(condition) = &self.ignore else { return Ok(false) };
        let envelope = origin.envelope(STREAM, None, "");
        let (facts, work) = (mapping.facts(), Work::default());
        let scope = Scope { record: body, envelope: &envelope, facts, work: &work, item: Some(item) };
        condition.holds(&scope, "ignore")
    }
}

/// What cannot be taken, kept as it came, so that it can be read again.
pub(super) fn refuse(origin: &Origin, text: &str, reject: Reject) -> Rejected {
    refused(origin, text, None, reject)
}

/// The same with the id that it would have been known by.
fn refused(origin: &Origin, text: &str, dedupe: Option<String>, reject: Reject) -> Rejected {
    let mut envelope = origin.envelope(STREAM, None, text.replace('\0', ""));
    envelope.dedupe_key = dedupe;
    Rejected { line: 0, envelope, reject }
}

pub(super) fn unreadable() -> Reject {
    Reject::new(RejectCode::BrokenJson, "The body cannot be taken apart. Correct it at the source and send it again.")
}

/// The text of the value at these steps, as it was sent.
pub(super) fn slice<'t>(text: &'t str, steps: &[String]) -> Option<&'t str> {
    steps.iter().try_fold(text, |text, step| {
        let found: &RawValue = if text.trim_start().starts_with('[') {
            let items: Vec<&RawValue> = serde_json::from_str(text).ok()?;
            items.get(step.parse::<usize>().ok()?)?
        } else {
            // The last of doubled keys counts, as everywhere.
            let entries: HashMap<String, &RawValue> = serde_json::from_str(text).ok()?;
            entries.get(step)?
        };
        Some(found.get())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_cut_out_as_it_was_sent() {
        let steps = |path: &str| crate::ingest::json::pointer(path).unwrap();
        let text = r#"{"a":{"b":[ 1.50, {"c" : "\u00e4"} ]},"a~/":2}"#;
        assert_eq!(slice(text, &steps("/a/b/0")), Some("1.50"));
        assert_eq!(slice(text, &steps("/a/b/1")), Some(r#"{"c" : "\u00e4"}"#));
        assert_eq!(slice(text, &steps("/a~0~1")), Some("2"));
        assert_eq!(slice(text, &steps("")), Some(text));
        assert_eq!(slice(text, &steps("/a/x")), None);
    }
}
