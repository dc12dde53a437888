//! What identity resolution did in a flush, as rows that are only ever appended: events, memberships, links, redirects.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::identity::decide::{Cause, Decision};
use crate::identity::store::Ended;

/// The rows to append, and the memberships to end.
#[derive(Default)]
pub(super) struct Ledger {
    pub events: Vec<entity::identity_event::Model>,
    pub memberships: Vec<entity::membership::Model>,
    pub links: Vec<entity::match_link::Model>,
    pub redirects: Vec<entity::customer_redirect::Model>,
    pub transitions: Vec<entity::lifecycle_transition::Model>,
    /// Memberships of the database that end.
    pub ended: Vec<Ended>,
    /// Retired customers and their survivors, in order.
    pub moved: Vec<(Uuid, Uuid)>,
    open: HashMap<Uuid, usize>,
}

impl Ledger {
    /// Notes a decision about a profile whose customer is `home` in the end.
    pub fn note(
        &mut self,
        event_id: Uuid,
        at: DateTime<Utc>,
        profile: Uuid,
        home: Uuid,
        identifier_id: Option<Uuid>,
        carrier: Option<Uuid>,
        decision: &Decision,
    ) {
        let (kind, customer_id, other_customer_id, cause) = match decision {
            Decision::CustomerCreated { customer } => {
                self.join(profile, *customer, event_id, at);
                ("CREATED", *customer, None, "unknown profile".to_owned())
            }
            Decision::Joined { customer, cause, .. } => {
                self.join(profile, *customer, event_id, at);
                self.link(event_id, profile, carrier, identifier_id, cause, at);
                ("JOINED", *customer, None, cause.to_string())
            }
            Decision::Merged { survivor, retired, cause, moved } => {
                for member in moved {
                    self.leave(*member, at);
                    self.join(*member, *survivor, event_id, at);
                }
                self.link(event_id, profile, carrier, identifier_id, cause, at);
                for (_, new) in self.moved.iter_mut().filter(|(_, new)| new == retired) {
                    *new = *survivor;
                }
                self.moved.push((*retired, *survivor));
                self.redirects.push(entity::customer_redirect::Model {
                    retired_id: *retired,
                    customer_id: *survivor,
                    valid_from: at,
                    valid_to: None,
                    identity_event_id: event_id,
                });
                ("MERGED", *survivor, Some(*retired), cause.to_string())
            }
            Decision::IdentifierShared { identities, .. } => {
                ("IDENTIFIER_SHARED", home, None, format!("{identities} identities"))
            }
            Decision::JoinRefused { customer, reason, .. } => {
                ("JOIN_REFUSED", home, Some(*customer), reason.to_string())
            }
            Decision::IdentifierBlocked { .. } => ("IDENTIFIER_BLOCKED", home, None, "on the deny list".to_owned()),
        };
        self.events.push(entity::identity_event::Model {
            id: event_id,
            kind: kind.to_owned(),
            customer_id,
            other_customer_id,
            source_profile_id: Some(profile),
            identifier_id,
            actor: "rule".to_owned(),
            cause,
            occurred_at: at,
        });
    }

    /// Where a customer of this flush is in the end.
    pub fn destination(&self, customer: Uuid) -> Uuid {
        self.moved.iter().find(|(old, _)| *old == customer).map_or(customer, |(_, new)| *new)
    }

    fn join(&mut self, profile: Uuid, customer: Uuid, event_id: Uuid, at: DateTime<Utc>) {
        let part = format!("membership:{event_id}");
        self.open.insert(profile, self.memberships.len());
        self.memberships.push(entity::membership::Model {
            id: super::id::make(at, "", "membership", &profile.to_string(), &part),
            source_profile_id: profile,
            customer_id: customer,
            valid_from: at,
            valid_to: None,
            identity_event_id: event_id,
        });
    }

    fn leave(&mut self, profile: Uuid, at: DateTime<Utc>) {
        match self.open.get(&profile) {
            Some(index) => self.memberships[*index].valid_to = Some(at),
            None => self.ended.push(Ended { profile, at }),
        }
    }

    fn link(
        &mut self,
        event_id: Uuid,
        profile: Uuid,
        carrier: Option<Uuid>,
        identifier_id: Option<Uuid>,
        cause: &Cause,
        at: DateTime<Utc>,
    ) {
        let Some(other) = carrier else { return };
        self.links.push(entity::match_link::Model {
            id: super::id::make(at, "", "link", &event_id.to_string(), ""),
            kind: "SAME".to_owned(),
            profile_a: profile,
            profile_b: other,
            identifier_id,
            cause: cause.to_string(),
            created_at: at,
        });
    }
}
