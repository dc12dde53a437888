//! What mutations of a customer answer: what was written, and the faults in what was sent.

use async_graphql::SimpleObject;

use crate::access::{UserError, access};
use crate::customer::CustomerNode;
use crate::silo::crm::types::Consent;
use crate::silo::sales::types::ContactNote;

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
