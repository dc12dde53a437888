//! What mutations of a customer answer: what was written, and the faults in what was sent.

use async_graphql::SimpleObject;

use crate::access::access;
use crate::customer::CustomerNode;
use crate::silo::crm::types::Consent;
use crate::silo::sales::types::ContactNote;

/// A fault in what was sent; nothing was written.
#[derive(Debug, SimpleObject)]
pub struct UserError {
    /// A stable code: `BAD_USER_INPUT`, `NOT_FOUND`, `FORBIDDEN`, `CONFLICT`.
    #[graphql(directive = access::apply("any".to_owned(), "open".to_owned()))]
    pub(super) code: String,
    /// The field of the input it is about, by its name there, where it is about one.
    #[graphql(directive = access::apply("any".to_owned(), "open".to_owned()))]
    pub(super) field: Option<String>,
    /// What is wrong and what to do.
    #[graphql(directive = access::apply("any".to_owned(), "open".to_owned()))]
    pub(super) message: String,
}

/// The answer to leaving, changing or taking back a note.
#[derive(SimpleObject)]
pub struct ContactNotePayload {
    /// The note as it stands; null after faults, after a removal, and for those who may not read it.
    #[graphql(directive = access::apply("sales".to_owned(), "open".to_owned()))]
    pub(super) contact_note: Option<ContactNote>,
    /// Faults in what was sent; empty when the change was made.
    #[graphql(directive = access::apply("any".to_owned(), "open".to_owned()))]
    pub(super) user_errors: Vec<UserError>,
}

/// The answer to recording a consent.
#[derive(SimpleObject)]
pub struct ConsentPayload {
    /// The consent as it was recorded; null after faults.
    #[graphql(directive = access::apply("crm".to_owned(), "open".to_owned()))]
    pub(super) consent: Option<Consent>,
    /// Faults in what was sent; empty when it was recorded.
    #[graphql(directive = access::apply("any".to_owned(), "open".to_owned()))]
    pub(super) user_errors: Vec<UserError>,
}

/// The answer to correcting a customer's values.
#[derive(SimpleObject)]
pub struct CustomerPayload {
    /// The customer as it stands now; null after faults.
    #[graphql(directive = access::apply("customer".to_owned(), "open".to_owned()))]
    pub(super) customer: Option<CustomerNode>,
    /// Faults in what was sent; empty when the change was made.
    #[graphql(directive = access::apply("any".to_owned(), "open".to_owned()))]
    pub(super) user_errors: Vec<UserError>,
}
