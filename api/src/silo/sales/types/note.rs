//! Contact notes: what whoever talked to the customer left for the next, with what they promised.

use std::sync::Arc;

use async_graphql::{Context, Enum, InputObject, Object};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::access::{Class, PeriodInput, Permit, access, shown, shown_text};
use crate::catalogue::types::{Channel, Money, Staff, TouchpointOf, staff};
use crate::error::Result;
use crate::graph::timestamp::Timestamp;
use crate::silo::sales::Sales;
use crate::{connection, object};

/// A department of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Department {
    /// Sales.
    Sales,
    /// Service and support.
    Service,
    /// Marketing.
    Marketing,
    /// Product.
    Product,
    /// Management.
    Management,
    /// Any other.
    Other,
}

/// Who sought the contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum NoteDirection {
    /// The customer came to us.
    Inbound,
    /// We went to the customer.
    Outbound,
}

/// Who may read a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum NoteVisibility {
    /// Every department.
    All,
    /// An internal note: only roles that see internal notes, and whoever wrote it.
    Department,
}

object! {
    /// What someone who talked to the customer left for the next. Those of the department `SALES` are the sales notes.
    ContactNote, ContactNoteRow of Sales from "contact_note" id "nte" owner "staff_id" customer "customer_id"
    internal "t.visibility = 'DEPARTMENT'" only "t.removed_at IS NULL" {
        /// Department of the author.
        open department: [Department]!,
        /// Author as the source writes it; `staff` is the person behind the name.
        staff author: text,
        /// Channel of the contact.
        open channel: [Channel],
        /// Who sought the contact.
        open direction: [NoteDirection],
        /// What was said.
        free_text text: text,
        /// Stage of the sale that the note speaks of, in the source's words.
        open stage: text,
        /// Who may read the note.
        open visibility: [NoteVisibility]!,
        /// When the contact took place.
        open noted_at: time!,
        /// Key of the source it comes from.
        open source: text!,
        /// Opens the note in its source; null where the source has no page for it.
        open source_url: text,
        /// The touchpoint of the contact.
        open touchpoint: {TouchpointOf: touchpoint},
        /// Amount the note speaks of.
        financial amount: {Money: amount, currency},
        /// Amount it speaks of, in 1/10,000.
        column amount: Option<i64> = Number if part,
        /// Currency of the amount.
        column currency: Option<String> = Text if part,
        /// Key of the touchpoint.
        column touchpoint: Option<String> = Text if part,
        /// The author, where known.
        column staff_id: Option<Uuid> = Uuid if part => staff: "stf",
        /// What was promised.
        column promise_text: Option<String> = Text if part => free_text: text,
        /// By when.
        column promise_due_at: Option<Timestamp> = Time if part => open: time,
    } also {
        /// The author; null where the source's name for them is not known.
        #[graphql(directive = access::apply("sales".to_owned(), "staff".to_owned()))]
        async fn staff(&self, context: &Context<'_>) -> Option<Result<Staff>> {
            match shown(context, &self.permit, "ContactNote", Class::Staff, || self.row.staff_id) {
                None => None,
                id => staff(context, "ContactNote", id).await.transpose(),
            }
        }

        /// What the customer was promised; null when nothing was.
        #[graphql(directive = access::apply("sales".to_owned(), "open".to_owned()))]
        async fn promise(&self) -> Option<Promise> {
            self.row.promise_text.as_ref()?;
            Some(Promise { permit: self.permit.clone(), note: self.row.clone() })
        }
    }
}
connection!(ContactNote, ContactNoteConnection, ContactNoteEdge, "contact notes");

/// What someone told the customer would happen.
pub struct Promise {
    permit: Permit<Sales>,
    note: Arc<ContactNoteRow>,
}

/// What someone told the customer would happen.
#[Object]
impl Promise {
    /// What was promised.
    #[graphql(directive = access::apply("sales".to_owned(), "free_text".to_owned()))]
    async fn text(&self, context: &Context<'_>) -> Option<String> {
        shown_text(context, &self.permit, "Promise", Class::FreeText, self.note.promise_text.as_deref())
    }

    /// By when; null when no time was named.
    #[graphql(directive = access::apply("sales".to_owned(), "open".to_owned()))]
    async fn due_at(&self) -> Option<&Timestamp> {
        self.note.promise_due_at.as_ref()
    }
}

/// Which contact notes.
#[derive(Debug, Clone, Default, InputObject)]
pub struct ContactNoteFilter {
    /// By someone of one of these departments.
    pub department: Option<Vec<Department>>,
    /// Of a contact on one of these channels.
    pub channel: Option<Vec<Channel>>,
    /// Of a contact at this touchpoint, by key.
    pub touchpoint: Option<String>,
    /// Of a contact in this period.
    pub noted: Option<PeriodInput>,
    /// Those with a promise only (true) or without one only (false).
    pub has_promise: Option<bool>,
}

/// Which sales notes.
#[derive(Debug, Clone, Default, InputObject)]
pub struct SalesNoteFilter {
    /// Of a contact on one of these channels.
    pub channel: Option<Vec<Channel>>,
    /// Of a contact at this touchpoint, by key.
    pub touchpoint: Option<String>,
    /// Of a contact in this period.
    pub noted: Option<PeriodInput>,
    /// Those with a promise only (true) or without one only (false).
    pub has_promise: Option<bool>,
}

/// Sales notes are the contact notes of one department.
impl From<SalesNoteFilter> for ContactNoteFilter {
    fn from(filter: SalesNoteFilter) -> Self {
        let SalesNoteFilter { channel, touchpoint, noted, has_promise } = filter;
        Self { department: Some(vec![Department::Sales]), channel, touchpoint, noted, has_promise }
    }
}
