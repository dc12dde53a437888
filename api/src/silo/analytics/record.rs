//! Analytics as records: what a mapping may fill, with the checks that reject what cannot be.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::types::WebEventKind;
use crate::access::SiloKey;
use crate::catalogue::check;
use crate::catalogue::record::word;
use crate::catalogue::types::Channel;
use crate::error::Result;
use crate::identity::place::{Happening, Needs, Placed, Placement, Record, RecordKind, Reference, money};

/// The tables of analytics that a mapping may fill.
pub const RECORDS: &[RecordKind] =
    &[RecordKind::of::<WebSessionRecord>("web_session"), RecordKind::of::<WebEventRecord>("web_event")];

/// A session as a source says it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WebSessionRecord {
    started_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
    channel: Option<String>,
    referrer: Option<String>,
    campaign: Option<String>,
    landing_page: Option<String>,
    pages: Option<u32>,
    bounced: Option<bool>,
    converted: Option<bool>,
    duration_seconds: Option<u32>,
    device: Option<String>,
    country: Option<String>,
    product: Option<String>,
    touchpoint: Option<String>,
    source_url: Option<String>,
}

impl Record for WebSessionRecord {
    fn needs(&self, _: &mut Needs) {}

    fn place(self: Box<Self>, at: &Placement<'_>, placed: &mut Placed) -> Result<()> {
        let holder = at.holder()?;
        check::in_order(
            Some(self.started_at),
            self.ended_at,
            "The session ends before it starts. Check both times in the mapping.",
        )?;
        let country = check::country(self.country)?;
        let duration = self.duration_seconds.map(i64::from);
        placed.happened(
            at,
            holder,
            &Happening {
                silo: SiloKey::Analytics,
                kind: "WEB_SESSION",
                channel: word(Some(Channel::Web))?.as_deref(),
                touchpoint: self.touchpoint.as_deref(),
                internal: false,
                occurred_at: self.started_at,
            },
        )?;
        placed.row(
            at.id,
            Some(holder.customer_id),
            &entity::web_session::Model {
                id: at.id,
                record_id: at.record_id,
                source: at.source.to_owned(),
                source_profile_id: holder.profile_id,
                customer_id: holder.customer_id,
                source_url: self.source_url,
                started_at: self.started_at,
                ended_at: self.ended_at,
                channel: self.channel,
                referrer: self.referrer,
                campaign: self.campaign,
                landing_page: self.landing_page,
                pages: self.pages.map(i64::from),
                // Sources that do not say so still count the pages.
                bounced: self.bounced.or(self.pages.map(|pages| pages == 1)),
                converted: self.converted,
                duration_seconds: duration.or(self.ended_at.map(|end| (end - self.started_at).num_seconds())),
                device: self.device,
                country,
                product: self.product,
                touchpoint: self.touchpoint,
            },
        )
    }
}

/// An event as a source says it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WebEventRecord {
    session: Option<Reference>,
    name: String,
    kind: Option<WebEventKind>,
    url: Option<String>,
    title: Option<String>,
    #[serde(default, deserialize_with = "money::deserialize")]
    amount: Option<i64>,
    currency: Option<String>,
    product: Option<String>,
    touchpoint: Option<String>,
    occurred_at: DateTime<Utc>,
    source_url: Option<String>,
}

impl Record for WebEventRecord {
    fn needs(&self, needs: &mut Needs) {
        needs.reference(self.session.as_ref());
    }

    fn place(self: Box<Self>, at: &Placement<'_>, placed: &mut Placed) -> Result<()> {
        let holder = at.holder()?;
        let currency = check::currency(self.currency)?;
        // What belongs to a session stands on the timeline once, as the session.
        if self.session.is_none() {
            let channel = if self.kind == Some(WebEventKind::Screen) { Channel::App } else { Channel::Web };
            placed.happened(
                at,
                holder,
                &Happening {
                    silo: SiloKey::Analytics,
                    kind: "WEB_EVENT",
                    channel: word(Some(channel))?.as_deref(),
                    touchpoint: self.touchpoint.as_deref(),
                    internal: false,
                    occurred_at: self.occurred_at,
                },
            )?;
        }
        placed.row(
            at.id,
            Some(holder.customer_id),
            &entity::web_event::Model {
                id: at.id,
                record_id: at.record_id,
                source: at.source.to_owned(),
                source_profile_id: holder.profile_id,
                customer_id: holder.customer_id,
                source_url: self.source_url,
                session_id: at.reference(self.session.as_ref()),
                name: self.name,
                kind: word(self.kind)?,
                url: self.url,
                title: self.title,
                amount: self.amount,
                currency,
                product: self.product,
                touchpoint: self.touchpoint,
                occurred_at: self.occurred_at,
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::*;
    use crate::identity::place::{Found, testing};

    fn place(table: &str, fields: Value) -> Result<Placed> {
        let visit = Reference { stream: "sessions".to_owned(), key: "s1".to_owned(), part: String::new() };
        let found = Found { references: HashMap::from([(visit, Uuid::from_u128(9))]), ..Found::default() };
        testing::place(RECORDS, table, fields, &found)
    }

    #[test]
    fn an_event_of_a_session_is_on_the_timeline_as_the_session_only() {
        let alone = json!({"name": "Cancellation", "kind": "PAGE", "occurred_at": "2026-11-20T10:00:00Z"});
        let mut within = alone.clone();
        within["session"] = json!({"stream": "sessions", "key": "s1"});
        assert_eq!(place("web_event", alone).unwrap().contacts.len(), 1);
        let within = place("web_event", within).unwrap();
        assert_eq!((within.changed.len(), within.contacts.len()), (1, 0));
    }

    #[test]
    fn rejects_what_cannot_be() {
        let started = "2026-11-20T10:00:00Z";
        assert!(place("web_session", json!({"started_at": started, "pages": 3, "country": "de"})).is_ok());
        let wrong = [
            json!({"started_at": started, "ended_at": "2026-11-20T09:59:59Z"}),
            json!({"started_at": started, "country": "Germany"}),
            json!({"started_at": started, "pages": -1}),
            json!({"started_at": started, "duration_seconds": -1}),
            json!({"pages": 1}),
        ];
        for fields in wrong {
            let Err(error) = place("web_session", fields.clone()) else { panic!("{fields} was taken") };
            assert!(!error.message.contains("Germany") && !error.message.contains("-1"), "{}", error.message);
        }
    }
}
