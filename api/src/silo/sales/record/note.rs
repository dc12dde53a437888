//! A contact note as a source says it.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::access::SiloKey;
use crate::catalogue::check;
use crate::catalogue::record::word;
use crate::catalogue::types::Channel;
use crate::error::{Error, Result};
use crate::identity::place::{Happening, Needs, Placed, Placement, Record, money};
use crate::silo::sales::types::{Department, NoteDirection, NoteVisibility};

/// A contact note. Without a department it is a sales note; without a visibility it is for all. One that was taken
/// back stays as a record, and leaves the timeline.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ContactNoteRecord {
    author: Option<String>,
    staff: Option<String>,
    department: Option<Department>,
    channel: Option<Channel>,
    direction: Option<NoteDirection>,
    text: String,
    stage: Option<String>,
    #[serde(default, deserialize_with = "money::deserialize")]
    amount: Option<i64>,
    currency: Option<String>,
    touchpoint: Option<String>,
    visibility: Option<NoteVisibility>,
    promise_text: Option<String>,
    promise_due_at: Option<DateTime<Utc>>,
    removed_at: Option<DateTime<Utc>>,
    noted_at: DateTime<Utc>,
    source_url: Option<String>,
}

impl Record for ContactNoteRecord {
    fn needs(&self, needs: &mut Needs) {
        needs.staff(self.staff.as_ref());
    }

    fn place(self: Box<Self>, at: &Placement<'_>, placed: &mut Placed) -> Result<()> {
        let holder = at.holder()?;
        if self.promise_text.is_none() && self.promise_due_at.is_some() {
            return Err(Error::bad_input(
                "The note says by when, but not what was promised. Let the mapping give `promise_text` too.",
            ));
        }
        let currency = check::currency(self.currency)?;
        let channel = word(self.channel)?;
        let visibility = self.visibility.unwrap_or(NoteVisibility::All);
        if self.removed_at.is_some() {
            placed.gone.insert(at.id);
        } else {
            placed.happened(
                at,
                holder,
                &Happening {
                    silo: SiloKey::Sales,
                    kind: "CONTACT_NOTE",
                    channel: channel.as_deref(),
                    touchpoint: self.touchpoint.as_deref(),
                    internal: visibility == NoteVisibility::Department,
                    occurred_at: self.noted_at,
                },
            )?;
        }
        placed.row(
            at.id,
            Some(holder.customer_id),
            &entity::contact_note::Model {
                id: at.id,
                record_id: at.record_id,
                source: at.source.to_owned(),
                source_profile_id: holder.profile_id,
                customer_id: holder.customer_id,
                source_url: self.source_url,
                department: word(Some(self.department.unwrap_or(Department::Sales)))?.unwrap_or_default(),
                author: self.author,
                staff_id: at.staff(self.staff.as_ref()),
                channel,
                direction: word(self.direction)?,
                text: self.text,
                stage: self.stage,
                amount: self.amount,
                currency,
                touchpoint: self.touchpoint,
                visibility: word(Some(visibility))?.unwrap_or_default(),
                promise_text: self.promise_text,
                promise_due_at: self.promise_due_at,
                removed_at: self.removed_at,
                noted_at: self.noted_at,
            },
        )
    }
}
