//! What mutations of a customer take.

use async_graphql::{ID, InputObject};

use crate::catalogue::types::Channel;
use crate::customer::types::LifecycleStage;
use crate::graph::timestamp::Timestamp;
use crate::silo::crm::types::ConsentState;
use crate::silo::sales::types::{NoteDirection, NoteVisibility};

/// A promise to a customer.
#[derive(InputObject)]
pub struct PromiseInput {
    /// What was promised.
    pub(super) text: String,
    /// By when.
    pub(super) due_at: Timestamp,
}

/// A note of a contact.
#[derive(InputObject)]
pub struct ContactNoteAddInput {
    /// Chosen by the client, a new one for each change: the same key again changes nothing and gives the same answer.
    pub(super) idempotency_key: String,
    /// The customer you talked to.
    pub(super) customer: ID,
    /// Channel of the contact.
    pub(super) channel: Channel,
    /// Who sought the contact.
    pub(super) direction: NoteDirection,
    /// What was said, 1 to 10,000 characters.
    pub(super) text: String,
    /// Key of the touchpoint it was about.
    pub(super) touchpoint: Option<String>,
    /// Who reads it: all, or only roles that see internal notes, and you. That needs a token that says who of the staff you are,
    /// or a role that sees internal notes.
    #[graphql(default_with = "NoteVisibility::All")]
    pub(super) visibility: NoteVisibility,
    /// What you promised.
    pub(super) promise: Option<PromiseInput>,
    /// When the contact took place, which is not ahead; now unless said.
    pub(super) noted_at: Option<Timestamp>,
}

/// A change to a note that you left.
#[derive(InputObject)]
pub struct ContactNoteUpdateInput {
    /// Chosen by the client, a new one for each change: the same key again changes nothing and gives the same answer.
    pub(super) idempotency_key: String,
    /// The note.
    pub(super) id: ID,
    /// Its new text.
    pub(super) text: Option<String>,
    /// Who reads it.
    pub(super) visibility: Option<NoteVisibility>,
    /// What you promised, in place of an earlier promise.
    pub(super) promise: Option<PromiseInput>,
}

/// The removal of a note that you left.
#[derive(InputObject)]
pub struct ContactNoteRemoveInput {
    /// Chosen by the client, a new one for each change: the same key again changes nothing and gives the same answer.
    pub(super) idempotency_key: String,
    /// The note.
    pub(super) id: ID,
}

/// A consent, with its evidence.
#[derive(InputObject)]
pub struct ConsentRecordInput {
    /// Chosen by the client, a new one for each change: the same key again changes nothing and gives the same answer.
    pub(super) idempotency_key: String,
    /// The customer.
    pub(super) customer: ID,
    /// Purpose, in capitals: MARKETING, SURVEY, `PRODUCT_NEWS`, ANALYTICS, SERVICE …
    pub(super) purpose: String,
    /// The channel it is for; any unless said.
    pub(super) channel: Option<Channel>,
    /// Given, denied or taken back.
    pub(super) state: ConsentState,
    /// What proves it: a form, a call, a letter.
    pub(super) evidence: String,
    /// When it was given or taken back, which is not ahead; now unless said.
    pub(super) recorded_at: Option<Timestamp>,
}

/// Values that are right where the sources are wrong or silent.
#[derive(InputObject)]
pub struct CustomerUpdateInput {
    /// Chosen by the client, a new one for each change: the same key again changes nothing and gives the same answer.
    pub(super) idempotency_key: String,
    /// The customer.
    pub(super) customer: ID,
    /// Name as shown.
    pub(super) name: Option<String>,
    /// Given name.
    pub(super) given_name: Option<String>,
    /// Family name.
    pub(super) family_name: Option<String>,
    /// E-mail address.
    pub(super) email: Option<String>,
    /// Phone number: with its country (`+49 …`), or as dialled in the customer's country.
    pub(super) phone: Option<String>,
    /// Company.
    pub(super) company: Option<String>,
    /// Birth date, YYYY-MM-DD.
    pub(super) birth_date: Option<String>,
    /// Street and number.
    pub(super) street: Option<String>,
    /// Postal code.
    pub(super) postal_code: Option<String>,
    /// City.
    pub(super) city: Option<String>,
    /// Country, ISO 3166 alpha-2.
    pub(super) country: Option<String>,
    /// Language, BCP 47.
    pub(super) language: Option<String>,
    /// Lifecycle stage.
    pub(super) stage: Option<LifecycleStage>,
    /// Segment.
    pub(super) segment: Option<String>,
}
